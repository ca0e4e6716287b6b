"""Functions of semi-structured values that the engine lacks: values come and go as the text of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from strata.cloud.snowflake.translation.phonetics import soundex

_FLATTENED = 'STRUCT("KEY" VARCHAR, "PATH" VARCHAR, "INDEX" BIGINT, "VALUE" JSON, "THIS" JSON)[]'
_VISIBLE = re.compile(r"\S")


class _Number(float):
    """A number of JSON that keeps its text, so that no digit is lost."""

    def __new__(cls, text: str) -> _Number:
        found = super().__new__(cls, text)
        found.text = text
        return found

    text: str

    def __repr__(self) -> str:
        return self.text


def load(text: str) -> Any:
    """Return the value that a JSON text stands for."""
    return json.loads(text, parse_float=_Number)


def load_each(text: str, unique: bool) -> Iterator[Any]:
    """Yield the values of JSON texts that follow each other.

    Args:
        text: the texts, with white space around them.
        unique: whether an object may have a key once only; else its last value counts.

    Raises:
        ValueError: a text is not JSON.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if unique and len(dict(found)) < len(found):
            raise ValueError("duplicate object attribute")
        return dict(found)

    def constant(word: str) -> Any:
        raise ValueError(f"unknown keyword {word}")

    decoder = json.JSONDecoder(parse_float=_Number, parse_constant=constant, object_pairs_hook=pairs)
    at = 0
    while begun := _VISIBLE.search(text, at):
        value, at = decoder.raw_decode(text, begun.start())
        yield value


def dump(value: Any) -> str:
    """Return a value as compact JSON with its keys in order, as Snowflake keeps objects."""
    if isinstance(value, dict):
        pairs = (f"{_text(key)}:{dump(value[key])}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(item) for item in value) + "]"
    return value.text if isinstance(value, _Number) else _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def indented(text: str) -> str:
    """Return JSON as Snowflake shows it: objects and arrays over several lines."""
    if text[:1] not in "[{" or text in ("[]", "{}"):
        return text
    return _indented(load(text), "")


def _indented(value: Any, margin: str) -> str:
    deeper = margin + "  "
    if isinstance(value, dict) and value:
        items = [f"{deeper}{_text(key)}: {_indented(value[key], deeper)}" for key in sorted(value)]
        return "{\n" + ",\n".join(items) + f"\n{margin}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(deeper + _indented(item, deeper) for item in value) + f"\n{margin}]"
    return dump(value)


def parse_json(text: str | None) -> str | None:
    """Return a JSON text in order; null for blank text."""
    if text is None or not text.strip():
        return None
    try:
        return dump(load(text))
    except ValueError as error:
        raise ValueError(f"Error parsing JSON: {error}") from None


def try_parse_json(text: str | None) -> str | None:
    try:
        return parse_json(text)
    except ValueError:
        return None


def check_json(text: str | None) -> str | None:
    try:
        parse_json(text)
    except ValueError as error:
        return str(error)
    return None


def get_path(document: str | None, path: str | None) -> str | None:
    if document is None or path is None:
        return None
    found = load(document)
    for step in path.replace("]", "").replace("[", ".").split("."):
        key = step.strip("'\"")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif step:
            return None
    return dump(found)


def object_of(pairs: str) -> str:
    """Make an object of keys and held values in turn, without keys or values that are null."""
    items = load(pairs)
    return dump(
        {k: v[0] for k, v in zip(items[::2], items[1::2], strict=True) if k is not None and v is not None}
    )


def object_keeping(pairs: str) -> str:
    items = load(pairs)
    return dump({k: v and v[0] for k, v in zip(items[::2], items[1::2], strict=True) if k is not None})


def object_of_pairs(pairs: str | None) -> str:
    return dump(dict(load(pairs))) if pairs is not None else "{}"


def _of_array(work: Callable[..., Any]) -> Callable[..., str | None]:
    """Return a function of JSON texts; it is null if one of them is."""

    def function(*texts: str | None) -> str | None:
        if any(text is None for text in texts):
            return None
        values = [load(text) for text in texts if text is not None]
        if not isinstance(values[0], list | dict):
            return None
        found = work(*values)
        return None if found is None else dump(found)

    return function


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


def _sorted(items: list[Any]) -> list[Any]:
    def order(item: Any) -> tuple[int, float, str]:
        number = isinstance(item, int | float) and not isinstance(item, bool)
        return (
            0 if isinstance(item, bool) else 1 if number else 2,
            float(item) if number else 0.0,
            str(item),
        )

    return sorted((i for i in items if i is not None), key=order) + [i for i in items if i is None]


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


