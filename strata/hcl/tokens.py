"""Cuts a text into the tokens of HCL's native syntax.

Where a string, a heredoc or a comment ends decides what a file means, so the cuts are exactly those of
Terraform's own scanner (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# What HCL takes for white space: Python's `str.strip` knows four characters more.
SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# Letters, digits, `_`, `-` and all beyond ASCII, by what is left out: the set itself takes 10 ms to compile.
_NAME = r"[^\x00-@\[-^`{-\x7f][^\x00-,./:-@\[-^`{-\x7f]*"
_CODE = re.compile(
    rf"""
      (?P<spaces>[ \t]+)
    | (?P<newline>\r?\n)
    | (?P<comment>\#[^\n]* | //[^\n]* | /\*[\s\S]*?\*/)
    | (?P<name>{_NAME})
    | (?P<number>[0-9](?:(?:[0-9.]|[eE][+-]?[0-9])*(?:[0-9]|[eE][+-]?[0-9]))?)
    | (?P<heredoc><<-?{_NAME}\r?\n)
    | (?P<sign>==|!=|>=|<=|&&|\|\||::|\.\.\.|=>|~\}}|[]{{}}[().,*/%+\-=<>!?:"])
    """,
    re.VERBOSE,
)
# A sign before an escaped template is a sign of its own: `$$${` is `$` and `$${`.
_SEQUENCES = r"(?P<escaped>\$\$\{|%%\{)|(?P<template>[$%]\{~?)|(?P<sign>[$%])"
_QUOTED = re.compile(rf"""{_SEQUENCES}|(?P<end>")|(?P<text>(?:\\[^\r\n]|[^\\"$%\r\n])+)""")
_HEREDOC = re.compile(rf"{_SEQUENCES}|(?P<text>[^$%\r\n]+)|(?P<newline>\r?\n)")
_ESCAPE = re.compile(
    r"\\(?:[nrt\"\\]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|U000(?!0[dD][89a-fA-F])[0-9a-fA-F]{5}|U0010[0-9a-fA-F]{4})"
)


class HclToken(NamedTuple):
    """A token.

    Attributes:
        kind: `name`, `number`, `newline`, `quote`, `end quote`, `heredoc`, `end heredoc`, `text` (of a string
            or a heredoc), `template`, `end template`, `end of file`, `fault`; the sign itself for all others.
        start: its first character's index.
        end: the index after its last character.
        fault: of a `fault`, what is wrong.
    """

    kind: str
    start: int
    end: int
    fault: str = ""


@dataclass(frozen=True)
class TokenScan:
    """All tokens of a text, the last one `end of file` or `fault`; comments are apart."""

    tokens: list[HclToken]
    comments: list[HclToken]


def scan(text: str) -> TokenScan:
    """Cut a text, which holds no byte order mark, into its tokens; after a fault there are none."""
    return _Scanner(text).run()


class _TokenError(Exception):
    def __init__(self, what: str, start: int) -> None:
        super().__init__(what)
        self.what = what
        self.start = start


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[HclToken] = []
        self.comments: list[HclToken] = []
        # What is open, innermost last: `{`, `template`, `quote`, or a heredoc's end marker in `markers`.
        self.open: list[str] = []
        self.markers: list[str] = []

    def run(self) -> TokenScan:
        position, length = 0, len(self.text)
        try:
            while position < length:
                inside = self.open[-1] if self.open else ""
                if inside == "quote":
                    position = self._quoted(position)
                elif inside == "heredoc":
                    position = self._heredoc(position)
                else:
                    position = self._code(position)
            self.tokens.append(HclToken("end of file", length, length))
        except _TokenError as fault:
            self.tokens.append(HclToken("fault", fault.start, length, fault.what))
        return TokenScan(self.tokens, self.comments)

    def _code(self, position: int) -> int:
        found = _CODE.match(self.text, position)
        if found is None:
            raise _TokenError(f"HCL does not use the character {_shown(self.text[position])}", position)
        kind, start, end = found.lastgroup or "", found.start(), found.end()
        if kind == "spaces":
            return end
        if kind == "comment":
            self.comments.append(HclToken(kind, start, end))
            return end
        if kind == "name":
            self._check_name(start, end - start)
        elif kind == "heredoc":
            marker = found[0].lstrip("<-").rstrip("\r\n")
            self._check_name(self.text.index(marker, start), len(marker))
            self.open.append("heredoc")
            self.markers.append(marker)
        elif kind == "sign":
            kind = self._sign(found[0])
        self.tokens.append(HclToken(kind, start, end))
        return end

    def _sign(self, sign: str) -> str:
        """The token's kind; what it opens or closes is noted."""
        if sign == '"':
            self.open.append("quote")
            return "quote"
        if sign == "{":
            self.open.append("{")
        elif sign in ("}", "~}"):
            opened = self.open.pop() if self.open else ""
            if opened == "template" or sign == "~}":
                return "end template"
        return sign

    def _check_name(self, start: int, length: int) -> None:
        name = self.text[start : start + length]
        if not name.isascii() and not name.replace("-", "_").isidentifier():
            good = 1
            while name[:good].replace("-", "_").isidentifier():
                good += 1
            wrong = start + good - 1
            raise _TokenError(f"HCL does not use the character {_shown(self.text[wrong])}", wrong)

    def _sequence(self, kind: str, start: int, end: int) -> None:
        if kind == "template":
            self.open.append("template")
        else:
            kind = "text"
        self.tokens.append(HclToken(kind, start, end))

    def _quoted(self, position: int) -> int:
        found = _QUOTED.match(self.text, position)
        if found is None:
            raise _TokenError("a quoted string ends on its line", position)
        kind, start, end = found.lastgroup or "", found.start(), found.end()
        if kind == "end":
            self.open.pop()
            self.tokens.append(HclToken("end quote", start, end))
            return end
        if kind == "text" and "\\" in found[0]:
            # All escapes taken out, a backslash left over begins none.
            rest = _ESCAPE.sub(lambda escape: " " * len(escape[0]), found[0])
            if "\\" in rest:
                wrong = start + rest.index("\\")
                raise _TokenError(
                    f"`{self.text[wrong : wrong + 2]}` does not begin an escape sequence", wrong
                )
        self._sequence(kind, start, end)
        return end

    def _heredoc(self, position: int) -> int:
        before = self.tokens[-1]
        if before.kind == "heredoc" or (before.kind == "text" and self.text[before.end - 1] == "\n"):
            line_end = self.text.find("\n", position)
            # The end marker ends its line, as the last line of a file may not.
            if line_end >= 0 and self.text[position:line_end].strip(SPACES) == self.markers[-1]:
                line_end -= self.text[line_end - 1] == "\r"
                self.open.pop()
                self.markers.pop()
                self.tokens.append(HclToken("end heredoc", position, line_end))
                return line_end
        found = _HEREDOC.match(self.text, position)
        if found is None:
            raise _TokenError("a carriage return has no line feed after it", position)
        kind, start, end = found.lastgroup or "", found.start(), found.end()
        if kind == "text" and self.text.startswith(("\n", "\r\n"), end):
            end = self.text.index("\n", end) + 1
        self._sequence(kind, start, end)
        return end


def _shown(character: str) -> str:
    return f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
