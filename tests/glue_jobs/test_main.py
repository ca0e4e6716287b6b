"""Both jobs from arguments to commit marker, on folders that stand for buckets."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from glue_jobs.errors import BrokenInvariant, JobError, RefusedObject, SupersededVersion
from strata.demo import data as demo_data
from strata.testing.fixtures.jobs import _FolderStaging

from .conftest import Buckets

pytestmark = pytest.mark.spark

HEADER = demo_data.HEADER
KEY = "flights/x.csv"


def flight(number: int, day: int = 1, **changes: str) -> str:
    values = dict(
        zip(
            HEADER.split(","),
            f"2013,1,{day},517,515,2,830,819,11,UA,{number},N14228,EWR,IAH,227,1400,5,15,"
            f"2013-01-{day:02d}T10:00:00Z".split(","),
            strict=True,
        )
    )
    return ",".join((values | changes).values())


def text(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def curated(buckets: Buckets) -> list[dict[str, object]]:
    table = ds.dataset(
        buckets.processed / "curated" / "flights", format="parquet", partitioning="hive"
    ).to_table()
    return table.to_pylist()


def test_january_and_a_late_file_beside_it(new_buckets: Callable[[Path], Buckets], tmp_path: Path) -> None:
    buckets = new_buckets(tmp_path)
    january = demo_data.january(buckets.raw)
    cleaned, curate = buckets.run_both(january.key)
    assert {name: cleaned[name] for name in cleaned if name.startswith("rows_")} == {
        "rows_read": 27_004,
        "rows_clean": 27_004,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
    }
    assert cleaned["reasons"] == {}
    days = [f"flight_date=2013-01-{day:02d}" for day in range(1, 32)]
    assert (curate["rows_curated"], curate["partitions"], curate["removed"]) == (27_004, days, [])

    rows = curated(buckets)
    assert len(rows) == 27_004
    assert sum(row["dest_name"] is None for row in rows) == 680
    assert sum(row["plane_manufacturer"] is None for row in rows) == 4_479
    assert all(row["airline_name"] and row["origin_name"] for row in rows)
    assert len({row["source_line"] for row in rows}) == 27_004
    january_id = buckets.object_id(january.key)
    files = buckets.files("curated")
    # One file per partition, and nothing but data files: no marker, no checksum, no staging folder.
    assert [Path(name).parent.as_posix() for name in files] == [
        f"curated/flights/{day}/object={january_id}" for day in days
    ]
    assert all(name.endswith(".parquet") for name in files)
    first = pq.read_schema(buckets.processed / next(iter(files)))
    assert str(first.field("time_hour").type) == "timestamp[us, tz=UTC]"
    assert (str(first.field("distance").type), str(first.field("source_line").type)) == ("int32", "int64")

    late = demo_data.late_file(buckets.raw)
    cleaned, curate = buckets.run_both(late.key, "02")
    assert {name: cleaned[name] for name in cleaned if name.startswith("rows_")} == {
        "rows_read": 462,
        "rows_clean": 450,
        "rows_quarantined": 10,
        "rows_duplicate": 2,
    }
    assert cleaned["reasons"] == {
        "bad_date": 2,
        "missing_column": 2,
        "not_a_number": 2,
        "unknown_carrier": 2,
        "wrong_delimiter": 2,
    }
    quarantined = [
        json.loads(line)
        for content in buckets.files("quarantine/flights").values()
        for line in content.decode().splitlines()
    ]
    assert sorted((row["source_line"], row["reason"], row["row"]) for row in quarantined) == [
        (broken.source_line, broken.reason, broken.line)
        for broken in late.broken
        if broken.reason != "duplicate"
    ]
    assert all(row["detail"] for row in quarantined)
    # D12: the first file's rows are there to the byte, the second's beside them.
    assert {
        name: content for name, content in buckets.files("curated").items() if january_id in name
    } == files
    assert Counter(row["object_key"] for row in curated(buckets)) == {january.key: 27_004, late.key: 450}


def test_a_run_again_changes_nothing(buckets: Buckets) -> None:
    buckets.put(KEY, text(flight(1), flight(2, day=2), flight(2, day=2), flight(3, distance="far")))
    first, rows = buckets.run_both(KEY), sorted(map(str, curated(buckets)))
    again = buckets.run_both(KEY)
    assert all(report.pop("seconds") > 0 for report in (*first, *again))
    assert (first, rows) == (again, sorted(map(str, curated(buckets))))
    folders = [Path(name).parent.as_posix() for name in buckets.files()]
    object_id = buckets.object_id(KEY)
    assert folders == [
        f"clean/flights/object={object_id}/sequencer=01/judged",
        f"clean/flights/object={object_id}/sequencer=01/repeated",
        f"curated/flights/flight_date=2013-01-01/object={object_id}",
        f"curated/flights/flight_date=2013-01-02/object={object_id}",
        f"quarantine/duplicates/flights/object={object_id}",
        f"quarantine/flights/object={object_id}",
        *[f"reports/flights/object={object_id}"] * 2,
    ]


def test_a_newer_version_takes_the_place_of_the_older(buckets: Buckets) -> None:
    other = "flights/other.csv"
    buckets.put(other, text(flight(9, day=1)))
    buckets.run_both(other)
    buckets.put(KEY, text(flight(1, day=1), flight(2, day=2), flight(3, distance="far")))
    buckets.run_both(KEY, "01")
    buckets.put(KEY, text(flight(4, day=3)))
    cleaned, curate = buckets.run_both(KEY, "02")
    assert cleaned["reasons"] == {}
    assert curate["partitions"] == ["flight_date=2013-01-03"]
    assert curate["removed"] == ["flight_date=2013-01-01", "flight_date=2013-01-02"]
    assert sorted((row["object_key"], row["flight"], row["sequencer"]) for row in curated(buckets)) == [
        (other, 9, "01"),
        (KEY, 4, "02"),
    ]
    assert buckets.files("quarantine") == {}
    # A third version takes a date up again; the others stay in the list until it does.
    buckets.put(KEY, text(flight(5, day=2)))
    _, curate = buckets.run_both(KEY, "03")
    assert curate["removed"] == ["flight_date=2013-01-01", "flight_date=2013-01-03"]


def test_each_run_reads_the_version_of_its_event(buckets: Buckets) -> None:
    """A, B, A under one key: whatever the key's newest bytes are, a run is of its own version."""
    a = buckets.put(KEY, text(flight(1), flight(2)))
    b = buckets.put(KEY, text(flight(3)))
    again = buckets.put(KEY, text(flight(1), flight(2)))
    for sequencer, version_id, flights in (("01", a, [1, 2]), ("02", b, [3]), ("03", again, [1, 2])):
        reports = buckets.run_both(KEY, sequencer, version_id)
        assert [report["version_id"] for report in reports] == [version_id] * 2
        etag = hashlib.md5(buckets.versions[version_id]).hexdigest()
        assert [report["etag"] for report in reports] == [etag] * 2
        assert sorted(row["flight"] for row in curated(buckets)) == flights
    assert buckets.files("work") == {}
    assert {name.split("/")[3] for name in buckets.files("clean")} == {"sequencer=03"}


