"""The copy of a version, made by an embedded S3 with versions, conditions and parts."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from glue_jobs import source
from glue_jobs.arguments import JobArguments
from glue_jobs.errors import JobError, SupersededVersion

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = "flights/a [1] ü?versionId=x.csv"
COPIES = "s3://processed/work/flights/object=0"


def arguments(put: dict[str, Any], sequencer: str = "0B", **changes: str) -> JobArguments:
    values = {
        "raw_bucket": "raw",
        "key": KEY,
        "etag": put["ETag"].strip('"'),
        "version_id": put.get("VersionId", "null"),
        "sequencer": sequencer,
        "object_id": "0" * 64,
        "processed_bucket": "processed",
        "dataset": "flights",
    }
    return JobArguments(**(values | changes))


def copies(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="processed").get("Contents", [])]


def body(s3: Any, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.mark.parametrize("parts", [False, True])
def test_the_version_of_the_event_is_copied(s3: Any, monkeypatch: pytest.MonkeyPatch, parts: bool) -> None:
    if parts:
        monkeypatch.setattr(source, "PART_BYTES", 5 * 2**20)
    content = b"0123456789" * 600_000
    old = s3.put_object(Bucket="raw", Key=KEY, Body=content, Tagging="a=b", Metadata={"c": "d"})
    s3.put_object(Bucket="raw", Key=KEY, Body=b"newer")
    s3.delete_object(Bucket="raw", Key=KEY)
    with source.copied(arguments(old), COPIES) as copy:
        uri = copy()
        assert re.fullmatch(rf"{COPIES}/0B-[0-9a-f]{{32}}/source\.csv", uri)
        assert body(s3, uri) == content
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        assert s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] == []
    assert copies(s3) == []


def test_content_put_in_parts_is_known_by_its_own_etag(s3: Any) -> None:
    part = {"Bucket": "raw", "Key": KEY}
    part["UploadId"] = s3.create_multipart_upload(**part)["UploadId"]
    done = s3.upload_part(**part, PartNumber=1, Body=b"in parts")
    put = s3.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": done["ETag"]}]}
    )
    assert put["ETag"].endswith('-1"')
    with source.copied(arguments(put), COPIES) as copy:
        assert body(s3, copy()) == b"in parts"


def test_what_was_put_without_versions_is_known_by_its_etag(s3: Any) -> None:
    put = s3.put_object(Bucket="plain", Key=KEY, Body=b"first")
    given = arguments(put, raw_bucket="plain")
    assert given.version_id == "null"
    with source.copied(given, COPIES) as copy:
        assert body(s3, copy()) == b"first"
    s3.put_object(Bucket="plain", Key=KEY, Body=b"second")
    with pytest.raises(SupersededVersion), source.copied(given, COPIES) as copy:
        copy()


@pytest.mark.parametrize(
    "gone", ["version deleted", "version never there", "delete marker", "another etag", "key never there"]
)
def test_a_version_that_is_gone_is_said_to_be(s3: Any, gone: str) -> None:
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"gone")
    given = arguments(put)
    if gone == "version deleted":
        s3.delete_object(Bucket="raw", Key=KEY, VersionId=put["VersionId"])
    elif gone == "version never there":
        given = arguments(put, version_id="11111111-2222-3333-4444-555555555555")
    elif gone == "delete marker":
        given = arguments(put, version_id=s3.delete_object(Bucket="raw", Key=KEY)["VersionId"])
    elif gone == "another etag":
        given = arguments(put, etag="0" * 32)
    else:
        given = arguments(put, key="flights/never.csv")
    with pytest.raises(SupersededVersion) as caught, source.copied(given, COPIES) as copy:
        copy()
    assert str(caught.value) == (
        f"version {given.version_id} of s3://raw/{given.key} with ETag {given.etag} is gone: it was deleted or "
        "has expired, or the bucket keeps no versions and the object was overwritten"
    )
    assert copies(s3) == []


def test_content_replaced_between_two_parts_is_not_mixed(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PART_BYTES", 5 * 2**20)
    put = s3.put_object(Bucket="plain", Key=KEY, Body=b"A" * 11 * 2**20)
    heads = []

    def replace(**_: Any) -> None:
        # After the HEAD by which the size and the ETag are found, before the parts.
        heads.append(s3.put_object(Bucket="plain", Key=KEY, Body=b"B" * 11 * 2**20))

    plain = source.Copies.__init__

    def hooked(copies: source.Copies, folder: str) -> None:
        plain(copies, folder)
        copies._client.meta.events.register("before-call.s3.CreateMultipartUpload", replace)

    monkeypatch.setattr(source.Copies, "__init__", hooked)
    with pytest.raises(SupersededVersion), source.copied(arguments(put, raw_bucket="plain"), COPIES) as copy:
        copy()
    assert (len(heads), copies(s3)) == (1, [])
    assert s3.list_multipart_uploads(Bucket="processed").get("Uploads", []) == []


def test_another_error_is_a_failure(s3: Any) -> None:
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"x")
    nowhere = source.copied(arguments(put), "s3://nowhere/work/flights/object=0")
    with pytest.raises(JobError, match=r"cannot be copied: .*NoSuchBucket") as caught, nowhere as copy:
        copy()
    assert not isinstance(caught.value, SupersededVersion)


def test_what_killed_runs_left_is_swept_but_not_a_newer_runs_copy(s3: Any) -> None:
    folder = "work/flights/object=0"
    left = [f"{folder}/{name}/source.csv" for name in ("0A-x", "0B-x", "0B1-x", "0C-x")]
    beside = "work/flights/object=00/0A-x/source.csv"
    for key in (*left, beside):
        s3.put_object(Bucket="processed", Key=key, Body=b"")
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"x")
    with source.copied(arguments(put, "0B"), COPIES) as copy:
        copy()
    assert copies(s3) == [*left[2:], beside]
    for key in (*left, beside):
        s3.delete_object(Bucket="processed", Key=key)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("flights/a.csv", "source.csv"),
        ("flights/2013.01.csv.gz", "source.csv.gz"),
        ("flights/_hidden.CSV", "source.CSV"),
        ("flights/a.b [x].csv", "source.csv"),
        ("flights/none", "source"),
        ("flights/" + "x" * 900 + "." + "y" * 100, "source"),
    ],
)
def test_a_copys_name_keeps_the_ends_of_the_keys(key: str, name: str) -> None:
    assert source._name(key) == name


def report(put: dict[str, Any], **changes: str) -> dict[str, str]:
    """What a report says of its version."""
    version = {"bucket": "raw", "key": KEY, "etag": put["ETag"].strip('"'), "version_id": put["VersionId"]}
    return version | changes


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, False),
        ({"etag": "0" * 32}, True),
        ({"key": "flights/never.csv"}, True),
        ({"version_id": "11111111-2222-3333-4444-555555555555"}, True),
        # Of a bucket without versions, what is there now counts.
        ({"version_id": "null", "bucket": "plain"}, True),
    ],
)
def test_whether_a_reports_version_is_gone(s3: Any, changes: dict[str, str], gone: bool) -> None:
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"there")
    s3.put_object(Bucket="raw", Key=KEY, Body=b"newer")
    s3.put_object(Bucket="plain", Key=KEY, Body=b"another")
    assert source.is_gone(report(put, **changes)) is gone


def test_a_deleted_version_is_gone(s3: Any) -> None:
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"there")
    marker = s3.delete_object(Bucket="raw", Key=KEY)["VersionId"]
    assert [source.is_gone(report(put)), source.is_gone(report(put, version_id=marker))] == [False, True]
    s3.delete_object(Bucket="raw", Key=KEY, VersionId=put["VersionId"])
    assert source.is_gone(report(put))


def test_a_version_that_may_not_be_asked_for_is_not_gone(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put = s3.put_object(Bucket="raw", Key=KEY, Body=b"there")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN00")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(ClientError, match="403"):
        source.is_gone(report(put))


def test_a_copy_that_cannot_be_removed_is_said_to_be_left(
    s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    source.Copies("s3://nowhere/work").remove("0B-x/source.csv")
    said = capsys.readouterr().out
    assert said.startswith(
        "the working copy s3://nowhere/work/0B-x/source.csv is left: An error occurred (NoSuchBucket)"
    )
