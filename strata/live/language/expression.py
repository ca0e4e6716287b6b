"""Expressions: their own text, cut where a reference or a Terragrunt function stands.

The parts cut out are answered by Python; the rest goes to Terraform word for word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.nodes import Node
from strata.hcl.values import constant, string_value, unescape
from strata.live.language.names import FILE_FUNCTIONS, HCL_FUNCTIONS, PATH_FUNCTIONS, TERRAGRUNT_FUNCTIONS


@dataclass(frozen=True)
class VariableReference:
    """A variable with the attribute names that follow it: `local.a.b` is root `local`, steps `a`, `b`."""

    root: str
    steps: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class For:
    """A call stands inside a for expression: its variables, its collection and the condition there."""

    variables: str
    collection: CutExpression
    condition: CutExpression | None


@dataclass(frozen=True)
class If:
    """A call stands on one side of a conditional."""

    condition: CutExpression
    when: bool


@dataclass(frozen=True)
class Try:
    """A call stands inside `try` or `can`."""


Guard = For | If | Try


@dataclass(frozen=True, eq=False)
class FunctionCall:
    """A call that Python answers, or whose path argument it completes (the file functions of HCL)."""

    name: str
    arguments: tuple[CutExpression, ...]
    spread: bool
    line: int
    newlines: int
    guards: tuple[Guard, ...]


Part = str | VariableReference | FunctionCall


@dataclass(frozen=True, eq=False)
class CutExpression:
    """An expression's text, cut at references and calls.

    `simple` holds the pieces of a plain string, reference or call whose value needs no arithmetic; None if
    it does. `constant` is the value in a tuple of one where the text is nothing but literals.
    """

    path: Path
    line: int
    parts: tuple[Part, ...]
    simple: tuple[Part, ...] | None
    constant: tuple[Any] | None = None

    def references(self) -> Iterator[VariableReference]:
        """Every reference in the expression, those in arguments and guards included."""
        for part in self.parts:
            if isinstance(part, VariableReference):
                yield part
            elif isinstance(part, FunctionCall):
                for argument in part.arguments:
                    yield from argument.references()


class ExpressionReader:
    """Reads expressions out of one file's syntax tree."""

    def __init__(self, path: Path, whole: str) -> None:
        self.path = path
        self.whole = whole

    def text(self, start: int, end: int) -> str:
        return self.whole[start:end]

    def expression(self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...]) -> CutExpression:
        parts: list[Part] = []
        self.emit(node, bound, guards, parts)
        merged: list[Part] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "":
                merged.append(part)
        simple = self.simple(node, bound, guards)
        return CutExpression(self.path, node.line, tuple(merged), simple, constant(node))

    def emit(self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]) -> None:
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
                parts.append(self.text(node.start, node.children[1].start))
                return self.children(node, bound, guards, parts, skip=1)
            case _:
                return self.children(node, bound, guards, parts)

    def children(
        self,
        node: Node,
        bound: frozenset[str],
        guards: tuple[Guard, ...],
        parts: list[Part],
        inner: dict[int, tuple[Guard, ...]] | None = None,
        skip: int = 0,
    ) -> None:
        children = node.children
        if not children:
            parts.append(node.text)
            return
        position = children[skip].start if skip else node.start
        index = skip
        while index < len(children):
            child = children[index]
            parts.append(self.text(position, child.start))
            position = child.end
            if child.type == "variable_expr" and child.text not in bound:
                steps: list[str] = []
                while index + 1 < len(children) and children[index + 1].type == "get_attr":
                    index += 1
                    steps.append(children[index].children[-1].text)
                    position = children[index].end
                parts.append(VariableReference(child.text, tuple(steps), child.line))
            else:
                self.emit(child, bound, (inner or {}).get(index, guards), parts)
            index += 1
        parts.append(self.text(position, node.end))

    def is_plain_name(self, node: Node) -> bool:
        return len(node.children) == 1 and node.children[0].type == "variable_expr"

    def for_expression(
        self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        intro = next(child for child in node.children if child.type == "for_intro")
        names, collection = self.for_names(intro, bound, guards)
        inside = bound | names
        filter_node = next((child for child in node.children if child.type == "for_cond"), None)
        spelled = ", ".join(child.text for child in intro.children if child.type == "identifier")
        unfiltered = (*guards, For(spelled, collection, None))
        condition = self.expression(filter_node.children[-1], inside, unfiltered) if filter_node else None
        filtered = (*guards, For(spelled, collection, condition))
        position = node.start
        for child in node.children:
            parts.append(self.text(position, child.start))
            position = child.end
            if child.type == "for_intro":
                self.emit(child, bound, guards, parts)
            elif child.type == "for_cond":
                self.emit(child, inside, unfiltered, parts)
            else:
                self.emit(child, inside, filtered, parts)

    def for_names(
        self, intro: Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> tuple[frozenset[str], CutExpression]:
        names = frozenset(child.text for child in intro.children if child.type == "identifier")
        collection = next(child for child in intro.children if child.type == "expression")
        return names, self.expression(collection, bound, guards)

    def template_for(
        self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        start = node.children[0]
        names, collection = self.for_names(start, bound, guards)
        spelled = ", ".join(child.text for child in start.children if child.type == "identifier")
        inside = (*guards, For(spelled, collection, None))
        position = node.start
        for index, child in enumerate(node.children):
            parts.append(self.text(position, child.start))
            position = child.end
            if index == 0:
                self.emit(child, bound, guards, parts)
            else:
                self.emit(child, bound | names, inside, parts)

    def template_if(
        self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]
    ) -> None:
        test = next(child for child in node.children[0].children if child.type == "expression")
        condition = self.expression(test, bound, guards)
        when = True
        position = node.start
        for index, child in enumerate(node.children):
            parts.append(self.text(position, child.start))
            position = child.end
            if "else" in child.type:
                when = False
            self.emit(child, bound, guards if index == 0 else (*guards, If(condition, when)), parts)

    def call(self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...], parts: list[Part]) -> None:
        name = node.children[0].text
        if name in HCL_FUNCTIONS and name not in FILE_FUNCTIONS:
            inner = (*guards, Try()) if name in ("try", "can") else guards
            return self.children(node, bound, guards, parts, dict.fromkeys(range(len(node.children)), inner))
        if name not in TERRAGRUNT_FUNCTIONS and name not in FILE_FUNCTIONS:
            raise StrataError(f"function `{name}` does not exist", file=self.path, line=node.line)
        parts.append(self.function_call(node, bound, guards))
        return None

    def function_call(self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...]) -> FunctionCall:
        arguments = next((child for child in node.children if child.type == "function_arguments"), None)
        nodes = [] if arguments is None else arguments.all("expression")
        return FunctionCall(
            node.children[0].text,
            tuple(self.expression(child, bound, guards) for child in nodes),
            arguments is not None and bool(arguments.all("ellipsis")),
            node.line,
            node.text.count("\n"),
            guards,
        )

    def simple(self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...]) -> tuple[Part, ...] | None:
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
            return tuple(found) if len(found) == 1 and isinstance(found[0], VariableReference) else None
        if node.type == "expression" and len(children) == 1:
            return self.simple(children[0], bound, guards)
        if node.type == "string_lit":
            return (string_value(node) or "",)
        if node.type == "quoted_template":
            return self.simple_template(node, bound, guards)
        if node.type == "function_call" and children[0].text in PATH_FUNCTIONS:
            return (self.function_call(node, bound, guards),)
        if node.type == "function_call":
            parts = []
            self.emit(node, bound, guards, parts)
            return (parts[0],) if len(parts) == 1 and isinstance(parts[0], FunctionCall) else None
        return None

    def simple_template(
        self, node: Node, bound: frozenset[str], guards: tuple[Guard, ...]
    ) -> tuple[Part, ...] | None:
        pieces: list[Part] = []
        for child in node.children[1:-1]:
            if child.type == "template_literal":
                pieces.append(unescape(child.text))
                continue
            if child.type == "template_directive":
                return None
            opened, inner, closed = child.children
            # `${~` and `~}` take white space away.
            value = self.simple(inner, bound, guards) if (opened.text, closed.text) == ("${", "}") else None
            if value is None:
                return None
            pieces.extend(value)
        return tuple(piece for piece in pieces if piece != "") or ("",)
