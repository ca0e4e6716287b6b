"""Which Python runs the platform: Glue 5.1 runs Python 3.11, and PySpark 3.5 has been tried up to 3.13."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from strata.checkout import tools
from strata.checkout.child_environment import uv_environment
from strata.errors import StrataError

SUPPORTED = ((3, 11), (3, 12), (3, 13))
# What uv brings where none of these is found.
_BROUGHT = "3.11"


def find_interpreter(environ: Mapping[str, str]) -> Path | None:
    """Find a Python that runs the platform: the running one, one on PATH, or the one that was brought.

    Args:
        environ: the environment whose PATH is searched.

    Returns:
        The interpreter, or None where one has to be brought.
    """
    if sys.version_info[:2] in SUPPORTED:
        return Path(sys.executable)
    for version in SUPPORTED:
        name = f"python{version[0]}.{version[1]}"
        found = shutil.which(name, path=environ.get("PATH"))
        if found and _is(found, version):
            return Path(found)
    brought = tools.python()
    return brought if brought and _is(str(brought), (3, 11)) else None


def install(uv: Path, root: Path) -> Path:
    """Let uv install a Python below the tools.

    Args:
        uv: the program.
        root: the checkout's folder.

    Returns:
        The interpreter.

    Raises:
        StrataError: uv cannot fetch it.
    """
    # close_fds: see steps.locked.
    answer = subprocess.run(
        [str(uv), "python", "install", _BROUGHT, "--no-bin", "--install-dir", str(tools.FOLDER / "python")],
        env=uv_environment(root, os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        close_fds=False,
    )
    interpreter = tools.python()
    if answer.returncode or interpreter is None:
        causes = [line.strip() for line in answer.stderr.splitlines() if "cause:" in line or "error:" in line]
        raise StrataError(
            f"Python {_BROUGHT} cannot be fetched, and PySpark 3.5 does not run on "
            f"{sys.version_info[0]}.{sys.version_info[1]}: {(causes or ['no output'])[-1]}",
            remedy="install python3.11 and put it on PATH, or name a mirror in UV_PYTHON_INSTALL_MIRROR",
        )
    return interpreter


def _is(interpreter: str, version: tuple[int, int]) -> bool:
    # A version manager has shims for versions that are not installed: run it to know.
    code = f"import sys; sys.exit(sys.version_info[:2] != {version!r})"
    return subprocess.run([interpreter, "-c", code], capture_output=True, check=False).returncode == 0
