"""Print the read-only identity for a job: role, region and Snowflake user.

In a workflow, it sets them as outputs."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.ci.workflow import set_output
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.facts import environment_facts

EXAMPLES = ("strata ci identity dev plan", "strata ci identity dev drift --json")


def run(
    environment: Environment,
    purpose: Annotated[str, typer.Argument(help="`plan` for a pull request, `drift` for main.")],
    json_: Json = False,
) -> None:
    """Print the identity and set it as outputs."""
    if purpose not in ("plan", "drift"):
        raise StrataError(f"`{purpose}` is not a purpose", remedy="use plan or drift")
    facts = environment_facts(LiveTree.load(checkout_root()), environment)
    found = {
        "role": facts.role_arn("plan"),
        "region": facts.region,
        "snowflake_user": facts.snowflake_user(purpose),
    }
    for name, value in found.items():
        set_output(name, value)
    if json_:
        print_json(found)
        return
    for name, value in found.items():
        out.print(f"{name}: {value}", soft_wrap=True)
