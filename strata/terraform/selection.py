"""Which units a command is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError, did_you_mean

if TYPE_CHECKING:
    import networkx

    from strata.live import Unit


def choose(units: Mapping[str, Unit], names: Sequence[str] | None, environment: str) -> list[str]:
    """Return the paths of the units named (by path or component), in dependency order; all without names.

    Args:
        units: the environment's units by path, in dependency order.
        names: what was asked for.
        environment: its name, for the error.

    Raises:
        StrataError: the environment has no such unit.
    """
    if names is None:
        return list(units)
    known = {unit.component: path for path, unit in units.items()} | {path: path for path in units}
    for name in names:
        if name.rstrip("/") not in known:
            raise StrataError(
                f"environment {environment} has no unit {name}",
                remedy=did_you_mean(name, (unit.component for unit in units.values())),
            )
    wanted = {known[name.rstrip("/")] for name in names}
    return [path for path in units if path in wanted]


def with_dependents(graph: networkx.DiGraph, paths: Sequence[str]) -> set[str]:
    """Return the units and all that depend on them."""
    # Imported where it is used: a tenth of a second.
    import networkx

    return {*paths, *(other for path in paths for other in networkx.descendants(graph, path))}


def with_unapplied(
    units: Mapping[str, Unit], paths: Collection[str], outputs: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """Return the units and all that they need outputs of and that has none: never applied, or destroyed.

    Args:
        units: the environment's units by path, in dependency order.
        paths: those that are wanted.
        outputs: by path, what each unit's state holds.
    """
    wanted = set(paths)
    for path in reversed(list(units)):
        if path in wanted:
            wanted |= {
                dependency.path
                for dependency in units[path].dependencies
                if dependency.enabled and not dependency.skip_outputs and not outputs.get(dependency.path)
            }
    return wanted
