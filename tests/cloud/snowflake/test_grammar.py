"""The cursor over a statement's tokens: names, words, values, texts, and what it refuses where."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake import grammar
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.grammar import SqlStatement, StagePath


def refused(error: SqlError) -> tuple[int, str, str]:
    return error.code, error.sqlstate, " ".join(error.message.split("\n"))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("a", ["a"]),
        ("a;", ["a"]),
        ("a ; ;", ["a"]),
        ("a ';'", ["a", ";"]),
        ("partition by", ["PARTITION", "BY"]),
        ("a.b('c')", ["a", ".", "b", "(", "c", ")"]),
        ("$$raw$$", ["raw"]),
        ("a -- comment", ["a"]),
    ],
)
def test_the_tokens_of_a_statement(sql: str, words: list[str]) -> None:
    assert [lexeme.text for lexeme in grammar.lexemes(sql)] == words


def test_a_token_knows_its_place() -> None:
    first, second, third, fourth = grammar.lexemes("ORDER BY 'x' \"y\"")
    assert (first.start, first.end) == (0, 4)
    assert (second.start, second.end, second.literal, second.quoted) == (6, 7, False, False)
    assert (third.start, third.end, third.literal, third.quoted) == (9, 11, True, False)
    assert (fourth.start, fourth.end, fourth.literal, fourth.quoted) == (13, 15, False, True)


@pytest.mark.parametrize(
    ("sql", "code", "state", "message"),
    [
        ("", 900, "42601", "SQL compilation error: Empty SQL statement."),
        (" ; ", 900, "42601", "SQL compilation error: Empty SQL statement."),
        ("a; b", 8, "0A000", "Actual statement count 2 did not match the desired statement count 1."),
    ],
)
def test_no_statement(sql: str, code: int, state: str, message: str) -> None:
    with pytest.raises(SqlError) as raised:
        grammar.lexemes(sql)
    assert refused(raised.value) == (code, state, message)


def test_an_unfinished_quotation() -> None:
    with pytest.raises(SqlError, match=r"^SQL compilation error:\nError tokenizing"):
        grammar.lexemes("a 'b")


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("'text' x", "text", "X"),
        ("$$a'b$$ x", "a'b", "X"),
        ("12 x", 12, "X"),
        ("-12 x", -12, "X"),
        ("true x", True, "X"),
        ("FALSE x", False, "X"),
        ("null x", None, "X"),
        ("None x", None, "X"),
        ("word x", "WORD", "X"),
        ('"word" x', "word", "X"),
        ("a.b x", ("A", "B"), "X"),
        ('a."b".c x', ("A", "b", "C"), "X"),
        ("identifier('a.b') x", ("A", "B"), "X"),
        ("() x", [], "X"),
        ("(1) x", [1], "X"),
        ("('a', 2, b) x", ["a", 2, "B"], "X"),
        ("(a = 1 b = 'x') x", {"A": 1, "B": "x"}, "X"),
        ("(a = 1, b = (c = 2)) x", {"A": 1, "B": {"C": 2}}, "X"),
        ("@s x", StagePath(("S",), ""), "X"),
        ("@d.s/a/b.c x", StagePath(("D", "S"), "a/b.c"), "X"),
        ("@s/a=1/ x", StagePath(("S",), "a=1/"), "X"),
        ("'@s/a b' x", "@s/a b", "X"),
    ],
)
def test_a_value(text: str, value: Any, rest: str) -> None:
    statement = SqlStatement(text)
    assert statement.value() == value
    assert statement.word() == rest


@pytest.mark.parametrize(
    ("text", "location", "word"),
    [
        ("@s/a/b x", StagePath(("S",), "a/b"), "X"),
        ("'@d.s/a b/c' x", StagePath(("D", "S"), "a b/c"), "X"),
        ("'@s' x", StagePath(("S",), ""), "X"),
        ("@s) x", StagePath(("S",), ""), ")"),
        ("@s/a, x", StagePath(("S",), "a"), ","),
    ],
)
def test_a_place_in_a_stage(text: str, location: StagePath, word: str) -> None:
    statement = SqlStatement(text)
    assert statement.stage_path() == location
    assert statement.word() == word


@pytest.mark.parametrize(
    ("method", "text", "position", "found"),
    [
        ("value", "a =", None, ""),
        ("value", "(1", 2, "<EOF>"),
        ("value", "(1 2)", 3, "2"),
        ("value", "-", 1, "<EOF>"),
        ("value", "(a = 1 b", 8, "<EOF>"),
        ("properties", "a 1", 2, "1"),
        ("properties", ", a = 1", 2, "a"),
        ("properties", "a = 1, 'b' = 2", 7, "b"),
        ("identifier", "'a'", 0, "a"),
        ("identifier", "1a", 0, "1"),
        ("name", "a.", 2, "<EOF>"),
        ("name", "a.'b'", 2, "b"),
        ("string", "a", 0, "a"),
        ("stage_path", "'a'", 0, "a"),
        ("stage_path", "a", 0, "a"),
        ("parenthesised", "a", 0, "a"),
        ("parenthesised", "(a (b)", 6, "<EOF>"),
    ],
)
def test_where_a_statement_is_refused(method: str, text: str, position: int | None, found: str) -> None:
    statement = SqlStatement(text)
    if position is None:
        getattr(statement, method)()
        assert statement.word() == "="
        return
    with pytest.raises(SqlError) as raised:
        getattr(statement, method)()
    message = f"SQL compilation error: syntax error line 1 at position {position} unexpected '{found}'."
    assert refused(raised.value) == (1003, "42000", message)


def test_words_are_taken_in_order() -> None:
    statement = SqlStatement('create or replace "TABLE" t')
    assert statement.verb == "CREATE"
    assert statement.sees("CREATE", "OR", "REPLACE")
    assert not statement.sees("CREATE", "REPLACE")
    assert not statement.take("CREATE REPLACE")
    assert statement.take_any("DROP", "CREATE OR REPLACE", "CREATE") == "CREATE OR REPLACE"
    assert statement.verb == "CREATE"
    # What is quoted is a name, not a word.
    assert (statement.word(), statement.take_any("TABLE")) == ("", "")
    assert statement.word(1) == "T"
    assert statement.word(2) == ""
    with pytest.raises(SqlError, match="unexpected 'TABLE'"):
        statement.expect("TABLE")
    with pytest.raises(SqlError, match="unexpected 'TABLE'"):
        statement.expect_end()
    assert (statement.identifier(), statement.identifier(), statement.done) == ("TABLE", "T", True)
    statement.expect_end()
    with pytest.raises(SqlError, match="unexpected '<EOF>'"):
        statement.next()


def test_texts_are_read_as_written() -> None:
    statement = SqlStatement("( a, ')' , f(\")\") ) AS  select  1 ;")
    assert statement.parenthesised() == "a, ')' , f(\")\")"
    statement.expect("AS")
    assert statement.rest() == "select  1"
    with pytest.raises(SqlError, match="unexpected '<EOF>'"):
        statement.rest()


def test_properties_end_where_their_group_ends() -> None:
    statement = SqlStatement("a = 1, b = 2) c = 3")
    assert statement.properties(closing=")") == {"A": 1, "B": 2}
    assert statement.properties() == {"C": 3}


@pytest.mark.parametrize(
    ("text", "path"), [("a", ("A",)), ('a."b".C', ("A", "b", "C")), ("identifier('x.y')", ("X", "Y"))]
)
def test_a_name(text: str, path: tuple[str, ...]) -> None:
    assert grammar.parse_name(text) == path


def test_what_is_not_a_name() -> None:
    with pytest.raises(SqlError) as raised:
        grammar.parse_name("a b")
    message = "SQL compilation error: Object 'a b' does not exist or not authorized."
    assert refused(raised.value) == (2003, "42S02", message)


@pytest.mark.parametrize(
    ("path", "shown", "quoted"),
    [
        (("A",), "A", '"A"'),
        (("A_1$", "b"), 'A_1$."b"', '"A_1$"."b"'),
        (("_A", "1A"), '_A."1A"', '"_A"."1A"'),
        (('A"B', "A B"), '"A""B"."A B"', '"A""B"."A B"'),
        (("",), '""', '""'),
    ],
)
def test_names_are_written(path: tuple[str, ...], shown: str, quoted: str) -> None:
    assert (grammar.show_path(path), grammar.quote_path(path)) == (shown, quoted)
