"""EventBridge's event patterns: which events a rule takes (`pattern_syntax` says which patterns are valid).

moto's matcher looks into no list of objects, takes True for 1, and lets an operator it does not know match
everything. Rules: EventBridge User Guide, "Comparison operators for use in event patterns", and
aws/event-ruler: field names join with dots, and fields below a list must belong to one of its elements.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "<": lambda value, wanted: value < wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
}
Path = tuple[str, ...]
Elements = Mapping[int, int]


class _Leaf(NamedTuple):
    """A value of an event; `elements` holds its place in each list above it, by the list's number."""

    value: Any
    elements: Elements


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Return whether an event has all the fields that a valid pattern asks for."""
    leaves: dict[str, list[_Leaf]] = {}
    _collect(event, (), {}, itertools.count(), leaves)
    # In the order of their names, as event-ruler takes them: it tells for an absent field below a list.
    return any(_all_match(sorted(fields.items()), leaves, {}) for fields in alternatives(pattern))


def alternatives(pattern: Mapping[str, Any], path: Path = ()) -> list[dict[str, list[Any]]]:
    """Return the conditions of each field by its dotted name, once for each combination of `$or`."""
    found: list[dict[str, list[Any]]] = [{}]
    for name, wanted in pattern.items():
        if name == "$or":
            branches = [fields for branch in wanted for fields in alternatives(branch, path)]
        elif isinstance(wanted, Mapping):
            branches = alternatives(wanted, (*path, name))
        else:
            branches = [{".".join((*path, name)): wanted}]
        found = [{**fields, **more} for fields in found for more in branches]
    return found


def _collect(
    value: Any, path: Path, elements: Elements, lists: Iterator[int], leaves: dict[str, list[_Leaf]]
) -> None:
    if isinstance(value, Mapping):
        for name, member in value.items():
            _collect(member, (*path, name), elements, lists, leaves)
    elif isinstance(value, list):
        number = next(lists)
        for place, element in enumerate(value):
            _collect(element, path, {**elements, number: place}, lists, leaves)
    else:
        leaves.setdefault(".".join(path), []).append(_Leaf(value, elements))


def _all_match(
    fields: list[tuple[str, list[Any]]], leaves: Mapping[str, list[_Leaf]], chosen: Elements
) -> bool:
    if not fields:
        return True
    (name, conditions), *others = fields
    # Those of the elements that the fields before have chosen.
    found = [
        leaf
        for leaf in leaves.get(name, [])
        if all(chosen.get(number, place) == place for number, place in leaf.elements.items())
    ]
    if not found:
        return {"exists": False} in conditions and _all_match(others, leaves, chosen)
    return any(
        _all_match(others, leaves, {**chosen, **leaf.elements})
        for leaf in found
        if any(_condition_matches(condition, leaf.value) for condition in conditions)
    )


def _condition_matches(condition: Any, value: Any) -> bool:
    if not isinstance(condition, Mapping):
        return _same(value, condition)
    ((operator, operand),) = condition.items()
    if operator == "exists":
        return bool(operand)
    return _operator_matches(operator, operand, value)


def _same(value: Any, wanted: Any) -> bool:
    # JSON's true and 1 are two things, Python's are not.
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _operator_matches(operator: str, operand: Any, value: Any) -> bool:
    if operator == "anything-but":
        if isinstance(operand, Mapping):
            ((inner, wanted),) = operand.items()
            wanted = wanted if isinstance(wanted, list) else [wanted]
            return not any(_operator_matches(inner, w, value) for w in wanted)
        return not any(_same(value, w) for w in (operand if isinstance(operand, list) else [operand]))
    if operator == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return all(_NUMERIC[comparison](value, wanted) for comparison, wanted in pairs)
    if not isinstance(value, str):
        return False
    if isinstance(operand, Mapping):  # {"prefix": {"equals-ignore-case": "..."}}
        operand, value = operand["equals-ignore-case"].lower(), value.lower()
    if operator == "prefix":
        return bool(value.startswith(operand))
    if operator == "suffix":
        return bool(value.endswith(operand))
    if operator == "equals-ignore-case":
        return bool(value.lower() == operand.lower())
    if operator == "wildcard":
        return _wildcard(operand).fullmatch(value) is not None
    if operator == "exactly":
        return bool(value == operand)
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:  # the value is not an address
        return False


def _wildcard(pattern: str) -> re.Pattern[str]:
    r"""`*` is any run of characters; `\*` and `\\` are the characters themselves."""
    pieces = re.findall(r"\\[*\\]|.", pattern, re.DOTALL)
    return re.compile(
        "".join(".*" if p == "*" else re.escape(p[1:] if len(p) == 2 else p) for p in pieces), re.DOTALL
    )
