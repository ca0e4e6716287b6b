"""The live tree as the commands `strata live` and `strata env` read it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from strata.checkout import tools
from strata.cli.checkout import tree_root
from strata.live import LiveTree
from strata.live.tree import production_environ
from strata.terraform.program import find_program


def open_tree(allow_run_cmd: bool = False) -> LiveTree:
    """Return the live tree of this checkout as production sees it.

    Raises:
        StrataError: as `tree_root`, or as `LiveTree.load`.
    """
    root, environ = tree_root(), production_environ()
    return LiveTree.load(root, environ=environ, terraform=console_program(), allow_run_cmd=allow_run_cmd)


def console_program() -> Path | str:
    """Return the Terraform that evaluates expressions."""
    if tools.terraform():
        # Then PATH may have none, or one that does not suit; only asking it tells.
        return find_program(os.environ, {**os.environ, "CHECKPOINT_DISABLE": "1"}).path
    return "terraform" if shutil.which("terraform") or not shutil.which("tofu") else "tofu"
