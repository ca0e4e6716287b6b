"""Results in the wire format of Snowflake's clients."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakesnow.statement_type import DDL, DESCRIBE, DML_TYPE_IDS, SELECT, SHOW

from strata.cloud.snowflake.wire import encoded

__all__ = ["DDL", "DESCRIBE", "SELECT", "SHOW", "ArrowRows", "Rows", "status"]

Cell = str | int | bool | datetime.datetime | None


@dataclass(frozen=True)
class Rows:
    """A small result, sent as JSON. A column is a name and a type: text, fixed, boolean or timestamp_ltz."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    statement_type: int = SHOW

    def data(self) -> dict[str, Any]:
        """Return the result's part of the response to a query request."""
        return {
            "rowtype": [_column(name, kind) for name, kind in self.columns],
            "rowset": [[_text(cell) for cell in row] for row in self.rows],
            "total": len(self.rows),
            "returned": len(self.rows),
            "statementTypeId": self.statement_type,
            "queryResultFormat": "json",
        }


@dataclass(frozen=True)
class ArrowRows:
    """The result of a query, sent as Arrow; that of DML, whose counts clients read from JSON."""

    table: Any
    rowtype: list[Any]
    statement_type: int

    def data(self) -> dict[str, Any]:
        """Return the result's part of the response to a query request."""
        body: dict[str, Any] = {
            "rowtype": self.rowtype,
            "total": self.table.num_rows,
            "returned": self.table.num_rows,
            "statementTypeId": self.statement_type,
        }
        if self.statement_type in DML_TYPE_IDS:
            columns = [column.to_pylist() for column in self.table.columns]
            rows = [[None if v is None else str(v) for v in row] for row in zip(*columns, strict=True)]
            return body | {"queryResultFormat": "json", "rowset": rows}
        return body | {"queryResultFormat": "arrow", "rowsetBase64": encoded(self.table, self.rowtype)}


def status(text: str) -> Rows:
    """Return the one-cell result of a DDL statement."""
    return Rows([("status", "text")], [[text]], DDL)


def rows_of(
    columns: Iterable[tuple[str, str]], records: Iterable[Mapping[str, Any]], statement_type: int = SHOW
) -> Rows:
    """Return a result of records by column name; a missing column is null."""
    listed = list(columns)
    return Rows(listed, [[record.get(name) for name, _ in listed] for record in records], statement_type)


def _column(name: str, kind: str) -> dict[str, Any]:
    lengths = (
        {"length": 16777216, "byteLength": 16777216}
        if kind == "text"
        else {"length": None, "byteLength": None}
    )
    numeric = {"precision": 38, "scale": 0} if kind == "fixed" else {"precision": None, "scale": None}
    if kind.startswith("timestamp"):
        numeric = {"precision": 0, "scale": 9}
    return (
        {"name": name, "type": kind, "nullable": True, "database": "", "schema": "", "table": ""}
        | lengths
        | numeric
    )


def _text(cell: Cell) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime.datetime):
        return f"{int(cell.timestamp())}.{cell.microsecond * 1000:09d}"
    return str(cell)
