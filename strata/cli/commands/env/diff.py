"""Compare the inputs of two environments; exit 2 on a forbidden difference.

live/differences.toml allows differences, each with its reason."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import typer

from strata.cli.live_tree import open_tree
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json, table
from strata.live.difference import ALLOWED, differences

EXAMPLES = ("strata env diff dev staging", "strata env diff dev staging --json")


def run(
    left: Annotated[str, typer.Argument(metavar="ENV", help="Environment: a folder of `live`.")],
    right: Annotated[str, typer.Argument(metavar="ENV", help="Environment to compare it with.")],
    json_: Json = False,
) -> None:
    """Print all differences."""
    found = differences(open_tree(), left, right)
    refused = [item for item in found if not item.reason]
    if json_:
        print_json([dataclasses.asdict(item) | {"allowed": bool(item.reason)} for item in found])
    else:
        rows = [
            [
                item.unit,
                item.path or "(unit)",
                _shown(item.left),
                _shown(item.right),
                item.reason or "NOT ALLOWED",
            ]
            for item in found
        ]
        if rows:
            out.print(table(None, ["unit", "input", left, right, "reason"], rows))
        err.print(f"{len(found)} differences, {len(refused)} not allowed by {ALLOWED}")
    if refused:
        raise typer.Exit(2)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
