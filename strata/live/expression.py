"""Expressions: their own text, cut where a reference or a Terragrunt function stands.

The parts cut out are answered by Python; the rest goes to Terraform word for word.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tree_sitter

from strata.errors import StrataError
from strata.live.names import FILE_FUNCTIONS, HCL_FUNCTIONS, TERRAGRUNT_FUNCTIONS

# A float64 holds every number of so many digits.
_EXACT_DIGITS = 15
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])[$%]\{')


@dataclass(frozen=True)
class Reference:
    """A variable with the attribute names that follow it: `local.a.b` is root `local`, steps `a`, `b`."""

    root: str
    steps: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class For:
    """A call stands inside a for expression: its variables, its collection and the condition there."""

    variables: str
    collection: Expression
    condition: Expression | None


@dataclass(frozen=True)
class If:
    """A call stands on one side of a conditional."""

    condition: Expression
    when: bool


@dataclass(frozen=True)
class Try:
    """A call stands inside `try` or `can`."""


Guard = For | If | Try


@dataclass(frozen=True, eq=False)
class Call:
    """A call that Python answers, or whose path argument it completes (the file functions of HCL)."""

    name: str
    arguments: tuple[Expression, ...]
    spread: bool
    line: int
    newlines: int
    guards: tuple[Guard, ...]


Part = str | Reference | Call


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression's text, cut at references and calls.

    `simple` holds the pieces of a plain string, reference or call whose value needs no arithmetic; None if
    it does. `constant` is the value in a tuple of one where the text is nothing but literals.
    """

    path: Path
    line: int
    parts: tuple[Part, ...]
    simple: tuple[Part, ...] | None
    constant: tuple[Any] | None = None

    def references(self) -> Iterator[Reference]:
        """Every reference in the expression, those in arguments and guards included."""
        for part in self.parts:
            if isinstance(part, Reference):
                yield part
            elif isinstance(part, Call):
                for argument in part.arguments:
                    yield from argument.references()


def unescape(literal: str) -> str:
    """The value of a quoted literal's text, by the escape rules of HCL's native syntax specification."""

    def value(match: re.Match[str]) -> str:
        simple, short, long, sign = match.groups()
        if simple:
            return _ESCAPES[simple]
        if sign:
            return f"{sign}{{"
        return chr(int(short or long, 16))

    return _ESCAPE.sub(value, literal)


