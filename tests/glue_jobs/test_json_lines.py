"""JSON lines: each line is a row, or has a reason that names what is wrong with it."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from glue_jobs import odcs
from glue_jobs.contract import Contract
from glue_jobs.errors import RefusedObject

from .conftest import Buckets
from .documents import column, document, table
from .test_formats import zstd

pytestmark = pytest.mark.spark

KEY = "events/x.jsonl"
COLUMNS = [
    column("id", "int", required=True, primaryKey=True),
    column("day", "date", required=True, partitioned=True),
    column("note", "string", physicalName="Note `1`"),
    column("name", "string", required=True),
    column("cost", "decimal(30,10)"),
    column("rating", "double"),
    column("paid", "boolean"),
]
GOOD = {"id": 1, "day": "2026-01-05", "Note `1`": None, "name": "a", "cost": 1, "rating": 2, "paid": True}


def contract() -> Contract:
    return odcs.from_document(document(table("events", COLUMNS, nullTokens=["-"], format={"type": "json"})))


def line(**changes: Any) -> str:
    return json.dumps(GOOD | changes, ensure_ascii=False)


EMPTY = "missing_value: {} is empty"
NUMBER = "not_a_number: {} is not of type {}"
NO_OBJECT = "bad_json: the line is not one JSON object"
# A line, and what becomes of it: values of the row, or the reason with its detail.
LINES: list[tuple[str, dict[str, Any] | str]] = [
    (line(), {"id": 1, "note": None, "name": "a", "cost": Decimal(1), "rating": 2.0, "paid": True}),
    ('{"name": "b", "id": 2, "day": "2026-01-05"}', {"id": 2, "cost": None, "rating": None, "paid": None}),
    ('  {"id" : 3 ,"day":"2026-01-05","name":"c"}  ', {"id": 3, "name": "c"}),
    (line(id="4", rating="1.5", cost="2.50", paid="no"), {"id": 4, "rating": 1.5, "cost": Decimal("2.50"), "paid": False}),
    (line(id=5, **{"Note `1`": 'tab\t "quote" ü ✈\n'}), {"id": 5, "note": 'tab\t "quote" ü ✈\n'}),
    (line(id=6, **{"Note `1`": "-"}, rating=""), {"id": 6, "note": None, "rating": None}),
    (line(id=7, **{"Note `1`": ""}), {"id": 7, "note": ""}),
    # More digits than a double holds.
    ('{"id": 8, "day": "2026-01-05", "name": "-5: 6", "cost": 12345678901234567890.0123456789}', {"cost": Decimal("12345678901234567890.0123456789"), "name": "-5: 6"}),
    ('{"id": 9, "day": "2026-01-05", "name": "a", "rating": -1.25e2}', {"rating": -125.0}),
    (line(id=10, **{"Note `1`": '{"id": 1} "name": 5'}), {"note": '{"id": 1} "name": 5'}),
    (line(id=11, name="7"), {"name": "7"}),
    ('{"id": 12, "day": "2026-01-05", "name": "a", "cost": 1.12345678901}', NUMBER.format("cost: '1.12345678901'", "decimal(30,10)")),
    (line(id=1.5), NUMBER.format("id: '1.5'", "int")),
    (line(id=3_000_000_000), NUMBER.format("id: '3000000000'", "int")),
    (line(id="x"), NUMBER.format("id: 'x'", "int")),
    (line(id=True), NUMBER.format("id: 'true'", "int")),
    (line(id=[1]), NUMBER.format("""id: '["1"]'""", "int")),
    (line(rating={"a": "b"}), NUMBER.format("""rating: '{"a":"b"}'""", "double")),
    (line(day=20260105), "bad_date: day: '20260105' is not of type date"),
    (line(day="2026-02-30"), "bad_date: day: '2026-02-30' is not of type date"),
    (line(paid="maybe"), "not_a_boolean: paid: 'maybe' is not of type boolean"),
    (line(name=7), "not_a_string: name: '7' is not a text"),
    (line(name={"first": "a"}), """not_a_string: name: '{"first":"a"}' is not a text"""),
    (line(name=False), "not_a_string: name: 'false' is not a text"),
    (line(id=None), EMPTY.format("id")),
    (line(name=""), EMPTY.format("name")),
    (line(name=" "), EMPTY.format("name")),
    (line(name="-"), EMPTY.format("name")),
    ('{"day": "2026-01-05", "name": "a"}', "missing_column: the field id is missing"),
    ("{}", "missing_column: the field id is missing"),
    (line(extra=1), "extra_column: the field extra is not in the contract"),
    (line(ID=1), "extra_column: the field ID is not in the contract"),
    ('{"id": 1, "id": 2, "day": "2026-01-05", "name": "a"}', "extra_column: a field occurs twice"),
    ("", NO_OBJECT),
    ("x", NO_OBJECT),
    ("null", NO_OBJECT),
    ("7", NO_OBJECT),
    (f"[{line()}]", NO_OBJECT),
    (line()[:-1], NO_OBJECT),
    (line() + "}", NO_OBJECT),
    (line() + " " + line(id=99), NO_OBJECT),
    (line() + ",", NO_OBJECT),
    (line() + "} lost", NO_OBJECT),
    (line().replace('"', "'"), NO_OBJECT),
    ('{"id": 1, "day": "2026-01-05", "name": "a", "rating": NaN}', NO_OBJECT),
    ('{"id": 01, "day": "2026-01-05", "name": "a" "b"}', NO_OBJECT),
    (line(name="\ufffd"), "bad_encoding: the line is not UTF-8"),
    (line(id=1), "duplicate"),
]  # fmt: skip


def test_each_line_has_its_outcome(buckets: Buckets) -> None:
    buckets.contract = contract()
    buckets.put(KEY, "\ufeff" + "\n".join(text for text, _ in LINES) + "\n\n")
    report, _ = buckets.run_both(KEY)
    rows = {row["source_line"]: row for row in buckets.clean_rows(KEY)}
    written = [
        json.loads(text) for data in buckets.files("quarantine/events").values() for text in data.splitlines()
    ]
    faulty = {row["source_line"]: row for row in written}
    repeated = [
        json.loads(text)
        for data in buckets.files("quarantine/duplicates").values()
        for text in data.splitlines()
    ]
    found = []
    for number, (_, expected) in enumerate(LINES, start=1):
        if number in rows:
            shown = rows[number]
            found.append({name: shown[name] for name in expected} if isinstance(expected, dict) else shown)
        elif number in faulty:
            found.append(f"{faulty[number]['reason']}: {faulty[number]['detail']}")
        else:
            found.append("duplicate")
    assert found == [expected for _, expected in LINES]
    assert repeated == [{"source_line": len(LINES), "detail": "line 1 has the same key and values"}]
    assert {row["row"] for row in faulty.values()} == {
        text for text, expected in LINES if isinstance(expected, str) and expected != "duplicate"
    }
    assert report["rows_read"] == len(LINES) == len(rows) + len(faulty) + 1


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst"])
def test_packed_lines_are_read(buckets: Buckets, name: str) -> None:
    buckets.contract = contract()
    content = f"{line()}\r\n{line(id=2)}\r\n".encode()
    buckets.put(f"events/{name}", gzip.compress(content) if name.endswith("gz") else zstd(content))
    assert buckets.run("clean", f"events/{name}")["rows_clean"] == 2


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "empty_file: the file has no bytes"),
        (b"\n \n", "empty_file: the file has blank lines only"),
        (f"[\n{line()}\n]".encode(), None),
        (b"[1, 2]\n", "not_json: the file is a JSON array, the contract says JSON lines"),
        (b"id,day\n1,2026-01-05\n", "not_json: no line begins as a JSON object does"),
        (b"PAR1....", "not_json: the file is Parquet, the contract says JSON lines"),
        (line().encode("utf-16"), "other_encoding: the file is UTF-16LE, the contract says UTF-8"),
    ],
)  # fmt: skip
def test_another_kind_of_file_is_named(buckets: Buckets, content: bytes, refusal: str | None) -> None:
    buckets.contract = contract()
    buckets.put(KEY, content)
    if refusal is None:
        # One odd line does not lose the others.
        assert buckets.run("clean", KEY)["reasons"] == {"bad_json": 2}
        return
    with pytest.raises(RefusedObject) as caught:
        buckets.run("clean", KEY)
    assert str(caught.value).startswith(refusal)
    assert content in buckets.files("quarantine/objects").values()
