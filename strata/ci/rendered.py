"""The plan of a whole environment, for checks of what it holds: policies first of all.

It is made on an embedded cloud: the one that runs for this checkout, or a new one. Policies that follow from
another unit's outputs are known once that unit is applied; on a new cloud the units they wait for are.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx

from strata.ci.trust import UnknownPolicyError, planned_resources
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.session import PlatformSession, find_running
from strata.platform.workspace import Workspace, find_account
from strata.terraform.environment_plan import EnvironmentPlanner

_POLICIES = {
    "aws_iam_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
}


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
