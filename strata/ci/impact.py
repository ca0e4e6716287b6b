"""The environment plan, unit by unit: what a change does downstream, which no plan of one unit can know.

Terragrunt plans a unit against the outputs that are applied today. The environment plan feeds each unit what
this very change makes of its upstream (decision D3), so that reviewers see the effect, and the plan after
the merge can be compared with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strata.ci.affected import Affected
from strata.ci.fingerprint import fingerprint
from strata.ci.login import snowflake_variables
from strata.ci.planning import PlanningResult
from strata.ci.plans import unit_plan
from strata.ci.reading import Repository
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.live import LiveTree
from strata.plan.document import by_module
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.environment_root import module_name
from strata.terraform.terragrunt import first_error
from strata.terraform.toolchain import find_toolchain


def with_downstream(
    root: Path, affected: Affected, planned: PlanningResult, endpoints: Endpoints | None = None
) -> PlanningResult:
    """Add the environment plan to the plans of units.

    It adds to what is known: where it cannot be made, the summary says why, and the unit plans stand alone.

    Args:
        root: the checkout's folder.
        affected: the units that are planned.
        planned: their own plans.
        endpoints: of the embedded cloud, or None for the account that this process is logged in to.
    """
    if not affected.units:
        return planned
    try:
        documents = _documents(root, affected, endpoints)
    except StrataError as error:
        message = first_error(f"Error: {error.message}")
        return PlanningResult(planned.plans.model_copy(update={"downstream_error": message}), planned.record)
    repository = Repository.at(root)
    units = {name: unit_plan(name, document, repository) for name, document in documents.items()}
    marks = dict(planned.record.units)
    for name, document in documents.items():
        marks[name] = (*marks.get(name, ()), fingerprint(document, planned.record.key))
    return PlanningResult(
        planned.plans.model_copy(update={"downstream": tuple(units.values())}),
        planned.record.model_copy(update={"units": marks}),
    )


def split(document: Mapping[str, Any], modules: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """An environment plan as one plan per unit, with the addresses that the unit's own plan has.

    Args:
        document: Terraform's plan JSON.
        modules: module name in the environment's root -> unit path.
    """
    changes = by_module(document)
    return {
        unit: {"format_version": document["format_version"], "resource_changes": changes.get(module, [])}
        for module, unit in modules.items()
    }


def _documents(root: Path, affected: Affected, endpoints: Endpoints | None) -> dict[str, dict[str, Any]]:
    toolchain = find_toolchain(root / ".strata")
    environ = {**os.environ, **(endpoints.environment() if endpoints else {})}
    tree = LiveTree.load(root, environ=environ, terraform=toolchain.terraform)
    planner = EnvironmentPlanner(
        tree,
        toolchain,
        endpoints,
        root / ".strata" / "environment-plan",
        login={} if endpoints else snowflake_variables(),
    )
    document = planner.plan_json(affected.environment, list(affected.units))
    modules = {module_name(unit): unit.path for unit in tree.units(affected.environment)}
    found = split(document, modules)
    return {unit: plan for unit, plan in found.items() if unit in affected.reasons}