def test_a_version_that_is_gone_changes_nothing(buckets: Buckets) -> None:
    kept = buckets.put(KEY, text(flight(1)))
    buckets.run_both(KEY, "01", kept)
    before = buckets.files()
    gone = buckets.put(KEY, text(flight(2)))
    etag = hashlib.md5(buckets.versions.pop(gone)).hexdigest()
    with pytest.raises(SupersededVersion, match=rf"version {gone} of s3://{buckets.raw_name}/{KEY} is gone"):
        buckets.run("clean", KEY, "02", gone, etag)
    # As of a bucket without versions: the content under the key is another than the event's.
    with pytest.raises(SupersededVersion):
        buckets.run("clean", KEY, "02", etag=hashlib.md5(b"overwritten").hexdigest())
    assert buckets.files() == before


def test_clean_rows_of_another_version_are_not_curated(buckets: Buckets) -> None:
    older = buckets.put(KEY, text(flight(1)))
    newer = buckets.put(KEY, text(flight(2)))
    buckets.run("clean", KEY, "02", newer)
    # The run of an execution that was stopped is still at work, beside its successor's.
    buckets.run("clean", KEY, "01", older)
    with pytest.raises(JobError, match=rf"^clean has not finished for version {newer} of s3://"):
        buckets.run("curate", KEY, "02", newer)
    buckets.run("clean", KEY, "02", newer)
    buckets.run("curate", KEY, "02", newer)
    assert [row["flight"] for row in curated(buckets)] == [2]