def _inserted(document: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    if key in document:
        raise ValueError(f"Duplicate field key '{key}'")
    return document | {key: value}


_JSON_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
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
    "_sf_array_min": (1, _extreme("ARRAY_MIN", min)),
    "_sf_array_max": (1, _extreme("ARRAY_MAX", max)),
    "_sf_array_flatten": (1, _flat),
    "_sf_object_insert": (3, _inserted),
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


def object_without(document: str | None, keys: str | None) -> str | None:
    if document is None or keys is None:
        return None
    return dump({key: value for key, value in load(document).items() if key not in load(keys)})


def object_with(document: str | None, keys: str | None) -> str | None:
    if document is None or keys is None:
        return None
    wanted = load(keys)
    wanted = wanted[0] if wanted and isinstance(wanted[0], list) else wanted
    return dump({key: value for key, value in load(document).items() if key in wanted})


def split(text: str | None, separator: str | None) -> str | None:
    if text is None or separator is None:
        return None
    return dump(text.split(separator) if separator else [text])


def strtok_to_array(text: str | None, separators: str | None) -> str | None:
    if text is None or separators is None:
        return None
    for separator in separators:
        text = text.replace(separator, separators[0])
    return dump([part for part in text.split(separators[0]) if part])


def flatten(
    document: str | None, path: str | None, outer: bool, recursive: bool, mode: str
) -> list[dict[str, Any]]:
    """Return the rows of FLATTEN."""
    rows: list[dict[str, Any]] = []
    found = load(document) if document is not None else None
    for step in (path or "").replace("]", "").replace("[", ".").split("."):
        key = step.strip("'\"")
        if not step:
            continue
        if isinstance(found, dict):
            found = found.get(key)
        else:
            found = (
                found[int(key)]
                if isinstance(found, list) and key.isdigit() and int(key) < len(found)
                else None
            )
    _flatten(found, path or "", recursive, mode.upper(), rows)
    if not rows and outer:
        this = None if found is None else dump(found)
        rows.append({"KEY": None, "PATH": path or "", "INDEX": None, "VALUE": None, "THIS": this})
    return rows


def _flatten(value: Any, path: str, recursive: bool, mode: str, rows: list[dict[str, Any]]) -> None:
    items: Iterable[tuple[str | None, int | None, Any]] = ()
    if isinstance(value, dict):
        items = [(key, None, value[key]) for key in sorted(value)]
    elif isinstance(value, list):
        items = [(None, index, item) for index, item in enumerate(value)]
    shown = mode == "BOTH" or (mode == "OBJECT") == isinstance(value, dict)
    for key, index, item in items:
        plain = key is not None and key.replace("_", "a").isalnum() and not key[:1].isdigit()
        step = (
            f"[{index}]"
            if key is None
            else key
            if plain and not path
            else f".{key}"
            if plain
            else f"['{key}']"
        )
        if shown:
            rows.append(
                {"KEY": key, "PATH": path + step, "INDEX": index, "VALUE": dump(item), "THIS": dump(value)}
            )
        if recursive:
            _flatten(item, path + step, recursive, mode, rows)


def register(duck: Any) -> None:
    """Register the functions with the engine."""
    text = "VARCHAR"
    entries: list[tuple[str, Callable[..., Any], list[str], str]] = [
        ("_sf_parse_json", parse_json, [text], "JSON"),
        ("_sf_try_parse_json", try_parse_json, [text], "JSON"),
        ("_sf_check_json", check_json, [text], text),
        ("_sf_get_path", get_path, ["JSON", text], "JSON"),
        ("_sf_array_contains", array_contains, ["JSON", "JSON"], "BOOLEAN"),
        ("_sf_array_position", array_position, ["JSON", "JSON"], "BIGINT"),
        ("_sf_arrays_overlap", arrays_overlap, ["JSON", "JSON"], "BOOLEAN"),
        ("_sf_array_to_string", array_to_string, ["JSON", text], text),
        ("_sf_array_range", array_range, ["BIGINT"] * 3, "JSON"),
        ("_sf_object_without", object_without, ["JSON", "JSON"], "JSON"),
        ("_sf_object_with", object_with, ["JSON", "JSON"], "JSON"),
        ("_sf_soundex", soundex, [text], text),
        ("_sf_split", split, [text, text], "JSON"),
        ("_sf_strtok_to_array", strtok_to_array, [text, text], "JSON"),
        ("_sf_object_of", object_of, ["JSON"], "JSON"),
        ("_sf_object_of_pairs", object_of_pairs, ["JSON"], "JSON"),
        ("_sf_object_keeping", object_keeping, ["JSON"], "JSON"),
        ("_sf_flatten", flatten, [text, text, "BOOLEAN", "BOOLEAN", text], _FLATTENED),
    ]
    entries += [
        (name, _of_array(work), ["JSON"] * count, "JSON") for name, (count, work) in _JSON_FUNCTIONS.items()
    ]
    for name, work, parameters, result in entries:
        duck.create_function(
            name, _fixed_arity(work, len(parameters)), parameters, result, null_handling=_SPECIAL
        )


def _fixed_arity(work: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The engine counts a function's parameters, so that `*texts` will not do."""
    if count == 1:
        return lambda a: work(a)
    if count == 2:
        return lambda a, b: work(a, b)
    if count == 3:
        return lambda a, b, c: work(a, b, c)
    return lambda a, b, c, d, e: work(a, b, c, d, e)


_SPECIAL: Any = "special"
