"""Reads HCL files into blocks and attributes that keep their positions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import tree_sitter
import tree_sitter_hcl

from strata.errors import StrataError
from strata.live.expression import Expression, ExpressionReader, unescape

# What stands before an escaped `${` or `%{`.
_SIGNS = re.compile(rb"\$+(?=\$\$\{)|%+(?=%%\{)")
_LANGUAGE = tree_sitter.Language(tree_sitter_hcl.language())


@dataclass(frozen=True)
class Attribute:
    name: str
    value: Expression
    line: int


@dataclass(frozen=True)
class Block:
    type: str
    labels: tuple[str, ...]
    body: Body
    line: int


@dataclass(frozen=True)
class Body:
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, eq=False)
class HclFile:
    """One parsed file."""

    path: Path
    text: str
    body: Body


class SyntaxFault(StrataError):
    """A file that is not HCL; `text` is what it holds."""

    def __init__(self, message: str, path: Path, line: int, text: str) -> None:
        super().__init__(f"syntax error: {message}", file=path, line=line)
        self.text = text


def parse(path: Path) -> HclFile:
    """Parse the file at `path`.

    Raises:
        StrataError: the file cannot be read, has a syntax error (with its line), or calls an unknown
        function.
    """
    try:
        raw = path.read_bytes()
        raw.decode("utf-8")
    except FileNotFoundError:
        raise StrataError("the file does not exist", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StrataError(f"the file cannot be read: {error}", file=path) from None
    tree = tree_sitter.Parser(_LANGUAGE).parse(_SIGNS.sub(_masked, raw))
    if tree.root_node.has_error:
        line, found = first_fault(tree.root_node)
        raise SyntaxFault(found, path, line, raw.decode("utf-8"))
    reader = _BlockReader(path, raw)
    body = next((child for child in tree.root_node.children if child.type == "body"), None)
    return HclFile(path, raw.decode("utf-8"), reader.body(body) if body is not None else Body())


def _masked(signs: re.Match[bytes]) -> bytes:
    """As long, and nothing to the grammar, which takes `$$${` for `$` and a template (HCL: `$${`)."""
    return b"x" * len(signs[0])


def first_fault(node: tree_sitter.Node) -> tuple[int, str]:
    """Line and description of the first error node; the parser recovers, so the first is the one to mend."""
    if node.is_missing:
        what = "an expression" if node.type == "identifier" else f"`{node.type}`"
        return node.start_point.row + 1, f"{what} is missing"
    if node.type == "ERROR":
        # The parser can open an error node at the top of the file; its first nested fault is nearer.
        for child in node.children:
            if child.has_error:
                return first_fault(child)
        text = (node.text or b"").decode("utf-8", "replace").strip().split("\n")[0][:40]
        return node.start_point.row + 1, f"`{text}` was not expected here"
    for child in node.children:
        if child.has_error or child.is_missing:
            return first_fault(child)
    return node.start_point.row + 1, "not valid HCL"


class _BlockReader(ExpressionReader):
    """Reads blocks, and the expressions in them."""

    def body(self, node: tree_sitter.Node) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        last_row = -1
        for child in node.children:
            line = child.start_point.row + 1
            if child.type in ("attribute", "block"):
                # The parser takes white space of any kind; HCL wants each on a line of its own.
                if child.start_point.row == last_row:
                    raise SyntaxFault(
                        "a new line was expected here", self.path, line, self.raw.decode("utf-8")
                    )
                last_row = child.end_point.row
            if child.type == "attribute":
                name = self.node_text(child.children[0])
                if name in attributes:
                    raise StrataError(f"`{name}` is set twice in one block", file=self.path, line=line)
                attributes[name] = Attribute(name, self.expression(child.children[-1], frozenset(), ()), line)
            elif child.type == "block":
                blocks.append(self.block(child, line))
        return Body(attributes, tuple(blocks))

    def block(self, node: tree_sitter.Node, line: int) -> Block:
        labels: list[str] = []
        inner = Body()
        self.check_lines(node)
        for child in node.children[1:]:
            if child.type == "string_lit":
                labels.append(unescape(self.node_text(child)[1:-1]))
            elif child.type == "identifier":
                labels.append(self.node_text(child))
            elif child.type == "body":
                inner = self.body(child)
        return Block(self.node_text(node.children[0]), tuple(labels), inner, line)

    def check_lines(self, block: tree_sitter.Node) -> None:
        """HCL wants either one attribute beside both braces, or the content on lines of its own."""
        start = next(child.start_point.row for child in block.children if child.type == "block_start")
        end = next(child.start_point.row for child in block.children if child.type == "block_end")
        content = next((child.children for child in block.children if child.type == "body"), [])
        items = [child for child in content if child.type in ("attribute", "block")]
        if not items:
            return
        if items[0].start_point.row == start:
            wrong = len(items) > 1 or items[0].type == "block" or items[0].end_point.row != end
        else:
            wrong = items[-1].end_point.row == end
        if wrong:
            raise SyntaxFault("a new line was expected here", self.path, start + 1, self.raw.decode("utf-8"))
