"""Values of Python written as HCL expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

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


def object_of(texts: Mapping[str, str]) -> str:
    """An HCL object whose values are the expressions `texts`."""
    return "{" + ", ".join(f"{quoted(name)} = {text}" for name, text in texts.items()) + "}"
