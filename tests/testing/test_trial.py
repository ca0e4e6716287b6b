"""What `strata jobs try` runs a job on and makes of what the job wrote; the job and Spark are stood in for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from glue_jobs.errors import JobError, RefusedObject
from strata.errors import StrataError
from strata.testing import trial
from strata.testing.fixtures.jobs import Buckets
from strata.testing.trial import Trial, contract_of, try_job


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout with the contract trips; what it is a contract of lies in another folder."""
    contracts = tmp_path / "glue_jobs/contracts"
    contracts.mkdir(parents=True)
    shutil.copy(root / "docs/examples/trips.odcs.yaml", contracts)
    return tmp_path


@pytest.mark.parametrize("file", ["elsewhere/trips.csv", "elsewhere/trips.2026.csv.gz", "trips/a.csv"])
def test_the_name_of_a_file_or_of_its_folder_names_the_contract(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    assert contract_of(checkout, checkout / file, None).dataset == "trips"
    # The folder is known by more than what was typed.
    (checkout / "trips").mkdir()
    monkeypatch.chdir(checkout / "trips")
    assert contract_of(checkout, Path("a.csv"), None).dataset == "trips"


def test_a_contract_that_is_named_is_taken(checkout: Path, root: Path) -> None:
    file = checkout / "trips/a.csv"
    lineitem = root / "docs/examples/lineitem.odcs.yaml"
    assert contract_of(checkout, file, str(lineitem)).dataset == "lineitem"
    shutil.copy(lineitem, checkout / "line.yml")
    assert contract_of(checkout, file, str(checkout / "line.yml")).dataset == "lineitem"
    shutil.copy(lineitem, checkout / "glue_jobs/contracts")
    assert contract_of(checkout, file, "lineitem").dataset == "lineitem"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (None, "no contract is called rides or places"),
        ("rides", "no contract is called rides"),
        ("nowhere/trips.yaml", "no contract is called nowhere/trips.yaml"),
    ],
)
def test_a_contract_that_is_not_there(checkout: Path, named: str | None, message: str) -> None:
    shutil.copy(
        checkout / "glue_jobs/contracts/trips.odcs.yaml", checkout / "glue_jobs/contracts/buses.odcs.yaml"
    )
    file = checkout / "places/rides.csv"
    with pytest.raises(StrataError) as raised:
        contract_of(checkout, file, named)
    assert raised.value.message == message
    assert raised.value.remedy == "name one with --contract: a file, or one of buses, trips"
    shutil.rmtree(checkout / "glue_jobs")
    with pytest.raises(StrataError) as raised:
        contract_of(checkout, file, named)
    assert raised.value.remedy == "name one with --contract: a file, or one of none"


@dataclass
class Jobs:
    """In the place of the jobs: what they were run on, and what they leave behind."""

    reports: dict[str, dict[str, Any]]
    quarantined: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    error: Exception | None = None
    ran: list[tuple[str, str]] = field(default_factory=list)
    compiled: list[bool] = field(default_factory=list)
    raw: dict[str, bytes] = field(default_factory=dict)
    contract: Any = None

    def run(self, buckets: Buckets, job: str, key: str) -> dict[str, Any]:
        print("what the job prints")
        self.ran.append((job, key))
        self.contract = buckets.contract
        paths = sorted(path for path in buckets.raw.rglob("*") if path.is_file())
        self.raw = {path.relative_to(buckets.raw).as_posix(): path.read_bytes() for path in paths}
        if self.error is not None:
            raise self.error
        for name, rows in self.quarantined.items():
            file = buckets.processed / "quarantine" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return self.reports[job]


CLEAN = {"rows_read": 5, "rows_clean": 5, "rows_quarantined": 0, "contract": "1.0.0"}
CURATE = {"rows_curated": 4, "partitions": ["day=2026-03-01", "day=2026-03-02"]}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    made = Jobs({"clean": CLEAN, "curate": CURATE})
    folders: list[Path] = []

    @contextmanager
    def spark(folder: Path, *, compiled: bool) -> Iterator[str]:
        folders.append(folder)
        made.compiled.append(compiled)
        yield "spark"
        # Nothing of a trial is left.
        assert folder.is_dir()

    def make(session: str, folder: Path) -> Buckets:
        assert session == "spark"
        assert folder.is_relative_to(folders[-1])
        return Buckets(folder, "raw-1", "processed-1")

    monkeypatch.setattr(trial, "local_spark", spark)
    monkeypatch.setattr(Buckets, "make", make)
    monkeypatch.setattr(Buckets, "run", lambda buckets, job, key: made.run(buckets, job, key))
    yield made
    assert not any(folder.exists() for folder in folders)


