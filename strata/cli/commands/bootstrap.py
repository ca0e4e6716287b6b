"""Print the one-time steps that CI needs; with --apply, run them.

A second run changes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.bootstrap.aws import aws_steps
from strata.bootstrap.github import github_steps
from strata.bootstrap.snowflake import snowflake_steps
from strata.bootstrap.steps import SYSTEMS, script
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.facts import environment_facts

EXAMPLES = ("strata bootstrap dev > steps.md", "strata bootstrap dev --apply aws --apply snowflake")


def run(
    environment: Environment = "dev",
    apply: Annotated[
        list[str] | None, typer.Option(help="Run the steps of aws, snowflake or github with your own login.")
    ] = None,
    immutable_subject: Annotated[
        bool, typer.Option(help="GitHub's subjects carry IDs, as of repositories since 15 July 2026.")
    ] = True,
    json_: Json = False,
) -> None:
    """Print the steps; with systems, run theirs."""
    root, systems = checkout_root(), apply or []
    for name in systems:
        if name not in SYSTEMS:
            raise StrataError(f"`{name}` is not a system", remedy=f"use {', '.join(SYSTEMS)}")
    facts = environment_facts(LiveTree.load(root), environment)
    steps = [
        *aws_steps(root, facts),
        *snowflake_steps(facts, immutable=immutable_subject),
        *github_steps(facts),
    ]
    if not systems:
        if json_:
            print_json([{"system": s.system, "title": s.title, "commands": s.commands} for s in steps])
        else:
            print(f"# Bootstrap of {environment}\n\n{script(steps)}", end="")
        return
    done: dict[str, list[str]] = {}
    for step in steps:
        if step.system not in systems:
            continue
        done[step.title] = step.apply()
        if not json_:
            out.print(
                f"{step.title}: {'nothing to do' if not done[step.title] else ''}".rstrip(), soft_wrap=True
            )
            for line in done[step.title]:
                out.print(f"  {line}", markup=False, soft_wrap=True)
    if json_:
        print_json(done)
