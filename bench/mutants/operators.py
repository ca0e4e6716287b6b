"""Faults in Python: mutmut's operators, and those that mutmut does not have.

A set loses a member, a rule a condition, a function a call: the faults that tests of a typical input miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators

Operator = Callable[[Any], Iterable[cst.CSTNode]]

# Methods and functions that are mistaken for each other.
_MISTAKEN = {
    "all": "any",
    "any": "all",
    "endswith": "startswith",
    "fullmatch": "match",
    "issubset": "issuperset",
    "issuperset": "issubset",
    "match": "search",
    "max": "min",
    "min": "max",
    "search": "match",
    "startswith": "endswith",
}
_LITERAL = m.SimpleString() | m.Integer() | m.Tuple()


def member(node: cst.List | cst.Set | cst.Dict | cst.Tuple) -> Iterator[cst.CSTNode]:
    """Take one member out of a list, set or dictionary, or out of a tuple of literals."""
    if isinstance(node, cst.Tuple) and not all(m.matches(e.value, _LITERAL) for e in node.elements):
        return
    if len(node.elements) < 2:
        return
    for index in range(len(node.elements)):
        left = [*node.elements[:index], *node.elements[index + 1 :]]
        if isinstance(node, cst.Tuple) and len(left) == 1:
            left = [left[0].with_changes(comma=cst.Comma())]
        yield node.with_changes(elements=left)


def operand(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    """Take one side out of an `and` or `or`."""
    yield node.left
    yield node.right


def branch(node: cst.If) -> Iterator[cst.CSTNode]:
    """Turn a condition round."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(
        test=cst.UnaryOperation(cst.Not(), test), whitespace_before_test=cst.SimpleWhitespace(" ")
    )


def filtered(node: cst.CompFor) -> Iterator[cst.CSTNode]:
    """Take the condition out of a comprehension."""
    for index in range(len(node.ifs)):
        yield node.with_changes(ifs=[*node.ifs[:index], *node.ifs[index + 1 :]])


def statement(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """Take out a statement that is a call or a deletion."""
    if m.matches(node, m.SimpleStatementLine([m.Expr(m.Call())]) | m.SimpleStatementLine([m.Del()])):
        yield node.with_changes(body=[cst.Pass()])


def context(node: cst.With) -> Iterator[cst.CSTNode]:
    """Take a `with` away from its body, such as a lock."""
    if all(item.asname is None for item in node.items):
        yield cst.If(test=cst.Name("True"), body=node.body, leading_lines=node.leading_lines)


def mistaken(node: cst.Call) -> Iterator[cst.CSTNode]:
    """Call what the function is mistaken for."""
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    if isinstance(name, cst.Name) and name.value in _MISTAKEN:
        other = name.with_changes(value=_MISTAKEN[name.value])
        func = node.func.with_changes(attr=other) if isinstance(node.func, cst.Attribute) else other
        yield node.with_changes(func=func)


OPERATORS: Sequence[tuple[type | tuple[type, ...], Operator]] = (
    *mutation_operators,
    ((cst.List, cst.Set, cst.Dict, cst.Tuple), member),
    (cst.BooleanOperation, operand),
    (cst.If, branch),
    (cst.CompFor, filtered),
    (cst.SimpleStatementLine, statement),
    (cst.With, context),
    (cst.Call, mistaken),
)
