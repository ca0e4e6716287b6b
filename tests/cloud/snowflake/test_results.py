"""Results as clients get them."""

from __future__ import annotations

import datetime
from base64 import b64decode
from typing import Any

import pyarrow as pa
import pytest

from strata.cloud.snowflake import results
from strata.cloud.snowflake.results import ArrowRows, Rows

NOON = datetime.datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=datetime.UTC)
COLUMN = {"nullable": True, "database": "", "schema": "", "table": ""}


@pytest.mark.parametrize(
    ("kind", "cell", "sent", "described"),
    [
        ("text", "a", "a", {"length": 16777216, "byteLength": 16777216, "precision": None, "scale": None}),
        ("text", None, None, {"length": 16777216, "byteLength": 16777216, "precision": None, "scale": None}),
        ("fixed", 12, "12", {"length": None, "byteLength": None, "precision": 38, "scale": 0}),
        ("boolean", True, "true", {"length": None, "byteLength": None, "precision": None, "scale": None}),
        ("boolean", False, "false", {"length": None, "byteLength": None, "precision": None, "scale": None}),
        (
            "timestamp_ltz",
            NOON,
            "1767355200.000005000",
            {"length": None, "byteLength": None, "precision": 0, "scale": 9},
        ),
    ],
)
def test_a_cell_and_its_column(kind: str, cell: Any, sent: str | None, described: dict[str, Any]) -> None:
    data = Rows([("c", kind)], [[cell]]).data()
    assert data == {
        "rowtype": [{"name": "c", "type": kind} | COLUMN | described],
        "rowset": [[sent]],
        "total": 1,
        "returned": 1,
        "statementTypeId": results.SHOW,
        "queryResultFormat": "json",
    }


def test_records_fill_their_columns() -> None:
    rows = results.rows_of([("a", "text"), ("b", "text")], [{"b": 1, "x": 2}, {"a": 3}], results.DESCRIBE)
    assert (rows.rows, rows.statement_type) == ([[None, 1], [3, None]], results.DESCRIBE)
    assert results.rows_of([], []).statement_type == results.SHOW


def test_a_status_is_one_text() -> None:
    found = results.status("done")
    assert (found.columns, found.rows, found.statement_type) == (
        [("status", "text")],
        [["done"]],
        results.DDL,
    )


def test_a_query_is_sent_as_arrow() -> None:
    rowtype = [results.Rows([("A", "text")], []).data()["rowtype"][0]]
    data = ArrowRows(pa.table({"A": ["x", "y"]}), rowtype, results.SELECT).data()
    with pa.ipc.open_stream(b64decode(data.pop("rowsetBase64"))) as reader:
        assert reader.read_all().column(0).to_pylist() == ["x", "y"]
    assert data == {
        "rowtype": rowtype,
        "total": 2,
        "returned": 2,
        "statementTypeId": results.SELECT,
        "queryResultFormat": "arrow",
    }
    empty = ArrowRows(pa.table({"A": pa.array([], pa.string())}), rowtype, results.SELECT).data()
    assert (empty["rowsetBase64"], empty["total"]) == ("", 0)


def test_the_counts_of_dml_are_sent_as_json() -> None:
    insert = 0x3100
    table = pa.table({"inserted": [2], "updated": pa.array([None], pa.int64())})
    data = ArrowRows(table, [], insert).data()
    assert (data["queryResultFormat"], data["rowset"], data["total"]) == ("json", [["2", None]], 1)