class ExpressionReader:
    """Reads expressions out of one file's syntax tree."""

    def __init__(self, path: Path, raw: bytes) -> None:
        self.path = path
        self.raw = raw

    def text(self, start: int, end: int) -> str:
        return self.raw[start:end].decode("utf-8")

    def node_text(self, node: tree_sitter.Node) -> str:
        return self.text(node.start_byte, node.end_byte)

    def expression(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> Expression:
        parts: list[Part] = []
        self.emit(node, bound, guards, parts)
        merged: list[Part] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "":
                merged.append(part)
        simple = self.simple(node, bound, guards)
        line = node.start_point.row + 1
        return Expression(self.path, line, tuple(merged), simple, self.constant(node))

    def emit(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        """Append the node's text to `parts`, cut at references and at calls that Python answers."""
        match node.type:
            case "function_call":
                return self.call(node, bound, guards, parts)
            case "for_tuple_expr" | "for_object_expr":
                return self.for_expression(node, bound, guards, parts)
            case "conditional":
                condition = self.expression(node.children[0], bound, guards)
                inner = {2: (*guards, If(condition, True)), 4: (*guards, If(condition, False))}
                return self.children(node, bound, guards, parts, inner)
            case "template_for":
                return self.template_for(node, bound, guards, parts)
            case "template_if":
                return self.template_if(node, bound, guards, parts)
            case "object_elem" if self.is_plain_name(node.children[0]):
                parts.append(self.text(node.start_byte, node.children[1].start_byte))
                return self.children(node, bound, guards, parts, skip=1)
            case _:
                return self.children(node, bound, guards, parts)

    def children(
        self,
        node: tree_sitter.Node,
        bound: frozenset[str],
        guards: tuple[Guard, ...],
        parts: list[Part],
        inner: dict[int, tuple[Guard, ...]] | None = None,
        skip: int = 0,
    ) -> None:
        children = node.children
        if not children:
            parts.append(self.node_text(node))
            return
        position = children[skip].start_byte if skip else node.start_byte
        index = skip
        while index < len(children):
            child = children[index]
            parts.append(self.text(position, child.start_byte))
            position = child.end_byte
            if child.type == "variable_expr" and self.node_text(child) not in bound:
                steps: list[str] = []
                while index + 1 < len(children) and children[index + 1].type == "get_attr":
                    index += 1
                    steps.append(self.node_text(children[index].children[-1]))
                    position = children[index].end_byte
                parts.append(Reference(self.node_text(child), tuple(steps), child.start_point.row + 1))
            else:
                self.emit(child, bound, (inner or {}).get(index, guards), parts)
            index += 1
        parts.append(self.text(position, node.end_byte))

    def is_plain_name(self, node: tree_sitter.Node) -> bool:
        return node.child_count == 1 and node.children[0].type == "variable_expr"

    def for_expression(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        intro = next(child for child in node.children if child.type == "for_intro")
        names, collection = self.for_names(intro, bound, guards)
        inside = bound | names
        filter_node = next((child for child in node.children if child.type == "for_cond"), None)
        spelled = ", ".join(self.node_text(child) for child in intro.children if child.type == "identifier")
        unfiltered = (*guards, For(spelled, collection, None))
        condition = self.expression(filter_node.children[-1], inside, unfiltered) if filter_node else None
        filtered = (*guards, For(spelled, collection, condition))
        position = node.start_byte
        for child in node.children:
            parts.append(self.text(position, child.start_byte))
            position = child.end_byte
            if child.type == "for_intro":
                self.emit(child, bound, guards, parts)
            elif child.type == "for_cond":
                self.emit(child, inside, unfiltered, parts)
            else:
                self.emit(child, inside, filtered, parts)

    def for_names(
        self, intro: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> tuple[frozenset[str], Expression]:
        names = frozenset(self.node_text(child) for child in intro.children if child.type == "identifier")
        collection = next(child for child in intro.children if child.type == "expression")
        return names, self.expression(collection, bound, guards)

    def template_for(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        start = node.children[0]
        names, collection = self.for_names(start, bound, guards)
        spelled = ", ".join(self.node_text(child) for child in start.children if child.type == "identifier")
        inside = (*guards, For(spelled, collection, None))
        position = node.start_byte
        for index, child in enumerate(node.children):
            parts.append(self.text(position, child.start_byte))
            position = child.end_byte
            if index == 0:
                self.emit(child, bound, guards, parts)
            else:
                self.emit(child, bound | names, inside, parts)

    def template_if(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        test = next(child for child in node.children[0].children if child.type == "expression")
        condition = self.expression(test, bound, guards)
        when = True
        position = node.start_byte
        for index, child in enumerate(node.children):
            parts.append(self.text(position, child.start_byte))
            position = child.end_byte
            if "else" in child.type:
                when = False
            self.emit(child, bound, guards if index == 0 else (*guards, If(condition, when)), parts)

    def call(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        name = self.node_text(node.children[0])
        line = node.start_point.row + 1
        if name in HCL_FUNCTIONS and name not in FILE_FUNCTIONS:
            inner = (*guards, Try()) if name in ("try", "can") else guards
            return self.children(node, bound, guards, parts, dict.fromkeys(range(len(node.children)), inner))
        if name not in TERRAGRUNT_FUNCTIONS and name not in FILE_FUNCTIONS:
            raise StrataError(f"there is no function `{name}`", file=self.path, line=line)
        arguments = next((child for child in node.children if child.type == "function_arguments"), None)
        nodes = [] if arguments is None else [c for c in arguments.children if c.type == "expression"]
        spread = arguments is not None and any(c.type == "ellipsis" for c in arguments.children)
        parts.append(
            Call(
                name,
                tuple(self.expression(child, bound, guards) for child in nodes),
                spread,
                line,
                self.node_text(node).count("\n"),
                guards,
            )
        )
        return None

    def simple(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> tuple[Part, ...] | None:
        """The pieces of a string whose value is mere concatenation, None if Terraform has to evaluate it."""
        children = node.children
        parts: list[Part]
        if node.type == "expression" and len(children) == 3 and children[0].type == "(":
            return self.simple(children[1], bound, guards)
        if node.type == "expression" and children[0].type == "variable_expr":
            if any(child.type != "get_attr" for child in children[1:]):
                return None
            parts = []
            self.children(node, bound, guards, parts)
            found = [part for part in parts if part != ""]
            return tuple(found) if len(found) == 1 and isinstance(found[0], Reference) else None
        if node.type in ("expression", "template_expr", "literal_value") and len(children) == 1:
            return self.simple(children[0], bound, guards)
        if node.type == "string_lit":
            return (unescape(self.node_text(node)[1:-1]),)
        if node.type == "quoted_template":
            return self.simple_template(node, bound, guards)
        if node.type == "function_call":
            parts = []
            self.emit(node, bound, guards, parts)
            return (parts[0],) if len(parts) == 1 and isinstance(parts[0], Call) else None
        return None

    def constant(self, node: tree_sitter.Node) -> tuple[Any] | None:
        """The value of literals, lists and objects of literals; None if there is anything else in it."""
        children = [child for child in node.children if child.type != "comment"]
        match node.type:
            case "expression" | "literal_value" | "collection_value" if len(children) == 1:
                return self.constant(children[0])
            case "string_lit":
                text = self.node_text(node)
                # HCL brings other characters into a normal form.
                return (unescape(text[1:-1]),) if text.isascii() and "\n" not in text else None
            case "numeric_lit":
                text = self.node_text(node)
                return (int(text),) if text.isdecimal() and len(text) <= _EXACT_DIGITS else None
            case "bool_lit":
                return (self.node_text(node) == "true",)
            case "tuple":
                items = [self.constant(child) for child in children if child.type == "expression"]
                found = [item[0] for item in items if item is not None]
                return (found,) if len(found) == len(items) else None
            case "object":
                return self.constant_object(children)
        return None

    def constant_object(self, children: list[tree_sitter.Node]) -> tuple[Any] | None:
        found: dict[str, Any] = {}
        for before, element in itertools.pairwise(children):
            if element.type != "object_elem":
                continue
            if before.type == "object_elem" and before.end_point.row == element.start_point.row:
                return None  # the parser is more lenient than HCL
            key, value = element.children[0], self.constant(element.children[-1])
            name = (self.node_text(key),) if self.is_plain_name(key) else self.constant(key)
            if value is None or name is None or not isinstance(name[0], str) or name[0] in found:
                return None
            found[name[0]] = value[0]
        return (dict(sorted(found.items())),)

    def simple_template(
        self, node: tree_sitter.Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> tuple[Part, ...] | None:
        pieces: list[Part] = []
        position = node.children[0].end_byte
        for child in node.children[1:]:
            # White space at the edge of a literal lies between the nodes, not in one.
            pieces.append(unescape(self.text(position, child.start_byte)))
            position = child.end_byte
            if child.type == "template_literal":
                pieces.append(unescape(self.node_text(child)))
            elif child.type == "template_interpolation":
                inner = [c for c in child.children if c.type == "expression"]
                value = self.simple(inner[0], bound, guards) if len(child.children) == 3 and inner else None
                if value is None:
                    return None
                pieces.extend(value)
            elif child.type == "template_directive":
                return None
        return tuple(piece for piece in pieces if piece != "") or ("",)
