"""JSON as the engine holds semi-structured values: compact, and with the keys in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

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

    decoder = _decoder(_unique if unique else dict)
    at = 0
    while begun := _VISIBLE.search(text, at):
        value, at = decoder.raw_decode(text, begun.start())
        yield value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'duplicate object attribute "{key}"')
        found[key] = value
    return found


def _constant(word: str) -> Any:
    raise ValueError(f"unknown keyword {word}")


def _decoder(pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=_Number, parse_constant=_constant, object_pairs_hook=pairs)


_STRICT = _decoder(_unique)
# Outside of texts: a word in capitals, and a place in an array without an element.
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b', re.IGNORECASE | re.DOTALL)
_MISSING = re.compile(r'"(?:[^"\\]|\\.)*"|([\[,]\s*,|,\s*\])', re.DOTALL)


def read(text: str) -> Any:
    """Return the value of a text as PARSE_JSON reads it: true, false and null may be in capitals.

    Raises:
        ValueError: it is not JSON, or an object has a key twice.
        NotImplementedError: an array lacks an element, which Snowflake reads as undefined.
    """
    try:
        return _STRICT.decode(text)
    except ValueError:
        if any(found[1] for found in _MISSING.finditer(text)):
            raise NotImplementedError("an array of JSON with an undefined element") from None
        return _STRICT.decode(_WORDS.sub(lambda found: _lowered(found[0]), text))


def _lowered(word: str) -> str:
    return word if word.startswith('"') else word.lower()


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
