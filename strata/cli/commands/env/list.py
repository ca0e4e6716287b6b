"""List the environments: account, region, protection, units, module versions."""

from __future__ import annotations

from strata.cli.live_tree import open_tree
from strata.cli.options import Json
from strata.cli.views.console import out, print_json, table
from strata.live.environments import environments

EXAMPLES = ("strata env list", "strata env list --json")


def run(json_: Json = False) -> None:
    """Print one row per environment."""
    rows = [
        {
            "environment": found.name,
            "account": found.settings.get("account_id"),
            "region": found.settings.get("region"),
            "protected": found.settings.get("protected"),
            "units": found.units,
            "versions": found.settings.get("versions", {}),
        }
        for found in environments(open_tree())
    ]
    if json_:
        print_json(rows)
        return
    cells = [
        [
            row["environment"],
            row["account"],
            row["region"],
            "yes" if row["protected"] else "no",
            row["units"],
            ", ".join(sorted(set(row["versions"].values()))),
        ]
        for row in rows
    ]
    out.print(table(None, ["environment", "account", "region", "protected", "units", "versions"], cells))