def contract(*references: str) -> Any:
    return SimpleNamespace(dataset="rides", references=[SimpleNamespace(name=name) for name in references])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    return path


def test_a_trial_of_clean_alone(jobs: Jobs, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agreed = contract()
    counts = {"rows_read": 5, "rows_clean": 5, "rows_quarantined": 0}
    assert try_job("clean", file, agreed) == Trial("rides", "clean", counts, [], None, [])
    assert jobs.ran == [("clean", "rides/a.csv")]
    assert jobs.raw == {"rides/a.csv": b"id\n1\n"}
    assert jobs.contract is agreed
    # Standard output is the command's own.
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "what the job prints\n")


def test_a_trial_of_curate_runs_both(jobs: Jobs, file: Path) -> None:
    assert trial.JOBS == ("clean", "curate")
    found = try_job("curate", file, contract())
    assert jobs.ran == [("clean", "rides/a.csv"), ("curate", "rides/a.csv")]
    assert found.counts == {"rows_read": 5, "rows_clean": 5, "rows_quarantined": 0, "rows_curated": 4}
    assert found.partitions == ["day=2026-03-01", "day=2026-03-02"]


@pytest.mark.parametrize(("size", "compiled"), [(5, False), (1_000_000, False), (1_000_001, True)])
def test_plans_are_compiled_for_a_large_file(jobs: Jobs, file: Path, size: int, compiled: bool) -> None:
    file.write_bytes(b"x" * size)
    try_job("clean", file, contract())
    assert jobs.compiled == [compiled]


def test_quarantined_lines_come_by_number(jobs: Jobs, file: Path) -> None:
    rows = {number: {"source_line": number, "reason": "bad_date"} for number in (2, 9, 10, 11)}
    jobs.quarantined = {
        "rides/object=x/part-0.json": [rows[10], rows[2]],
        "rides/object=x/part-1.json": [rows[11], rows[9]],
        "buses/object=x/part-0.json": [rows[2]],
    }
    found = try_job("clean", file, contract())
    assert (found.outcome, found.quarantined) == ("quarantined", [rows[2], rows[9], rows[10], rows[11]])


def test_a_file_that_is_refused(jobs: Jobs, file: Path) -> None:
    jobs.error = RefusedObject("empty_file", "nothing in it")
    refusal = "empty_file: nothing in it"
    assert try_job("curate", file, contract()) == Trial("rides", "refused", {}, [], refusal, [])


def test_a_job_that_fails(jobs: Jobs, file: Path) -> None:
    jobs.error = JobError("a reference file is missing")
    with pytest.raises(StrataError) as raised:
        try_job("clean", file, contract())
    assert str(raised.value) == f"{file}: the job failed: a reference file is missing"


@pytest.mark.parametrize(
    ("places", "chosen", "given"),
    [
        (["shops.csv", "reference/shops.csv"], None, "shops.csv"),
        (["reference/shops.csv", "other/shops.csv"], None, "reference/shops.csv"),
        (["shops.csv", "other/shops.csv"], "other", "other/shops.csv"),
    ],
)
def test_reference_files_lie_beside_the_file_or_where_it_is_said(
    jobs: Jobs, file: Path, tmp_path: Path, places: list[str], chosen: str | None, given: str
) -> None:
    for place in places:
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(place)
    try_job("clean", file, contract("shops"), tmp_path / chosen if chosen else None)
    assert jobs.raw == {"reference/shops.csv": given.encode(), "rides/a.csv": b"id\n1\n"}


@pytest.mark.parametrize(("chosen", "where"), [(None, "{0} and {0}/reference"), ("other", "{0}/other")])
def test_a_reference_file_that_is_missing(
    jobs: Jobs, file: Path, tmp_path: Path, chosen: str | None, where: str
) -> None:
    (tmp_path / "malls.csv").write_text("")
    with pytest.raises(StrataError) as raised:
        try_job("clean", file, contract("malls", "shops"), tmp_path / chosen if chosen else None)
    missing = "malls" if chosen else "shops"
    assert raised.value.message == f"the reference file {missing}.csv is missing in {where.format(tmp_path)}"
    assert raised.value.remedy == "name its folder with --references"
    assert jobs.ran == []
