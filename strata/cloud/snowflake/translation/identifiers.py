"""Identifiers as Snowflake resolves them, and the names of a result's columns."""

from __future__ import annotations

import sqlglot
from sqlglot import Expr, exp
from sqlglot.tokenizer_core import Token, TokenType

_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
_AFTER_SELECT = (TokenType.DISTINCT, TokenType.ALL)


def normalise(tree: Expr) -> Expr:
    """Write every identifier as it is stored: in capitals unless it is quoted."""
    for identifier in list(tree.find_all(exp.Identifier)):
        if identifier.args.get("quoted") or isinstance(identifier.parent, exp.PropertyEQ):
            continue
        identifier.set("this", str(identifier.this).upper())
        identifier.set("quoted", True)
    return tree


def name_outputs(sql: str, tree: Expr) -> None:
    """Name the columns of a result that have no name by their text, in capitals, as Snowflake does."""
    query = tree
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select):
        return
    written = _projections(sql)
    if len(written) != len(query.expressions):
        written = [e.sql(dialect="snowflake") for e in query.expressions]
    for projection, text in zip(list(query.expressions), written, strict=True):
        if isinstance(projection, exp.Alias | exp.Column | exp.Star | exp.Aliases) or projection.is_star:
            continue
        if isinstance(projection, exp.Subquery) and projection.alias:
            continue
        projection.replace(exp.alias_(projection.copy(), text.upper(), quoted=True))


def _projections(sql: str) -> list[str]:
    """Return the text of each expression after the first SELECT outside parentheses."""
    tokens = sqlglot.tokenize(sql, read="snowflake")
    depth, start = 0, -1
    items: list[list[Token]] = [[]]
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            depth += 1
        elif kind in _CLOSING:
            depth -= 1
        if start < 0:
            if kind == TokenType.SELECT and depth == 0:
                start = token.end
            continue
        if depth == 0 and kind not in _CLOSING and _ends(token):
            break
        if depth < 0:
            break
        if kind == TokenType.COMMA and depth == 0:
            items.append([])
        elif not (kind in _AFTER_SELECT and not items[0]):
            items[-1].append(token)
    return [sql[item[0].start : item[-1].end + 1] if item else "" for item in items]


def _ends(token: Token) -> bool:
    return token.token_type in _ENDS


_ENDS = (
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.UNION,
    TokenType.EXCEPT,
    TokenType.INTERSECT,
    TokenType.ORDER_BY,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.LIMIT,
    TokenType.QUALIFY,
    TokenType.FETCH,
    TokenType.SEMICOLON,
)
