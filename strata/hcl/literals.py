"""Values of Python written as HCL expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CONVERTED = {"string": "string", "number": "number", "bool": "bool"}
_JSON_ONLY = {"b": "\\u0008", "f": "\\u000c"}


def quoted(text: str) -> str:
    """`text` as an HCL string."""
    escaped = json.dumps(text, ensure_ascii=False)
    # HCL has no \b and \f, and would read `${` and `%{` as templates.
    escaped = re.sub(r"\\(.)", lambda match: _JSON_ONLY.get(match[1], match[0]), escaped)
    return escaped.replace("${", "$${").replace("%{", "%%{")


def literal(value: Any) -> str:
    """A JSON value as an HCL expression."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return object_of({name: literal(item) for name, item in value.items()})
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    return json.dumps(value)


def typed(value: Any, kind: Any) -> str:
    """A value as an HCL expression of exactly the type `kind`, which is spelled as in a Terraform state."""
    if value is None:
        name = kind if isinstance(kind, str) else ""
        return f"to{_CONVERTED[name]}(null)" if name in _CONVERTED else "null"
    if isinstance(kind, str):
        return literal(value)
    shape, inner = kind
    if shape == "object":
        return object_of({name: typed(value.get(name), inner[name]) for name in inner})
    if shape == "tuple":
        return f"[{', '.join(typed(item, one) for item, one in zip(value, inner, strict=True))}]"
    if not value:
        return _empty(shape, inner)
    if shape == "map":
        return f"tomap({object_of({name: typed(item, inner) for name, item in value.items()})})"
    return f"to{shape}([{', '.join(typed(item, inner) for item in value)}])"


def _empty(shape: str, inner: Any) -> str:
    """An empty collection of a known element type: cut out of one that has an element."""
    element = f"tolist([{_sample(inner)}])"
    if shape == "map":
        return f'zipmap(slice(tolist([""]), 0, 0), slice({element}, 0, 0))'
    return f"slice({element}, 0, 0)" if shape == "list" else f"toset(slice({element}, 0, 0))"


def _sample(kind: Any) -> str:
    if isinstance(kind, str):
        return {"string": '""', "number": "0", "bool": "false"}.get(kind, "null")
    shape, inner = kind
    if shape == "object":
        return object_of({name: _sample(one) for name, one in inner.items()})
    if shape == "tuple":
        return f"[{', '.join(_sample(one) for one in inner)}]"
    return _empty(shape, inner)


def object_of(texts: Mapping[str, str]) -> str:
    """An HCL object whose values are the expressions `texts`."""
    return "{" + ", ".join(f"{quoted(name)} = {text}" for name, text in texts.items()) + "}"


def absolute(path: str, base: Path | str) -> str:
    """The expression of a path, taken from `base` unless it is absolute; what is not a string stays."""
    given = f"({path}\n)"
    taken = f'"${{{quoted(str(base))}}}/${{{given}}}"'
    return f'try(can(regex("^[/~]", {given})) ? tostring({given}) : {taken}, {given})'
