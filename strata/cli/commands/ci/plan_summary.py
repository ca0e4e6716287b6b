"""Print a Markdown summary of saved plans: addresses and actions, never a value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.ci import planning
from strata.ci.summary import markdown
from strata.cli.options import Commit, Environment, Json, Plans
from strata.cli.plan_sets import collected

EXAMPLES = ("strata ci plan-summary dev --plans /tmp/plans --out plan-dev",)


def run(
    environment: Environment,
    plans: Plans,
    out: Annotated[Path | None, typer.Option(help="Write plan.json and summary.md to this folder.")] = None,
    commit: Commit = "HEAD",
    json_: Json = False,
) -> None:
    """Print the summary of a folder of plans."""
    planned = collected(environment, plans, commit)
    if out is not None:
        planning.write_public(planned.plans, out)
    if json_:
        print(planned.plans.model_dump_json(indent=2))
    else:
        print(markdown(planned.plans), end="")
