"""The site: mkdocs builds it from `docs/`, in a virtual environment of its own (`.strata/docs`)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from strata.checkout import own_environment
from strata.errors import StrataError

CONFIGURATION = "mkdocs.yml"


def build(root: Path, folder: Path, note: Callable[[str], None]) -> Path:
    """Build the site; return its first page.

    Args:
        root: the checkout's folder.
        folder: where the site goes; what it held is replaced.
        note: called with what is being done when it takes long.

    Raises:
        StrataError: mkdocs could not be installed, or found a fault such as a link that leads nowhere.
    """
    program = own_environment.ensure(root, "docs", note) / "mkdocs"
    note("building the site")
    done = subprocess.run(
        [program, "build", "--clean", "--config-file", root / CONFIGURATION, "--site-dir", folder],
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        faults = [line for line in lines if line.startswith("WARNING")] or lines[-1:] or ["no output"]
        raise StrataError(
            "the site has faults:\n" + "\n".join(line.removeprefix("WARNING -").strip() for line in faults),
            remedy="correct the pages in docs/",
        )
    return folder / "index.html"
