"""Functions of semi-structured values that the engine lacks: values come and go as the text of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from strata.cloud.snowflake.translation import arrays
from strata.cloud.snowflake.translation.json_text import dump, load, read
from strata.cloud.snowflake.translation.phonetics import soundex

_FLATTENED = 'STRUCT("KEY" VARCHAR, "PATH" VARCHAR, "INDEX" BIGINT, "VALUE" JSON, "THIS" JSON)[]'


def parse_json(text: str | None) -> str | None:
    """Return a JSON text in order; null for blank text."""
    if text is None or not text.strip():
        return None
    try:
        return dump(read(text))
    except ValueError as error:
        raise ValueError(f"Error parsing JSON: {error}") from None
    except NotImplementedError as error:
        raise NotImplementedError(f"not implemented by the embedded Snowflake: {error}") from None


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
        ("_sf_array_contains", arrays.array_contains, ["JSON", "JSON"], "BOOLEAN"),
        ("_sf_array_position", arrays.array_position, ["JSON", "JSON"], "BIGINT"),
        ("_sf_arrays_overlap", arrays.arrays_overlap, ["JSON", "JSON"], "BOOLEAN"),
        ("_sf_array_to_string", arrays.array_to_string, ["JSON", text], text),
        ("_sf_array_range", arrays.array_range, ["BIGINT"] * 3, "JSON"),
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
        (name, _of_array(work), ["JSON"] * count, "JSON") for name, (count, work) in arrays.FUNCTIONS.items()
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
    if count == 4:
        return lambda a, b, c, d: work(a, b, c, d)
    return lambda a, b, c, d, e: work(a, b, c, d, e)


_SPECIAL: Any = "special"
