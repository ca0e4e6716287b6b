"""A statement with many rows of bound values: one statement, all of it or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake.history import KeptResult
from strata.cloud.snowflake.translation import types

# The engine numbers the values of a statement with 16 bits.
_MOST_VALUES = 60_000


def as_query(tree: Expr, rows: Sequence[tuple[Any, ...]], name: str) -> tuple[Expr, KeptResult] | None:
    """Return an INSERT that reads its rows as the result `name`, and this result.

    The engine takes the rows as columns at once; as values of one statement each takes milliseconds.

    Returns:
        None if it is not `INSERT ... VALUES (?, ...)`, or has values that are not of one type in a column.
    """
    row = _only_row(tree, len(rows[0]) if rows else 0)
    if row is None or not all(isinstance(cell, exp.Placeholder) for cell in row.expressions):
        return None
    cells: list[Expr] = []
    arrays: dict[str, pa.Array] = {}
    kinds: list[tuple[str, types.Type]] = []
    for place, values in enumerate(zip(*rows, strict=True), start=1):
        held = {type(value) for value in values if value is not None}
        if not held:
            cells.append(exp.Null())
            continue
        if len(held) > 1 or (found := _column(held.pop(), values)) is None:
            return None
        column = f"C{place}"
        arrays[column], kind = found
        kinds.append((column, kind))
        cells.append(exp.column(column, quoted=True))
    if not arrays:
        return None
    scan = exp.TableFromRows(this=exp.Anonymous(this="RESULT_SCAN", expressions=[exp.Literal.string(name)]))
    statement = tree.copy()
    statement.set("expression", exp.Select(expressions=cells, from_=exp.From(this=scan)))
    return statement, KeptResult(pa.table(arrays), tuple(kinds))


def _column(held: type, values: Sequence[Any]) -> tuple[pa.Array, types.Type] | None:
    """Return the values of a column and their type; None for values of another kind."""
    if held is Decimal:
        scale = max(max(-int(value.as_tuple().exponent), 0) for value in values if value is not None)
        return pa.array(values, pa.decimal128(38, scale)), types.number(38, scale)
    if held is datetime.datetime and any(value is not None and value.tzinfo for value in values):
        return None
    if held is int:
        return pa.array(
            [None if v is None else Decimal(v) for v in values], pa.decimal128(38, 0)
        ), types.number()
    if held not in _ENGINE:
        return None
    engine, kind = _ENGINE[held]
    return pa.array(values, engine), kind


_ENGINE: dict[type, tuple[pa.DataType, types.Type]] = {
    str: (pa.string(), types.text()),
    bool: (pa.bool_(), types.BOOLEAN),
    float: (pa.float64(), types.FLOAT),
    bytes: (pa.binary(), types.BINARY),
    datetime.date: (pa.date32(), types.DATE),
    datetime.datetime: (pa.timestamp("us"), types.NTZ),
    datetime.time: (pa.time64("us"), types.TIME),
}


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
