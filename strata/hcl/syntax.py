"""Terraform files as blocks and expressions that keep their positions and their own text.

Not `strata.live.hcl`: that reads Terragrunt files, which know other functions, and cuts expressions up to
evaluate them. Here nothing is evaluated.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import tree_sitter
import tree_sitter_hcl

from strata.errors import StrataError
from strata.live.expression import unescape
from strata.live.hcl import first_fault

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
# Their text counts character by character; between other tokens white space means nothing.
_VERBATIM = ("string_lit", "template_expr", "numeric_lit")


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression: its syntax tree, and the line it starts at."""

    node: tree_sitter.Node
    line: int

    @property
    def text(self) -> str:
        """The source text."""
        return node_text(self.node)

    @property
    def normal(self) -> str:
        """The text without comments, layout and commas that may be left out, for comparing."""
        return " ".join(_tokens(self.node))

    @property
    def string(self) -> str | None:
        """The value of a plain string or heredoc; None for any other expression."""
        node = self.node
        while len(node.children) == 1 and node.type != "string_lit":
            node = node.children[0]
        if node.type == "string_lit" or node.type == "quoted_template":
            if any(child.type == "template_interpolation" for child in node.children):
                return None
            return unescape(node_text(node)[1:-1])
        if node.type == "heredoc_template":
            if any(child.type == "template_interpolation" for child in node.children):
                return None
            lines = node_text(node).split("\n")[1:-1]
            return textwrap.dedent("\n".join(lines)) if lines else ""
        return None


@dataclass(frozen=True, eq=False)
class Block:
    """A block: type, labels, attributes and blocks inside, first and last line."""

    type: str
    labels: tuple[str, ...]
    attributes: dict[str, Expression]
    blocks: tuple[Block, ...]
    line: int
    end_line: int

    def children(self, kind: str) -> list[Block]:
        """The blocks of one type directly inside."""
        return [block for block in self.blocks if block.type == kind]

    def flag(self, name: str, default: bool) -> bool:
        """A boolean attribute."""
        found = self.attributes.get(name)
        return default if found is None else found.normal == "true"


@dataclass(frozen=True, eq=False)
class TerraformFile:
    """One parsed file; `name` is the path that findings show."""

    name: str
    text: str
    body: Block
    root: tree_sitter.Node = field(repr=False)

    @cached_property
    def comments(self) -> tuple[Expression, ...]:
        """Its comments, in order."""
        return tuple(Expression(node, _line(node)) for node in walk(self.root) if node.type == "comment")


def parse(name: str, raw: bytes) -> TerraformFile:
    """Parse the text of a file.

    Raises:
        StrataError: it is not UTF-8, or has a syntax error (with its line).
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrataError(f"the file cannot be read: {error}", file=name) from None
    tree = _PARSER.parse(raw)
    if tree.root_node.has_error:
        line, found = first_fault(tree.root_node)
        raise StrataError(f"syntax error: {found}", file=name, line=line)
    inner = next((child for child in tree.root_node.children if child.type == "body"), None)
    attributes, blocks = _body(inner, name) if inner is not None else ({}, ())
    body = Block("", (), attributes, blocks, 1, tree.root_node.end_point.row + 1)
    return TerraformFile(name, text, body, tree.root_node)


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The node and every node below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def node_text(node: tree_sitter.Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode("utf-8")


def expressions(block: Block) -> Iterator[tuple[str, Expression]]:
    """Every attribute of the block and of the blocks inside, with its name."""
    yield from block.attributes.items()
    for inner in block.blocks:
        yield from expressions(inner)


def _body(node: tree_sitter.Node, file: str) -> tuple[dict[str, Expression], tuple[Block, ...]]:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    for child in node.children:
        if child.type == "attribute":
            name = node_text(child.children[0])
            if name in attributes:
                raise StrataError(f"`{name}` is set twice in one block", file=file, line=_line(child))
            attributes[name] = Expression(child.children[-1], _line(child))
        elif child.type == "block":
            blocks.append(_block(child, file))
    return attributes, tuple(blocks)


def _block(node: tree_sitter.Node, file: str) -> Block:
    labels: list[str] = []
    attributes: dict[str, Expression] = {}
    blocks: tuple[Block, ...] = ()
    for child in node.children[1:]:
        if child.type == "string_lit":
            labels.append(unescape(node_text(child)[1:-1]))
        elif child.type == "identifier":
            labels.append(node_text(child))
        elif child.type == "body":
            attributes, blocks = _body(child, file)
    kind = node_text(node.children[0])
    return Block(kind, tuple(labels), attributes, blocks, _line(node), node.end_point.row + 1)


def _line(node: tree_sitter.Node) -> int:
    return node.start_point.row + 1


def _tokens(node: tree_sitter.Node) -> Iterator[str]:
    if node.type == "comment":
        return
    if not node.children or node.type in _VERBATIM:
        yield node_text(node)
        return
    children = [child for child in node.children if child.type != "comment"]
    for index, child in enumerate(children):
        if child.type == "," and (node.type == "object" or _closes(node, children, index)):
            continue
        yield from _tokens(child)


def _closes(node: tree_sitter.Node, children: list[tree_sitter.Node], index: int) -> bool:
    """Whether the comma is the last of its list, where it may be left out."""
    after = children[index + 1] if index + 1 < len(children) else None
    return node.type == "function_arguments" if after is None else after.type in ("tuple_end", ")")
