"""Where a Terraform file can be mutated: conditions, statements, validations, and arguments of resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from mutant import Site

from strata.hcl.syntax import HclSyntaxError, Node, parse

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
# From a character to before another one, and what stands there instead.
Edit = tuple[int, int, str]


def terraform_sites(file: str, source: str) -> list[Site]:
    """Find every line and kind of fault of a Terraform file."""
    found: dict[tuple[int, str], list[Callable[[], str | None]]] = {}
    for line, kind, edit in _faults(parse(file, source.encode()).body.node, within=""):
        found.setdefault((line, kind), []).append(partial(_edited, source, edit))
    return [Site(file, line, line, kind, source, tuple(ways)) for (line, kind), ways in sorted(found.items())]


def _edited(source: str, edit: Edit) -> str | None:
    start, end, text = edit
    changed = source[:start] + text + source[end:]
    try:
        parse("mutant", changed.encode())
    except HclSyntaxError:
        return None
    return changed


def _faults(node: Node, within: str) -> Iterator[tuple[int, str, Edit]]:
    """Every fault of the nodes below; `within` is the outermost block's type."""
    if node.type == "block":
        kind = node.children[0].text
        if kind in _DROPPED_BLOCKS:
            yield _fault(node, kind, "")
        elif kind in _SILENT_BLOCKS:
            for body in node.all("body"):
                for block in body.all("block"):
                    yield from _faults(block, within)
            return
        within = within or kind
    if node.type in ("attribute", "object_elem"):
        name = node.children[0].text.strip('"')
        if name in _SILENT:
            return
        if node.type == "attribute" and within in ("data", "resource") and name not in ("count", "for_each"):
            yield _fault(node, "argument", "")
    yield from _own_faults(node)
    for child in node.children:
        yield from _faults(child, within)


def _own_faults(node: Node) -> Iterator[tuple[int, str, Edit]]:
    match node.type:
        case "conditional":
            yield _fault(node, "condition", node.children[2].text)
            yield _fault(node, "condition", node.children[4].text)
        case "operation" if len(node.children) == 2:
            if node.children[0].type == "!":
                yield _fault(node, "not", node.children[1].text)
        case "operation":
            yield from _operators(node)
        case "tuple" | "object":
            yield from _members(node)
        case "for_cond":
            yield _fault(node, "filter", "")
        case "bool_lit":
            yield _fault(node, "literal", "false" if node.text == "true" else "true")
        case "numeric_lit" if node.text.isdigit():
            yield _fault(node, "literal", str(int(node.text) + 1))
        case "function_call":
            name = node.children[0]
            if name.text in _MISTAKEN:
                yield _fault(name, "function", _MISTAKEN[name.text])
            if name.text in ("regex", "regexall"):
                yield from _anchors(node)


def _operators(operation: Node) -> Iterator[tuple[int, str, Edit]]:
    """Each operator as another one, and each operand of `&&` and `||` left out."""
    parts = operation.children
    for index, operator in enumerate(parts):
        if index % 2 == 0:
            continue
        if operator.type in _SWAPPED:
            yield _fault(operator, "operator", _SWAPPED[operator.type])
        if operator.type in ("&&", "||"):
            if index == 1:
                yield _cut(operator, "operand", parts[0].start, parts[2].start)
            yield _cut(operator, "operand", parts[index - 1].end, parts[index + 1].end)


def _members(node: Node) -> Iterator[tuple[int, str, Edit]]:
    kind = {"tuple": "expression", "object": "object_elem"}[node.type]
    for index, member in enumerate(node.children):
        if member.type == kind and (
            kind == "expression" or member.children[0].text.strip('"') not in _SILENT
        ):
            after = node.children[index + 1]
            yield _cut(member, "member", member.start, after.end if after.type == "," else member.end)


def _anchors(call: Node) -> Iterator[tuple[int, str, Edit]]:
    for mark, gap in (('"^', 1), ('$"', 0)):
        place = call.text.find(mark)
        if place >= 0:
            start = call.start + place + gap
            yield call.line, "anchor", (start, start + 1, "")


def _fault(node: Node, kind: str, text: str) -> tuple[int, str, Edit]:
    return node.line, kind, (node.start, node.end, text)


def _cut(node: Node, kind: str, start: int, end: int) -> tuple[int, str, Edit]:
    return node.line, kind, (start, end, "")
