"""The values of literals, without evaluating anything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from strata.hcl.nodes import Node
from strata.hcl.tokens import SPACES

# A float64 holds every number of so many digits.
_EXACT_DIGITS = 15
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])[$%]\{')
_SEQUENCE = re.compile(r"([$%])[$%]\{")


def unescape(text: str) -> str:
    """What the text between quotes stands for."""

    def value(match: re.Match[str]) -> str:
        simple, short, long, sign = match.groups()
        if simple:
            return _ESCAPES[simple]
        if sign:
            return f"{sign}{{"
        return chr(int(short or long, 16))

    return _ESCAPE.sub(value, text)


def string_value(node: Node) -> str | None:
    """The value of a quoted string or heredoc without templates; None for any other expression."""
    while node.type == "expression" and len(node.children) == 1:
        node = node.children[0]
    if node.type == "string_lit":
        # HCL brings strings into this normal form.
        return unicodedata.normalize("NFC", unescape(node.text[1:-1]))
    if node.type != "heredoc_template":
        return None
    opened, *parts, _ = node.children
    if any(part.type != "template_literal" for part in parts):
        return None
    text = "".join(part.text for part in parts)
    if opened.text.startswith("<<-"):
        text = _flush(text)
    return unicodedata.normalize("NFC", _SEQUENCE.sub(r"\1{", text))


def constant(node: Node) -> tuple[Any] | None:
    """The value of literals, lists and objects of literals; None if there is anything else in it."""
    children = node.children
    match node.type:
        case "expression" if len(children) == 1:
            return constant(children[0])
        case "string_lit" | "heredoc_template":
            text = string_value(node)
            return None if text is None else (text,)
        case "numeric_lit":
            number = node.text
            return (int(number),) if number.isdecimal() and len(number) <= _EXACT_DIGITS else None
        case "bool_lit":
            return (node.text == "true",)
        case "tuple":
            items = [constant(child) for child in node.all("expression")]
            found = [item[0] for item in items if item is not None]
            return (found,) if len(found) == len(items) else None
        case "object":
            return _constant_object(node)
    return None


def elements(node: Node) -> Iterator[tuple[str | None, Node, Node]]:
    """The elements of an object: the key if it is a name or a literal, the element, and its value.

    Args:
        node: an `object`, or an expression that is one; any other node has no elements.
    """
    while node.type == "expression" and len(node.children) == 1:
        node = node.children[0]
    if node.type == "object":
        for element in node.all("object_elem"):
            yield key_of(element), element, element.children[-1]


def key_of(element: Node) -> str | None:
    """The key of an object's element; None if it has to be evaluated."""
    key = element.children[0]
    if len(key.children) != 1:
        return None
    if key.children[0].type in ("variable_expr", "bool_lit", "null_lit", "numeric_lit"):
        return key.text
    return string_value(key)


def _constant_object(node: Node) -> tuple[Any] | None:
    found: dict[str, Any] = {}
    for name, _, inner in elements(node):
        value = constant(inner)
        if value is None or name is None or name in found:
            return None
        found[name] = value[0]
    return (dict(sorted(found.items())),)


def _flush(text: str) -> str:
    """Without the white space that all lines begin with; a blank line has no say, and keeps its own."""
    lines = re.findall(r"[^\n]*\n", text)
    widths = [len(line) - len(line.lstrip(SPACES)) for line in lines if line.strip(SPACES)]
    width = min(widths, default=0)
    return "".join(line[width:] if line.strip(SPACES) else line for line in lines)
