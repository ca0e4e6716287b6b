"""Where in its files something of a configuration stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from strata.errors import StrataError
from strata.hcl.nodes import Node, Source
from strata.hcl.syntax import Block, Expression, parse
from strata.hcl.values import key_of

Place = tuple[str, int]
_EMPTY = Block("", (), {}, (), Node("body", Source("", ""), 0, 0, []))


@cache
def _parsed(name: str, raw: bytes) -> Block:
    return parse(name, raw).body


def body(root: Path, file: Path) -> Block:
    """The file's blocks and attributes; empty if the file is missing or has a syntax error."""
    try:
        return _parsed(file.relative_to(root).as_posix(), file.read_bytes())
    except (OSError, ValueError, StrataError):
        return _EMPTY


def is_parsed(root: Path, file: Path) -> bool:
    """Whether the file is there and has no syntax error."""
    return body(root, file) is not _EMPTY


def of_key(expression: Expression, path: Sequence[str]) -> int:
    """The line of a nested key in an expression's objects, or of the nearest around it that is there."""
    line, nodes = expression.line, [expression.node]
    for step in path:
        found = next((item for node in nodes for item in _elements(node) if key_of(item) == step), None)
        if found is None:
            break
        line, nodes = found.line, [found.children[-1]]
    return line


def of_input(root: Path, files: Sequence[Path], path: Sequence[str]) -> Place | None:
    """Where an input is set: in the first of the files whose `inputs` names it."""
    for file in files:
        inputs = body(root, file).attributes.get("inputs")
        if inputs is not None and any(key_of(item) == path[0] for item in _elements(inputs.node)):
            return file.relative_to(root).as_posix(), of_key(inputs, path)
    return None


def of_block(root: Path, files: Sequence[Path], kind: str, name: str, attribute: str = "") -> Place | None:
    """Where a block, or an attribute of it, stands: in the first of the files that has it."""
    for file in files:
        for block in body(root, file).children(kind):
            if block.labels == ((name,) if name else ()):
                found = block.attributes.get(attribute)
                return file.relative_to(root).as_posix(), found.line if found else block.line
    return None


def of_local(root: Path, file: Path, path: Sequence[str]) -> Place:
    """Where a local, or a key in it, stands; the `locals` block's line where it does not."""
    shown = file.relative_to(root).as_posix()
    for block in body(root, file).children("locals"):
        found = block.attributes.get(path[0]) if path else None
        return shown, of_key(found, path[1:]) if found else block.line
    return shown, 1


def _elements(node: Node) -> Iterator[Node]:
    """The elements of the outermost objects in an expression."""
    for inner in node.walk():
        if inner.type == "object_elem" and not _inside_object(inner, node):
            yield inner


def _inside_object(element: Node, top: Node) -> bool:
    node = element.parent
    while node is not None and node != top:
        if node.type == "object_elem":
            return True
        node = node.parent
    return False
