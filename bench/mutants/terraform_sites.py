"""Where a Terraform file can be mutated: conditions, statements, validations, and arguments of resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import tree_sitter
import tree_sitter_hcl
from mutant import Site

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
_SWAPPED = {
    "&&": "||",
    "||": "&&",
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
}
_MISTAKEN = {
    "alltrue": "anytrue",
    "anytrue": "alltrue",
    "endswith": "startswith",
    "max": "min",
    "min": "max",
    "startswith": "endswith",
}
# A plan does not show them, or only people read them.
_SILENT = {"Sid", "depends_on", "description", "error_message", "nullable", "source", "type"}
_SILENT_BLOCKS = {"import", "lifecycle", "moved", "removed", "terraform"}
_DROPPED_BLOCKS = {"precondition", "postcondition", "validation"}
Edit = tuple[int, int, bytes]


def terraform_sites(file: str, source: str) -> list[Site]:
    """Find every line and kind of fault of a Terraform file."""
    raw = source.encode()
    tree = _PARSER.parse(raw)
    found: dict[tuple[int, str], list[Callable[[], str | None]]] = {}
    for line, kind, edit in _faults(tree.root_node, within=""):
        found.setdefault((line, kind), []).append(partial(_edited, raw, edit))
    return [Site(file, line, line, kind, source, tuple(ways)) for (line, kind), ways in sorted(found.items())]


def _edited(raw: bytes, edit: Edit) -> str | None:
    start, end, text = edit
    changed = raw[:start] + text + raw[end:]
    return None if _PARSER.parse(changed).root_node.has_error else changed.decode()


def _faults(node: tree_sitter.Node, within: str) -> Iterator[tuple[int, str, Edit]]:
    """Every fault of the nodes below; `within` is the outermost block's type."""
    if node.type == "block":
        kind = _text(node.children[0])
        if kind in _DROPPED_BLOCKS:
            yield _fault(node, kind, b"")
        elif kind in _SILENT_BLOCKS:
            for child in _blocks(node):
                yield from _faults(child, within)
            return
        within = within or kind
    if node.type in ("attribute", "object_elem"):
        name = _text(node.children[0]).strip('"')
        if name in _SILENT:
            return
        if node.type == "attribute" and within in ("data", "resource") and name not in ("count", "for_each"):
            yield _fault(node, "argument", b"")
    yield from _own_faults(node)
    for child in node.children:
        yield from _faults(child, within)


def _own_faults(node: tree_sitter.Node) -> Iterator[tuple[int, str, Edit]]:
    named = node.named_children
    if node.type == "conditional" and len(named) == 3:
        yield _fault(node, "condition", _raw(named[1]))
        yield _fault(node, "condition", _raw(named[2]))
    elif node.type == "binary_operation":
        # `a.b` is two nodes: what stands before and after the operator is cut out of the text.
        operator = next(child for child in node.children if not child.is_named)
        if operator.type in _SWAPPED:
            yield _fault(operator, "operator", _SWAPPED[operator.type].encode())
        if operator.type in ("&&", "||"):
            place = operator.start_byte - node.start_byte
            yield _fault(node, "operand", _raw(node)[:place])
            yield _fault(node, "operand", _raw(node)[place + len(operator.type) :])
    elif node.type == "unary_operation" and node.children[0].type == "!":
        yield _fault(node, "not", _raw(node)[1:])
    elif node.type in ("tuple", "object"):
        kind = {"tuple": "expression", "object": "object_elem"}[node.type]
        members = [child for child in named if child.type == kind]
        for member in members:
            if kind == "expression" or _text(member.children[0]).strip('"') not in _SILENT:
                after = member.next_sibling
                comma = after if after is not None and after.type == "," else None
                yield _fault(member, "member", b"", end=comma)
    elif node.type == "for_cond":
        yield _fault(node, "filter", b"")
    elif node.type == "bool_lit":
        yield _fault(node, "literal", b"false" if _text(node) == "true" else b"true")
    elif node.type == "numeric_lit" and _text(node).isdigit():
        yield _fault(node, "literal", str(int(_text(node)) + 1).encode())
    elif node.type == "function_call":
        name = node.children[0]
        if _text(name) in _MISTAKEN:
            yield _fault(name, "function", _MISTAKEN[_text(name)].encode())
        if _text(name) in ("regex", "regexall"):
            yield from _anchors(node)


def _anchors(call: tree_sitter.Node) -> Iterator[tuple[int, str, Edit]]:
    text = _raw(call)
    for mark, gap in ((b'"^', 1), (b'$"', 0)):
        place = text.find(mark)
        if place >= 0:
            start = call.start_byte + place + gap
            yield call.start_point.row + 1, "anchor", (start, start + 1, b"")


def _blocks(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    for child in node.children:
        if child.type == "body":
            yield from (inner for inner in child.children if inner.type == "block")


def _fault(
    node: tree_sitter.Node, kind: str, text: bytes, end: tree_sitter.Node | None = None
) -> tuple[int, str, Edit]:
    return node.start_point.row + 1, kind, (node.start_byte, (end or node).end_byte, text)


def _raw(node: tree_sitter.Node) -> bytes:
    return node.text or b""


def _text(node: tree_sitter.Node) -> str:
    return _raw(node).decode()
