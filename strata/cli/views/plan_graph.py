"""A plan as an HTML file: units as nodes, coloured by action, with their changes on a click."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import networkx

from strata.pages.layout import Point, Shape, layered
from strata.terraform.plan_document import EnvironmentPlan, PlannedUnit

_SHAPE = Shape(width=190, height=46, along=60, across=26, margin=24)
_COLOURS = {
    "delete": "#c0392b",
    "replace": "#b84a00",
    "forget": "#8e44ad",
    "update": "#8a6d00",
    "create": "#1e8449",
    "import": "#2471a3",
    "move": "#2471a3",
    "output": "#5d6d7e",
    "": "#6b7683",
}


def write_graph(plan: EnvironmentPlan, file: Path) -> None:
    """Write the page of a plan; it needs no network and holds no attribute's value."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(plan.units)
    graph.add_edges_from((other, path) for path, unit in plan.units.items() for other in unit.after)
    # An edge that a longer path implies only clutters the picture.
    shown = networkx.transitive_reduction(graph)
    drawing = layered(list(plan.units), sorted(shown.edges), _SHAPE)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files("strata.cli.views").joinpath("plan_graph.html.j2").read_text("utf-8")
    )
    file.write_text(
        template.render(
            name=plan.environment,
            total=_described(plan.changes()),
            units=[_node(unit, drawing.places[path]) for path, unit in plan.units.items()],
            edges=[line.path for line in drawing.lines],
            legend={kind or "no change": colour for kind, colour in _COLOURS.items()},
            size=(round(drawing.width), round(drawing.height)),
            box=(_SHAPE.width, _SHAPE.height),
            document=plan.document(),
        ),
        encoding="utf-8",
    )


def _node(unit: PlannedUnit, place: Point) -> dict[str, Any]:
    return {
        "path": unit.unit,
        "label": unit.unit.rpartition("/")[2],
        "x": round(place[0]),
        "y": round(place[1]),
        "colour": _COLOURS[unit.action],
        "summary": _described(unit.changes())
        if unit.resources
        else (unit.action and "outputs") or "no change",
    }


def _described(changes: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in changes.items() if count) or "no change"
