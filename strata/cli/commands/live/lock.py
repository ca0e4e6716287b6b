"""Write every unit's .terraform.lock.hcl, with one entry per provider for all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.live_tree import open_tree
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.live import discovery, locks
from strata.live.check.snapshot import read_snapshot

EXAMPLES = (
    "strata live lock",
    "strata live lock hashicorp/aws --mirror /opt/providers --platform linux_amd64",
)


def run(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Providers to look up again; default: all.")
    ] = None,
    platform: Annotated[list[str] | None, typer.Option(help="Platforms to lock.")] = None,
    mirror: Annotated[
        Path | None, typer.Option(help="Folder of providers to use instead of the registry.")
    ] = None,
) -> None:
    """Write the lock files; a provider that is not looked up keeps its entry."""
    tree = open_tree()
    modules = {
        path: unit.module for path, unit in read_snapshot(tree).units.items() if unit.module is not None
    }
    constraints = {
        address: constraint
        for module in modules.values()
        for address, constraint in locks.required_providers(module).items()
    }
    wanted = {f"{locks.HOST}/{name.removeprefix(f'{locks.HOST}/')}" for name in providers or constraints}
    unknown = sorted(wanted - constraints.keys())
    if unknown:
        raise StrataError(f"no module requires {unknown[0]}", remedy=f"choose from {', '.join(constraints)}")
    entries = {
        address: entry
        for path in modules
        for address, entry in locks.read(tree.root, f"{path}/{discovery.LOCK_FILE}").items()
    }
    found = locks.resolve(
        {address: constraints[address] for address in wanted},
        tree.terraform,
        platforms=platform or locks.PLATFORMS,
        mirror=mirror,
    )
    for file in locks.write(tree.root, modules, entries | found):
        out.print(file)
