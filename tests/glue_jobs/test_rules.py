"""What a contract says of values beyond their types: each rule has its reason, or refuses the file."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from pyspark.sql import SparkSession

from glue_jobs import odcs
from glue_jobs.contract import Contract
from glue_jobs.errors import RefusedObject
from glue_jobs.rules import text_sql

from .conftest import Buckets
from .documents import column, document, table

pytestmark = pytest.mark.spark

RANGE, LENGTH, ALLOWED = "out_of_range", "wrong_length", "not_allowed"
UNIQUE, PATTERN = "not_unique", "pattern_mismatch"
COLUMNS = [
    column("line", "int", required=True, primaryKey=True),
    column("moment", "timestamp", required=True, partitioned=True),
    column("low", "int", logicalTypeOptions={"minimum": -5, "maximum": 5}),
    column("open", "int", logicalTypeOptions={"exclusiveMinimum": 0, "exclusiveMaximum": 10}),
    column("large", "bigint", logicalTypeOptions={"minimum": 9_000_000_000}),
    column("share", "double", logicalTypeOptions={"minimum": 0, "exclusiveMaximum": 1}),
    column("cents", "decimal(10,2)", logicalTypeOptions={"minimum": 0.01, "maximum": "99999999.98"}),
    column("day", "date", logicalTypeOptions={"minimum": "2026-01-01", "exclusiveMaximum": "2027-01-01"}),
    column("german_day", "date", logicalTypeOptions={"format": "dd.MM.yyyy", "maximum": "2026-01-31"}),
    column("at", "timestamp", logicalTypeOptions={"minimum": "2026-01-01T00:00:00+01:00"}),
    column("code", "string", logicalTypeOptions={"minLength": 2, "maxLength": 3}),
    column("short", "string", logicalTypeOptions={"maxLength": 3, "pattern": "[a-z]*"}),
    column("kind", "string", enum=[{"value": "it's"}, {"value": "b\\"}]),
    column(
        "level",
        "int",
        quality=[{"metric": "invalidValues", "arguments": {"validValues": [1, 2]}, "mustBe": 0}],
    ),
    column("rate", "decimal(3,1)", enum=[{"value": 1.5}, {"value": 20}]),
    column("holiday", "date", enum=[{"value": "2026-12-25"}]),
    column(
        "plate",
        "string",
        quality=[{"metric": "invalidValues", "arguments": {"pattern": "[A-Z]-[0-9]+"}, "mustBe": 0}],
    ),
]


def run_clean(buckets: Buckets, contract: Contract, content: str) -> tuple[set[int], dict[int, Any]]:
    """The lines that are clean, and the quarantined ones with their reasons."""
    key = f"{contract.dataset}/x.csv"
    buckets.put(key, content)
    buckets.contract = contract
    report = buckets.run("clean", key)
    kinds = ("clean", "quarantined", "duplicate")
    assert report["rows_read"] == sum(report[f"rows_{kind}"] for kind in kinds)
    broken = [
        json.loads(line)
        for data in buckets.files(f"quarantine/{contract.dataset}").values()
        for line in data.splitlines()
    ]
    assert report["reasons"] == Counter(row["reason"] for row in broken)
    clean = {row["source_line"] for row in buckets.clean_rows(key)}
    return clean, {row["source_line"]: row for row in broken}


# A column, the field as it is in the file, and the reason: None where it is clean.
VALUES: list[tuple[str, str, str | None]] = [
    ("low", "-5", None),
    ("low", "-6", RANGE),
    ("low", "5", None),
    ("low", "6", RANGE),
    ("low", "", None),
    ("open", "0", RANGE),
    ("open", "1", None),
    ("open", "9", None),
    ("open", "10", RANGE),
    ("large", "8999999999", RANGE),
    ("large", "9000000000", None),
    ("share", "-0.0", None),
    ("share", "-1e-300", RANGE),
    ("share", "0.9999999999999999", None),
    ("share", "1", RANGE),
    ("cents", "0.01", None),
    ("cents", "0", RANGE),
    ("cents", "99999999.98", None),
    ("cents", "99999999.99", RANGE),
    ("cents", "0.001", "not_a_number"),
    ("day", "2026-01-01", None),
    ("day", "2025-12-31", RANGE),
    ("day", "2026-12-31", None),
    ("day", "2027-01-01", RANGE),
    ("german_day", "31.01.2026", None),
    ("german_day", "01.02.2026", RANGE),
    ("at", "2025-12-31T23:00:00Z", None),
    ("at", "2025-12-31T22:59:59.999999Z", RANGE),
    ("code", "a", LENGTH),
    ("code", "ab", None),
    ("code", "äöü", None),
    ("code", "abcd", LENGTH),
    ("code", '""', LENGTH),
    ("code", "", None),
    ("short", '""', None),
    ("short", "😀😀😀", PATTERN),
    ("short", "ABCD", LENGTH),
    ("kind", "it's", None),
    ("kind", "b\\", None),
    ("kind", "IT'S", ALLOWED),
    ("kind", "b", ALLOWED),
    ("kind", "", None),
    ("level", "2", None),
    ("level", "+02", None),
    ("level", "3", ALLOWED),
    ("rate", "1.50", None),
    ("rate", "20", None),
    ("rate", "1.6", ALLOWED),
    ("holiday", "2026-12-25", None),
    ("holiday", "2026-12-26", ALLOWED),
    ("plate", "B-17", None),
    ("plate", "B-17x", PATTERN),
]
DETAILS = {
    ("low", "-6"): "low: '-6' is less than -5",
    ("low", "6"): "low: '6' is more than 5",
    ("open", "0"): "open: '0' is not more than 0",
    ("open", "10"): "open: '10' is not less than 10",
    ("cents", "0"): "cents: '0.00' is less than 0.01",
    ("day", "2027-01-01"): "day: '2027-01-01' is not less than 2027-01-01",
    (
        "at",
        "2025-12-31T22:59:59.999999Z",
    ): "at: '2025-12-31 22:59:59.999999' is less than 2025-12-31T23:00:00Z",
    ("code", "a"): "code: 'a' has not 2 to 3 characters",
    ("kind", "b"): "kind: 'b' is not an allowed value",
}


def test_a_value_keeps_its_rules_or_has_its_reason(buckets: Buckets) -> None:
    contract = odcs.from_document(document(table("values", COLUMNS)))
    lines = [",".join(contract.header)]
    for number, (name, field, _) in enumerate(VALUES, start=2):
        fields = {"line": str(number), "moment": "2026-01-01T00:00:00Z", name: field}
        lines.append(",".join(fields.get(found.name, "") for found in contract.columns))
    rows, broken = run_clean(buckets, contract, "\n".join(lines) + "\n")
    found = [
        (name, field, broken[number]["reason"] if number in broken else None)
        for number, (name, field, _) in enumerate(VALUES, start=2)
    ]
    assert found == VALUES
    assert len(rows) + len(broken) == len(VALUES)
    told = {VALUES[number - 2][:2]: row["detail"] for number, row in broken.items()}
    assert {case: told[case] for case in DETAILS} == DETAILS


def test_a_value_is_there_once_in_a_file(buckets: Buckets) -> None:
    """The first good line keeps it; faulty lines and duplicates do not count."""
    columns = [
        column("id", "int", required=True, primaryKey=True),
        column("day", "date", required=True, partitioned=True),
        column("code", "string", unique=True),
        column("seat", "string"),
        column("number", "int"),
    ]
    together = {"metric": "duplicateValues", "arguments": {"properties": ["seat", "number"]}, "mustBe": 0}
    contract = odcs.from_document(document({**table("small", columns), "quality": [together]}))
    lines = [
        ("1,2026-01-05,A,x,1", None),
        ("2,2026-01-05,A,x,2", "code: 'A' is in line 2 already"),
        ("3,never,B,y,1", "day: 'never' is not of type date"),
        ("4,2026-01-05,B,y,1", None),
        # A duplicate of line 5, and of what it holds.
        ("4,2026-01-05,C,y,1", "duplicate"),
        ("5,2026-01-05,C,x,1", "seat, number: 'x, 1' is in line 2 already"),
        ("6,2026-01-05,,,1", None),
        ("7,2026-01-05,,,1", None),
        # Its key is that of line 3, which is not clean: it does not take the value either.
        ("2,2026-01-05,D,z,9", "duplicate"),
    ]
    content = "id,day,code,seat,number\n" + "\n".join(text for text, _ in lines) + "\n"
    rows, broken = run_clean(buckets, contract, content)
    found = [
        (text, None if number in rows else broken[number]["detail"] if number in broken else "duplicate")
        for number, (text, _) in enumerate(lines, start=2)
    ]
    assert found == lines
    assert {row["reason"] for row in broken.values()} == {"not_unique", "bad_date"}


@pytest.mark.parametrize(("rows", "detail"), [(0, "0 rows"), (2, None), (3, "3 rows")])
def test_a_file_has_as_many_rows_as_its_contract_says(
    buckets: Buckets, rows: int, detail: str | None
) -> None:
    columns = [
        column("id", "int", primaryKey=True, required=True),
        column("day", "date", partitioned=True, required=True),
    ]
    rule = {"metric": "rowCount", "mustBeBetween": [1, 2]}
    buckets.contract = odcs.from_document(document({**table("small", columns), "quality": [rule]}))
    # Lines that are quarantined are rows of the file, too.
    buckets.put("small/x.csv", "id,day\n" + "x,2026-01-05\n" * rows)
    if detail is None:
        assert buckets.run("clean", "small/x.csv")["rows_quarantined"] == rows
        return
    with pytest.raises(RefusedObject, match=rf"^row_count: the file has {detail}, the contract says 1 to 2$"):
        buckets.run("clean", "small/x.csv")
    assert b'"row_count"' in next(
        data for path, data in buckets.files("quarantine/objects").items() if path.endswith("reason.json")
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "'plain'"),
        ("it's", r"'it\'s'"),
        (r"\A\d+\z", r"r'\A\d+\z'"),
        (r"it's \d", 'r"it\'s \\d"'),
        (r"""'\d" """, r"""'\'\\d" '"""),
        ("ends with \\", "r'ends with \\'"),
    ],
)
def test_a_text_is_the_same_to_spark(spark: SparkSession, text: str, written: str) -> None:
    assert text_sql(text) == written
    assert spark.range(1).selectExpr(f"{written} AS text").first() == (text,)
