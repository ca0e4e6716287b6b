"""Data sets that are not flights: each type, format, zone, token and pattern, and each kind of partition."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
import yaml

from glue_jobs import odcs
from glue_jobs.contract import Contract

from .conftest import Buckets
from .documents import column, customs, document, table

pytestmark = pytest.mark.spark


def run_jobs(buckets: Buckets, contract: Contract, content: str) -> tuple[dict[int, Any], dict[int, Any]]:
    """The curated rows and the quarantined ones, by their lines."""
    key = f"{contract.dataset}/x.csv"
    buckets.put(key, content)
    buckets.contract = contract
    report, curated = buckets.run_both(key)
    assert report["rows_read"] == sum(
        report[f"rows_{kind}"] for kind in ("clean", "quarantined", "duplicate")
    )
    assert curated["rows_curated"] == report["rows_clean"]
    broken = [
        json.loads(line)
        for data in buckets.files(f"quarantine/{contract.dataset}").values()
        for line in data.splitlines()
    ]
    found = ds.dataset(
        buckets.processed / "curated" / contract.dataset, format="parquet", partitioning="hive"
    )
    rows = found.to_table().to_pylist()
    return {row["source_line"]: row for row in rows}, {row["source_line"]: row for row in broken}


def test_the_trips_of_the_documentation(buckets: Buckets, root: Path) -> None:
    contract = odcs.from_document(yaml.safe_load((root / "docs/examples/trips.odcs.yaml").read_text()))
    rows, broken = run_jobs(buckets, contract, (root / "docs/examples/trips.csv").read_text())
    shown = ("trip_id", "started_at", "fare", "shared", "payment", "started_at_date")
    assert {line: tuple(str(row[name]) for name in shown) for line, row in rows.items()} == {
        2: ("1", "2026-03-02 04:30:00+00:00", "12.50", "False", "card", "2026-03-02"),
        3: ("2", "2026-03-02 13:15:00+00:00", "7.00", "True", "cash", "2026-03-02"),
        4: ("3", "2026-03-02 14:00:00+00:00", "None", "False", "card", "2026-03-02"),
    }
    assert {line: (row["reason"], row["detail"]) for line, row in broken.items()} == {
        5: ("not_a_number", "fare: '8.129' is not of type decimal(10,2)"),
        6: ("bad_date", "started_at: '2026-02-30 09:05:00' is not of type timestamp"),
        7: ("not_a_boolean", "shared: 'maybe' is not of type boolean"),
        8: ("pattern_mismatch", "payment: 'token' does not match"),
    }


NO_NUMBER, NO_DATE, NO_BOOLEAN = "not_a_number", "bad_date", "not_a_boolean"
LOCAL = {"timezone": False, "defaultTimezone": "Europe/Berlin"}
# A column, the field as it is in the file, and the value or the reason.
VALUES: list[tuple[str, str, object]] = [
    ("cents", "1.20", Decimal("1.20")),
    ("cents", "-.5", Decimal("-0.50")),
    ("cents", "+99999999.99", Decimal("99999999.99")),
    ("cents", "7.", Decimal("7.00")),
    ("cents", "7.1000", Decimal("7.10")),
    ("cents", "7.101", NO_NUMBER),
    ("cents", "100000000.00", NO_NUMBER),
    ("cents", "1e2", NO_NUMBER),
    ("cents", '"1,20"', NO_NUMBER),
    ("cents", "", None),
    ("cents", "-", None),
    ("cents", "n/a", None),
    ("whole", "7", Decimal(7)),
    ("whole", "7.00", Decimal(7)),
    ("whole", "7.5", NO_NUMBER),
    ("whole", "9" * 38, Decimal("9" * 38)),
    ("whole", "9" * 39, NO_NUMBER),
    ("flag", "TRUE", True),
    ("flag", "f", False),
    ("flag", "1", True),
    ("flag", "No", False),
    ("flag", "2", NO_BOOLEAN),
    ("flag", " true", NO_BOOLEAN),
    ("flag", "on", NO_BOOLEAN),
    ("day", "05.01.2026", date(2026, 1, 5)),
    ("day", "31.02.2026", NO_DATE),
    ("day", "5.1.2026", NO_DATE),
    ("day", "2026-01-05", NO_DATE),
    ("local", "2026-07-01T12:00:00", datetime(2026, 7, 1, 10)),
    ("local", "2026-01-01 12:00:00.25", datetime(2026, 1, 1, 11, 0, 0, 250_000)),
    ("local", "2026-01-01T12:00:00Z", NO_DATE),
    ("compact", "20260101120000+0100", datetime(2026, 1, 1, 11)),
    ("compact", "20260101120000Z", datetime(2026, 1, 1, 12)),
    ("compact", "20260101120000", NO_DATE),
    ("code", "AB-12", "AB-12"),
    ("code", "AB-123", "pattern_mismatch"),
    ("code", "n/a", None),
    ("reason", "a column may be called as the job calls one", "a column may be called as the job calls one"),
]
COLUMNS = [
    column("line", "int", required=True, primaryKey=True),
    column("moment", "timestamp", required=True, partitioned=True),
    column("cents", "decimal(10,2)"),
    column("whole", "decimal(38,0)"),
    column("flag", "boolean"),
    column("day", "date", logicalTypeOptions={"format": "dd.MM.yyyy"}),
    column("local", "timestamp", logicalTypeOptions=LOCAL),
    column("compact", "timestamp", logicalTypeOptions={"format": "yyyyMMddHHmmssXX"}),
    column("code", "string", logicalTypeOptions={"pattern": "[A-Z]{2}-\\d+(?<!3)"}),
    column("reason", "string"),
]


def test_a_value_is_of_its_type_or_has_its_reason(buckets: Buckets) -> None:
    contract = odcs.from_document(document(table("values", COLUMNS, nullTokens=["-", "n/a"])))
    lines = [",".join(contract.header)]
    for number, (name, field, _) in enumerate(VALUES, start=2):
        fields = {"line": str(number), "moment": "2026-01-01T00:00:00Z", name: field}
        lines.append(",".join(fields.get(column.name, "") for column in contract.columns))
    rows, broken = run_jobs(buckets, contract, "\n".join(lines) + "\n")
    found = []
    for number, (name, field, _) in enumerate(VALUES, start=2):
        value = rows[number][name] if number in rows else broken[number]["reason"]
        found.append((name, field, value.replace(tzinfo=None) if isinstance(value, datetime) else value))
    assert found == VALUES


def test_a_date_is_its_own_partition(buckets: Buckets) -> None:
    columns = [
        column("id", "int", required=True, primaryKey=True),
        column("day", "date", required=True, partitioned=True),
    ]
    contract = odcs.from_document(document(table("small", columns)))
    rows, broken = run_jobs(buckets, contract, "id,day\n1,2026-01-05\n2,0001-01-01\n3,\n")
    assert {line: str(row["day"]) for line, row in rows.items()} == {2: "2026-01-05", 3: "0001-01-01"}
    assert {line: row["reason"] for line, row in broken.items()} == {4: "missing_value"}


def test_a_join_adds_decimals(buckets: Buckets) -> None:
    adds = {"to": "rates.id", "customProperties": customs(adds={"rate": "rate"}, reason="unknown_rate")}
    columns = [
        column("id", "int", required=True, primaryKey=True),
        column("day", "date", required=True, partitioned=True),
        column("rate_id", "string", relationships=[adds]),
        column(
            "other_rate_id",
            "string",
            relationships=[{**adds, "customProperties": customs(reason="unknown_other")}],
        ),
    ]
    rates = [column("id", "string", required=True, primaryKey=True), column("rate", "decimal(5,3)")]
    contract = odcs.from_document(document(table("small", columns), table("rates", rates, nullTokens=["NA"])))
    (buckets.raw / "reference").mkdir(exist_ok=True)
    (buckets.raw / "reference/rates.csv").write_text("id,rate\nA,1.125\nB,NA\n")
    content = "id,day,rate_id,other_rate_id\n1,2026-01-05,A,B\n2,2026-01-05,B,\n3,2026-01-05,C,A\n4,2026-01-05,A,C\n"
    rows, broken = run_jobs(buckets, contract, content)
    assert {line: row["rate"] for line, row in rows.items()} == {2: Decimal("1.125"), 3: None}
    assert {line: row["reason"] for line, row in broken.items()} == {4: "unknown_rate", 5: "unknown_other"}
