"""Whatever a contract says, its sample data is judged as it was made: nothing is lost, nothing made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_jobs import times
from strata.cli.app import run
from strata.contracts.document import ContractDocument, sound
from strata.contracts.sample import sample
from strata.errors import StrataError
from tests.varied import VARIED

from .conftest import Buckets
from .documents import column, customs, document, table

pytestmark = pytest.mark.spark

ADDS = [{"to": "kinds.kind", "customProperties": customs(adds={"kind_name": "name"}, reason="unknown_kind")}]
# What columns a contract may have beside its key and its partition.
OTHERS: list[dict[str, Any]] = [
    column("amount", "decimal(8,3)", logicalTypeOptions={"exclusiveMinimum": -1, "maximum": 2.5}),
    column("share", "double", logicalTypeOptions={"minimum": 0, "exclusiveMaximum": 1}),
    column("small", "int", required=True, logicalTypeOptions={"minimum": -2, "maximum": 2}),
    column("large", "bigint", logicalTypeOptions={"maximum": -9_000_000_000}, unique=True),
    column("flag", "boolean", required=True),
    column("told", "date", logicalTypeOptions={"format": "dd.MM.yyyy", "minimum": "1999-12-31"}),
    column("at", "timestamp", logicalTypeOptions={"timezone": False, "defaultTimezone": "Europe/Berlin"}),
    column("seen", "timestamp", logicalTypeOptions={"format": "yyyyMMdd'T'HHmmss.SSSXXX", "timezone": True}),
    column("word", "string", logicalTypeOptions={"minLength": 2, "maxLength": 4}),
    column("level", "string", required=True, enum=[{"value": "low"}, {"value": 'it\'s; "high", | or so'}]),
    column("plate", "string", logicalTypeOptions={"pattern": "[A-Z]-[0-9]+"}, examples=["B-1", "HH"]),
    column("kind", "string", relationships=ADDS),
]
KINDS = table("kinds", [column("kind", "string", required=True, primaryKey=True), column("name", "string")])
KEYS = [
    column("id", "int", required=True, primaryKey=True),
    column("id", "string", required=True, primaryKey=True),
]
DATES = [
    column("day", "date", required=True, partitioned=True),
    column("day", "timestamp", required=True, partitioned=True),
]


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    others = draw(st.lists(st.sampled_from(OTHERS), unique_by=lambda found: found["name"], max_size=12))
    columns = draw(st.permutations([draw(st.sampled_from(KEYS)), draw(st.sampled_from(DATES)), *others]))
    csv = {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "quote": draw(st.sampled_from(["'", '"'])),
        "encoding": draw(st.sampled_from(["UTF-8", "UTF-16", "windows-1252"])),
    }
    json_lines = {"type": "json", "encoding": draw(st.sampled_from(["UTF-8", "UTF-16"]))}
    written = draw(st.sampled_from([csv, json_lines, {"type": "parquet"}]))
    tokens = draw(st.sampled_from([[], ["NA"], ["-", "n/a"]]))
    return document(table("made", columns, format=written, nullTokens=tokens), KINDS)


@settings(VARIED, max_examples=max(4, VARIED.max_examples // 4))
@given(described=contracts(), seed=st.integers(0, 9), rows=st.integers(0, 60))
def test_samples_are_judged_as_they_were_made(
    new_buckets: Callable[[Path], Buckets],
    tmp_path_factory: pytest.TempPathFactory,
    described: dict[str, Any],
    seed: int,
    rows: int,
) -> None:
    text = ContractDocument(Path("made.odcs.yaml"), json.dumps(described))
    contract = sound(text)
    # A file without a header and without rows is empty, and is refused.
    rows = rows or (contract.format.type == "json")
    made = sample(text, rows, seed, dirty=True)
    buckets = new_buckets(tmp_path_factory.mktemp("made"))
    buckets.contract = contract
    for name, content in made.references.items():
        buckets.put(f"reference/{name}.csv", content)
    buckets.put("made/x.csv", made.content)
    report = buckets.run("clean", "made/x.csv")
    assert report["rows_read"] == rows
    assert rows == report["rows_clean"] + report["rows_quarantined"] + report["rows_duplicate"]
    broken = [
        json.loads(line) for data in buckets.files("quarantine/made").values() for line in data.splitlines()
    ]
    assert {row["source_line"] for row in broken} == made.faulty, broken
    assert report["rows_duplicate"] == len(made.duplicates)
    clean = {row["source_line"] for row in buckets.clean_rows("made/x.csv")}
    first = 2 if contract.format.has_header else 1
    assert clean == {*range(first, rows + first)} - made.faulty - made.duplicates


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyyMMdd", "09870205"),
        ("dd.MM.yyyy HH:mm:ss", "05.02.0987 03:04:06"),
        ("yyyy-MM-dd'T'HH.SSS", "0987-02-05T03.070"),
        ("HH X", "03 +01"),
        ("HH XX", "03 +0130"),
        ("HH XXX", "03 +01:30"),
    ],
)
def test_a_time_is_written_in_its_format(pattern: str, text: str) -> None:
    zone = timezone(timedelta(hours=1, minutes=30))
    assert times.written(pattern, datetime(987, 2, 5, 3, 4, 6, 70_000, tzinfo=zone)) == text


def test_a_seed_makes_one_file(root: Path) -> None:
    flights = ContractDocument.read(root / "glue_jobs/contracts/flights.odcs.yaml")
    made = sample(flights, 50, 3, dirty=True)
    assert made == sample(flights, 50, 3, dirty=True)
    assert made.content != sample(flights, 50, 4, dirty=True).content
    assert made.faulty
    assert made.name == "flights.csv"
    assert not sample(flights, 50, 3).faulty


def test_rules_that_leave_no_room_are_named() -> None:
    narrow = column(
        "id", "int", required=True, primaryKey=True, logicalTypeOptions={"minimum": 1, "maximum": 3}
    )
    text = ContractDocument(Path("a"), json.dumps(document(table("made", [narrow, DATES[0]]))))
    with pytest.raises(StrataError, match=r"^the rules of made leave no room for another row"):
        sample(text, 4)
    coded = column("code", "string", logicalTypeOptions={"pattern": "[A-Z]+"})
    text = ContractDocument(Path("a"), json.dumps(document(table("made", [KEYS[0], DATES[0], coded]))))
    with pytest.raises(StrataError, match=r"^nothing is known to match the pattern of code"):
        sample(text, 4)


def test_the_command_writes_a_file_and_its_references(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    words = ["contract", "sample", "flights", "--rows", "3", "--to", str(tmp_path / "made")]
    assert run(words) == 0
    files = {path.name: path.read_text().splitlines() for path in (tmp_path / "made").iterdir()}
    assert sorted(files) == ["airlines.csv", "airports.csv", "flights.csv", "planes.csv"]
    assert len(files["flights.csv"]) == 4
    capsys.readouterr()
    assert run([*words, "--dirty", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"files", "faulty", "duplicates"}
