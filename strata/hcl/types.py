"""Type constraints of variables, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from strata.errors import StrataError
from strata.hcl.syntax import Expression, node_text

_PRIMITIVES = ("any", "bool", "number", "string")
_COLLECTIONS = ("list", "map", "set")


@dataclass(frozen=True)
class Primitive:
    name: str


@dataclass(frozen=True)
class Collection:
    kind: str
    element: Type


@dataclass(frozen=True)
class Tuple:
    elements: tuple[Type, ...]


@dataclass(frozen=True)
class Field:
    """An attribute of an object; `default` is an expression's normal form, None where there is none."""

    type: Type
    optional: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Object:
    fields: dict[str, Field]


Type = Primitive | Collection | Tuple | Object


def read_type(expression: Expression, file: str) -> Type:
    """The type that a `type` argument names.

    Raises:
        StrataError: it is no type constraint.
    """
    return _type(expression.node, file)


def parts(constraint: Type) -> Iterator[Type]:
    """The type and every type inside."""
    yield constraint
    match constraint:
        case Collection(_, element):
            yield from parts(element)
        case Tuple(elements):
            for element in elements:
                yield from parts(element)
        case Object(fields):
            for attribute in fields.values():
                yield from parts(attribute.type)


def _type(node: tree_sitter.Node, file: str) -> Type:
    while node.type == "expression" and len(node.children) == 1:
        node = node.children[0]
    if node.type == "variable_expr" and node_text(node) in _PRIMITIVES:
        return Primitive(node_text(node))
    if node.type == "function_call":
        name, arguments = _call(node)
        if name in _COLLECTIONS and len(arguments) == 1:
            return Collection(name, _type(arguments[0], file))
        if name == "tuple" and len(arguments) == 1:
            inner = _only(arguments[0], "tuple")
            if inner is not None:
                return Tuple(tuple(_type(c, file) for c in inner.children if c.type == "expression"))
        if name == "object" and len(arguments) == 1:
            inner = _only(arguments[0], "object")
            if inner is not None:
                return Object(dict(_fields(inner, file)))
    raise StrataError(
        f"`{node_text(node)[:40]}` is not a type", file=file, line=node.start_point.row + 1
    ) from None


def _fields(node: tree_sitter.Node, file: str) -> Iterator[tuple[str, Field]]:
    for element in node.children:
        if element.type != "object_elem":
            continue
        key, value = element.children[0], element.children[-1]
        inner = value.children[0] if len(value.children) == 1 else value
        if inner.type == "function_call" and _call(inner)[0] == "optional":
            arguments = _call(inner)[1]
            default = Expression(arguments[1], 0).normal if len(arguments) > 1 else None
            yield _key(key), Field(_type(arguments[0], file), True, None if default == "null" else default)
        else:
            yield _key(key), Field(_type(value, file))


def _key(node: tree_sitter.Node) -> str:
    return node_text(node).strip('"')


def _call(node: tree_sitter.Node) -> tuple[str, list[tree_sitter.Node]]:
    arguments = next((child for child in node.children if child.type == "function_arguments"), None)
    found = [] if arguments is None else [c for c in arguments.children if c.type == "expression"]
    return node_text(node.children[0]), found


def _only(node: tree_sitter.Node, kind: str) -> tree_sitter.Node | None:
    """The node of one kind that an expression consists of."""
    while node.type in ("expression", "collection_value") and len(node.children) == 1:
        node = node.children[0]
    return node if node.type == kind else None
