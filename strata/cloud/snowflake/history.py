"""The results of a session's last queries, for RESULT_SCAN."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.results import ArrowRows, Rows
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.types import Type

_KEPT = 50
_ROWS = 100_000
_BYTES = 64 * 1024**2
# No query has this id.
BOUND = ""
_FORGOTTEN = (None, 0)


@dataclass(frozen=True)
class KeptResult:
    """A result as the engine reads it again: text where a column is semi-structured."""

    table: pa.Table
    columns: tuple[tuple[str, Type], ...]


class History:
    """Keeps the last results of a session by their query's id; large ones are not kept."""

    def __init__(self) -> None:
        # With their bytes, which Arrow counts anew each time it is asked.
        self._results: OrderedDict[str, tuple[Rows | ArrowRows | None, int]] = OrderedDict()
        self._bytes = 0
        self._bound: KeptResult | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of the queries, the newest last."""
        return list(self._results)

    def keep(self, query_id: str, rows: Rows | ArrowRows) -> None:
        large = isinstance(rows, ArrowRows) and rows.table.num_rows > _ROWS
        size = _size(rows)
        if large or size > _BYTES:
            self._results[query_id] = _FORGOTTEN
        else:
            self._results[query_id] = (rows, size)
            self._bytes += size
        while len(self._results) > _KEPT:
            self._bytes -= self._results.popitem(last=False)[1][1]
        if self._bytes > _BYTES:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forget the rows of the oldest results; their ids stay."""
        for query_id, (_, size) in self._results.items():
            if self._bytes <= _BYTES:
                return
            self._bytes -= size
            self._results[query_id] = _FORGOTTEN

    @contextmanager
    def bound(self, values: KeptResult) -> Iterator[None]:
        """Give bound values as the result `BOUND` while a statement runs."""
        self._bound = values
        try:
            yield
        finally:
            self._bound = None

    def result(self, query_id: str) -> KeptResult:
        """Return the result of a query.

        Raises:
            SqlError: it did not run in this session, or was too large or too long ago to be kept.
        """
        if query_id == BOUND and self._bound is not None:
            return self._bound
        found, _ = self._results.get(query_id, _FORGOTTEN)
        if found is None:
            raise SqlError(f"Statement {query_id} not found", code=709, sqlstate="02000")
        return _readable(found)


def _size(rows: Rows | ArrowRows) -> int:
    return rows.table.nbytes if isinstance(rows, ArrowRows) else 0


def _readable(rows: Rows | ArrowRows) -> KeptResult:
    if isinstance(rows, ArrowRows):
        kinds = [_type(column) for column in rows.rowtype]
        return KeptResult(rows.table, tuple(zip([c["name"] for c in rows.rowtype], kinds, strict=True)))
    cells = list(zip(*rows.rows, strict=True)) if rows.rows else [() for _ in rows.columns]
    arrays = [
        pa.array([None if cell is None else _text(cell) for cell in column], pa.string()) for column in cells
    ]
    names = [name for name, _ in rows.columns]
    return KeptResult(
        pa.Table.from_arrays(arrays, names=names), tuple((name, types.text()) for name in names)
    )


def _text(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _type(column: dict[str, Any]) -> Type:
    names = {"variant": types.VARIANT, "array": types.ARRAY, "object": types.OBJECT}
    if column["type"] in names:
        return names[column["type"]]
    if column["type"] == "fixed":
        return types.number(column["precision"], column["scale"])
    by_name = {
        "text": types.text(column["length"] or types.LONGEST),
        "real": types.FLOAT,
        "boolean": types.BOOLEAN,
        "date": types.DATE,
        "time": types.TIME,
        "timestamp_ntz": types.NTZ,
        "timestamp_ltz": types.LTZ,
        "timestamp_tz": types.TZ,
        "binary": types.BINARY,
    }
    return by_name[column["type"]]
