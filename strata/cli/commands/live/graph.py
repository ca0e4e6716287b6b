"""Print the units in dependency order.

The JSON output is that of `terragrunt find --dag --dependencies`."""

from __future__ import annotations

from strata.cli.live_tree import open_tree
from strata.cli.options import EnvironmentOrAll, Json
from strata.cli.views.console import out, print_json, table

EXAMPLES = ("strata live graph", "strata live graph dev --json")


def run(environment: EnvironmentOrAll = None, json_: Json = False) -> None:
    """Print the units, dependencies first."""
    rows = open_tree().dag(environment)
    if json_:
        print_json(
            [
                {"type": "unit", "path": unit.path}
                | ({"dependencies": sorted(unit.after)} if unit.after else {})
                for unit in rows
            ]
        )
        return
    out.print(table(None, ["unit", "after"], [[unit.path, ", ".join(sorted(unit.after))] for unit in rows]))
