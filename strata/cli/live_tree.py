"""The live tree as the commands `strata live` and `strata env` read it."""

from __future__ import annotations

import os
import shutil

from strata.cli.checkout import repository_root
from strata.live import LiveTree


def open_tree(allow_run_cmd: bool = False) -> LiveTree:
    """Return the live tree of this checkout as production sees it."""
    environ = {name: value for name, value in os.environ.items() if name != "STRATA_LOCAL"}
    program = "terraform" if shutil.which("terraform") or not shutil.which("tofu") else "tofu"
    return LiveTree.load(repository_root(), environ=environ, terraform=program, allow_run_cmd=allow_run_cmd)
