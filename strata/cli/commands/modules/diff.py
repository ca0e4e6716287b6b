"""Show interface changes of MODULE since a release, and the version they require."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from strata.cli.module_files import repository
from strata.cli.options import Json, Module
from strata.cli.views.console import out, print_json
from strata.modules.repository import ReleaseDifference
from strata.modules.versions import Level, Version

EXAMPLES = ("strata modules diff s3", "strata modules diff s3 1.0.0 --json")


def run(
    module: Module,
    base: Annotated[
        str | None, typer.Argument(metavar="[FROM]", help="Released version; default: the latest.")
    ] = None,
    json_: Json = False,
) -> None:
    """Print one line per change, then the version."""
    difference = repository().difference(module, None if base is None else Version.read(base))
    if json_:
        print_json(_facts(difference))
        return
    if difference.base is None:
        out.print(f"{module} was never released: its first version is {difference.next}")
        return
    for change in difference.changes:
        out.print(f"{change.level.name:6}{change.subject}: {change.text}", markup=False, soft_wrap=True)
    if difference.level is Level.none:
        out.print(f"{module} is unchanged since {difference.base}")
    else:
        out.print(f"{module} {difference.base} -> {difference.next} at least ({difference.level.name})")


def _facts(difference: ReleaseDifference) -> dict[str, Any]:
    return {
        "module": difference.module,
        "from": None if difference.base is None else str(difference.base),
        "changes": [
            {"level": change.level.name, "subject": change.subject, "text": change.text}
            for change in difference.changes
        ],
        "level": difference.level.name,
        "version": str(difference.next),
    }
