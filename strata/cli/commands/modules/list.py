"""List the modules: version, latest release, changes, version per environment."""

from __future__ import annotations

from strata.cli.module_files import repository
from strata.cli.options import Json
from strata.cli.views.console import out, print_json, table
from strata.live.pins import pins

EXAMPLES = ("strata modules list", "strata modules list --json")


def run(json_: Json = False) -> None:
    """Print one row per module."""
    found = repository()
    pinned = pins(found.root)
    rows = [(name, str(found.changelog(name)[0].version), found.difference(name)) for name in found.names()]
    if json_:
        print_json(
            [
                {
                    "module": name,
                    "version": version,
                    "released": None if difference.base is None else str(difference.base),
                    "change": None if difference.base is None else difference.level.name,
                    "environments": {env: versions.get(name) for env, versions in pinned.items()},
                }
                for name, version, difference in rows
            ]
        )
        return
    cells = [
        [name, version, "never" if difference.base is None else str(difference.base)]
        + ["-" if difference.base is None else difference.level.name]
        + [versions.get(name, "-") for versions in pinned.values()]
        for name, version, difference in rows
    ]
    out.print(table(None, ["module", "version", "released", "change since", *pinned], cells))
