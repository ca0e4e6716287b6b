"""`strata jobs try`: one job on one local file, with the outcome as exit code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from strata.cli.app import run
from strata.testing import trial
from tests.documentation import shell_blocks

pytestmark = pytest.mark.spark


@pytest.fixture
def tried(
    root: Path,
    tmp_path: Path,
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, Any]]:
    """Runs the command in a checkout with the contracts flights and trips, in the tests' own Spark."""

    @contextmanager
    def shared(folder: Path, *, compiled: bool) -> Iterator[SparkSession]:
        yield spark

    monkeypatch.setattr(trial, "local_spark", shared)
    shutil.copytree(root / "glue_jobs/contracts", tmp_path / "glue_jobs/contracts")
    shutil.copytree(root / "docs/examples", tmp_path / "examples")
    shutil.copy(root / "docs/examples/trips.odcs.yaml", tmp_path / "glue_jobs/contracts")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, Any]:
        code = run(["jobs", "try", *words, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return call


def test_a_file_without_a_fault_ends_with_0(tried: Callable[..., tuple[int, Any]]) -> None:
    Path("examples/trips.csv").write_text("trip_id,start,fare,shared,payment\n1,2026-03-01 23:30:00,,,card\n")
    code, found = tried("curate", "examples/trips.csv")
    assert (code, found["outcome"], found["dataset"]) == (0, "clean", "trips")
    assert (found["counts"]["rows_read"], found["counts"]["rows_curated"]) == (1, 1)
    assert found["partitions"] == ["started_at_date=2026-03-02"]


def test_quarantined_lines_are_told_and_end_with_3(tried: Callable[..., tuple[int, Any]]) -> None:
    code, found = tried("clean", "examples/trips.csv")
    assert (code, found["outcome"]) == (3, "quarantined")
    assert found["counts"] == {"rows_read": 8, "rows_clean": 3, "rows_quarantined": 4, "rows_duplicate": 1}
    assert [(row["source_line"], row["reason"]) for row in found["quarantined"]] == [
        (5, "not_a_number"),
        (6, "bad_date"),
        (7, "not_a_boolean"),
        (8, "pattern_mismatch"),
    ]


def test_a_third_data_set_is_one_file(tried: Callable[..., tuple[int, Any]]) -> None:
    code, found = tried("curate", "examples/lineitem.csv", "--contract", "examples/lineitem.odcs.yaml")
    assert (code, found["outcome"], found["dataset"]) == (3, "quarantined", "lineitem")
    assert found["counts"] == {
        "rows_read": 12,
        "rows_clean": 3,
        "rows_quarantined": 8,
        "rows_duplicate": 1,
        "rows_curated": 3,
    }
    assert found["partitions"] == ["l_shipdate=1992-01-01", "l_shipdate=1996-03-13", "l_shipdate=1996-04-12"]
    assert [(row["source_line"], row["reason"], row["detail"]) for row in found["quarantined"]] == [
        (5, "out_of_range", "l_quantity: '51.00' is more than 50"),
        (6, "out_of_range", "l_discount: '0.11' is more than 0.1"),
        (7, "out_of_range", "l_extendedprice: '0.00' is not more than 0"),
        (8, "not_allowed", "l_returnflag: 'X' is not an allowed value"),
        (9, "out_of_range", "l_shipdate: '1999-01-01' is not less than 1999-01-01"),
        (10, "not_a_number", "l_extendedprice: '900.505' is not of type decimal(15,2)"),
        (11, "bad_date", "l_shipdate: '1992-02-30' is not of type date"),
        (12, "wrong_length", "l_shipmode: 'BY PIGEON POST' has not 0 to 10 characters"),
    ]


def test_the_commands_of_the_documentation_run(root: Path, tried: Callable[..., tuple[int, Any]]) -> None:
    shutil.copytree(root / "docs/examples", "docs/examples")
    (block,) = shell_blocks(root / "docs/datasets.md", "console")
    codes = [tried(*line.removesuffix(" --json").split()[3:])[0] for line in block.splitlines()]
    assert codes == [3, 0, 3]


def test_a_refused_file_ends_with_4(tried: Callable[..., tuple[int, Any]]) -> None:
    code, found = tried("clean", "examples/airlines.csv", "--contract", "examples/trips.odcs.yaml")
    assert (code, found["outcome"]) == (4, "refused")
    assert found["refusal"].startswith("other_columns: not the contract's header: 5 missing (trip_id, start,")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("clena", "examples/trips.csv"), "error: 'clena' is not a job (use one of clean, curate)"),
        (("clean", "missing.csv"), "error: missing.csv: the file is missing (name a raw file)"),
        (
            ("clean", "examples/planes.csv"),
            "error: no contract is called planes or examples (name one with --contract: a file, or one of flights, trips)",
        ),
        (
            ("clean", "examples/flights.csv", "--references", "live"),
            "error: the reference file airlines.csv is missing in live (name its folder with --references)",
        ),
    ],
)
def test_what_is_missing_is_named(
    tried: Callable[..., tuple[int, Any]], words: tuple[str, ...], error: str
) -> None:
    assert tried(*words) == (1, error + "\n")


def test_a_contract_with_a_fault_is_named(tried: Callable[..., tuple[int, Any]]) -> None:
    path = Path("examples/trips.odcs.yaml")
    path.write_text(path.read_text().replace("logicalType: boolean", "logicalType: flag"))
    code, error = tried("clean", "examples/trips.csv", "--contract", str(path))
    assert code == 1
    assert "examples/trips.odcs.yaml:35: the column shared has the unknown type 'flag'" in error
