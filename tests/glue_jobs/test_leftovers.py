"""What killed runs left on S3 is removed by the next run of the same object, and nothing else is."""

from __future__ import annotations

import io
from typing import Any

import pytest

from glue_jobs import leftovers, source
from glue_jobs.arguments import JobArguments

OWN, OTHER = "0" * 64, "1" * 64
DAY = "flight_date=2013-01-01"


def arguments(put: dict[str, Any], sequencer: str = "0B") -> JobArguments:
    return JobArguments(
        "raw",
        "flights/a.csv",
        put["ETag"].strip('"'),
        put["VersionId"],
        sequencer,
        OWN,
        "processed",
        "flights",
    )


@pytest.fixture
def processed(s3: Any) -> Any:
    """The S3 whose processed bucket is empty."""
    yield s3
    for item in s3.list_objects_v2(Bucket="processed").get("Contents", []):
        s3.delete_object(Bucket="processed", Key=item["Key"])
    for upload in s3.list_multipart_uploads(Bucket="processed").get("Uploads", []):
        s3.abort_multipart_upload(Bucket="processed", Key=upload["Key"], UploadId=upload["UploadId"])


def lay(s3: Any, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket="processed", Key=key, Body=b"" if key.endswith("/") else b"rows")


def begin(s3: Any, *keys: str) -> None:
    """One-part uploads that are never completed."""
    for key in keys:
        upload = s3.create_multipart_upload(Bucket="processed", Key=key)
        s3.upload_part(
            Bucket="processed", Key=key, UploadId=upload["UploadId"], PartNumber=1, Body=io.BytesIO(b"part")
        )


def left(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="processed").get("Contents", [])]


def uploads(s3: Any) -> list[str]:
    return sorted(item["Key"] for item in s3.list_multipart_uploads(Bucket="processed").get("Uploads", []))


def test_a_run_takes_its_objects_leftovers_along(processed: Any) -> None:
    put = processed.put_object(Bucket="raw", Key="flights/a.csv", Body=b"x")
    work = f"work/flights/object={OWN}"
    mine = [
        f"{work}/0A-1/source.csv",
        f"{work}/0A-2/_temporary/0/",
        f"{work}/0B-3/object={OWN}/{DAY}/part-1.parquet",
    ]
    others = [
        f"curated/flights/{DAY}/object={OWN}/part-0.parquet",
        f"work/flights/object={OTHER}/0A-4/object={OTHER}/{DAY}/part-0.parquet",
        f"{work}/0C-5/object={OWN}/{DAY}/part-0.parquet",
        f"work/trips/object={OWN}/0A-6/source.csv",
    ]
    lay(processed, *mine, *others)
    abandoned = [
        f"curated/flights/{DAY}/object={OWN}/part-0.parquet",
        f"clean/flights/object={OWN}/sequencer=0A/judged/part-0.parquet",
        f"{work}/0A-1/source.csv",
        f"{work}/0A-2/_temporary/0/_temporary/attempt_1/object={OWN}/{DAY}/part-2.parquet",
    ]
    foreign = [
        f"clean/flights/object={OTHER}/sequencer=0A/judged/part-0.parquet",
        f"clean/flights/object={OWN}/sequencer=0C/judged/part-0.parquet",
        f"{work}/0C-1/object={OWN}/{DAY}/part-0.parquet",
    ]
    begin(processed, *abandoned, *foreign)
    with source.copied(arguments(put), f"s3://processed/{work}") as copy:
        copy()
    assert left(processed) == sorted(others)
    assert uploads(processed) == sorted(foreign)


def test_what_cannot_be_swept_stops_no_run(processed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    put = processed.put_object(Bucket="raw", Key="flights/a.csv", Body=b"x")
    given = arguments(put)
    missing = JobArguments(**(vars(given) | {"processed_bucket": "not-there"}))
    leftovers.sweep(processed, missing)
    assert capsys.readouterr().out.startswith(
        "leftovers of killed runs for s3://raw/flights/a.csv stay: An error occurred (NoSuchBucket)"
    )
