"""The page of a data set is what its contract says, and up to date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from strata.cli.app import run
from strata.contracts.document import ContractDocument
from strata.contracts.page import page


def test_the_pages_of_the_repository_are_up_to_date(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert run(["contract", "docs", "--check"]) == 0, capsys.readouterr().out


def test_a_page_says_what_the_contract_says(root: Path, tmp_path: Path) -> None:
    text = (root / "docs/examples/trips.odcs.yaml").read_text()
    text = text.replace("{pattern: card|cash}", "{pattern: card|cash, minLength: 4}")
    text = text.replace(
        "decimal(10,2)\n", "decimal(10,2)\n        logicalTypeOptions: {minimum: 0, exclusiveMaximum: 99.5}\n"
    )
    text = text.replace(
        "status: active\n",
        "status: active\nslaProperties:\n  - {property: freshness, value: 2, unit: days, element: trips}\n"
        "  - {property: retention, value: 3, unit: y}\n",
    )
    lines = page(ContractDocument(tmp_path / "trips.odcs.yaml", text)).splitlines()
    expected = [
        "Rides of one city, as the meter wrote them down.",
        "| missing values | empty, `NA`, `-` |",
        "| key | `trip_id`: the first line of a file with it is kept |",
        "| freshness | new rows within 48 hours, or an alarm is raised |",
        "| `trip_id` | bigint | yes | | |",
        "| `started_at`, in files `start` | timestamp | yes | written `yyyy-MM-dd HH:mm:ss`; times of America/New_York | |",
        "| `fare` | decimal(10,2) | no | at least 0; less than 99.5 | |",
        "| `payment` | string | yes | 4 or more characters; matches `card\\|cash` | |",
        "`curated/trips/`, partitioned by `started_at_date` (date) and `object`. The view of newest rows keeps, of rows",
        "| `source_line` | bigint |",
    ]
    assert [line for line in expected if line not in lines] == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{type: json}", ["| keys | `trips/…`, plain, `.gz` or `.zst` |", "| format | JSON lines |", "| encoding | UTF-8 |"]),
        ("{type: parquet}", ["| keys | `trips/…` |", "| format | Parquet |"]),
    ],
)  # fmt: skip
def test_a_page_says_how_files_are_written(
    root: Path, tmp_path: Path, written: str, expected: list[str]
) -> None:
    text = (root / "docs/examples/trips.odcs.yaml").read_text()
    text = text.replace(
        "customProperties:\n", f"customProperties:\n      - {{property: format, value: {written}}}\n", 1
    )
    lines = page(ContractDocument(tmp_path / "trips.odcs.yaml", text)).splitlines()
    assert [line for line in expected if line not in lines] == []
    assert [line for line in lines if line.startswith(("| quoted fields", "| encoding"))] == expected[2:]


def test_the_command_writes_and_removes_pages(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs/datasets").mkdir(parents=True)
    (tmp_path / "docs/datasets/rides.md").write_text("# rides\n")
    shutil.copytree(root / "glue_jobs/contracts", tmp_path / "glue_jobs/contracts")
    shutil.copy(root / "docs/examples/trips.odcs.yaml", tmp_path / "glue_jobs/contracts")
    monkeypatch.chdir(tmp_path)
    assert run(["contract", "docs", "trips"]) == 0
    assert capsys.readouterr().out == "wrote: docs/datasets/trips.md\n"
    assert run(["contract", "docs", "--check"]) == 1
    said = "not up to date: docs/datasets/flights.md\nof nothing any more: docs/datasets/rides.md\n"
    assert capsys.readouterr().out == said
    assert run(["contract", "docs"]) == 0
    assert sorted(path.name for path in (tmp_path / "docs/datasets").iterdir()) == ["flights.md", "trips.md"]
    assert run(["contract", "docs", "--check"]) == 0
