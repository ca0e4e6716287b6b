"""Show which units a change affects, and why.

In a workflow, it sets the output `environments`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from strata.ci import affected as resolver
from strata.ci.git import CommitRange
from strata.ci.workflow import set_output
from strata.cli.affected import changed_since_applied, compared, environments, show
from strata.cli.checkout import checkout_root
from strata.cli.options import Base, EnvironmentOrAll, Json
from strata.errors import StrataError

EXAMPLES = ("strata ci affected --base origin/main", "strata ci affected dev --base main --json")


def run(
    environment: EnvironmentOrAll = None,
    base: Base = None,
    since_applied: Annotated[
        bool, typer.Option(help="Compare with the last commit that GitHub marks as applied completely.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Take all units.")] = False,
    json_: Json = False,
) -> None:
    """Print the affected units of each environment."""
    root = checkout_root()
    if [base is not None, since_applied, all_].count(True) != 1:
        raise StrataError(
            "the comparison is ambiguous", remedy="give one of --base, --since-applied and --all"
        )
    names = [environment] if environment else environments(root)
    if all_:
        found = [resolver.everything(root, name) for name in names]
    elif base is not None:
        found = compared(CommitRange.since(root, base), environment, resolver.deployable)
    else:
        found = [changed_since_applied(root, name)[0] for name in names]
    found = [one for one in found if one.units or one.removed]
    set_output("environments", json.dumps([one.environment for one in found]))
    show(found, json_)
