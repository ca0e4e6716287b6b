"""The order of units: a graph of what must come before what."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import StrataError
from strata.live.model import Unit

if TYPE_CHECKING:
    import networkx


def graph_of(units: Iterable[Unit]) -> networkx.DiGraph:
    """The units' graph: nodes are paths, an edge a -> b says that b depends on a.

    Raises:
        StrataError: a cycle, with its path.
    """
    # Imported where it is used, for it takes a tenth of a second: the standard library's sorter, which knows
    # orders only, is enough for most commands.
    import networkx

    known = {unit.path: unit for unit in units}
    graph = networkx.DiGraph()
    graph.add_nodes_from(sorted(known))
    for unit in known.values():
        graph.add_edges_from((path, unit.path) for path in unit.after if path in known)
    try:
        cycle = [edge[0] for edge in networkx.find_cycle(graph)]
    except networkx.NetworkXNoCycle:
        return graph
    # Edges point at the dependent; people read "a needs b".
    cycle.reverse()
    file, line = place_of(known[cycle[0]], cycle[1 % len(cycle)])
    raise StrataError(
        f"dependency cycle: {' -> '.join([*cycle, cycle[0]])}",
        file=file,
        line=line,
        remedy="remove one of these dependencies",
    )


def place_of(unit: Unit, other: str) -> tuple[Path, int]:
    """The file and the line by which a unit waits for another."""
    return unit.places.get(other, (unit.file, 1))


def in_order(units: Iterable[Unit]) -> list[Unit]:
    """The units, each after all it depends on, else by path; raises StrataError as `graph_of`."""
    known = {unit.path: unit for unit in units}
    sorter = TopologicalSorter(
        {path: [before for before in unit.after if before in known] for path, unit in known.items()}
    )
    try:
        sorter.prepare()
    except CycleError:
        # Which says where.
        graph_of(known.values())
        raise
    ordered: list[Unit] = []
    ready = list(sorter.get_ready())
    heapq.heapify(ready)
    while ready:
        path = heapq.heappop(ready)
        ordered.append(known[path])
        sorter.done(path)
        for other in sorter.get_ready():
            heapq.heappush(ready, other)
    return ordered


def in_layers(units: Iterable[Unit]) -> list[Unit]:
    """The units by how many in a row must come before, then by path; raises StrataError as `graph_of`."""
    import networkx

    known = {unit.path: unit for unit in units}
    layers = networkx.topological_generations(graph_of(known.values()))
    return [known[path] for layer in layers for path in sorted(layer)]
