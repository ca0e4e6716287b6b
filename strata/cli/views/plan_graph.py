"""A plan as an HTML file: units as nodes, coloured by action, with their changes on a click."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import networkx

from strata.terraform.plan_document import EnvironmentPlan, PlannedUnit

_WIDTH, _HEIGHT, _COLUMN, _ROW, _MARGIN = 190, 46, 250, 72, 24
_COLOURS = {
    "delete": "#c0392b",
    "replace": "#d35400",
    "forget": "#8e44ad",
    "update": "#b7950b",
    "create": "#1e8449",
    "import": "#2471a3",
    "move": "#2471a3",
    "output": "#5d6d7e",
    "": "#aeb6bf",
}


def write_graph(plan: EnvironmentPlan, file: Path) -> None:
    """Write the page of a plan; it needs no network and holds no attribute's value."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(plan.units)
    graph.add_edges_from((other, path) for path, unit in plan.units.items() for other in unit.after)
    # An edge that a longer path implies only clutters the picture.
    shown = networkx.transitive_reduction(graph)
    places: dict[str, tuple[int, int]] = {}
    rows = 0
    for column, layer in enumerate(networkx.topological_generations(graph)):
        for row, path in enumerate(sorted(layer)):
            places[path] = (_MARGIN + column * _COLUMN, _MARGIN + row * _ROW)
            rows = max(rows, row + 1)
    columns = max((x for x, _ in places.values()), default=0)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files("strata.cli.views").joinpath("plan_graph.html.j2").read_text("utf-8")
    )
    file.write_text(
        template.render(
            name=plan.environment,
            total=_described(plan.changes()),
            units=[_node(unit, places[path]) for path, unit in plan.units.items()],
            edges=[_edge(places[one], places[other]) for one, other in sorted(shown.edges)],
            legend={kind or "no change": colour for kind, colour in _COLOURS.items()},
            size=(columns + _WIDTH + _MARGIN, 2 * _MARGIN + rows * _ROW),
            box=(_WIDTH, _HEIGHT),
            document=plan.document(),
        ),
        encoding="utf-8",
    )


def _node(unit: PlannedUnit, place: tuple[int, int]) -> dict[str, Any]:
    return {
        "path": unit.unit,
        "label": unit.unit.rpartition("/")[2],
        "x": place[0],
        "y": place[1],
        "colour": _COLOURS[unit.action],
        "summary": _described(unit.changes())
        if unit.resources
        else (unit.action and "outputs") or "no change",
    }


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the path of an arrow from a unit to one that depends on it."""
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    to_x, to_y = end[0] - 6, end[1] + _HEIGHT // 2
    middle = (x + to_x) // 2
    return f"M{x},{y} C{middle},{y} {middle},{to_y} {to_x},{to_y}"


def _described(changes: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in changes.items() if count) or "no change"
