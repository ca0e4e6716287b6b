"""What is expected against what is planned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from strata.errors import did_you_mean
from strata.testing.cases.documents import Keys
from strata.testing.cases.outcome import UNKNOWN

UNKNOWN_TEXT = "(known after apply)"
ABSENT_TEXT = "(absent)"
IsSet = Callable[[tuple[str, ...]], bool]


class _Nothing:
    """Stands for what is not there."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


@dataclass(frozen=True)
class ValueDifference:
    """One place where plan and expectation differ.

    Attributes:
        keys: the path of the expectation in the case file.
        place: the place in the plan, for people.
        expected, planned: the two values; NOTHING where there is none.
        note: what else is to be said.
    """

    keys: Keys
    place: str
    expected: Any
    planned: Any
    note: str = ""


def differences(
    expected: Any, planned: Any, keys: Keys, place: str, is_set: IsSet, names: tuple[str, ...] = ()
) -> Iterator[ValueDifference]:
    """Where a planned value is not what is expected of it.

    A mapping expects its own keys only, an empty one that there are none, `(absent)` that a key is missing; a
    list is compared element by element, or as a set where the schema says so; `re:` begins a pattern that the
    whole text must match; null expects null.

    Args:
        expected: the expectation.
        planned: the planned value.
        keys: the expectation's path in the case file.
        place: the value's place in the plan.
        is_set: whether the attribute that some names lead to is a set.
        names: the attribute names that lead to the value.
    """
    if isinstance(expected, dict | list) and isinstance(planned, str):
        try:
            planned = json.loads(planned)
        except ValueError:
            pass
        else:
            # A JSON text has no schema: a list is a list.
            yield from differences(expected, planned, keys, place, lambda _: False)
            return
    if expected == {} and isinstance(planned, dict):
        if planned:
            yield ValueDifference(keys, place, expected, planned)
        return
    if isinstance(expected, dict) and isinstance(planned, dict):
        for name, item in expected.items():
            below = f"{place}.{name}" if place else name
            if item == ABSENT_TEXT:
                if name in planned:
                    yield ValueDifference((*keys, name), below, NOTHING, planned[name])
                continue
            if name not in planned:
                note = did_you_mean(name, planned) if planned else ""
                yield ValueDifference((*keys, name), below, item, NOTHING, note)
                continue
            yield from differences(item, planned[name], (*keys, name), below, is_set, (*names, name))
        return
    if isinstance(expected, list) and isinstance(planned, list):
        if is_set(names):
            yield from _set_differences(expected, planned, keys, place, is_set, names)
            return
        for index in range(max(len(expected), len(planned))):
            here = (*keys, index) if index < len(expected) else keys
            wanted = expected[index] if index < len(expected) else NOTHING
            found = planned[index] if index < len(planned) else NOTHING
            if wanted is NOTHING or found is NOTHING:
                yield ValueDifference(here, f"{place}[{index}]", wanted, found)
            else:
                yield from differences(wanted, found, here, f"{place}[{index}]", is_set, names)
        return
    if not same_scalar(expected, planned):
        yield ValueDifference(keys, place, expected, planned)


def _set_differences(
    expected: list[Any], planned: list[Any], keys: Keys, place: str, is_set: IsSet, names: tuple[str, ...]
) -> Iterator[ValueDifference]:
    def fits(wanted: Any, found: Any) -> bool:
        return next(differences(wanted, found, (), "", is_set, names), None) is None

    missing, extra = unmatched(expected, planned, fits)
    for index in missing:
        yield ValueDifference((*keys, index), f"{place} (a set)", expected[index], NOTHING)
    for index in extra:
        yield ValueDifference(keys, f"{place} (a set)", NOTHING, planned[index])


def unmatched(
    expected: Sequence[Any], planned: Sequence[Any], fits: Callable[[Any, Any], bool]
) -> tuple[list[int], list[int]]:
    """The indexes left over on either side when as many elements as possible are paired."""
    partner: dict[int, int] = {}

    def pair(wanted: int, tried: set[int]) -> bool:
        for index, found in enumerate(planned):
            if index in tried or not fits(expected[wanted], found):
                continue
            tried.add(index)
            if index not in partner or pair(partner[index], tried):
                partner[index] = wanted
                return True
        return False

    missing = [index for index in range(len(expected)) if not pair(index, set())]
    return missing, [index for index in range(len(planned)) if index not in partner]


def same_scalar(expected: Any, planned: Any) -> bool:
    """Whether one value is what is expected: by pattern, by name if unknown, else by value."""
    if planned is UNKNOWN:
        return bool(expected == UNKNOWN_TEXT)
    if isinstance(expected, str) and expected.startswith("re:"):
        return isinstance(planned, str) and re.fullmatch(expected[3:], planned, re.DOTALL) is not None
    if isinstance(expected, bool) or isinstance(planned, bool):
        return expected is planned
    return bool(expected == planned)
