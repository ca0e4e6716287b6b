"""Programs whose pins clash with the platform's: each in a virtual environment of its own under `.strata`."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strata.checkout.child_environment import pip_environment
from strata.checkout.file_lock import held
from strata.errors import StrataError


def ensure(root: Path, name: str, note: Callable[[str], None]) -> Path:
    """Install what `requirements-<name>.txt` pins, unless it is there; return the folder of the programs.

    Args:
        root: the checkout's folder; nothing outside its `.strata` is written.
        name: of the environment.
        note: called with what is being done when it takes long.

    Raises:
        StrataError: no version is pinned, or pip failed: its output is kept in `.strata`.
    """
    # A copy of the checkout may link to another's: one installation is enough.
    folder = (root / ".strata" / name).resolve()
    requirements = f"requirements-{name}.txt"
    try:
        pinned = (root / requirements).read_bytes()
    except FileNotFoundError:
        raise StrataError("the file does not exist", file=requirements) from None
    # A virtual environment holds absolute paths, and packages for one Python.
    wanted = hashlib.sha256(f"{folder} {sys.version_info[:2]} ".encode() + pinned).hexdigest()
    stamp = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)

    def wait(holder: str) -> None:
        note(f"waiting for {holder}, which installs {name}")

    with held(folder.with_suffix(".lock"), f"{name}'s installation", math.inf, wait):
        if stamp.is_file() and stamp.read_text() == wanted:
            return folder / "bin"
        note(f"installing {name}")
        log = folder.parent / f"{name}.log"
        with log.open("w") as file:
            # This Python's pip installs into it: an own pip would take as long as half of checkov.
            venv = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)]
            _call(name, venv, root, file, log)
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
            # Bytecode is made of what is imported, a small part of it all.
            arguments = ["--no-input", "--no-deps", "--no-compile", "--require-hashes", "--requirement"]
            _call(name, [*pip, *arguments, str(root / requirements)], root, file, log)
        stamp.write_text(wanted)
    return folder / "bin"


def _call(name: str, command: list[str], root: Path, file: Any, log: Path) -> None:
    environ = pip_environment(root)
    done = subprocess.run(command, cwd=root, env=environ, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = log.read_text(errors="replace").strip().splitlines()
        output = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
        raise StrataError(
            f"{name} could not be installed: {output[-1]}",
            remedy=f"see {log}; run it again when the package registry answers",
        )
