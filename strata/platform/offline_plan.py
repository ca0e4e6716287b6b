"""The plan of a whole environment without its account: on an empty embedded cloud of its own (decision D3).

What runs for the checkout does not matter, and is not touched: every check of a plan gives the same answer.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.cloud.embedded import EmbeddedCloud
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.live import LiveTree
from strata.plan.document import resources
from strata.platform.session import interruptible
from strata.platform.workspace import find_account, load_tree
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.runner import Runner
from strata.terraform.toolchain import find_toolchain

_POLICIES = {
    "aws_iam_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
}


class UnknownPolicyError(StrataError):
    """A policy that is known after the apply only; `address` is its resource's."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"the policy of {address} is not known before the apply",
            remedy="apply the units it waits for, or give the plan of an applied environment",
        )
        self.address = address


@contextlib.contextmanager
def offline_cloud(root: Path, environment: str) -> Iterator[Endpoints]:
    """Run an empty embedded cloud for one environment, in this process and without Spark: no job runs there.

    Args:
        root: the checkout's folder.
        environment: a folder of `live`.

    Raises:
        StrataError: an unknown environment, or a tree that cannot be read.
    """
    account = find_account(root, environment)
    # The folder of its own lets it run beside `strata up`.
    with (
        interruptible(),
        tempfile.TemporaryDirectory(prefix="strata-offline-") as folder,
        EmbeddedCloud(
            Path(folder, "cloud"), account_id=account.account_id, region=account.region, warm_processes=0
        ) as endpoints,
    ):
        yield endpoints


def offline_plan(
    root: Path, environment: str, say: Callable[[str], None], *, policies_known: bool = False
) -> Mapping[str, Any]:
    """Plan an environment from nothing; return Terraform's own plan JSON.

    Args:
        root: the checkout's folder.
        environment: a folder of `live`.
        say: called with each step.
        policies_known: apply what must be applied before every policy is known: some follow from another
            unit's outputs.

    Raises:
        StrataError: an unknown environment, a tree that cannot be read, or Terraform's own error.
        UnknownPolicyError: with `policies_known`, a policy that even then is not known before the apply.
    """
    toolchain = find_toolchain(root / ".strata")
    work = root / ".strata" / "offline"
    say("starting an empty cloud")
    with offline_cloud(root, environment) as endpoints:
        tree = load_tree(root, toolchain, endpoints)
        runner = Runner(tree, toolchain, endpoints, work / "units")
        # The unit state-backend imports what the bootstrap makes.
        runner.bootstrap(environment)
        planner = EnvironmentPlanner(tree, toolchain, endpoints, work / "plan", say)
        document = planner.plan_json(environment)
        if policies_known and (unknown := _unknown(document)):
            needed = _upstream(tree, environment, unknown)
            say(f"applying {', '.join(needed)} to know the policy of {unknown[0]}")
            results = runner.apply(environment, needed)
            if failed := [result for result in results if not result.ok]:
                raise StrataError(f"{failed[0].unit} cannot be applied: {failed[0].error}")
            document = planner.plan_json(environment)
            if unknown := _unknown(document):
                raise UnknownPolicyError(unknown[0])
    return document


def _unknown(document: Mapping[str, Any]) -> list[str]:
    return sorted(
        {
            found.address
            for found in resources(document)
            if found.type in _POLICIES and not found.values.get(_POLICIES[found.type])
        }
    )


def _upstream(tree: LiveTree, environment: str, addresses: list[str]) -> list[str]:
    """The units on which the resources' units depend, in dependency order."""
    import networkx

    graph = tree.graph(environment)
    components = {address.split(".")[1] for address in addresses}
    needed: set[str] = set()
    for unit in tree.units(environment):
        if unit.component in components:
            needed |= networkx.ancestors(graph, unit.path)
    return [unit.path for unit in tree.units(environment) if unit.path in needed]
