"""`strata bootstrap`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strata.bootstrap.aws import aws_steps
from strata.bootstrap.github import github_steps
from strata.bootstrap.snowflake import snowflake_steps
from strata.bootstrap.steps import SYSTEMS, script
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.facts import environment_facts


def run(root: Path, environment: str, systems: Sequence[str], immutable: bool, as_json: bool) -> None:
    """Print the steps; with systems, do those of them."""
    for name in systems:
        if name not in SYSTEMS:
            raise StrataError(f"`{name}` is no system", remedy=f"use {', '.join(SYSTEMS)}")
    facts = environment_facts(LiveTree.load(root), environment)
    steps = [*aws_steps(root, facts), *snowflake_steps(facts, immutable=immutable), *github_steps(facts)]
    if not systems:
        if as_json:
            print_json([{"system": s.system, "title": s.title, "commands": s.commands} for s in steps])
        else:
            print(f"# Bootstrap of {environment}\n\n{script(steps)}", end="")
        return
    done: dict[str, list[str]] = {}
    for step in steps:
        if step.system not in systems:
            continue
        done[step.title] = step.apply()
        if not as_json:
            out.print(
                f"{step.title}: {'nothing to do' if not done[step.title] else ''}".rstrip(), soft_wrap=True
            )
            for line in done[step.title]:
                out.print(f"  {line}", markup=False, soft_wrap=True)
    if as_json:
        print_json(done)
