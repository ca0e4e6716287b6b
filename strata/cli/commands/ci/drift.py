"""Show the drift of an applied environment; exit 2 on drift, 1 on errors.

It plans every unit."""

from __future__ import annotations

import typer

from strata.ci import affected as resolver
from strata.ci import planning
from strata.ci.git import commit
from strata.ci.summary import drift_markdown
from strata.ci.workflow import add_summary
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Plans, PublicPlans
from strata.cli.plan_sets import has_drift, require_planned

EXAMPLES = ("strata ci drift dev --plans /tmp/plans --out drift-dev",)


def run(environment: Environment, plans: Plans, out: PublicPlans) -> None:
    """Plan all units and print those that drifted."""
    root = checkout_root()
    planned = planning.Planner(root, plans).plan(resolver.everything(root, environment), commit(root, "HEAD"))
    planning.write(planned, plans, out)
    text = drift_markdown(planned.plans)
    add_summary(text)
    print(text, end="")
    require_planned(planned.plans)
    if has_drift(planned.plans):
        raise typer.Exit(2)
