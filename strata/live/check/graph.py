"""Contracts of the graph: no cycle, and no unit that waits for one of another environment."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import CheckedUnit, LiveSnapshot
from strata.live.order import place_of


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    units = snapshot.units
    for path, unit in units.items():
        for other in unit.unit.after:
            target = units.get(other)
            if target is not None and target.unit.environment != unit.unit.environment:
                yield CheckFinding(
                    *_place(snapshot, unit, other),
                    "foreign-environment",
                    f"{path} depends on {other}, which is of another environment",
                    "depend on the unit of its own environment, or give the value in env.hcl",
                )
    try:
        TopologicalSorter({path: unit.unit.after for path, unit in units.items()}).prepare()
    except CycleError:
        yield from _cycles(snapshot)


def _cycles(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    # Imported here: it takes longer than the check of a tree without a cycle.
    import networkx

    units = snapshot.units
    graph = networkx.DiGraph((path, other) for path, unit in units.items() for other in unit.unit.after)
    for group in networkx.strongly_connected_components(graph):
        # The first by name, so that the same cycle is said in the same words.
        within = graph.subgraph(group)
        first = min(group)
        if len(group) == 1 and not graph.has_edge(first, first):
            continue
        cycle = [edge[0] for edge in networkx.find_cycle(within, first)]
        yield CheckFinding(
            *_place(snapshot, units[cycle[0]], cycle[1 % len(cycle)]),
            "dependency-cycle",
            f"dependency cycle: {' -> '.join([*cycle, cycle[0]])}",
            "remove one of these dependencies",
        )


def _place(snapshot: LiveSnapshot, unit: CheckedUnit, other: str) -> tuple[str, int]:
    """Where a unit says that it waits for another."""
    file, line = place_of(unit.unit, other)
    return file.relative_to(snapshot.root).as_posix(), line
