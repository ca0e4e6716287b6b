"""The live tree of an environment as a graph, with the state of each unit and the last plan."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from strata.console.environment import ConsoleEnvironment
from strata.console.models import Graph, GraphNode, Health, UnitFacts, UnitsPage
from strata.pages.layout import Shape, layered
from strata.platform.last_plan import plan_file

_SHAPE = Shape(width=172, height=46, along=56, across=16, margin=10)
_PLANNED: dict[str, Health] = {"delete": "bad", "replace": "bad", "forget": "bad"}


def read(environment: ConsoleEnvironment) -> UnitsPage:
    """Read the units."""
    tree = environment.workspace.tree
    states = environment.states()
    units = []
    for unit in tree.units(environment.name):
        state = states.get(unit.component)
        units.append(
            UnitFacts(
                path=unit.path,
                component=unit.component,
                state="applied" if state is not None else "never applied",
                serial=state.serial if state is not None else None,
                resources=state.resources if state is not None else 0,
                after=list(unit.after),
                outputs=sorted(state.outputs) if state is not None else [],
            )
        )
    plan = _last_plan(environment)
    names = [unit.path for unit in units]
    edges = [(other, unit.path) for unit in units for other in unit.after]
    nodes = [_node(unit, plan) for unit in units]
    return UnitsPage(graph=Graph.drawn(layered(names, edges, _SHAPE), nodes), units=units, plan=plan)


def _node(unit: UnitFacts, plan: Mapping[str, Any] | None) -> GraphNode:
    state: Health = "ok" if unit.state == "applied" else "idle"
    detail = f"{unit.resources} resources" if unit.state == "applied" else unit.state
    if plan is not None:
        changes = {
            kind: count
            for kind, count in plan["units"].get(unit.path, {}).get("changes", {}).items()
            if count
        }
        if changes:
            state = next((_PLANNED[kind] for kind in changes if kind in _PLANNED), "warn")
            detail = ", ".join(f"{count} to {kind}" for kind, count in changes.items())
    return GraphNode(id=unit.path, kind="unit", label=unit.component, detail=detail, state=state)


def _last_plan(environment: ConsoleEnvironment) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(plan_file(environment.root, environment.name).read_text("utf-8"))
        if isinstance(found, dict) and "units" in found:
            return found
    return None