def test_a_refusal_of_a_newer_version_stays_in_the_quarantine(buckets: Buckets) -> None:
    older = buckets.put(KEY, text(flight(1)))
    empty = buckets.put(KEY, b"\n")
    broken = buckets.put(KEY, b"")
    with pytest.raises(RefusedObject, match="has no bytes"):
        buckets.run("clean", KEY, "03", broken)
    refusal = buckets.files("quarantine")
    with pytest.raises(RefusedObject, match="blank lines only"):
        buckets.run("clean", KEY, "02", empty)
    buckets.run_both(KEY, "01", older)
    assert buckets.files("quarantine") == refusal


def test_what_a_dead_run_left_is_removed_by_the_next_version(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets.put(KEY, text(flight(1, day=1)))
    buckets.run_both(KEY, "01")
    buckets.put(KEY, text(flight(2, day=2)))
    buckets.run("clean", KEY, "02")
    publish = _FolderStaging.publish

    def publish_and_die(staging: _FolderStaging) -> None:
        publish(staging)
        raise MemoryError

    with monkeypatch.context() as patch:
        # Dies between the rows and the commit marker.
        patch.setattr(_FolderStaging, "publish", publish_and_die)
        with pytest.raises(MemoryError):
            buckets.run("curate", KEY, "02")
    assert sorted(row["flight"] for row in curated(buckets)) == [1, 2]
    buckets.put(KEY, text(flight(3, day=3)))
    _, curate = buckets.run_both(KEY, "03")
    assert curate["removed"] == ["flight_date=2013-01-01", "flight_date=2013-01-02"]
    assert [row["flight"] for row in curated(buckets)] == [3]
    assert [name for name in buckets.files("reports") if "started" in name] == []


@pytest.fixture(scope="module")
def curated_once(new_buckets: Callable[[Path], Buckets], tmp_path_factory: pytest.TempPathFactory) -> Buckets:
    """An object with clean, quarantined and curated rows, for newer versions to be refused."""
    buckets = new_buckets(tmp_path_factory.mktemp("refused"))
    buckets.put(KEY, text(flight(1), flight(2, distance="far")))
    buckets.run_both(KEY, "01")
    return buckets


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b"", "empty_file", "the file has no bytes"),
        (b"\n\n", "empty_file", "the file has blank lines only"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not_csv", "the first line is not text: '\ufffdPNG'"),
        (b"carrier,name\nUA,United\n", "other_columns", "not the contract's header: 18 missing (year,"),
        (
            HEADER.replace(",", ";").encode(),
            "other_delimiter",
            "the columns are separated by ';', the contract says a comma",
        ),
    ],
)
def test_a_file_that_is_refused_harms_nothing(
    curated_once: Buckets, content: bytes, reason: str, detail: str
) -> None:
    buckets = curated_once
    folder = f"quarantine/objects/object={buckets.object_id(KEY)}"
    before = {name: data for name, data in buckets.files().items() if not name.startswith(folder)}
    buckets.put(KEY, content)
    with pytest.raises(RefusedObject) as caught:
        buckets.run("clean", KEY, "02")
    assert str(caught.value).startswith(f"{reason}: {detail}")
    assert "\n" not in str(caught.value)
    after = buckets.files()
    assert after.pop(f"{folder}/x.csv") == content
    written = json.loads(after.pop(f"{folder}/reason.json"))
    assert (written["key"], written["sequencer"], written["reason"]) == (KEY, "02", reason)
    assert (written["etag"], written["version_id"]) == (hashlib.md5(content).hexdigest(), "null")
    assert written["detail"].startswith(detail)
    assert after == before
    # The clean rows that are there are of another version, so that they are not curated as this one's.
    with pytest.raises(JobError, match="clean has not finished"):
        buckets.run("curate", KEY, "02")
    assert {name: data for name, data in buckets.files().items() if not name.startswith(folder)} == before


