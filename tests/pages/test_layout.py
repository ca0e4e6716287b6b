"""Graphs, placed: nothing overlaps, lines go on, cycles do not hurt, the same graph looks the same."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.pages.layout import Drawing, Shape, layered
from tests.varied import VARIED

RIGHT = Shape(width=100, height=40, along=50, across=10, margin=5)
DOWN = Shape(width=100, height=40, along=50, across=10, margin=5, down=True)


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    wide, high = drawing.shape.width, drawing.shape.height
    return [
        (one, other)
        for (one, (x, y)), (other, (to_x, to_y)) in itertools.combinations(drawing.places.items(), 2)
        if abs(x - to_x) < wide - 0.01 and abs(y - to_y) < high - 0.01
    ]


def test_a_chain_is_one_straight_line() -> None:
    drawing = layered(["a", "b", "c"], [("a", "b"), ("b", "c")], RIGHT)
    assert dict(drawing.places) == {"a": (5, 5), "b": (155, 5), "c": (305, 5)}
    assert (drawing.width, drawing.height) == (410, 50)
    assert drawing.lines[0].path == "M105,25 C130,25 130,25 155,25"


def test_layers_may_be_rows() -> None:
    drawing = layered(["a", "b"], [("a", "b")], DOWN)
    assert dict(drawing.places) == {"a": (5, 5), "b": (5, 95)}


def test_a_long_line_goes_beside_what_it_passes() -> None:
    drawing = layered(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")], DOWN)
    (long,) = [line for line in drawing.lines if (line.start, line.end) == ("a", "c")]
    x = drawing.places["b"][0]
    stops = [tuple(map(float, stop.split(","))) for stop in re.findall(r"[\d.]+,[\d.]+", long.path)]
    beside = [at for at, y in stops if 95 <= y <= 135]
    assert beside
    assert all(at <= x or at >= x + 100 for at in beside)


def test_a_line_back_begins_where_it_comes_from() -> None:
    drawing = layered(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")], RIGHT)
    back = next(line for line in drawing.lines if line.start == "c")
    assert back.end == "a"
    # From c's side, which is the rightmost, to the left.
    assert float(back.path[1:].partition(",")[0]) == 305


def test_given_layers_are_kept_and_unknown_ends_left_out() -> None:
    drawing = layered(["a", "b"], [("a", "b"), ("a", "ghost"), ("a", "a")], RIGHT, {"a": 0, "b": 2})
    assert drawing.places["b"][0] == 305
    assert [(line.start, line.end) for line in drawing.lines] == [("a", "b")]


def test_nothing_is_a_drawing_too() -> None:
    assert layered([], [], RIGHT).lines == []


names = st.integers(0, 14).map(str)


@settings(VARIED, max_examples=10 * VARIED.max_examples)
@given(st.lists(st.tuples(names, names), max_size=40))
@pytest.mark.parametrize("shape", [RIGHT, DOWN])
def test_whatever_the_graph_nothing_overlaps(shape: Shape, edges: list[tuple[str, str]]) -> None:
    nodes = sorted({name for edge in edges for name in edge})
    drawing = layered(nodes, edges, shape)
    assert overlaps(drawing) == []
    wanted = {edge for edge in edges if edge[0] != edge[1]}
    drawn = {(line.start, line.end) for line in drawing.lines}
    # Of two lines between the same nodes, one each way, both or one may be drawn.
    assert drawn <= wanted
    assert {frozenset(edge) for edge in wanted} == {frozenset(edge) for edge in drawn}
    assert layered(nodes, edges, shape) == drawing
    for x, y in drawing.places.values():
        assert x >= 0
        assert y >= 0
        assert x + shape.width <= drawing.width
        assert y + shape.height <= drawing.height
