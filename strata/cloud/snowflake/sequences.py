"""The engine's sequences, which number the rows of tables with an IDENTITY or AUTOINCREMENT column."""

from __future__ import annotations

import re
import secrets
from typing import Any

import sqlglot
from sqlglot import Expr, exp

from strata.cloud.snowflake.grammar import Path, quote_path

_NAME = re.compile(r"_sequence_[0-9a-f]{16}")
_NUMBERED = (exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint)


def numbered(expression: Expr) -> list[Expr]:
    """Return the statements that create a table whose columns number themselves: its sequences come first."""
    schema = expression.this if isinstance(expression, exp.Create) else None
    if not isinstance(schema, exp.Schema) or str(expression.args.get("kind")).upper() != "TABLE":
        return [expression]
    statements: list[Expr] = []
    for definition in schema.find_all(exp.ColumnDef):
        for constraint in definition.find_all(exp.ColumnConstraint):
            if not isinstance(constraint.kind, _NUMBERED):
                continue
            start, increment = (_number(constraint.kind, key) for key in ("start", "increment"))
            # Of the table's schema, and new: a table that is replaced still holds the old one.
            name = (schema.this.catalog, schema.this.db, f"_sequence_{secrets.token_hex(8)}")
            statements.append(sqlglot.parse_one(_creation(name, start, increment), read="duckdb"))
            following = exp.Anonymous(this="NEXTVAL", expressions=[exp.Literal.string(quote_path(name))])
            constraint.set("kind", exp.DefaultColumnConstraint(this=following))
    return [*statements, expression]


def creations(duck: Any, path: Path, table: str) -> list[str]:
    """Return statements that create the sequences of a table, each with the number that comes next.

    Args:
        duck: DuckDB's connection.
        path: the table's.
        table: the statement that creates it.
    """
    found = []
    for name in _NAME.findall(table):
        start, increment, last = duck.execute(
            "SELECT start_value, increment_by, last_value FROM duckdb_sequences() WHERE sequence_name = ?",
            [name],
        ).fetchone()
        found.append(_creation((*path[:2], name), start if last is None else last + increment, increment))
    return found


def _number(kind: Expr, key: str) -> int:
    given = kind.args.get(key)
    return int(given.sql()) if given is not None else 1


def _creation(name: Path, start: int, increment: int) -> str:
    bound = f"MINVALUE {min(start, 1)}" if increment > 0 else f"MAXVALUE {max(start, -1)}"
    return (
        f"CREATE OR REPLACE SEQUENCE {quote_path(name)} START WITH {start} INCREMENT BY {increment} {bound}"
    )
