"""The state that version 2 of Terraform's plugin SDK makes of a value.

The real provider uses the SDK, which keeps a state as flat text. That loses the difference of null and empty
values, which the SDK restores in part. These are its rules, on typed values.
"""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake.provider.values import UNKNOWN, Object, Type, Unknown, is_unknown

_ZEROES: dict[str, Any] = {"string": "", "number": 0, "bool": False}


def zero(kind: Type) -> Any:
    """Return the empty value of a type."""
    if isinstance(kind, str):
        return _ZEROES[kind]
    form, inner = kind
    if form == "object":
        return {name: zero(field) for name, field in inner.items()}
    return {} if form == "map" else []


def or_zero(value: Any, kind: Type) -> Any:
    """Return the value that the provider's code sees: null and unknown are empty."""
    return zero(kind) if value is None or isinstance(value, Unknown) else filled(value, kind)


def filled(value: Any, kind: Type) -> Any:
    """Replace null by the empty value inside blocks."""
    if value is None or isinstance(value, str | int | float | Unknown) or isinstance(kind, str):
        return value
    form, inner = kind
    if form == "object":
        return {name: or_zero(value.get(name), field) for name, field in inner.items()}
    if form == "map":
        return value
    return [filled(item, inner) for item in value]


def settled(
    schema_type: Type, known: Object, read: Object, *, applied: bool, prior: Object | None = None
) -> Object:
    """Return the state after an object was read.

    Args:
        schema_type: the resource's type.
        known: the plan (after an apply) or the state (at a refresh).
        read: the attributes that the provider has read.
        applied: whether the read follows an apply.
        prior: the state before that apply. Attributes that it removes are empty, not null; unknown ones stay.
    """
    state: Object = {}
    for name, kind in schema_type[1].items():
        value = read[name] if name in read else known.get(name)
        if isinstance(value, Unknown):
            value = (prior or {}).get(name) if isinstance(kind, str) else None
        taken_away = isinstance(kind, str) and (prior or {}).get(name) is not None and name in known
        if value is None and (name in read or (taken_away and not isinstance(known[name], Unknown))):
            value = zero(kind)
        # Only the single block, timeouts, may contain null.
        state[name] = value if kind[0] == "object" else _top(value, kind)
    return {
        name: normalize_null_values(state[name], known.get(name), kind, applied=applied)
        for name, kind in schema_type[1].items()
    }


def _top(value: Any, kind: Type) -> Any:
    return None if value is None else filled(value, kind)


def normalize_null_values(value: Any, other: Any, kind: Type, *, applied: bool) -> Any:
    """Return a value with another's null or empty parts, which the flat state does not distinguish."""
    if isinstance(other, Unknown):
        return UNKNOWN if value is None and not applied else value
    collection = not isinstance(kind, str) and kind[0] in ("list", "set", "map")
    if collection and applied and not value and not other and not isinstance(value, Unknown):
        return other if (value is None) != (other is None) else value
    if other is None or isinstance(value, Unknown):
        return value
    if isinstance(kind, str):
        return "" if value is None and other == "" else value
    form, inner = kind
    if form == "object":
        fields = value or {}
        return {
            name: normalize_null_values(fields.get(name), other.get(name), field, applied=applied)
            for name, field in inner.items()
        }
    if form == "set":
        return other if applied and not is_unknown(other) else value
    if form == "list":
        if value is None:
            return other if not other and not applied else None
        if len(value) == len(other):
            return [
                normalize_null_values(v, o, inner, applied=applied) for v, o in zip(value, other, strict=True)
            ]
    return value


def equivalent(one: Any, other: Any) -> bool:
    """Return whether two values are equal, with null and empty values taken as the same."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return isinstance(one, Unknown) and isinstance(other, Unknown)
    if _is_zero(one) or _is_zero(other):
        return _is_zero(one) and _is_zero(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equivalent(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equivalent, one, other))
    return bool(one == other)


def _is_zero(value: Any) -> bool:
    return (
        value is None
        or value is False
        or (not isinstance(value, bool) and value in ("", 0))
        or value in ([], {})
    )


def set_unknowns(block: dict[str, Any], value: Object) -> Object:
    """Make the computed null attributes of a planned new object unknown."""
    found = dict(value)
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("computed") and found.get(name) is None:
            found[name] = UNKNOWN
    for name, nested in block.get("block_types", {}).items():
        if isinstance(found.get(name), list):
            found[name] = [set_unknowns(nested["block"], item) for item in found[name]]
    return found
