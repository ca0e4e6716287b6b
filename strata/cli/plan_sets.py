"""Folders of plans as `strata ci` reads them: what Terragrunt saved, and what jobs exchange."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from strata.ci import planning
from strata.ci.affected import Affected
from strata.ci.git import commit
from strata.ci.plans import PlanSet, find_plans, load_plan_set
from strata.ci.reading import Repository
from strata.cli.checkout import checkout_root
from strata.cli.views.console import err
from strata.errors import StrataError
from strata.plan.document import read_file
from strata.terraform.terragrunt import UnitOutcome


def saved_plans(plans: Path) -> dict[str, Path]:
    """Return unit -> its plan JSON.

    Raises:
        StrataError: the folder holds none.
    """
    found = find_plans(plans)
    if not found:
        raise StrataError("the folder has no plan JSON", file=plans, remedy="plan with --json-out-dir")
    return found


def collected(environment: str, plans: Path, name: str) -> planning.PlanningResult:
    """Return what saved plans of an environment say, under the name of a commit."""
    units = tuple(unit for unit in saved_plans(plans) if unit.startswith(f"live/{environment}/"))
    chosen = Affected(environment, dict.fromkeys(units, ()), (), (units,))
    outcomes = {unit: UnitOutcome(unit, "succeeded") for unit in units}
    root = checkout_root()
    return planning.collect(chosen, commit(root, name), plans, outcomes, Repository.at(root))


def require_planned(plans: PlanSet) -> None:
    """Refuse plans of which one failed.

    Raises:
        StrataError: it names every unit that failed, and why.
    """
    if plans.failed:
        reasons = "; ".join(f"{unit.unit}: {unit.error}" for unit in plans.failed)
        raise StrataError(f"{len(plans.failed)} of {len(plans.units)} units could not be planned: {reasons}")


def read_plan_sets(folder: Path) -> dict[str, PlanSet]:
    """Return environment -> its plans; a single artifact is extracted into the folder itself."""
    found = [load_plan_set(path) for path in sorted(folder.rglob(planning.PLAN_SET))]
    return {plans.environment: plans for plans in found}


def expected_environments(expect: str) -> list[str]:
    """Return the environments that must have plans, from the output of `strata ci affected`.

    Raises:
        StrataError: the text is not a JSON list of names.
    """
    try:
        found = json.loads(expect)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise StrataError(
            f"`{expect}` is not a JSON list of environments",
            remedy="pass the output `environments` of `strata ci affected`; if it is empty, that job failed",
        )
    return found


def require_expected(folder: Path, sets: Collection[str], expect: str | None) -> None:
    """Refuse a folder that lacks plans of an expected environment.

    Raises:
        StrataError: plans are missing, or nothing is expected and there are none.
    """
    if expect is None and not sets:
        raise StrataError(
            "the folder has no plans", file=folder, remedy="make them with `strata ci plan --out`"
        )
    missing = [] if expect is None else [name for name in expected_environments(expect) if name not in sets]
    if missing:
        raise StrataError(
            f"the folder has no plans of {', '.join(missing)}",
            file=folder,
            remedy="check the job that plans: it was skipped or failed",
        )


def has_drift(plans: PlanSet) -> bool:
    """Return whether the plan of an applied environment would change anything."""
    return any(unit.drifted or unit.resources or unit.outputs for unit in plans.units)


def environment_document(environment: str, plan: Path | None) -> Mapping[str, Any]:
    """Return the plan JSON of an environment, from a file or planned now."""
    if plan is not None:
        return read_file(plan)
    # Imported here: plans that are there need neither Terraform nor an embedded cloud.
    from strata.platform.offline_plan import offline_plan

    with err.status("planning") as status:
        return offline_plan(
            checkout_root(), environment, lambda text: status.update(text), policies_known=True
        )
