"""Which Python runs the platform: Glue 5.1 runs Python 3.11, and PySpark 3.5 ends at 3.12."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping

from strata.errors import StrataError

SUPPORTED = ((3, 11), (3, 12))


def find_interpreter(environ: Mapping[str, str]) -> str | None:
    """Find a supported Python.

    Args:
        environ: the environment whose PATH is searched.

    Returns:
        None if the running interpreter is supported, else the path of one that is.

    Raises:
        StrataError: none is installed, or the one found lacks the `venv` module.
    """
    if sys.version_info[:2] in SUPPORTED:
        _require_venv(sys.executable)
        return None
    for major, minor in SUPPORTED:
        found = shutil.which(f"python{major}.{minor}", path=environ.get("PATH"))
        if found and _runs(found, f"import sys; sys.exit(sys.version_info[:2] != {(major, minor)!r})"):
            _require_venv(found)
            return found
    running = ".".join(str(part) for part in sys.version_info[:3])
    raise StrataError(
        f"Python 3.11 or 3.12 is required, not {running}",
        remedy="install python3.11 and put it on PATH",
    )


def _require_venv(interpreter: str) -> None:
    if not _runs(interpreter, "import venv, ensurepip"):
        raise StrataError(
            f"{interpreter} cannot create virtual environments",
            remedy="install its venv package, on Debian python3-venv",
        )


def _runs(interpreter: str, code: str) -> bool:
    # A version manager has shims for versions that are not installed: run it to know.
    return subprocess.run([interpreter, "-c", code], capture_output=True, check=False).returncode == 0
