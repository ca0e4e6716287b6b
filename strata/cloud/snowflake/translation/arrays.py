"""Functions of arrays and objects: `FUNCTIONS` take values that are read, the others texts of JSON."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from strata.cloud.snowflake.translation.json_text import dump, load


def _key(value: Any) -> str:
    return dump(value)


def _distinct(items: list[Any]) -> list[Any]:
    return list({_key(item): item for item in items}.values())


def _common(left: list[Any], right: list[Any]) -> list[Any]:
    rest = [_key(item) for item in right]
    found = []
    for item in left:
        if _key(item) in rest:
            rest.remove(_key(item))
            found.append(item)
    return found


def _without(left: list[Any], right: list[Any]) -> list[Any]:
    rest = [_key(item) for item in right]
    found = []
    for item in left:
        if _key(item) in rest:
            rest.remove(_key(item))
        else:
            found.append(item)
    return found


def _sorted(items: list[Any], ascending: bool = True, nulls_first: bool | None = None) -> list[Any]:
    """Sort by kind and value; nulls are last, or first in descending order, unless it is said."""

    def order(item: Any) -> tuple[int, float, str]:
        number = isinstance(item, int | float) and not isinstance(item, bool)
        return (
            0 if isinstance(item, bool) else 1 if number else 2,
            float(item) if number else 0.0,
            str(item),
        )

    nulls = [item for item in items if item is None]
    values = sorted((item for item in items if item is not None), key=order, reverse=not ascending)
    first = not ascending if nulls_first is None else nulls_first
    return nulls + values if first else values + nulls


def _with_item(items: list[Any], place: int, item: Any) -> list[Any]:
    if place > len(items):
        raise ValueError("not implemented by the embedded Snowflake: ARRAY_INSERT behind the end of an array")
    found = list(items)
    found.insert(place, item)
    return found


def _removed(items: list[Any], item: Any) -> list[Any]:
    return [found for found in items if _equal_key(found) != _equal_key(item)]


def _removed_at(items: list[Any], place: int) -> list[Any]:
    place = place + len(items) if place < 0 else place
    return [item for index, item in enumerate(items) if index != place]


def _equal_key(value: Any) -> Any:
    """Return what two values share that are equal: numbers do in any notation."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(dump(value)).normalize()
    return dump(value)


def _of_key(document: Any, key: str) -> Any:
    """Return the value of a key in any case, the one written the same first; None without one."""
    if not isinstance(document, dict):
        return None
    names = [key, *(name for name in sorted(document) if name.lower() == key.lower())]
    return next(([document[name]] for name in names if name in document), None)


def _extreme(name: str, pick: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    """Return a function that picks the smallest or greatest of values of one kind."""

    def of(items: list[Any]) -> Any:
        values = [item for item in items if item is not None]
        is_text = [isinstance(item, str) for item in values]
        if any(isinstance(item, bool | list | dict) for item in values) or len(set(is_text)) > 1:
            raise ValueError(
                f"not implemented by the embedded Snowflake: {name} of other than numbers or texts"
            )
        return pick(values, key=None if all(is_text) else float, default=None)

    return of


def _flat(items: list[Any]) -> list[Any] | None:
    """Put together the arrays of an array; null if one of them is."""
    if None in items:
        return None
    if not all(isinstance(item, list) for item in items):
        raise ValueError("Not an array: ARRAY_FLATTEN takes an array of arrays")
    return [inner for item in items for inner in item]


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    return items[int(start) : int(end)]


def _inserted(document: dict[str, Any], key: str, held: list[Any] | None, update: bool) -> dict[str, Any]:
    """Insert a value, which is in an array of its own; without one, SQL's null, the key is left out."""
    if key in document and not update:
        raise ValueError(f"Duplicate field key '{key}'")
    others = {name: value for name, value in document.items() if name != key}
    return others if held is None else others | {key: held[0]}


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "_sf_object_keys": (1, lambda document: sorted(document) if isinstance(document, dict) else None),
    "_sf_compact": (1, lambda items: [item for item in items if item is not None]),
    "_sf_array_append": (2, lambda items, item: [*items, item]),
    "_sf_array_prepend": (2, lambda items, item: [item, *items]),
    "_sf_array_cat": (2, lambda left, right: [*left, *right]),
    "_sf_array_slice": (3, _slice),
    "_sf_array_distinct": (1, _distinct),
    "_sf_array_intersection": (2, _common),
    "_sf_array_except": (2, _without),
    "_sf_array_sort": (1, _sorted),
    "_sf_array_sort_so": (3, lambda items, ascending, first: _sorted(items, ascending, first[0])),
    "_sf_array_insert": (3, _with_item),
    "_sf_array_remove": (2, _removed),
    "_sf_array_remove_at": (2, _removed_at),
    "_sf_array_reverse": (1, lambda items: items[::-1]),
    "_sf_of_key": (2, _of_key),
    "_sf_array_min": (1, _extreme("ARRAY_MIN", min)),
    "_sf_array_max": (1, _extreme("ARRAY_MAX", max)),
    "_sf_array_flatten": (1, _flat),
    "_sf_object_insert": (4, _inserted),
}


def array_contains(items: str | None, item: str | None) -> bool | None:
    if items is None or item is None or not isinstance(load(items), list):
        return None
    return any(_key(found) == _key(load(item)) for found in load(items))


def array_position(items: str | None, item: str | None) -> int | None:
    if items is None or item is None:
        return None
    keys = [_key(found) for found in load(items)]
    return keys.index(_key(load(item))) if _key(load(item)) in keys else None


def arrays_overlap(left: str | None, right: str | None) -> bool | None:
    if left is None or right is None:
        return None
    return bool({_key(item) for item in load(left)} & {_key(item) for item in load(right)})


def array_to_string(items: str | None, separator: str | None) -> str | None:
    if items is None or separator is None:
        return None
    texts = ["" if item is None else item if isinstance(item, str) else dump(item) for item in load(items)]
    return separator.join(texts)


def array_range(start: int | None, end: int | None, step: int | None) -> str | None:
    if start is None or end is None or step is None:
        return None
    return dump(list(range(start, end, step)))
