"""Place the nodes of a directed graph in layers, with few crossings and short lines.

The steps are Sugiyama's: cycles are broken, nodes get layers, long lines get a place in each layer that they
pass, layers are ordered by their neighbours' middle, and places are the nearest ones that do not overlap.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import networkx

_SWEEPS = 8
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """How a drawing looks, in pixels.

    Attributes:
        width, height: of each node.
        along: between two layers.
        across: between two nodes of a layer.
        margin: around the whole.
        down: layers are rows, the first one on top; otherwise columns, the first one on the left.
    """

    width: float = 190
    height: float = 46
    along: float = 60
    across: float = 26
    margin: float = 16
    down: bool = False


@dataclass(frozen=True)
class Line:
    """A line between two nodes; `path` is the data of an SVG path."""

    start: str
    end: str
    path: str


@dataclass(frozen=True)
class Drawing:
    """A graph with places: the upper left corner of each node, lines, and the size of the whole."""

    shape: Shape
    places: Mapping[str, Point]
    lines: Sequence[Line]
    width: float
    height: float


def layered(
    nodes: Sequence[str],
    edges: Sequence[tuple[str, str]],
    shape: Shape,
    layers: Mapping[str, int] | None = None,
) -> Drawing:
    """Draw a graph.

    Args:
        nodes: their names, in the order wanted where nothing else decides.
        edges: from and to; those to a node that is not there are left out.
        shape: sizes and direction.
        layers: the layer of each node (default: the longest way to it).
    """
    known = set(nodes)
    drawn = [(one, other) for one, other in dict.fromkeys(edges) if {one, other} <= known and one != other]
    forward, turned = _without_cycles(nodes, drawn)
    found = dict(layers) if layers is not None else _longest_ways(nodes, forward)
    middles: dict[Hashable, float] = {}
    ways: dict[tuple[str, str], list[Hashable]] = {}
    used = 0.0
    for part in _parts(nodes, forward):
        inside = [edge for edge in forward if edge[0] in part]
        rows, its_ways = _with_passages([node for node in nodes if node in part], inside, found)
        neighbours = _neighbours(its_ways)
        _order(rows, neighbours)
        across, width = _spread(rows, neighbours, shape, known)
        middles |= {member: used + middle for member, middle in across.items()}
        used += width + shape.across
        ways |= its_ways
    return _drawing(nodes, forward, turned, found, middles, ways, shape)


def _without_cycles(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]]
) -> tuple[list[tuple[str, str]], set[tuple[str, str]]]:
    """The edges with those that close a cycle turned round, and which those are, as they are now."""
    outgoing: dict[str, list[str]] = {node: [] for node in nodes}
    for one, other in edges:
        outgoing[one].append(other)
    state: dict[str, int] = {}
    closing: set[tuple[str, str]] = set()
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node, rest = stack[-1]
            for other in rest:
                if state.get(other) == 1:
                    closing.add((node, other))
                elif other not in state:
                    state[other] = 1
                    stack.append((other, iter(outgoing[other])))
                    break
            else:
                state[node] = 2
                stack.pop()
    turned = {(other, one) for one, other in closing}
    return list(dict.fromkeys((e[1], e[0]) if e in closing else e for e in edges)), turned


def _longest_ways(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    graph = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return {
        str(node): layer
        for layer, members in enumerate(networkx.topological_generations(graph))
        for node in members
    }


def _parts(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[set[str]]:
    """The connected parts, the largest first; in one drawing, the large one would tear the others apart."""
    graph = networkx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return sorted(networkx.connected_components(graph), key=len, reverse=True)


def _with_passages(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], layers: Mapping[str, int]
) -> tuple[list[list[Hashable]], dict[tuple[str, str], list[Hashable]]]:
    """The members of each layer, passages of long lines among them, and each line's way through them."""
    rows: list[list[Hashable]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in nodes:
        rows[layers[node]].append(node)
    ways: dict[tuple[str, str], list[Hashable]] = {}
    for one, other in edges:
        low, high = layers[one], layers[other]
        way: list[Hashable] = [one]
        for layer in range(low + 1, high):
            passage = (one, other, layer)
            rows[layer].append(passage)
            way.append(passage)
        ways[one, other] = [*way, other]
    return rows, ways


def _neighbours(ways: Mapping[tuple[str, str], list[Hashable]]) -> dict[Hashable, tuple[list[Hashable], ...]]:
    """By member of a layer: those before it, and those after it."""
    found: dict[Hashable, tuple[list[Hashable], ...]] = {}
    for way in ways.values():
        for one, other in itertools.pairwise(way):
            found.setdefault(one, ([], []))[1].append(other)
            found.setdefault(other, ([], []))[0].append(one)
    return found


def _order(rows: list[list[Hashable]], neighbours: Mapping[Hashable, tuple[list[Hashable], ...]]) -> None:
    """Sort each layer by the middle of its neighbours, down and up again."""
    for sweep in range(_SWEEPS):
        side = sweep % 2
        for row in rows if side == 0 else reversed(rows):
            place = {member: index for other in rows for index, member in enumerate(other)}
            row.sort(key=lambda member: _mean(neighbours, member, side, place))


def _mean(
    neighbours: Mapping[Hashable, tuple[list[Hashable], ...]],
    member: Hashable,
    side: int,
    place: Mapping[Hashable, float],
) -> float:
    beside = neighbours.get(member, ([], []))[side]
    return sum(place[other] for other in beside) / len(beside) if beside else place[member]


def _spread(
    rows: list[list[Hashable]],
    neighbours: Mapping[Hashable, tuple[list[Hashable], ...]],
    shape: Shape,
    nodes: set[str],
) -> tuple[dict[Hashable, float], float]:
    """The middle of each member across its layer, and the width of the whole."""
    size = shape.width if shape.down else shape.height
    middles: dict[Hashable, float] = {}
    widths = {member: size if member in nodes else 0.0 for row in rows for member in row}
    for row in rows:
        at = 0.0
        for member in row:
            middles[member] = at + widths[member] / 2
            at += widths[member] + shape.across
    for sweep in range(2 * _SWEEPS):
        side = sweep % 2
        for row in rows if side == 0 else reversed(rows):
            wanted = [_mean(neighbours, member, side, middles) for member in row]
            gaps = [
                (widths[one] + widths[other]) / 2 + shape.across for one, other in itertools.pairwise(row)
            ]
            middles.update(zip(row, _nearest(wanted, gaps), strict=True))
    least = min((middles[member] - widths[member] / 2 for member in middles), default=0.0)
    most = max((middles[member] + widths[member] / 2 for member in middles), default=0.0)
    return {member: middle - least for member, middle in middles.items()}, most - least


def _nearest(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones that keep their order and at least these gaps."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    # Neighbours that are too close share one place: the pool-adjacent-violators algorithm.
    pools: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=False):
        pools.append((place - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, count), (other, more) = pools[-2:]
            pools[-2:] = [((one * count + other * more) / (count + more), count + more)]
    places = [place for place, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(places, offsets, strict=False)]


def _drawing(
    nodes: Sequence[str],
    edges: Sequence[tuple[str, str]],
    turned: set[tuple[str, str]],
    layers: Mapping[str, int],
    middles: Mapping[Hashable, float],
    ways: Mapping[tuple[str, str], list[Hashable]],
    shape: Shape,
) -> Drawing:
    long, wide = (shape.height, shape.width) if shape.down else (shape.width, shape.height)
    step = long + shape.along

    def point(along: float, across: float) -> Point:
        found = (along + shape.margin, across + shape.margin)
        return (found[1], found[0]) if shape.down else found

    lines = []
    for edge in edges:
        way = ways[edge]
        stops: list[Point] = []
        for index, member in enumerate(way):
            start = (layers[edge[0]] + index) * step
            if index > 0:
                stops.append((start, middles[member]))
            if index < len(way) - 1:
                stops.append((start + long, middles[member]))
        back = edge in turned
        one, other = (edge[1], edge[0]) if back else edge
        path = _path([point(*stop) for stop in (reversed(stops) if back else stops)], down=shape.down)
        lines.append(Line(one, other, path))
    places = {node: point(layers[node] * step, middles[node] - wide / 2) for node in nodes}
    return Drawing(
        shape,
        places,
        lines,
        max((x for x, _ in places.values()), default=0) + shape.width + shape.margin,
        max((y for _, y in places.values()), default=0) + shape.height + shape.margin,
    )


def _path(stops: Sequence[Point], *, down: bool) -> str:
    """A curve between layers, straight along them."""
    (x, y), rest = stops[0], stops[1:]
    text = f"M{x:.0f},{y:.0f}"
    for to_x, to_y in rest:
        if down:
            middle = (y + to_y) / 2
            text += f" C{x:.0f},{middle:.0f} {to_x:.0f},{middle:.0f} {to_x:.0f},{to_y:.0f}"
        else:
            middle = (x + to_x) / 2
            text += f" C{middle:.0f},{y:.0f} {middle:.0f},{to_y:.0f} {to_x:.0f},{to_y:.0f}"
        x, y = to_x, to_y
    return text
