"""Where a Python file can be mutated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutant import Site
from operators import OPERATORS

# No program runs these: types, and what only says where names come from.
_SKIPPED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
# `__all__`, and what a type checker alone reads.
_UNSEEN = m.Assign([m.AssignTarget(m.Name("__all__"))]) | m.If(m.Name("TYPE_CHECKING"))
# The name of a type, at a module's top.
_ALIAS = m.Assign(value=m.Subscript() | m.BinaryOperation(operator=m.BitOr(), right=m.Name() | m.Subscript()))
# A fault in their arguments is a fault in a type.
_TYPED = m.Call(m.Name("isinstance") | m.Name("cast") | m.Name("TypeVar") | m.Name("len"))


def python_sites(file: str, source: str) -> list[Site]:
    """Find every line and kind of fault of a Python file."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Sites(wrapper.module, source)
    wrapper.visit(visitor)
    return [
        Site(file, line, end, kind, source, tuple(ways), everywhere)
        for (line, kind), (end, everywhere, ways) in sorted(visitor.found.items())
    ]


class _Sites(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: cst.Module, source: str) -> None:
        self.found: dict[tuple[int, str], tuple[int, bool, list[Callable[[], str | None]]]] = {}
        self._module = module
        self._plain = ast.dump(ast.parse(source))
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _SKIPPED) or m.matches(node, _UNSEEN) or m.matches(node, _TYPED):
            return False
        if m.matches(node, _ALIAS) and not self._functions:
            return False
        if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
            return False  # a docstring
        if isinstance(node, cst.SimpleString) and " " in node.value.strip("\"' "):
            return False  # words for people: a test of them would only repeat them
        if isinstance(node, cst.Param) and not isinstance(node.default, cst.Name | cst.BaseNumber | None):
            return False
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self._functions += 1
        position = self.get_metadata(PositionProvider, node, None)
        if position is not None:
            for kinds, operator in OPERATORS:
                if isinstance(node, kinds):
                    for other in operator(node):
                        line, end = position.start.line, position.end.line
                        entry = self.found.setdefault(
                            (line, operator.__name__.removeprefix("operator_")),
                            (end, self._functions == 0, []),
                        )
                        entry[2].append(partial(self._replaced, node, other))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.Lambda):
            self._functions -= 1

    def _replaced(self, node: cst.CSTNode, other: cst.CSTNode) -> str | None:
        """Return the file with one node replaced; None where that is no program, or the same one."""
        if isinstance(node, cst.BaseExpression) and isinstance(other, cst.BaseExpression) and node.lpar:
            other = other.with_changes(lpar=node.lpar, rpar=node.rpar)
        changed = self._module.visit(_Replacement(node, other))
        assert isinstance(changed, cst.Module)
        try:
            tree = ast.parse(changed.code)
        except SyntaxError:
            return None
        return None if ast.dump(tree) == self._plain else changed.code


class _Replacement(cst.CSTTransformer):
    def __init__(self, node: cst.CSTNode, other: cst.CSTNode) -> None:
        self._node = node
        self._other = other

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node is not self._node

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        return self._other if original_node is self._node else updated_node