def test_a_deleted_object_leaves_nothing_but_the_word_that_it_is_gone(
    buckets: Buckets,
) -> None:
    other = "flights/other.csv"
    buckets.put(other, text(flight(9, day=1)))
    buckets.run_both(other)
    version = buckets.put(KEY, text(flight(1, day=1), flight(2, day=2), flight(3, distance="far")))
    buckets.run_both(KEY, "01", version)
    report = buckets.run("remove", KEY, "02", "marker", etag="deleted")
    gone = ["flight_date=2013-01-01", "flight_date=2013-01-02"]
    assert (report["rows_curated"], report["partitions"], report["removed"]) == (0, [], gone)
    (cleaned,) = (
        json.loads(data)
        for name, data in buckets.files().items()
        if name.endswith("/clean.json") and buckets.object_id(KEY) in name
    )
    rows = {
        name: cleaned[name] for name in cleaned if name.startswith("rows_") or name in ("reasons", "dates")
    }
    assert rows == {
        "rows_read": 0,
        "rows_clean": 0,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "reasons": {},
        "dates": [],
    }
    assert [row["flight"] for row in curated(buckets)] == [9]
    object_id = buckets.object_id(KEY)
    assert [name for name in buckets.files() if object_id in name] == [
        f"reports/flights/object={object_id}/{name}.json" for name in ("clean", "curate")
    ]
    # An older version does not come back, though S3 still has it below the delete marker; the same again is the same.
    with pytest.raises(JobError, match="was overtaken"):
        buckets.run("clean", KEY, "01", version)
    assert buckets.run("remove", KEY, "02", "marker", etag="deleted") == report
    # A later one takes its place, and the table is told of both.
    buckets.put(KEY, text(flight(4, day=2)))
    _, curate = buckets.run_both(KEY, "03")
    assert (curate["partitions"], curate["removed"]) == (gone[1:], gone[:1])


def test_a_file_put_right_leaves_the_quarantine(buckets: Buckets) -> None:
    buckets.put(KEY, text(flight(1), flight(2, distance="far")))
    buckets.run("clean", KEY, "01")
    buckets.put(KEY, b"")
    with pytest.raises(RefusedObject):
        buckets.run("clean", KEY, "02")
    assert {name.split("/")[1] for name in buckets.files("quarantine")} == {"flights", "objects"}
    buckets.put(KEY, text(flight(1)))
    buckets.run("clean", KEY, "03")
    assert buckets.files("quarantine") == {}


def test_a_file_without_rows_takes_the_older_rows_away(buckets: Buckets) -> None:
    buckets.put(KEY, text(flight(1)))
    buckets.run_both(KEY, "01")
    buckets.put(KEY, text())
    cleaned, curate = buckets.run_both(KEY, "02")
    assert (cleaned["rows_read"], cleaned["rows_clean"], cleaned["dates"]) == (0, 0, [])
    assert (curate["rows_curated"], curate["partitions"]) == (0, [])
    assert curate["removed"] == ["flight_date=2013-01-01"]
    assert buckets.files("curated") == {}


