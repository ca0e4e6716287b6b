"""The order of units: a graph of what must come before what."""

from __future__ import annotations

from collections.abc import Iterable

import networkx

from strata.errors import StrataError
from strata.live.model import Unit


def graph_of(units: Iterable[Unit]) -> networkx.DiGraph:
    """The units' graph: nodes are paths, an edge a -> b says that b depends on a.

    Raises:
        StrataError: a cycle, with its path.
    """
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
    raise StrataError(
        f"dependency cycle: {' -> '.join([*cycle, cycle[0]])}",
        file=known[cycle[0]].file,
        remedy="remove one of these dependencies",
    )


def in_order(units: Iterable[Unit]) -> list[Unit]:
    """The units, each after all it depends on, else by path; raises StrataError as `graph_of`."""
    known = {unit.path: unit for unit in units}
    return [known[path] for path in networkx.lexicographical_topological_sort(graph_of(known.values()))]


def in_layers(units: Iterable[Unit]) -> list[Unit]:
    """The units by how many in a row must come before, then by path; raises StrataError as `graph_of`."""
    known = {unit.path: unit for unit in units}
    layers = networkx.topological_generations(graph_of(known.values()))
    return [known[path] for layer in layers for path in sorted(layer)]
