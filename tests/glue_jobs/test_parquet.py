"""Parquet: columns that fit are read, whatever their order; others refuse the file, values the row."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from glue_jobs import odcs
from glue_jobs.contract import Contract
from glue_jobs.errors import RefusedObject
from glue_jobs.parquet_fields import fits

from .conftest import Buckets
from .documents import column, document, table

pytestmark = pytest.mark.spark

KEY = "readings/x.parquet"
COLUMNS = [
    column("id", "int", required=True, primaryKey=True, physicalName="Id"),
    column("at", "timestamp", required=True, partitioned=True),
    column("local", "timestamp", logicalTypeOptions={"timezone": False, "defaultTimezone": "Europe/Berlin"}),
    column("day", "date"),
    column("cost", "decimal(6,2)"),
    column("share", "double", logicalTypeOptions={"minimum": 0}),
    column("good", "boolean"),
    column("note", "string", required=True),
]
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
GOOD = {
    "Id": 1,
    "at": AT,
    "local": datetime(2026, 1, 5, 12),
    "day": date(2026, 1, 5),
    "cost": Decimal("1.25"),
    "share": 0.5,
    "good": True,
    "note": "a",
}
TYPES = {
    # Wider than the contract's: values decide.
    "Id": pa.int64(),
    "at": pa.timestamp("us", "UTC"),
    "local": pa.timestamp("us"),
    "day": pa.date32(),
    "cost": pa.decimal128(12, 4),
    "share": pa.float64(),
    "good": pa.bool_(),
    "note": pa.string(),
}


def contract() -> Contract:
    return odcs.from_document(
        document(table("readings", COLUMNS, nullTokens=["-"], format={"type": "parquet"}))
    )


def file(*rows: dict[str, Any], types: dict[str, pa.DataType] = TYPES) -> bytes:
    whole = [GOOD | {"Id": number} | row for number, row in enumerate(rows, start=1)]
    # Their order says nothing.
    columns = {name: pa.array([row[name] for row in whole], kind) for name, kind in reversed(types.items())}
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, row_group_size=5)
    return buffer.getvalue()


# Changes of a row, and what becomes of it.
ROWS: list[tuple[dict[str, Any], dict[str, Any] | str]] = [
    ({}, {"id": 1, "cost": Decimal("1.25"), "share": 0.5, "good": True, "note": "a", "day": date(2026, 1, 5), "local": datetime(2026, 1, 5, 11), "at_date": date(2026, 1, 5)}),
    ({"local": None, "day": None, "cost": None, "share": None, "good": None}, {"cost": None, "share": None, "good": None}),
    ({"Id": 2**31}, "not_a_number: id: '2147483648' is not of type int"),
    ({"Id": None}, "missing_value: id is empty"),
    ({"at": None}, "missing_value: at is empty"),
    ({"note": None}, "missing_value: note is empty"),
    ({"note": "  "}, "missing_value: note is empty"),
    ({"note": "-"}, "missing_value: note is empty"),
    ({"cost": Decimal("1.2550")}, "not_a_number: cost: '1.2550' is not of type decimal(6,2)"),
    ({"cost": Decimal("12345.0000")}, "not_a_number: cost: '12345.0000' is not of type decimal(6,2)"),
    ({"share": float("nan")}, "not_a_number: share: 'NaN' is not of type double"),
    ({"share": float("inf")}, "not_a_number: share: 'Infinity' is not of type double"),
    ({"share": -0.5}, "out_of_range: share: '-0.5' is less than 0.0"),
    ({"Id": 1, "share": 0.75}, "duplicate: line 1 has the same key and another share"),
    ({"note": "NA ✈"}, {"note": "NA ✈"}),
]  # fmt: skip


def test_each_row_has_its_outcome(buckets: Buckets) -> None:
    buckets.contract = contract()
    buckets.put(KEY, file(*(changes for changes, _ in ROWS)))
    report, curated = buckets.run_both(KEY)
    rows = {row["source_line"]: row for row in buckets.clean_rows(KEY)}
    broken = {}
    for folder, reason in (("readings", None), ("duplicates", "duplicate")):
        for data in buckets.files(f"quarantine/{folder}").values():
            for text in data.splitlines():
                row = json.loads(text)
                broken[row["source_line"]] = f"{reason or row['reason']}: {row['detail']}"
    found = [
        {name: rows[number][name] for name in expected}
        if number in rows and isinstance(expected, dict)
        else broken.get(number)
        for number, (_, expected) in enumerate(ROWS, start=1)
    ]
    assert found == [expected for _, expected in ROWS]
    assert (report["rows_read"], report["rows_clean"], curated["rows_curated"]) == (len(ROWS), 3, 3)
    # A row as it came, by the contract's names.
    texts = [
        json.loads(text)
        for data in buckets.files("quarantine/readings").values()
        for text in data.splitlines()
    ]
    assert json.loads(next(row["row"] for row in texts if row["source_line"] == 3))["id"] == 2**31


REFUSED: list[tuple[dict[str, pa.DataType | None], str]] = [
    ({"note": None}, "other_columns: not the contract's columns: 1 missing (note)"),
    ({"more": pa.int32()}, "other_columns: not the contract's columns: 1 unknown (more)"),
    ({"Id": None, "id": pa.int64()}, "other_columns: not the contract's columns: 1 missing (Id); 1 unknown (id)"),
    ({"Id": pa.string()}, "other_types: Id is string, the contract says int"),
    ({"day": pa.timestamp("us", "UTC"), "good": pa.int8()}, "other_types: day is timestamp, the contract says date; good is tinyint, the contract says boolean"),
    ({"at": pa.timestamp("us")}, "other_types: at is a timestamp without a time zone, the contract says timestamp"),
    ({"at": pa.timestamp("ns", "UTC")}, "other_types: a column's type cannot be read: "),
    ({"note": pa.list_(pa.string())}, "other_types: note is array<string>, the contract says string"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "refusal"), REFUSED)
def test_columns_that_do_not_fit_refuse_the_file(
    buckets: Buckets, changes: dict[str, pa.DataType | None], refusal: str
) -> None:
    types = {name: kind for name, kind in (TYPES | changes).items() if kind is not None}
    empty = pa.table({name: pa.array([], kind) for name, kind in types.items()})
    buffer = io.BytesIO()
    parquet.write_table(empty, buffer)
    refused(buckets, buffer.getvalue(), refusal)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "empty_file: the file has no bytes"),
        (b"id,day\n", "not_parquet: the file does not begin as Parquet does"),
        (file({})[:-20], "not_parquet: the file cannot be read as Parquet: "),
    ],
)
def test_what_is_not_parquet_is_refused(buckets: Buckets, content: bytes, refusal: str) -> None:
    refused(buckets, content, refusal)


def test_broken_pages_refuse_the_file(buckets: Buckets) -> None:
    content = bytearray(file(*[{"note": f"{number} text"} for number in range(200)]))
    content[8:80] = b"\xff" * 72
    refused(buckets, bytes(content), "not_parquet: the file cannot be read as Parquet: ")
    assert buckets.files("clean") == {}


def refused(buckets: Buckets, content: bytes, refusal: str) -> None:
    buckets.contract = contract()
    buckets.put(KEY, content)
    with pytest.raises(RefusedObject) as caught:
        buckets.run("clean", KEY)
    assert str(caught.value).startswith(refusal)
    assert content in buckets.files("quarantine/objects").values()


def test_types_that_fit() -> None:
    fitting = {
        "int": ["tinyint", "int", "bigint", "double", "decimal(9,0)"],
        "bigint": ["smallint", "bigint", "float"],
        "double": ["float", "double", "int"],
        "decimal(9,2)": ["int", "decimal(18,4)"],
        "boolean": ["boolean"],
        "date": ["date"],
        "timestamp": ["timestamp"],
        "string": ["string"],
    }
    every = {
        *(kind for kinds in fitting.values() for kind in kinds),
        "decimal(9,1)",
        "binary",
        "timestamp_ntz",
    }
    for kind, expected in fitting.items():
        made = odcs.from_document(
            document(
                table(
                    "t",
                    [
                        column("x", kind),
                        column("k", "date", required=True, primaryKey=True, partitioned=True),
                    ],
                )
            )
        )
        found = {other for other in every if fits(made.columns[0], other)}
        numbers = {"bigint": {"tinyint", "int", "double", "decimal(9,0)"}, "int": {"smallint", "float"}}
        more = {
            "double": {"tinyint", "smallint", "bigint"},
            "decimal(9,2)": {"tinyint", "smallint", "bigint", "decimal(9,0)", "decimal(9,1)"},
        }
        assert found == {*expected, *numbers.get(kind, set()), *more.get(kind, set())}, kind
