"""Partitions of a run, put in the place of the object's earlier ones in an embedded S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from glue_jobs import partitions
from glue_jobs.arguments import JobArguments
from glue_jobs.errors import JobError
from glue_jobs.partitions import Staging, staged

OWN, OTHER = "0" * 64, "1" * 64
WORK = "work/flights/object=" + OWN
ARGUMENTS = JobArguments("raw", "flights/a.csv", "etag", "null", "0B", OWN, "processed", "flights")
FIRST, SECOND, THIRD = (f"flight_date=2013-01-0{day}" for day in (1, 2, 3))


@pytest.fixture
def processed(s3: Any) -> Any:
    """The S3 whose processed bucket is empty."""
    yield s3
    for key in left(s3):
        s3.delete_object(Bucket="processed", Key=key)


def left(s3: Any) -> dict[str, bytes]:
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="processed").get("Contents", [])]
    return {key: s3.get_object(Bucket="processed", Key=key)["Body"].read() for key in keys}


def lay(s3: Any, files: dict[str, bytes]) -> None:
    for key, body in files.items():
        s3.put_object(Bucket="processed", Key=key, Body=body)


def below(uri: str) -> str:
    return uri.removeprefix("s3://processed/")


def test_partitions_of_a_run_replace_the_objects_earlier_ones(processed: Any) -> None:
    own, other = f"object={OWN}", f"object={OTHER}"
    stays = {
        f"curated/flights/{FIRST}/{other}/part-0.parquet": b"another object",
        f"curated/flights/{THIRD}/{own}/part-0.parquet": b"a date that the run has not",
        f"curated/trips/{FIRST}/{own}/part-0.parquet": b"another table",
        f"{WORK}/0B-other/source.csv": b"another copy",
    }
    earlier = {
        f"curated/flights/{FIRST}/{own}/part-old.parquet": b"old",
        f"curated/flights/{FIRST}/{own}/part-older.parquet": b"older",
    }
    lay(processed, stays | earlier)
    with staged(ARGUMENTS) as staging:
        folder = below(staging.uri)
        assert folder.startswith(f"{WORK}/0B-")
        written = {
            f"{folder}/": b"",
            f"{folder}/{own}/{FIRST}/part-0.parquet": b"one",
            f"{folder}/{own}/{FIRST}/part-1.parquet": b"two",
            f"{folder}/{own}/{SECOND}/part-0.parquet": b"three",
        }
        lay(processed, written)
        staging.publish()
    assert left(processed) == stays | {
        f"curated/flights/{FIRST}/{own}/part-0.parquet": b"one",
        f"curated/flights/{FIRST}/{own}/part-1.parquet": b"two",
        f"curated/flights/{SECOND}/{own}/part-0.parquet": b"three",
    }


def test_a_run_without_a_row_changes_nothing(processed: Any) -> None:
    earlier = {f"curated/flights/{FIRST}/object={OWN}/part-0.parquet": b"old"}
    lay(processed, earlier)
    with staged(ARGUMENTS) as staging:
        staging.publish()
    assert left(processed) == earlier


def fails(s3: Any) -> None:
    with staged(ARGUMENTS) as staging:
        lay(s3, {f"{below(staging.uri)}/object={OWN}/{FIRST}/part-0.parquet": b"one"})
        raise JobError("rows curated (1)")


def test_a_run_that_fails_leaves_nothing_behind(processed: Any) -> None:
    with pytest.raises(JobError, match=r"^rows curated \(1\)$"):
        fails(processed)
    assert left(processed) == {}


def test_more_files_than_one_request_takes(processed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "BATCH", 2)
    names = [f"part-{number}.parquet" for number in range(5)]
    lay(processed, {f"curated/flights/{FIRST}/object={OWN}/old-{name}": b"old" for name in names})
    with staged(ARGUMENTS) as staging:
        folder = below(staging.uri)
        lay(processed, {f"{folder}/object={OWN}/{FIRST}/{name}": name.encode() for name in names})
        staging.publish()
    assert left(processed) == {
        f"curated/flights/{FIRST}/object={OWN}/{name}": name.encode() for name in names
    }


def refusing(client: Any, operation: str) -> Callable[..., Any]:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)

    return refuse


@pytest.mark.parametrize("operation", ["delete_objects", "copy"])
def test_a_refusal_of_s3_fails_the_run(
    processed: Any, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    earlier = {f"curated/flights/{FIRST}/object={OWN}/part-old.parquet": b"old"}
    lay(processed, earlier)
    staging = Staging(f"s3://processed/{WORK}/0B-1", "s3://processed/curated/flights")
    written = {f"{WORK}/0B-1/object={OWN}/{FIRST}/part-0.parquet": b"new"}
    lay(processed, written)
    with monkeypatch.context() as patch:
        called = refusing(staging._client, operation)
        patch.setattr(staging._client, operation, lambda *_, **__: called())
        with pytest.raises(
            JobError, match=r"cannot be moved to s3://processed/curated/flights: .*AccessDenied"
        ):
            staging.publish()
    # What was deleted comes back with the next run: the new rows are still there until this one ends.
    assert written.items() <= left(processed).items()


def test_an_object_that_cannot_be_deleted_is_named(processed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"curated/flights/{FIRST}/object={OWN}/part-old.parquet"
    lay(processed, {key: b"old", f"{WORK}/0B-1/object={OWN}/{FIRST}/part-0.parquet": b"new"})
    staging = Staging(f"s3://processed/{WORK}/0B-1", "s3://processed/curated/flights")
    faults = {"Errors": [{"Key": key, "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(staging._client, "delete_objects", lambda **_: faults)
    with pytest.raises(JobError, match=f"^s3://processed/{key} cannot be deleted: Access Denied$"):
        staging.publish()


def test_a_folder_that_cannot_be_removed_stops_no_run(
    processed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged(ARGUMENTS) as staging:
        lay(processed, {f"{below(staging.uri)}/object={OWN}/{FIRST}/part-0.parquet": b"new"})
        staging.publish()
        monkeypatch.setattr(staging._client, "delete_objects", refusing(staging._client, "DeleteObjects"))
    assert capsys.readouterr().out.startswith(f"the partitions in {staging.uri} are left: An error occurred")
