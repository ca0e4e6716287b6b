"""Virtual environments with pip, also where Python comes without the module `ensurepip`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from strata.errors import StrataError
from strata.setup import first_pip

# Written last: an environment without it was interrupted.
_MADE = "strata-made"


def is_made(folder: Path) -> bool:
    """Return whether a whole environment is there."""
    return (folder / _MADE).is_file()


def has_ensurepip() -> bool:
    """Return whether this Python has the module that puts pip into a new environment."""
    return importlib.util.find_spec("ensurepip") is not None


def create(root: Path, folder: Path) -> None:
    """Make a virtual environment of the running Python, in the place of what is there.

    Args:
        root: the checkout's folder.
        folder: the environment.

    Raises:
        StrataError: the folder is a link, Python cannot make one, or pip is not available.
    """
    if folder.is_symlink():
        # Another checkout's, or a person's own: `--clear` would empty what it leads to.
        raise StrataError(
            f"{folder} is a link to {folder.readlink()}, which set-up would empty", remedy="remove the link"
        )
    bundled = has_ensurepip()
    command = ["-m", "venv", "--clear", *([] if bundled else ["--without-pip"]), str(folder)]
    # close_fds: see steps.locked.
    result = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, close_fds=False
    )
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).strip().splitlines() or ["no output"]
        raise StrataError(
            f"{sys.executable} cannot create a virtual environment: {lines[-1]}",
            remedy="install its venv package, on Debian python3-venv",
        )
    if not bundled:
        first_pip.install(root, folder / "bin" / "python", os.environ)
    (folder / _MADE).touch()
