"""Type constraints of variables, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strata.errors import StrataError
from strata.hcl.nodes import Node
from strata.hcl.syntax import Expression, normal
from strata.hcl.values import elements

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
        StrataError: it is not a type constraint.
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


def _type(node: Node, file: str) -> Type:
    inner = _lone(node)
    if inner.type == "variable_expr" and inner.text in _PRIMITIVES:
        return Primitive(inner.text)
    name, arguments = _call(inner)
    if name in _COLLECTIONS and len(arguments) == 1:
        return Collection(name, _type(arguments[0], file))
    if name == "tuple" and len(arguments) == 1 and _lone(arguments[0]).type == "tuple":
        return Tuple(tuple(_type(item, file) for item in _lone(arguments[0]).all("expression")))
    if name == "object" and len(arguments) == 1 and _lone(arguments[0]).type == "object":
        return Object(dict(_fields(arguments[0], file)))
    raise StrataError(f"`{inner.text[:40]}` is not a type", file=file, line=inner.line)


def _fields(node: Node, file: str) -> Iterator[tuple[str, Field]]:
    for key, element, value in elements(node):
        if key is None:
            raise StrataError(
                f"`{element.children[0].text[:40]}` is not an attribute's name", file=file, line=element.line
            )
        name, arguments = _call(_lone(value))
        if name == "optional" and arguments:
            default = normal(arguments[1]) if len(arguments) > 1 else None
            yield key, Field(_type(arguments[0], file), True, None if default == "null" else default)
        else:
            yield key, Field(_type(value, file))


def _call(node: Node) -> tuple[str, list[Node]]:
    """The function and its arguments; "" for what is not a call."""
    if node.type != "function_call":
        return "", []
    arguments = node.all("function_arguments")
    return node.children[0].text, arguments[0].all("expression") if arguments else []


def _lone(node: Node) -> Node:
    """The term that an expression consists of, or the expression."""
    while node.type == "expression" and len(node.children) == 1:
        node = node.children[0]
    return node
