"""Reads the tokens of a text one after the other, and says what is wrong with one."""

from __future__ import annotations

from strata.errors import StrataError
from strata.hcl.nodes import Node, Source
from strata.hcl.tokens import HclToken

# No configuration nests deeper; deeper nesting would exhaust the stack of who reads the tree.
DEPTH = 100
_SHOWN = {
    "newline": "the end of the line",
    "end of file": "the end of the file",
    "end quote": "the end of the string",
}


class HclSyntaxError(StrataError):
    """A text that is not HCL; `text` is all of it."""

    def __init__(self, message: str, source: Source, index: int) -> None:
        super().__init__(
            f"syntax error: {message}",
            file=source.name,
            line=source.line(index),
            remedy="correct the HCL on this line",
        )
        self.text = source.text


class Cursor:
    """The place in the tokens."""

    def __init__(self, source: Source, tokens: list[HclToken]) -> None:
        self.source = source
        self.tokens = tokens
        self.index = 0
        # Inside of brackets and templates a new line means nothing.
        self.newlines = True
        self.depth = 0

    def peek(self) -> HclToken:
        token = self.tokens[self.index]
        if not self.newlines:
            while token.kind == "newline":
                self.index += 1
                token = self.tokens[self.index]
        return token

    def next(self) -> HclToken:
        token = self.peek()
        # The last token stays: it ends every loop by a fault.
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def leaf(self, kind: str = "") -> Node:
        """The next token as a node; `kind` is its type if that is not the token's own."""
        token = self.next()
        return Node(kind or token.kind, self.source, token.start, token.end, [])

    def expect(self, kind: str, what: str, shown: str = "") -> Node:
        if self.peek().kind != kind:
            raise self.fault(f"{what} was expected")
        return self.leaf(shown)

    def fault(self, wanted: str) -> HclSyntaxError:
        """The fault of the next token."""
        found = self.peek()
        if found.kind == "fault":
            return HclSyntaxError(found.fault, self.source, found.start)
        shown = _SHOWN.get(found.kind) or f"`{self.source.text[found.start : found.end][:40]}`"
        return HclSyntaxError(f"{wanted}, not {shown}", self.source, found.start)

    def word(self, token: HclToken) -> str:
        return self.source.text[token.start : token.end]

    def is_word(self, word: str) -> bool:
        token = self.peek()
        return token.kind == "name" and self.word(token) == word

    def node(self, kind: str, children: list[Node]) -> Node:
        return Node(kind, self.source, children[0].start, children[-1].end, children)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise HclSyntaxError(f"more than {DEPTH} levels are nested", self.source, self.peek().start)
