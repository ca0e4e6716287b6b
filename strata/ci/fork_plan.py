"""A change on an embedded cloud: what a fork's pull request gets instead of a credential.

The environment is applied as it was before the change, then the change is planned against it, as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import networkx

from strata.ci.affected import deployable, edges
from strata.ci.git import CommitRange, tree_at
from strata.ci.impact import with_downstream
from strata.ci.planning import PlanningResult, collect
from strata.ci.reading import Repository
from strata.errors import StrataError
from strata.platform.offline_plan import offline_cloud
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult
from strata.terraform.terragrunt import UnitOutcome, first_error


def rehearse(
    change: CommitRange, environment: str, plans: Path, commit: str, say: Callable[[str], None]
) -> PlanningResult:
    """Apply the base to an embedded cloud and plan the change there.

    Args:
        change: what to plan.
        environment: a folder of `live`.
        plans: the folder for the plans.
        commit: the commit to name.
        say: called with each step, one line.

    Raises:
        StrataError: the base cannot be applied, or the tree cannot be read.
    """
    chosen = deployable(change, environment)
    if not chosen.units and not chosen.removed:
        return collect(chosen, commit, plans, {}, Repository.at(change.root))
    outcomes: dict[str, UnitOutcome] = {}
    with offline_cloud(change.root, environment) as endpoints:
        with tree_at(change.root, change.base) as folder:
            _share_downloads(change.root, folder)
            before = Workspace(folder, environment, endpoints)
            if environment in before.tree.environments():
                needed = _with_upstream(before, {*chosen.units, *chosen.removed})
                say(f"applying {len(needed)} unit(s) of {change.base[:12]} to the embedded cloud")
                results = before.runner(lambda event: None).apply(environment, needed) if needed else []
                if failed := [result for result in results if not result.ok]:
                    raise StrataError(f"the base cannot be applied: {failed[0].error}")
            if chosen.removed:
                say(f"planning that {len(chosen.removed)} unit(s) go")
                outcomes |= _planned(before, chosen.removed, plans, destroy=True)
        now = Workspace(change.root, environment, endpoints)
        if chosen.units:
            say(f"planning {len(chosen.units)} unit(s)")
            outcomes |= _planned(now, chosen.units, plans)
        planned = collect(
            chosen, commit, plans, outcomes, Repository.at(change.root), edges(change.root, environment)
        )
        return with_downstream(change.root, chosen, planned, endpoints)


def _with_upstream(before: Workspace, units: set[str]) -> list[str]:
    graph = before.tree.graph(before.environment)
    needed = {unit for unit in units if unit in graph}
    for unit in list(needed):
        needed |= networkx.ancestors(graph, unit)
    return sorted(needed)


def _planned(
    workspace: Workspace, units: Sequence[str], plans: Path, *, destroy: bool = False
) -> dict[str, UnitOutcome]:
    runner = workspace.runner(lambda event: None)
    results = runner.plan(workspace.environment, units, out_dir=plans, destroy=destroy)
    return {result.unit: _outcome(result) for result in results}


def _outcome(result: UnitResult) -> UnitOutcome:
    if result.ok:
        return UnitOutcome(result.unit, "succeeded")
    message = str(result.error)
    return UnitOutcome(
        result.unit,
        "skipped" if result.state == "skipped" else "failed",
        first_error(f"Error: {message}"),
    )


def _share_downloads(root: Path, folder: Path) -> None:
    """Let the base's tree use what is downloaded already."""
    state = folder / ".strata"
    state.mkdir(exist_ok=True)
    for name in ("cache", "jars"):
        if (root / ".strata" / name).is_dir():
            (state / name).symlink_to(root / ".strata" / name)
