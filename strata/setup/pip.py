"""pip, as every step of set-up runs it: its output kept, its faults in one line."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from strata.checkout.child_environment import pip_environment
from strata.errors import StrataError


def install(
    root: Path,
    interpreter: Path,
    arguments: Sequence[str],
    name: str,
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Run `pip install`.

    Args:
        root: the checkout's folder.
        interpreter: the Python whose pip runs.
        arguments: what to install, and how.
        name: what is installed; the log's name.
        on_line: called with each line of the output.

    Raises:
        StrataError: pip failed; its output is kept in `.strata`.
        NoWheelError: the package index has none for this machine.
    """
    log = root / ".strata" / "pip" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with (
        log.open("w") as file,
        subprocess.Popen(
            [str(interpreter), "-m", "pip", "install", "--no-input", "--no-deps", *arguments],
            env=pip_environment(root),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=root,
            # See steps.locked.
            close_fds=False,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            file.write(line)
            on_line(line)
    if process.returncode == 0:
        return
    place = log.relative_to(root)
    if process.returncode < 0:
        # Its last line would be what it was installing: the names of all packages.
        raise StrataError(
            f"pip was killed by signal {-process.returncode} while it installed {name}",
            remedy=f"run the same command again to resume; see {place}",
        )
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
    asked_again = any("Retrying" in line for line in lines)
    if "No matching distribution" in errors[-1] and not asked_again:
        raise NoWheelError(f"the package index has no {name} for this machine", remedy=f"see {place}")
    raise StrataError(
        f"pip could not install {name}: {errors[-1]}",
        remedy=f"see {place}; run it again when the package index answers",
    )


class NoWheelError(StrataError):
    """The package index answered, and has no wheel that fits this machine."""
