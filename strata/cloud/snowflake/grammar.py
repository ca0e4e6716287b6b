"""A cursor over a statement's tokens that reads names, keywords, values and properties.

sqlglot tokenizes every statement, and parses queries and the expressions in DDL. It parses half of the other
statements into an opaque command, so this cursor reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from strata.cloud.snowflake.errors import SqlError, does_not_exist, not_implemented, syntax_error

Path = tuple[str, ...]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_LITERALS = (TokenType.STRING, TokenType.RAW_STRING)


@dataclass(frozen=True)
class Lexeme:
    """One token: a string, a quoted identifier, a word, a number or a sign."""

    text: str
    start: int
    end: int
    literal: bool = False
    quoted: bool = False


@dataclass(frozen=True)
class StagePath:
    """`@[[database.]schema.]stage[/path]`; `names` are the parts as written."""

    names: Path
    path: str


def refuse_block(tokens: list[Token]) -> None:
    """Refuse a block of Snowflake Scripting; BEGIN alone begins a transaction.

    Raises:
        SqlError: the text is one.
    """
    words = [token.text.upper() for token in tokens[:2]]
    begins = words[:1] == ["BEGIN"] and words[1:] not in ([], [";"], ["TRANSACTION"], ["WORK"], ["NAME"])
    if begins or words[:1] == ["DECLARE"]:
        raise not_implemented("Snowflake Scripting (a block of statements)")


def lexemes(sql: str) -> list[Lexeme]:
    """Split a statement into tokens, without trailing semicolons.

    Raises:
        SqlError: the text has no tokens, an unfinished quotation or a second statement.
    """
    try:
        tokens = sqlglot.tokenize(sql, read="snowflake")
    except SqlglotError as error:
        raise SqlError(f"SQL compilation error:\n{error}") from None
    found = [lexeme for token in tokens for lexeme in _split(token)]
    while found and found[-1].text == ";" and not found[-1].literal:
        found.pop()
    if not found:
        raise SqlError("SQL compilation error:\nEmpty SQL statement.", code=900, sqlstate="42601")
    if any(lexeme.text == ";" and not lexeme.literal for lexeme in found):
        refuse_block(tokens)
        raise SqlError(
            "Actual statement count 2 did not match the desired statement count 1.", code=8, sqlstate="0A000"
        )
    return found


def _split(token: Token) -> list[Lexeme]:
    if token.token_type in _LITERALS:
        return [Lexeme(token.text, token.start, token.end, literal=True)]
    if token.token_type is TokenType.IDENTIFIER:
        return [Lexeme(token.text, token.start, token.end, quoted=True)]
    # sqlglot joins some words into one token ("PARTITION BY").
    return [
        Lexeme(part[0], token.start + part.start(), token.start + part.end() - 1)
        for part in re.finditer(r"\S+", token.text)
    ]


class SqlStatement:
    """A position in the tokens of one statement. `take` moves it past a match; a failed `expect` raises."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._lexemes = lexemes(sql)
        self._at = 0

    @property
    def verb(self) -> str:
        """The statement's first word in capitals."""
        return self._lexemes[0].text.upper()

    @property
    def done(self) -> bool:
        return self._at >= len(self._lexemes)

    def peek(self, ahead: int = 0) -> Lexeme | None:
        index = self._at + ahead
        return self._lexemes[index] if index < len(self._lexemes) else None

    def word(self, ahead: int = 0) -> str:
        """Return the unquoted word at the position in capitals, or the empty string."""
        lexeme = self.peek(ahead)
        if lexeme is None or lexeme.literal or lexeme.quoted:
            return ""
        return lexeme.text.upper()

    def error(self) -> SqlError:
        """Return the syntax error at the position."""
        lexeme = self.peek()
        if lexeme is None:
            return syntax_error("<EOF>", len(self.sql))
        return syntax_error(lexeme.text, lexeme.start)

    def sees(self, *words: str) -> bool:
        return all(self.word(i) == word for i, word in enumerate(words))

    def take(self, phrase: str) -> bool:
        """Move past the words of `phrase` if they are next."""
        words = phrase.split()
        if not self.sees(*words):
            return False
        self._at += len(words)
        return True

    def take_any(self, *phrases: str) -> str:
        """Move past the first of the phrases that is next and return it, or return the empty string."""
        for phrase in phrases:
            if self.take(phrase):
                return phrase
        return ""

    def expect(self, phrase: str) -> None:
        if not self.take(phrase):
            raise self.error()

    def expect_end(self) -> None:
        if not self.done:
            raise self.error()

    def next(self) -> Lexeme:
        lexeme = self.peek()
        if lexeme is None:
            raise self.error()
        self._at += 1
        return lexeme

    def identifier(self) -> str:
        """Read one name: as written if quoted, else in capitals."""
        lexeme = self.peek()
        if lexeme is None or lexeme.literal:
            raise self.error()
        if not lexeme.quoted and not _WORD.fullmatch(lexeme.text):
            raise self.error()
        self._at += 1
        return lexeme.text if lexeme.quoted else lexeme.text.upper()

    def name(self) -> Path:
        """Read a name, or `IDENTIFIER('name')`."""
        if self.sees("IDENTIFIER", "("):
            self._at += 2
            text = self.string()
            self.expect(")")
            return parse_name(text)
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        return tuple(parts)

    def string(self) -> str:
        lexeme = self.peek()
        if lexeme is None or not lexeme.literal:
            raise self.error()
        self._at += 1
        return lexeme.text

    def stage_path(self) -> StagePath:
        """Read `@stage/path`; the path ends at the first white space."""
        lexeme = self.peek()
        if lexeme is not None and lexeme.literal and lexeme.text.startswith("@"):
            self._at += 1
            stage, _, path = lexeme.text[1:].partition("/")
            return StagePath(parse_name(stage), path)
        self.expect("@")
        if (lexeme := self.peek()) is not None and lexeme.text in ("~", "%"):
            owner = "user" if lexeme.text == "~" else "table"
            raise not_implemented(f"the stage of a {owner}, @{lexeme.text}")
        names = self.name()
        end = self._lexemes[self._at - 1].end
        begin = end + 1
        while (
            (lexeme := self.peek()) is not None and lexeme.start == end + 1 and lexeme.text not in (")", ",")
        ):
            end = lexeme.end
            self._at += 1
        return StagePath(names, self.sql[begin : end + 1].lstrip("/"))

    def parenthesised(self) -> str:
        """Read a parenthesised text and return what is between the parentheses."""
        self.expect("(")
        begin = self._lexemes[self._at - 1].end + 1
        depth = 1
        while depth:
            lexeme = self.next()
            if not lexeme.literal and not lexeme.quoted:
                depth += {"(": 1, ")": -1}.get(lexeme.text, 0)
        return self.sql[begin : self._lexemes[self._at - 1].start].strip()

    def rest(self) -> str:
        """Read the text from the position to the end of the statement."""
        if self.done:
            raise self.error()
        text = self.sql[self._lexemes[self._at].start : self._lexemes[-1].end + 1]
        self._at = len(self._lexemes)
        return text

    def value(self) -> Any:
        """Read a property's value: text, int, bool, None, a name, a stage path, a list, or properties."""
        if self.sees("@"):
            return self.stage_path()
        if self.sees("("):
            return self._group()
        sign = -1 if self.take("-") else 1
        lexeme = self.peek()
        if lexeme is None:
            raise self.error()
        if lexeme.literal:
            self._at += 1
            return lexeme.text
        if lexeme.text.isdigit():
            self._at += 1
            return sign * int(lexeme.text)
        if self.word() in ("TRUE", "FALSE"):
            return self.next().text.upper() == "TRUE"
        if self.word() in ("NULL", "NONE"):
            self._at += 1
            return None
        names = self.name()
        return names[0] if len(names) == 1 else names

    def _group(self) -> Any:
        self.expect("(")
        if self.take(")"):
            return []
        if self.word(1) == "=":
            return self.properties(closing=")")
        items = [self.value()]
        while not self.take(")"):
            self.expect(",")
            items.append(self.value())
        return items

    def properties(self, closing: str = "") -> dict[str, Any]:
        """Read `NAME = value` pairs up to and including `closing`, or to the statement's end."""
        found: dict[str, Any] = {}
        while not self.done:
            if closing and self.take(closing):
                return found
            if self.take(",") and not found:
                raise self.error()
            key = self.identifier()
            self.expect("=")
            found[key] = self.value()
        if closing:
            raise self.error()
        return found


def parse_name(text: str) -> Path:
    """Read `a.b."c"` as a name.

    Raises:
        SqlError: the text is not a name.
    """
    statement = SqlStatement(text)
    name = statement.name()
    if not statement.done:
        raise does_not_exist("OBJECT", [text])
    return name


def quote(name: str) -> str:
    """Return an identifier in quotes."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def quote_path(path: Path) -> str:
    """Return a qualified name with every part in quotes."""
    return ".".join(quote(part) for part in path)


def show_path(path: Path) -> str:
    """Return a qualified name as SHOW prints it: with quotes only where a part needs them."""
    return ".".join(part if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", part) else quote(part) for part in path)
