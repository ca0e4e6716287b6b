"""Show which units a change affects, and why.

If HEAD is checked out, the files count as they are, uncommitted changes included."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.ci.git import CommitRange
from strata.cli.affected import compared, show
from strata.cli.checkout import repository_root
from strata.cli.options import EnvironmentOrAll, Json
from strata.errors import StrataError

EXAMPLES = ("strata live affected main..HEAD", "strata live affected HEAD~3.. dev --json")


def run(
    span: Annotated[
        str, typer.Argument(metavar="BASE..HEAD", help="Two commits; the second defaults to HEAD.")
    ],
    environment: EnvironmentOrAll = None,
    json_: Json = False,
) -> None:
    """Print the affected units."""
    base, dots, head = span.partition("..")
    if not base or not dots:
        raise StrataError(f"`{span}` is not a commit range", remedy="write BASE..HEAD, such as main..HEAD")
    change = CommitRange.since(repository_root(), base, head or "HEAD")
    show(compared(change, environment), json_)
