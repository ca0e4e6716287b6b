"""Which event patterns EventBridge accepts, in its own words (its validator is aws/event-ruler).

EventBridge adds the place in the text to most reasons; that part is left out here. It does not publish how
complex a wildcard may be: here it is refused when one value can be in ten places of it at once, which lies
between the examples of its guide.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from strata.cloud.aws.events.pattern import alternatives

_MOST_COMBINATIONS = 1000
_MOST_PLACES = 10
_RESERVED = (
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
)
_ONE_KEY = "Only one key allowed in match expression"
_TOO_MANY = "Too many elements in numeric expression"
_BUT_VALUE = "Value of anything-but must be an array or single string/number value."
_ADDRESS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


class InvalidPatternError(ValueError):
    """The pattern is not one that EventBridge takes; the message is EventBridge's reason."""


def validate(pattern: Any) -> None:
    """Check a pattern.

    Raises:
        InvalidPatternError: EventBridge refuses it.
    """
    if not isinstance(pattern, Mapping):
        raise InvalidPatternError("Filter is not an object")
    _check_object(pattern, inside_or=False)
    if len(alternatives(pattern)) > _MOST_COMBINATIONS:
        raise InvalidPatternError(f"Rule has more than {_MOST_COMBINATIONS} combinations of $or")


