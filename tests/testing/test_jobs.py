"""Buckets that are folders, as the jobs see them: what a run is told, and which bytes it reads. Without Spark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyspark.sql
import pytest

from glue_jobs import main, source
from glue_jobs.arguments import JobArguments, parse
from glue_jobs.errors import SupersededVersion
from glue_jobs.storage import ObjectLayout
from strata.errors import StrataError
from strata.testing.fixtures.jobs import Buckets, JobRun, job_runner

KEY = "orders/2026/a.csv"
# SHA-256 of `raw-1/orders/2026/a.csv`, and MD5 of `one` and `two`.
OBJECT = "7518ce8968af735c8623f43597112bfdd6bc16ab34225006dae614c2157d9953"
ONE, TWO = "f97c5d29941bfb1b2fdab0874906ab82", "b8a9f715dbb64fd5c56e7783c6820a61"

Job = Callable[[JobArguments], Any]


@pytest.fixture
def buckets(tmp_path: Path) -> Buckets:
    return Buckets(tmp_path, "raw-1", "processed-1")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Callable[[Job], list[Any]]:
    """Puts a function of the arguments in the place of the jobs; returns the calls to come."""

    def put(job: Job) -> list[Any]:
        calls: list[Any] = []

        def run(name: str, words: list[str], *contract: Any) -> dict[str, Any]:
            calls.append((name, words, contract))
            return {"job": name, "gave": job(parse(words))}

        monkeypatch.setattr(main, "run", run)
        return calls

    return put


def test_a_job_is_told_of_the_object_that_was_put_last(
    buckets: Buckets, ran: Callable[[Job], list[Any]]
) -> None:
    calls = ran(lambda arguments: arguments)
    buckets.put(KEY, "two")
    buckets.put(KEY, b"one")
    assert buckets.run("clean", KEY) == {
        "job": "clean",
        "gave": JobArguments("raw-1", KEY, ONE, "null", "01", OBJECT, "processed-1", "orders"),
    }
    ((name, words, contract),) = calls
    assert (name, contract) == ("clean", ())
    # Glue tells a script its job's name too.
    assert words[:2] == ["--JOB_NAME", "strata-clean-dev"]


def test_a_job_is_told_of_the_version_that_is_asked_for(
    buckets: Buckets, ran: Callable[[Job], list[Any]]
) -> None:
    calls = ran(lambda arguments: (arguments.version_id, arguments.etag, arguments.sequencer))
    assert [buckets.put(KEY, "one"), buckets.put(KEY, "two")] == ["v1", "v2"]
    buckets.contract = contract = SimpleNamespace()  # type: ignore[assignment]
    assert buckets.run("curate", KEY, "0A", "v1")["gave"] == ("v1", ONE, "0A")
    assert buckets.run("curate", KEY, version_id="v2", etag="other")["gave"] == ("v2", "other", "01")
    assert [(name, given) for name, _, given in calls] == [("curate", (contract,))] * 2


def test_both_jobs_are_of_one_event(buckets: Buckets, ran: Callable[[Job], list[Any]]) -> None:
    ran(lambda arguments: (arguments.key, arguments.sequencer, arguments.version_id, arguments.etag))
    buckets.put(KEY, "one")
    buckets.put(KEY, "two")
    gave = (KEY, "07", "v1", ONE)
    assert buckets.run_both(KEY, "07", "v1") == (
        {"job": "clean", "gave": gave},
        {"job": "curate", "gave": gave},
    )
    assert [report["gave"][1:3] for report in buckets.run_both(KEY)] == [("01", "null")] * 2


def test_a_job_reads_a_copy_of_its_version(buckets: Buckets, ran: Callable[[Job], list[Any]]) -> None:
    def job(arguments: JobArguments) -> bytes:
        with source.copied(arguments, ObjectLayout(arguments).copies) as copy:
            uri = copy()
            assert uri.startswith(f"s3://processed-1/work/orders/object={OBJECT}/01-")
            return (buckets.processed / uri.removeprefix("s3://processed-1/")).read_bytes()

    ran(job)
    buckets.put(KEY, "one")
    buckets.put(KEY, "two")
    assert buckets.run("clean", KEY)["gave"] == b"two"
    assert buckets.run("clean", KEY, version_id="v1")["gave"] == b"one"
    with pytest.raises(SupersededVersion, match=f"^version null of s3://raw-1/{KEY} is gone$"):
        buckets.run("clean", KEY, etag=ONE)
    # The copies are gone.
    assert buckets.files() == {}


def test_a_job_asks_whether_the_version_of_a_report_is_gone(
    buckets: Buckets, ran: Callable[[Job], list[Any]]
) -> None:
    buckets.put(KEY, "one")
    reports = [
        ({"key": KEY, "version_id": "v1", "etag": ONE}, False),
        ({"key": KEY, "version_id": "v1", "etag": TWO}, True),
        ({"key": KEY, "version_id": "null", "etag": ONE}, False),
        ({"key": KEY, "version_id": "v2", "etag": ONE}, True),
        ({"key": "orders/b.csv", "version_id": "null", "etag": ONE}, True),
    ]
    ran(lambda arguments: ([source.is_gone(report) for report, _ in reports], source.sweep(arguments)))
    before = (source.Copies, source.is_gone, source.sweep)
    assert buckets.run("curate", KEY)["gave"] == ([gone for _, gone in reports], None)
    assert (source.Copies, source.is_gone, source.sweep) == before


def test_files_are_those_below_a_prefix(buckets: Buckets) -> None:
    for name in ("reports/orders/b.json", "reports/a.json", "curated/c"):
        (buckets.processed / name).parent.mkdir(parents=True, exist_ok=True)
        (buckets.processed / name).write_text(name[-6:])
    assert list(buckets.files().items()) == [
        ("curated/c", b"ated/c"),
        ("reports/a.json", b"a.json"),
        ("reports/orders/b.json", b"b.json"),
    ]
    assert buckets.files("reports/orders") == {"reports/orders/b.json": b"b.json"}
    assert buckets.files("quarantine") == {}


def test_new_buckets_are_folders_that_spark_has_mounted(tmp_path: Path) -> None:
    mounted: dict[str, str] = {}
    configuration = SimpleNamespace(set=mounted.__setitem__)
    context = SimpleNamespace(_jsc=SimpleNamespace(hadoopConfiguration=lambda: configuration))
    spark: Any = SimpleNamespace(sparkContext=context)
    one, two = (Buckets.make(spark, tmp_path / name) for name in ("one", "two"))
    assert one.raw_name.startswith("raw-")
    assert one.processed_name.startswith("processed-")
    # One Spark may mount the buckets of several tests.
    assert len({one.raw_name, two.raw_name, one.processed_name, two.processed_name}) == 4
    assert mounted == {
        f"fs.viewfs.mounttable.{bucket}.linkFallback": f"file://{path}"
        for buckets in (one, two)
        for bucket, path in ((buckets.raw_name, buckets.raw), (buckets.processed_name, buckets.processed))
    }
    assert list((tmp_path / "one/raw").iterdir()) == list((tmp_path / "one/processed").iterdir()) == []


def test_clean_rows_are_those_of_cleans_report_by_line(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = buckets.processed / f"reports/orders/object={OBJECT}"
    reports.mkdir(parents=True)
    (reports / "clean.json").write_text('{"of": "clean"}')
    (reports / "curate.json").write_text('{"of": "curate"}')
    (buckets.processed / "reports/orders/object=other").mkdir()
    (buckets.processed / "reports/orders/object=other/clean.json").write_text("{}")
    buckets.contract = contract = SimpleNamespace()  # type: ignore[assignment]
    asked: list[Any] = []

    class Rows:
        def orderBy(self, name: str) -> Rows:
            asked.append(name)
            return self

        def collect(self) -> list[Any]:
            return [SimpleNamespace(asDict=lambda: {"source_line": 2})]

    def clean_rows(spark: Any, layout: ObjectLayout, agreed: Any, document: Any) -> Rows:
        asked.append((spark, layout.clean, layout.arguments.version_id, agreed, document))
        return Rows()

    session = SimpleNamespace(builder=SimpleNamespace(getOrCreate=lambda: "spark"))
    monkeypatch.setattr(pyspark.sql, "SparkSession", session)
    monkeypatch.setattr(main, "clean_rows", clean_rows)
    assert buckets.clean_rows(KEY, "0B") == [{"source_line": 2}]
    folder = f"s3://processed-1/clean/orders/object={OBJECT}/sequencer=0B"
    assert asked == [("spark", folder, "null", contract, {"of": "clean"}), "source_line"]
    buckets.clean_rows(KEY)
    assert asked[2][1].endswith("/sequencer=01")


@pytest.fixture
def run_job(
    tmp_path: Path, ran: Callable[[Job], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., JobRun]:
    """The fixture's function, with jobs that write a file."""

    def job(arguments: JobArguments) -> str:
        folder = tmp_path / "buckets" / "processed"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{arguments.dataset}.txt").write_text(arguments.etag)
        return arguments.key

    ran(job)
    made: list[Path] = []

    def make(spark: Any, folder: Path) -> Buckets:
        made.append(folder)
        assert (spark, made) == ("spark", [folder])
        return Buckets(folder, "raw-1", "processed-1")

    monkeypatch.setattr(Buckets, "make", make)
    spark: Any = "spark"
    return job_runner(spark, lambda: tmp_path / "buckets")


def test_a_job_runs_on_the_first_file_and_the_next_in_the_same_buckets(
    run_job: Callable[..., JobRun],
) -> None:
    first = run_job("clean", {KEY: "one", "reference/shops.csv": b"two"})
    assert first.report == {"job": "clean", "gave": KEY}
    assert first.buckets.content("reference/shops.csv", "null") == b"two"
    assert first.files() == {"orders.txt": ONE.encode()}
    second = run_job("curate", {"visits/b.csv": "two"}, after=first)
    assert second.report == {"job": "curate", "gave": "visits/b.csv"}
    assert second.files() == {"orders.txt": ONE.encode(), "visits.txt": TWO.encode()}
    assert first.files("visits.txt") == {}


def test_a_job_needs_a_file(run_job: Callable[..., JobRun]) -> None:
    with pytest.raises(StrataError, match="run_job needs at least one file") as raised:
        run_job("clean", {})
    assert raised.value.remedy == "give it as {key: content}"
