"""The syntax tree of a file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property


class Source:
    """A file's text, and what errors call the file."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts, position = [0], self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    def line(self, index: int) -> int:
        """The 1-based line of a character."""
        return bisect_right(self._starts, index)


class Node:
    """A part of the text.

    Attributes:
        type: what it is; a token's node has its sign, `name` or `text`.
        start: its first character's index.
        end: the index after its last character.
        children: its parts in order, tokens among them; comments are none.
        parent: the node that it is a part of.
    """

    __slots__ = ("children", "end", "parent", "source", "start", "type")

    def __init__(self, kind: str, source: Source, start: int, end: int, children: list[Node]) -> None:
        self.type = kind
        self.source = source
        self.start = start
        self.end = end
        self.children = children
        self.parent: Node | None = None
        for child in children:
            child.parent = self

    @property
    def text(self) -> str:
        """The source text."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The 1-based line that it begins on."""
        return self.source.line(self.start)

    @property
    def end_line(self) -> int:
        """The 1-based line that it ends on."""
        return self.source.line(self.end)

    def all(self, kind: str) -> list[Node]:
        """The children of one type."""
        return [child for child in self.children if child.type == kind]

    def walk(self) -> Iterator[Node]:
        """The node and every node below it, in the order of the text."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.children))
