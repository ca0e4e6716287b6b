"""EventBridge's event patterns: which events a rule takes.

moto's matcher joins field names with dots, looks into no list of objects, takes True for 1, and lets an
operator it does not know match everything. Rules: EventBridge User Guide, "Comparison operators for use in
event patterns", and aws/event-ruler.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "<": lambda value, wanted: value < wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
}
_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")


class InvalidPatternError(ValueError):
    """The pattern is not one that EventBridge takes; the message says why."""


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Return whether an event, or a part of one, has all the fields the pattern asks for."""
    return all(
        any(matches(alternative, event) for alternative in wanted)
        if name == "$or"
        else _field_matches(wanted, event, name)
        for name, wanted in pattern.items()
    )


def validate(pattern: Any, path: str = "") -> None:
    """Check a pattern.

    Raises:
        InvalidPatternError: a field is neither an object nor a list with something in it, or an operator is
            unknown or has an operand of the wrong kind.
    """
    if not isinstance(pattern, Mapping):
        raise InvalidPatternError("Filter is not an object")
    for name, wanted in pattern.items():
        here = f"{path}.{name}" if path else name
        if name == "$or" and isinstance(wanted, list) and len(wanted) > 1:
            for alternative in wanted:
                validate(alternative, path)
        elif isinstance(wanted, Mapping):
            validate(wanted, here)
        elif isinstance(wanted, list):
            if not wanted:
                raise InvalidPatternError("Empty arrays are not allowed")
            for condition in wanted:
                _validate_condition(condition, here)
        else:
            raise InvalidPatternError(f'"{here}" must be an object or an array')


def _field_matches(wanted: Any, event: Any, name: str) -> bool:
    if isinstance(event, list):
        return any(_field_matches(wanted, element, name) for element in event)
    present = isinstance(event, Mapping) and name in event
    value = event[name] if present else None
    if isinstance(wanted, Mapping):
        if isinstance(value, list):
            return any(matches(wanted, element) for element in value)
        return matches(wanted, value)
    values = _leaves(value) if present else []
    return any(_condition_matches(condition, values) for condition in wanted)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [leaf for element in value for leaf in _leaves(element)]
    return [] if isinstance(value, Mapping) else [value]


def _condition_matches(condition: Any, values: list[Any]) -> bool:
    if not isinstance(condition, Mapping):
        return any(_same(value, condition) for value in values)
    if "exists" in condition:
        return bool(values) is condition["exists"]
    ((operator, operand),) = condition.items()
    return any(_operator_matches(operator, operand, value) for value in values)


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
        return bool(value.lower() == str(operand).lower())
    if operator == "wildcard":
        return _wildcard(operand).fullmatch(value) is not None
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


def _wildcard(pattern: str) -> re.Pattern[str]:
    r"""`*` is any run of characters; `\*` and `\\` are the characters themselves."""
    pieces = re.findall(r"\\[*\\]|.", pattern, re.DOTALL)
    return re.compile(
        "".join(".*" if p == "*" else re.escape(p[1:] if len(p) == 2 else p) for p in pieces), re.DOTALL
    )


def _validate_condition(condition: Any, path: str) -> None:
    if isinstance(condition, list):
        raise InvalidPatternError(f'"{path}": a value cannot be an array')
    if not isinstance(condition, Mapping):
        return
    if len(condition) != 1:
        raise InvalidPatternError(f'"{path}": only one key allowed in match expression')
    ((operator, operand),) = condition.items()
    fault = _operand_fault(operator, operand)
    if fault:
        raise InvalidPatternError(f'"{path}": {fault}')


def _operand_fault(operator: str, operand: Any) -> str:
    if operator == "exists":
        return "" if isinstance(operand, bool) else "exists match pattern must be either true or false"
    if operator == "numeric":
        return "" if _is_numeric_range(operand) else "numeric match pattern is malformed"
    if operator == "anything-but":
        if not isinstance(operand, Mapping):
            return "" if operand not in ([], None) else "anything-but must not be empty"
        if len(operand) != 1 or next(iter(operand)) not in _ANYTHING_BUT:
            return f"anything-but takes a value, a list or one of {', '.join(_ANYTHING_BUT)}"
        return ""
    if operator in ("prefix", "suffix"):
        nested = isinstance(operand, Mapping) and list(operand) == ["equals-ignore-case"]
        return "" if nested or isinstance(operand, str) else f"{operator} match pattern must be a string"
    if operator in ("equals-ignore-case", "wildcard", "cidr"):
        return "" if isinstance(operand, str) else f"{operator} match pattern must be a string"
    return f"unrecognized match type {operator}"


def _is_numeric_range(operand: Any) -> bool:
    return (
        isinstance(operand, list)
        and len(operand) in (2, 4)
        and all(comparison in _NUMERIC for comparison in operand[::2])
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in operand[1::2])
    )
