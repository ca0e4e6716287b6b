"""A statement with many rows of bound values: one statement, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import Expr, exp

# The engine numbers the values of a statement with 16 bits.
_MOST_VALUES = 60_000


def chunks(tree: Expr, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Expr, tuple[Any, ...]]]:
    """Return the statements, with their values, that together write all rows."""
    width = len(rows[0]) if rows else 0
    row = _only_row(tree, width)
    if row is None:
        return [(tree.copy(), values) for values in rows]
    size = max(_MOST_VALUES // max(width, 1), 1)
    found = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        statement = tree.copy()
        statement.expression.set("expressions", [row.copy() for _ in part])
        found.append((statement, tuple(value for values in part for value in values)))
    return found


def _only_row(tree: Expr, width: int) -> exp.Tuple | None:
    """Return the row of `INSERT ... VALUES (?, ?)`."""
    if not isinstance(tree, exp.Insert) or not isinstance(tree.expression, exp.Values):
        return None
    rows = tree.expression.expressions
    if len(rows) != 1 or len(list(tree.find_all(exp.Placeholder))) != width:
        return None
    return rows[0] if isinstance(rows[0], exp.Tuple) else None
