"""The live tree as the commands `strata live` and `strata env` read it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from strata.checkout import tools
from strata.cli.checkout import repository_root
from strata.live import LiveTree
from strata.live.tree import production_environ
from strata.terraform.program import find_program


def open_tree(allow_run_cmd: bool = False) -> LiveTree:
    """Return the live tree of this checkout as production sees it."""
    environ = production_environ()
    program = console_program()
    return LiveTree.load(repository_root(), environ=environ, terraform=program, allow_run_cmd=allow_run_cmd)


def console_program() -> Path | str:
    """Return the Terraform that evaluates expressions."""
    if tools.terraform():
        # Then PATH may have none, or one that does not suit; only asking it tells.
        return find_program(os.environ, {**os.environ, "CHECKPOINT_DISABLE": "1"}).path
    return "terraform" if shutil.which("terraform") or not shutil.which("tofu") else "tofu"
