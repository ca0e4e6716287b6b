"""Mark the open pull requests whose plan is of a unit that main has changed since.

A line in the comment and a failed status say so; a person updates the branch, and it is planned again."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.ci import affected as resolver
from strata.ci.git import CommitRange, commit
from strata.ci.github import GitHub
from strata.ci.outdated import outdated, units_of
from strata.ci.summary import marker
from strata.cli.affected import compared
from strata.cli.checkout import checkout_root
from strata.cli.views.console import out

EXAMPLES = ("strata ci outdated --base HEAD~1",)


def run(
    base: Annotated[str, typer.Option(help="Where the branch was before.")],
    branch: Annotated[str, typer.Option(help="Branch that pull requests go to.")] = "main",
) -> None:
    """Compare what the branch's newest commits affect with what each pull request planned."""
    root = checkout_root()
    github = GitHub.from_environment()
    head = commit(root, "HEAD")
    moved = {
        found.environment: {*found.units, *found.removed}
        for found in compared(CommitRange.since(root, base), None, resolver.affected)
    }
    for number, pull in github.open_pull_requests(branch).items() if moved else ():
        for environment, units in moved.items():
            mark = marker(environment)
            body = github.comment(number, mark) or ""
            both = units_of(body) & units
            if not both:
                continue
            github.upsert_comment(number, mark, outdated(body, head, both), create=False)
            github.mark_outdated(environment, pull, f"outdated: main changes {', '.join(sorted(both))}")
            out.print(
                f"pull request {number}: outdated in {environment}: {', '.join(sorted(both))}", soft_wrap=True
            )
