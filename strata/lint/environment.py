"""The plan of a whole environment for linters: everything is to be created, in an empty embedded cloud."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from strata.cloud.embedded import EmbeddedCloud
from strata.platform.names import account_of
from strata.platform.workspace import load_tree
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.runner import Runner
from strata.terraform.toolchain import find_toolchain


def plan_document(root: Path, environment: str, note: Callable[[str], None]) -> Mapping[str, Any]:
    """Terraform's own JSON of the environment's plan (decision D3).

    Args:
        root: the checkout's folder.
        environment: a folder of `live`.
        note: told what is being done.

    Raises:
        StrataError: an unknown environment, a tree that cannot be read, or Terraform's own error.
    """
    state = root / ".strata"
    toolchain = find_toolchain(state)
    account = account_of(load_tree(root, toolchain), environment)
    # The folder of its own lets a linter run beside `strata up`.
    with tempfile.TemporaryDirectory(prefix="strata-lint-") as folder:
        cloud = EmbeddedCloud(
            Path(folder, "cloud"), account_id=account.account_id, region=account.region, warm_processes=0
        )
        note("starting an empty cloud")
        with cloud as endpoints:
            tree = load_tree(root, toolchain, endpoints)
            work = state / "lint"
            # The unit state-backend imports what the bootstrap makes.
            Runner(tree, toolchain, endpoints, work / "units").bootstrap(environment)
            return EnvironmentPlanner(tree, toolchain, endpoints, work, note).plan_json(environment)