@pytest.mark.parametrize("name", ["_hidden.csv", ".hidden.csv", "x" * 240 + ".csv"])
def test_a_key_may_be_named_as_spark_would_not_read_it(buckets: Buckets, name: str) -> None:
    key = f"flights/{name}"
    buckets.put(key, text(flight(1)))
    cleaned, _ = buckets.run_both(key)
    assert cleaned["rows_clean"] == 1


def test_a_key_may_hold_what_spark_takes_for_a_pattern(buckets: Buckets) -> None:
    key = "flights/a [1]*{x,y} 'ü' \\%20.csv"
    buckets.put(key, text(flight(1)))
    buckets.put("flights/a 1y ü.csv", text(flight(2), flight(3)))
    cleaned, _ = buckets.run_both(key)
    assert cleaned["rows_clean"] == 1
    assert [row["object_key"] for row in curated(buckets)] == [key]


@pytest.mark.parametrize("job", ["clean", "curate"])
def test_an_older_version_does_not_undo_a_newer(buckets: Buckets, job: str) -> None:
    buckets.put(KEY, text(flight(1)))
    buckets.run_both(KEY, "0B")
    before = buckets.files()
    with pytest.raises(JobError, match=r"was overtaken: sequencer 0B is newer than 0A1$"):
        buckets.run(job, KEY, "0A1")
    assert buckets.files() == before


def test_an_older_version_goes_on_when_the_newer_is_gone(buckets: Buckets) -> None:
    """The newer one's run was killed after its rows were written, and then the version was deleted."""
    older = buckets.put(KEY, text(flight(1, day=1)))
    newer = buckets.put(KEY, text(flight(2, day=2)))
    buckets.run_both(KEY, "02", newer)
    with pytest.raises(JobError, match="was overtaken"):
        buckets.run("clean", KEY, "01", older)
    del buckets.versions[newer]
    _, curate = buckets.run_both(KEY, "01", older)
    assert curate["removed"] == ["flight_date=2013-01-02"]
    assert [row["flight"] for row in curated(buckets)] == [1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("planes", None, "the reference file s3://{raw}/reference/planes.csv is not there"),
        (
            "airlines",
            "code,name\nUA,United\n",
            "the reference file s3://{raw}/reference/airlines.csv has the columns code,name, not carrier,name",
        ),
        (
            "airlines",
            "carrier,name\nUA,United\nAA,American\nUA,again\n",
            "the reference file s3://{raw}/reference/airlines.csv holds the carrier 'UA' 2 times",
        ),
    ],
)
def test_a_bad_reference_file_is_named(
    buckets: Buckets, name: str, content: str | None, message: str
) -> None:
    buckets.put(KEY, text(flight(1)))
    buckets.run("clean", KEY)
    path = buckets.raw / "reference" / f"{name}.csv"
    path.unlink()
    if content is not None:
        path.write_text(content)
    for job in ("clean", "curate"):
        with pytest.raises(JobError) as caught:
            buckets.run(job, KEY)
        assert str(caught.value) == message.format(raw=buckets.raw_name)
    assert buckets.files("curated") == {}


def test_lost_rows_stop_the_job_before_its_report(
    buckets: Buckets, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glue_jobs import clean

    whole = clean.transform

    def losing(*arguments: object) -> object:
        return whole(*arguments).where("NOT flight <=> 2")  # type: ignore[arg-type]

    buckets.put(KEY, text(flight(1), flight(2), flight(3)))
    monkeypatch.setattr(clean, "transform", losing)
    message = r"^lines read \(4\) are not lines judged \(3\)$"
    with pytest.raises(BrokenInvariant, match=message):
        buckets.run("clean", KEY)
    assert buckets.files("reports") == {}
