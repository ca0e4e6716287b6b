"""Whether a value is of a type, by HCL's own conversions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from strata.hcl.types import Collection, Object, Primitive, Tuple, Type

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")

UNKNOWN_ATTRIBUTE = "is not an attribute of the type"

Fault = tuple[tuple[str, ...], str]


def faults(value: Any, wanted: Type, path: tuple[str, ...] = (), *, strict: bool = False) -> Iterator[Fault]:
    """Where the value does not convert to the type, and why.

    Args:
        value: as JSON has it.
        wanted: the type.
        path: the keys that lead to the value.
        strict: take no string for a number, and so on.
    """
    match wanted:
        case Primitive(name):
            if not _primitive(value, name, strict):
                yield path, f"must be a {name}, not {_shown(value)}"
        case Collection("map", element):
            if not isinstance(value, dict):
                yield path, f"must be a map, not {_shown(value)}"
            else:
                for key, item in value.items():
                    yield from _item(item, element, (*path, key), strict)
        case Collection(kind, element):
            if not isinstance(value, list):
                yield path, f"must be a {kind}, not {_shown(value)}"
            else:
                for index, item in enumerate(value):
                    yield from _item(item, element, (*path, str(index)), strict)
        case Tuple(elements):
            if not isinstance(value, list) or len(value) != len(elements):
                yield path, f"must be a tuple of {len(elements)}, not {_shown(value)}"
            else:
                for index, (item, element) in enumerate(zip(value, elements, strict=True)):
                    yield from _item(item, element, (*path, str(index)), strict)
        case Object(fields):
            if not isinstance(value, dict):
                yield path, f"must be an object, not {_shown(value)}"
                return
            for key in sorted(fields.keys() - value.keys()):
                if not fields[key].optional:
                    yield path, f"lacks the attribute `{key}`"
            for key, item in value.items():
                if key not in fields:
                    # Terraform drops it without a word.
                    yield (*path, key), UNKNOWN_ATTRIBUTE
                elif item is not None:
                    yield from faults(item, fields[key].type, (*path, key), strict=strict)


def _item(value: Any, wanted: Type, path: tuple[str, ...], strict: bool) -> Iterator[Fault]:
    if value is not None:
        yield from faults(value, wanted, path, strict=strict)


def _primitive(value: Any, name: str, strict: bool) -> bool:
    if name == "any":
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "string":
            return isinstance(value, str) or (not strict and (number or isinstance(value, bool)))
        case "number":
            return number or (not strict and isinstance(value, str) and bool(_NUMBER.fullmatch(value)))
        case _:
            return isinstance(value, bool) or (not strict and value in ("true", "false"))


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
