"""The state graph of an execution, placed: what was visited, and what an object without a fault visits."""

from __future__ import annotations

import itertools

from strata.pages.layout import Drawing, Shape, layered
from strata.trace.models import StateRun, Trace

SHAPE = Shape(width=168, height=36, along=20, across=14, margin=8, down=True)
_STATES = {"succeeded": "ok", "running": "running", "caught": "warn", "failed": "bad"}


def drawing(trace: Trace, *, whole: bool = False) -> Drawing:
    """Place the states.

    Args:
        trace: of the execution.
        whole: all states of the machine.
    """
    visited = {visit.name for visit in trace.states}
    shown = [node.name for node in trace.machine.states if whole or node.main or node.name in visited]
    # Almost every state catches errors, and they all go to one: few would see anything else.
    ways = taken(trace)
    caught = [edge for edge in trace.machine.catches if whole or edge in ways]
    return layered(shown, [*trace.machine.edges, *caught], SHAPE)


def taken(trace: Trace) -> set[tuple[str, str]]:
    """The ways that the execution went."""
    names = [visit.name for visit in trace.states]
    return set(itertools.pairwise(names))


def last_visits(trace: Trace) -> dict[str, StateRun]:
    """The last visit of each state."""
    return {visit.name: visit for visit in trace.states}


def state_class(visit: StateRun) -> str:
    """The class that colours a visit."""
    return _STATES[visit.status]


def node_class(trace: Trace, name: str) -> str:
    """The class that colours a state of the graph; the one that failed stands out, caught or not."""
    visit = last_visits(trace).get(name)
    if visit is None:
        return "idle"
    guilty = trace.failure is not None and trace.failure.state == name
    return "bad" if guilty else state_class(visit)


def duration(seconds: float | None) -> str:
    """How long something took, in words for a screen."""
    if seconds is None:
        return "running"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
