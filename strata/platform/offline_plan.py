"""The plan of a whole environment, for checks of what it holds: policies first of all.

It is made on an embedded cloud: the one that runs for this checkout, or a new one. Policies that follow from
another unit's outputs are known once that unit is applied; on a new cloud the units they wait for are.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx

from strata.cloud.embedded import EmbeddedCloud
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.names import account_of
from strata.platform.session import PlatformSession, find_running
from strata.platform.workspace import Workspace, find_account, load_tree
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


def read_plan_file(file: Path) -> Mapping[str, Any]:
    """Read a plan that `terraform show -json` wrote.

    Raises:
        StrataError: it is none.
    """
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StrataError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise StrataError(
            f"{file} is no JSON: {error}", remedy="write it by `terraform show -json`"
        ) from None
    if not isinstance(document, dict) or "planned_values" not in document:
        raise StrataError(f"{file} is no plan", remedy="write it by `terraform show -json`")
    return document


def environment_plan(root: Path, environment: str, say: Callable[[str], None]) -> Mapping[str, Any]:
    """Plan an environment with every policy known; return Terraform's plan JSON.

    Args:
        root: the checkout.
        environment: a folder of `live`.
        say: told of each step.

    Raises:
        StrataError: the tree cannot be read or planned, or a policy is not known before the apply.
    """
    running = find_running(root)
    with contextlib.ExitStack() as stack:
        if running is None:
            say("starting an embedded cloud")
            account = find_account(root, environment)
            session = PlatformSession(root, environment, account_id=account.account_id, region=account.region)
            endpoints = stack.enter_context(session).endpoints
        else:
            endpoints = running.endpoints
        workspace = Workspace(root, environment, endpoints)
        document = _plan(workspace, endpoints, say)
        unknown = sorted(set(_unknown(document)))
        if unknown and running is None:
            needed = _upstream(workspace, unknown)
            say(f"applying {', '.join(needed)} to know the policy of {unknown[0]}")
            results = workspace.runner(lambda event: None).apply(environment, needed)
            if errors := [result for result in results if not result.ok]:
                raise StrataError(f"{errors[0].unit} cannot be applied: {errors[0].error}")
            document = _plan(workspace, endpoints, say)
            unknown = sorted(set(_unknown(document)))
        if unknown:
            raise UnknownPolicyError(unknown[0])
    return document


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


def planned_resources(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The managed resources of a plan after its apply: address, type, values."""

    def walk(module: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for found in module.get("resources", ()):
            if found["mode"] == "managed":
                yield found["address"], found["type"], found["values"]
        for child in module.get("child_modules", ()):
            yield from walk(child)

    return walk(document.get("planned_values", {}).get("root_module", {}))


def _plan(workspace: Workspace, endpoints: Endpoints, say: Callable[[str], None]) -> Mapping[str, Any]:
    planner = EnvironmentPlanner(
        workspace.tree, workspace.toolchain, endpoints, workspace.root / ".strata" / "plan", say
    )
    return planner.plan_json(workspace.environment)


def _unknown(document: Mapping[str, Any]) -> Iterator[str]:
    for address, kind, values in planned_resources(document):
        if kind in _POLICIES and not values.get(_POLICIES[kind]):
            yield address


def _upstream(workspace: Workspace, addresses: list[str]) -> list[str]:
    graph = workspace.tree.graph(workspace.environment)
    components = {address.split(".")[1] for address in addresses}
    needed: set[str] = set()
    for unit in workspace.tree.units(workspace.environment):
        if unit.component in components:
            needed |= networkx.ancestors(graph, unit.path)
    return [unit.path for unit in workspace.tree.units(workspace.environment) if unit.path in needed]
