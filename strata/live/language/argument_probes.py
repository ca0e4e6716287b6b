"""Probes: expressions that list the arguments of a call, one list for each time it will be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strata.live.language.expression import CutExpression, For, Guard, If

# (scope, call) -> the argument lists that the call was found to be made with, as JSON texts.
Calls = dict[tuple[str, int], list[str]]


@dataclass(frozen=True)
class Probe:
    """A local that lists the arguments of one call."""

    name: str
    key: tuple[str, int]
    outputs: bool


def guarded(text: str, guards: Sequence[Guard], translate: Callable[[CutExpression], str]) -> str:
    """`text`, a list, as it comes out under the `guards` around a call: once an iteration, or not at all.

    Args:
        text: an HCL expression that gives a list of strings.
        guards: what stands around the call, the outermost first.
        translate: turns the guards' own expressions into text.
    """
    for guard in reversed(guards):
        if isinstance(guard, For):
            condition = f" if ({translate(guard.condition)}\n)" if guard.condition else ""
            collection = translate(guard.collection)
            text = f"flatten([for {guard.variables} in ({collection}\n) : {text}{condition}])"
        elif isinstance(guard, If):
            sign = "" if guard.when else "!"
            text = f"flatten([for _ in [1] : {text} if {sign}({translate(guard.condition)}\n)])"
        else:
            text = f"try({text}, [])"
    return text
