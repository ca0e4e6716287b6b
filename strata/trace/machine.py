"""The graph of a state machine, out of its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from strata.trace.models import Machine, StateNode


def read(definition: Mapping[str, Any]) -> Machine:
    """Read a definition in Amazon States Language; states inside of a Map or Parallel are part of it."""
    states: Mapping[str, Mapping[str, Any]] = definition["States"]
    main = _main(definition)
    edges = dict.fromkeys((name, other) for name, state in states.items() for other in _followers(state))
    catches = dict.fromkeys(
        (name, rule["Next"]) for name, state in states.items() for rule in state.get("Catch", ())
    )
    return Machine(
        start=definition["StartAt"],
        states=[
            StateNode(name=name, type=str(state["Type"]), main=name in main) for name, state in states.items()
        ],
        edges=list(edges),
        catches=[edge for edge in catches if edge not in edges],
    )


def _followers(state: Mapping[str, Any]) -> Iterator[str]:
    """What may come after a state without an error: what it names, then its default, then its choices."""
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for rule in state.get("Choices", ()):
        yield rule["Next"]


def _main(definition: Mapping[str, Any]) -> set[str]:
    """The states from the first on by Next or Default, as the event of a new object goes."""
    name, found = definition["StartAt"], set()
    while name and name not in found:
        found.add(name)
        state = definition["States"][name]
        name = state.get("Next") or state.get("Default")
    return found
