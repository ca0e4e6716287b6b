"""Plan the affected units with Terragrunt; exit 1 if a unit fails.

The plans are saved, those of the other units too if one fails."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.ci import affected as resolver
from strata.ci import planning
from strata.ci.git import CommitRange, commit
from strata.ci.impact import with_downstream
from strata.ci.plans import PlanSet
from strata.ci.summary import markdown
from strata.ci.workflow import add_summary
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Plans, PublicPlans
from strata.cli.plan_sets import require_planned
from strata.cli.views.console import err, table
from strata.cli.views.console import out as console
from strata.errors import StrataError

EXAMPLES = ("strata ci plan dev --base origin/main --plans /tmp/plans --out plan-dev",)


def run(
    environment: Environment,
    plans: Plans,
    out: PublicPlans,
    base: Annotated[
        str | None, typer.Option(help="Commit before the change; default: plan all units.")
    ] = None,
    commit_: Annotated[str, typer.Option("--commit", help="Commit to name in the record.")] = "HEAD",
    embedded: Annotated[
        bool, typer.Option(help="Plan on an embedded cloud with the base applied: for forks, no credentials.")
    ] = False,
) -> None:
    """Plan; write the record beside the plans, and what may be public to its own folder."""
    root = checkout_root()
    head = commit(root, commit_)
    # Terraform runs elsewhere.
    plans = plans.absolute()
    if embedded:
        # Imported here: it brings the embedded cloud, which only a fork's job needs.
        from strata.ci.fork_plan import rehearse

        if base is None:
            raise StrataError("--embedded needs the base to apply", remedy="give --base")
        planned = rehearse(
            CommitRange.since(root, base), environment, plans, head, lambda text: err.print(text)
        )
    else:
        if base is None:
            chosen, since = resolver.everything(root, environment), None
        else:
            change = CommitRange.since(root, base)
            chosen, since = resolver.deployable(change, environment), change.base
        edges = resolver.edges(root, environment) if chosen.units else ()
        planned = planning.Planner(root, plans, since, edges).plan(chosen, head)
        planned = with_downstream(root, chosen, planned)
    planning.write(planned, plans, out)
    _show(planned.plans)
    require_planned(planned.plans)


def _show(plans: PlanSet) -> None:
    add_summary(markdown(plans))
    rows = [
        [unit.unit, unit.status, *(unit.count(name) for name in ("create", "update", "replace", "delete"))]
        for unit in plans.units
    ]
    if rows:
        console.print(table(None, ["unit", "plan", "create", "update", "replace", "delete"], rows))
    else:
        console.print("no unit is affected")
