"""Files of HCL as blocks and expressions that keep their positions and their own text.

The one reader of HCL: of Terragrunt's configuration, Terraform's modules, variables files and lock files.
Nothing is evaluated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strata.errors import StrataError
from strata.hcl import values
from strata.hcl.cursor import HclSyntaxError
from strata.hcl.literals import quoted
from strata.hcl.nodes import Node, Source
from strata.hcl.parser import parse_body

__all__ = [
    "Block",
    "Expression",
    "HclFile",
    "HclSyntaxError",
    "Node",
    "compact",
    "expressions",
    "normal",
    "parse",
]

_BYTE_ORDER_MARK = "\ufeff"
# The text of a template counts character by character; between other tokens white space means nothing.
_TEMPLATES = ("string_lit", "quoted_template", "heredoc_template")


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression: its syntax tree, and the line of the attribute that it is the value of."""

    node: Node
    line: int

    @property
    def text(self) -> str:
        """The source text."""
        return self.node.text

    @property
    def normal(self) -> str:
        """The text without comments, layout, needless escapes and optional commas, for comparing."""
        return normal(self.node)

    @property
    def string(self) -> str | None:
        """The value of a plain string or heredoc; None for any other expression."""
        return values.string_value(self.node)

    @property
    def constant(self) -> tuple[Any] | None:
        """The value of literals, lists and objects of literals; None if there is anything else in it."""
        return values.constant(self.node)


@dataclass(frozen=True, eq=False)
class Block:
    """A block, or a whole file, which has neither type nor labels.

    Attributes:
        type: its type.
        labels: their values.
        attributes: by name, in order.
        blocks: those directly inside.
        node: its syntax tree.
    """

    type: str
    labels: tuple[str, ...]
    attributes: dict[str, Expression]
    blocks: tuple[Block, ...]
    node: Node

    @property
    def line(self) -> int:
        """The line that it begins on."""
        return self.node.line

    @property
    def end_line(self) -> int:
        """The line that it ends on."""
        return self.node.end_line

    def children(self, kind: str) -> list[Block]:
        """The blocks of one type directly inside."""
        return [block for block in self.blocks if block.type == kind]

    def flag(self, name: str, default: bool) -> bool:
        """A boolean attribute."""
        found = self.attributes.get(name)
        return default if found is None else found.normal == "true"

    def walk(self) -> Iterator[Node]:
        """Every node of every expression in the block and in the blocks inside."""
        for _, expression in expressions(self):
            yield from expression.node.walk()


@dataclass(frozen=True, eq=False)
class HclFile:
    """One parsed file.

    Attributes:
        name: the path that findings show.
        text: what it holds, without a byte order mark.
        body: its blocks and attributes.
        comments: in order.
    """

    name: str
    text: str
    body: Block
    comments: tuple[Node, ...]


def parse(name: str, raw: bytes) -> HclFile:
    """Parse the text of a file.

    Raises:
        HclSyntaxError: it has a syntax error (with its line).
        StrataError: it is not UTF-8.
    """
    try:
        text = raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        raise StrataError(f"the file cannot be read: {error}", file=name) from None
    source = Source(name, text)
    root, comments = parse_body(source)
    return HclFile(name, text, _block("", (), root, root), tuple(comments))


def expressions(block: Block) -> Iterator[tuple[str, Expression]]:
    """Every attribute of the block and of the blocks inside, with its name."""
    yield from block.attributes.items()
    for inner in block.blocks:
        yield from expressions(inner)


def normal(node: Node) -> str:
    """The text of a node without comments, layout, needless escapes and optional commas, for comparing."""
    return " ".join(_tokens(node))


def compact(node: Node) -> str:
    """The text of a node without comments and layout, for comparing with a pattern."""
    return "".join(compact(child) for child in node.children) if node.children else _spelled(node)


def _block(kind: str, labels: tuple[str, ...], body: Node, whole: Node) -> Block:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    for item in body.children:
        name, *rest = item.children
        if item.type == "attribute":
            attributes[name.text] = Expression(rest[-1], item.line)
        else:
            blocks.append(_block(name.text, tuple(_labels(rest)), item.all("body")[0], item))
    return Block(kind, labels, attributes, tuple(blocks), whole)


def _labels(parts: list[Node]) -> Iterator[str]:
    for part in parts:
        if part.type == "identifier":
            yield part.text
        elif (value := values.string_value(part)) is not None:
            yield value


def _spelled(leaf: Node) -> str:
    """The text of a node without children; in quotes, without escapes that are not needed."""
    text = leaf.text
    if "\\" not in text or leaf.parent is None or leaf.parent.type == "heredoc_template":
        return text
    spelled = quoted(values.unescape(text))[1:-1]
    # Before a `{` it would be part of a template.
    return text if spelled.endswith(("$", "%")) else spelled


def _tokens(node: Node) -> Iterator[str]:
    if not node.children:
        yield node.text
        return
    if node.type in _TEMPLATES:
        yield "".join(normal(part) if part.children else _spelled(part) for part in node.children)
        return
    for index, child in enumerate(node.children):
        if child.type == "," and (node.type == "object" or _closes(node, index)):
            continue
        yield from _tokens(child)


def _closes(node: Node, index: int) -> bool:
    """Whether the comma is the last of its list, where it may be left out."""
    after = node.children[index + 1] if index + 1 < len(node.children) else None
    return node.type == "function_arguments" if after is None else after.type == "tuple_end"