def _check_object(pattern: Mapping[str, Any], *, inside_or: bool) -> None:
    if not pattern:
        raise InvalidPatternError("Empty objects are not allowed")
    for name, wanted in pattern.items():
        if name == "$or":
            _check_or(wanted)
        elif inside_or and name in _RESERVED:
            raise InvalidPatternError(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        elif isinstance(wanted, Mapping):
            _check_object(wanted, inside_or=inside_or)
        elif isinstance(wanted, list):
            for condition in wanted:
                _check_condition(condition)
            if not wanted:
                raise InvalidPatternError("Empty arrays are not allowed")
        else:
            raise InvalidPatternError(f'"{name}" must be an object or an array')


def _check_or(branches: Any) -> None:
    if not isinstance(branches, list):
        raise InvalidPatternError("It must be an Array followed with $or.")
    for branch in branches:
        if not isinstance(branch, Mapping):
            raise InvalidPatternError("Only JSON object is allowed in array of $or relationship.")
        _check_object(branch, inside_or=True)
    if len(branches) < 2:
        raise InvalidPatternError("There must have at least 2 Objects in $or relationship.")


def _check_condition(condition: Any) -> None:
    if isinstance(condition, list):
        raise InvalidPatternError("Match value must be String, number, true, false, or null")
    if not isinstance(condition, Mapping):
        return
    if not condition:
        raise InvalidPatternError("Match expression name not found")
    operator, operand = next(iter(condition.items()))
    _check_operand(operator, operand)
    if len(condition) > 1:
        raise InvalidPatternError(_TOO_MANY if operator in ("numeric", "anything-but") else _ONE_KEY)


def _check_operand(operator: str, operand: Any) -> None:
    if operator == "exists":
        if not isinstance(operand, bool):
            raise InvalidPatternError("exists match pattern must be either true or false.")
    elif operator == "numeric":
        _check_numeric(operand)
    elif operator == "anything-but":
        _check_anything_but(operand)
    elif operator in ("prefix", "suffix") and isinstance(operand, Mapping):
        _check_any_case(operator, operand)
    elif operator == "cidr":
        # EventBridge speaks of a prefix here, too.
        _check_cidr(_text(operand, "prefix match pattern must be a string"))
    elif operator == "exactly":
        _text(operand, "exact match pattern must be a string")
    elif operator in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        text = _text(operand, f"{operator} match pattern must be a string")
        if operator == "wildcard":
            _check_wildcard(text)
    else:
        raise InvalidPatternError(f"Unrecognized match type {operator}")


def _text(operand: Any, fault: str) -> str:
    if not isinstance(operand, str):
        raise InvalidPatternError(fault)
    return operand


def _check_any_case(operator: str, operand: Mapping[str, Any]) -> None:
    if not operand:
        raise InvalidPatternError(f"{operator.capitalize()} expression name not found")
    inner, wanted = next(iter(operand.items()))
    if inner != "equals-ignore-case":
        raise InvalidPatternError(f"Unsupported {operator} pattern: {inner}")
    _text(wanted, "equals-ignore-case match pattern must be a string")
    if len(operand) > 1:
        raise InvalidPatternError(_ONE_KEY)


def _check_anything_but(operand: Any) -> None:
    if isinstance(operand, Mapping):
        if not operand:
            raise InvalidPatternError("Anything-But expression name not found")
        inner, wanted = next(iter(operand.items()))
        if inner not in ("equals-ignore-case", "prefix", "suffix", "wildcard"):
            raise InvalidPatternError(f"Unsupported anything-but pattern: {inner}")
        if not isinstance(wanted, list) and not isinstance(wanted, str) and not _is_number(wanted):
            raise InvalidPatternError(_BUT_VALUE)
        for value in wanted if isinstance(wanted, list) else [wanted]:
            _check_excluded(inner, value)
        if len(operand) > 1:
            raise InvalidPatternError(_TOO_MANY)
    elif isinstance(operand, list):
        if any(not isinstance(value, str) and not _is_number(value) for value in operand):
            raise InvalidPatternError("Inside anything but list, start|null|boolean is not supported.")
        if len({isinstance(value, str) for value in operand}) != 1:
            raise InvalidPatternError(
                "Inside anything but list, either all values are number or string, "
                "mixed type is not supported"
            )
    elif not isinstance(operand, str) and not _is_number(operand):
        raise InvalidPatternError(_BUT_VALUE)


def _check_excluded(operator: str, value: Any) -> None:
    if operator == "equals-ignore-case":
        _text(
            value,
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        )
    elif operator == "wildcard":
        _check_wildcard(_text(value, "wildcard match pattern must be a string"))
    elif not _text(value, "prefix/suffix match pattern must be a string"):
        raise InvalidPatternError("Null prefix/suffix not allowed")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_numeric(operand: Any) -> None:
    if not isinstance(operand, list):
        raise InvalidPatternError("Value of numeric must be an array.")
    operator, *rest = operand or ["]"]
    if not operand or not isinstance(operator, str):
        raise InvalidPatternError(f"Invalid member in numeric match: {operator}")
    if operator not in ("=", "<", "<=", ">", ">="):
        raise InvalidPatternError(f"Unrecognized numeric range operator: {operator}")
    bottom, *rest = rest or [None]
    if not _is_number(bottom):
        raise InvalidPatternError(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    if not rest:
        return
    if operator not in (">", ">="):
        raise InvalidPatternError(_TOO_MANY)
    second, *rest = rest
    if not isinstance(second, str):
        raise InvalidPatternError(f"Bad value in numeric range: {second}")
    if second not in ("<", "<="):
        raise InvalidPatternError(f"Bad numeric range operator: {second}")
    top, *rest = rest or [None]
    if not _is_number(top):
        raise InvalidPatternError(f"Value of {second} must be numeric")
    if rest:
        raise InvalidPatternError("Too many terms in numeric range expression")
    if top <= bottom:
        raise InvalidPatternError("Bottom must be less than top")


def _check_cidr(cidr: str) -> None:
    address, slash, bits = cidr.partition("/")
    if not slash or not bits or "/" in bits:
        raise InvalidPatternError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", bits):
        raise InvalidPatternError("Malformed CIDR, mask bits must be an integer")
    if int(bits) < 0:
        raise InvalidPatternError("Malformed CIDR, mask bits must not be negative")
    if not _ADDRESS.fullmatch(address):
        raise InvalidPatternError(f"Nonstandard IP address: {address}")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise InvalidPatternError(f"Invalid IP address: {address}") from None
    if int(bits) >= parsed.max_prefixlen:
        raise InvalidPatternError(f"IPv{parsed.version} mask bits must be < {parsed.max_prefixlen}")


def _check_wildcard(pattern: str) -> None:
    parts: list[str | None] = []  # None is any run of characters
    # EventBridge counts the bytes of the value in quotes.
    position = 1
    rest = pattern
    while rest:
        if rest.startswith("**"):
            raise InvalidPatternError(f"Consecutive wildcard characters at pos {position}")
        if rest[0] == "\\" and rest[1:2] not in ("*", "\\"):
            raise InvalidPatternError(f"Invalid escape character at pos {position}")
        taken = rest[:2] if rest[0] == "\\" else rest[0]
        parts.append(None if taken == "*" else taken[-1])
        position += len(taken.encode())
        rest = rest[len(taken) :]
    if _most_places(parts) >= _MOST_PLACES:
        raise InvalidPatternError(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
            "sequences after a wildcard character"
        )


def _most_places(parts: list[str | None]) -> int:
    """Return in how many places of a wildcard one value can be at once; counting stops at the limit."""

    def closed(places: set[int]) -> frozenset[int]:
        # The run of a `*` may be empty.
        return frozenset(places | {p + 1 for p in places if p < len(parts) and parts[p] is None})

    start = closed({0})
    known, waiting = {start}, [start]
    while waiting:
        places = waiting.pop()
        if len(places) >= _MOST_PLACES:
            return len(places)
        for character in {parts[p] for p in places if p < len(parts)} - {None}:
            after = closed(
                {p for p in places if p < len(parts) and parts[p] is None}
                | {p + 1 for p in places if p < len(parts) and parts[p] == character}
            )
            if after not in known:
                known.add(after)
                waiting.append(after)
    return max(len(places) for places in known)
