"""S3's EventBridge flag, its events, and checksums."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.s3.utils import _VersionedKeyStore

from tests.cloud.aws.conftest import ACCOUNT, Aws

pytestmark = pytest.mark.usefixtures("in_order")

ALL_S3 = {"source": ["aws.s3"]}


def record(aws: Aws) -> str:
    """Let every S3 event of the default bus go to a queue; return its URL."""
    url, arn = aws.queue("seen")
    aws.rule("all-s3", ALL_S3, {"Id": "queue", "Arn": arn})
    return url


def seen(aws: Aws, url: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        more = aws.messages(url)
        assert more, f"only {len(found)} of {count} events: {found}"
        found += [json.loads(m["Body"]) for m in more]
    assert aws.earlier(url) == []
    return sorted(found, key=lambda event: str(event["detail"]["object"]["sequencer"]))


def test_eventbridge_flag_comes_back(aws: Aws) -> None:
    s3 = aws.bucket("raw", events=True)
    got = s3.get_bucket_notification_configuration(Bucket="raw")
    assert got["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket="raw", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="raw")


def test_event_of_a_put(aws: Aws) -> None:
    s3 = aws.bucket("raw", events=True)
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    url = record(aws)
    put = s3.put_object(Bucket="raw", Key='flights/a "b" é+ c.csv', Body=b"hello", Tagging="a=b")
    (event,) = seen(aws, url, 1)
    detail = event.pop("detail")
    stored = detail.pop("object")
    assert re.fullmatch("[0-9a-f]{16}", stored.pop("sequencer"))
    assert stored == {
        "key": 'flights/a "b" é+ c.csv',
        "size": 5,
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "version-id": put["VersionId"],
    }
    assert re.fullmatch("[0-9A-F]{16}", detail.pop("request-id"))
    assert detail == {
        "version": "0",
        "bucket": {"name": "raw"},
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event.pop("time"))
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::raw"],
    }


def test_each_way_to_create_an_object_gives_one_event_in_order(aws: Aws) -> None:
    s3 = aws.bucket("raw", events=True)
    url = record(aws)
    s3.put_object(Bucket="raw", Key="a", Body=b"")
    s3.copy_object(Bucket="raw", Key="b", CopySource="raw/a")
    upload = s3.create_multipart_upload(Bucket="raw", Key="c")["UploadId"]
    part = s3.upload_part(Bucket="raw", Key="c", UploadId=upload, PartNumber=1, Body=b"12345")
    s3.complete_multipart_upload(
        Bucket="raw",
        Key="c",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    s3.delete_object(Bucket="raw", Key="a")
    events = seen(aws, url, 4)
    assert [(e["detail-type"], e["detail"]["object"]["key"], e["detail"]["reason"]) for e in events] == [
        ("Object Created", "a", "PutObject"),
        ("Object Created", "b", "CopyObject"),
        ("Object Created", "c", "CompleteMultipartUpload"),
        ("Object Deleted", "a", "DeleteObject"),
    ]
    assert [e["detail"]["object"].get("size") for e in events] == [0, 0, 5, None]
    assert events[0]["detail"]["object"].keys() == {"key", "size", "etag", "sequencer"}  # unversioned
    assert len({e["detail"]["object"]["sequencer"] for e in events}) == 4


def test_each_deletion_in_a_versioned_bucket_gives_one_event_in_order(aws: Aws) -> None:
    s3 = aws.bucket("raw", events=True)
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    url = record(aws)
    first = s3.put_object(Bucket="raw", Key="a", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="raw", Key="a", Body=b"2")["VersionId"]
    marker = s3.delete_object(Bucket="raw", Key="a")["VersionId"]
    s3.delete_object(Bucket="raw", Key="a", VersionId=first)
    s3.delete_object(Bucket="raw", Key="a", VersionId=marker)
    s3.delete_objects(Bucket="raw", Delete={"Objects": [{"Key": "a", "VersionId": second}]})
    s3.delete_object(Bucket="raw", Key="a", VersionId=second)  # gone
    s3.put_object(Bucket="raw", Key="b", Body=b"")
    events = [one for one in seen(aws, url, 7) if one["detail-type"] == "Object Deleted"]
    assert [(one["detail"]["object"]["version-id"], one["detail"]["deletion-type"]) for one in events] == [
        (marker, "Delete Marker Created"),
        (first, "Permanently Deleted"),
        (marker, "Permanently Deleted"),
        (second, "Permanently Deleted"),
    ]


def test_the_newest_version_is_listed_first_within_a_millisecond(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="raw", Key="a", Body=b"x")["VersionId"] for _ in range(20)]
    stored = s3_backends[ACCOUNT]["aws"].buckets["raw"].keys.getlist("a")
    for version in stored:
        version.last_modified = stored[0].last_modified
    listed = s3.list_object_versions(Bucket="raw", Prefix="a")["Versions"]
    assert [one["VersionId"] for one in listed] == versions[::-1]
    assert [one["IsLatest"] for one in listed] == [True] + [False] * 19


def test_without_the_flag_there_is_no_event(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    url = record(aws)
    s3.put_object(Bucket="raw", Key="a", Body=b"")
    assert aws.earlier(url) == []


def digest(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"ContentMD5": digest(b"body")}, None),
        ({"ContentMD5": digest(b"other")}, "BadDigest"),
        ({"ContentMD5": "not base64!"}, "InvalidDigest"),
        ({"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"body").digest()).decode()}, None),
        ({"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"other").digest()).decode()}, "BadDigest"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
    ],
)
def test_checksums_are_verified(aws: Aws, headers: dict[str, str], code: str | None) -> None:
    s3 = aws.bucket("raw")
    if code is None:
        s3.put_object(Bucket="raw", Key="k", Body=b"body", **headers)
        assert s3.get_object(Bucket="raw", Key="k")["Body"].read() == b"body"
        return
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="raw", Key="k", Body=b"body", **headers)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="raw", Key="k")


def test_part_with_a_wrong_checksum_is_refused(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    upload = s3.create_multipart_upload(Bucket="raw", Key="c")["UploadId"]
    with pytest.raises(ClientError, match="BadDigest"):
        s3.upload_part(
            Bucket="raw", Key="c", UploadId=upload, PartNumber=1, Body=b"1", ContentMD5=digest(b"2")
        )


def test_a_copy_is_made_of_the_version_and_the_content_that_are_named(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="raw", Key="k", Body=b"old")
    new = s3.put_object(Bucket="raw", Key="k", Body=b"new")
    source = {"Bucket": "raw", "Key": "k", "VersionId": old["VersionId"]}
    s3.copy_object(Bucket="raw", Key="copy", CopySource=source, CopySourceIfMatch=old["ETag"])
    assert s3.get_object(Bucket="raw", Key="copy")["Body"].read() == b"old"
    upload = s3.create_multipart_upload(Bucket="raw", Key="parts")["UploadId"]
    part = {"Bucket": "raw", "Key": "parts", "UploadId": upload, "PartNumber": 1}
    s3.upload_part_copy(**part, CopySource=source, CopySourceIfMatch=old["ETag"])
    for copy in (
        lambda: s3.copy_object(Bucket="raw", Key="other", CopySource=source, CopySourceIfMatch=new["ETag"]),
        lambda: s3.upload_part_copy(**part, CopySource=source, CopySourceIfMatch=new["ETag"]),
    ):
        with pytest.raises(ClientError) as caught:
            copy()
        assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="raw", Key="other")


def test_versioned_bucket_can_be_emptied(aws: Aws) -> None:
    s3 = aws.bucket("raw", events=True)
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    s3.put_object(Bucket="raw", Key="k", Body=b"2")
    s3.delete_object(Bucket="raw", Key="k")
    listed = s3.list_object_versions(Bucket="raw")
    every = [
        {"Key": v["Key"], "VersionId": v["VersionId"]} for v in listed["Versions"] + listed["DeleteMarkers"]
    ]
    assert len(every) == 3
    deleted = s3.delete_objects(Bucket="raw", Delete={"Objects": every})
    assert len(deleted["Deleted"]) == 3
    s3.delete_bucket(Bucket="raw")
    assert s3.list_buckets()["Buckets"] == []


@pytest.mark.parametrize("view", ["lists", "iterlists", "items", "iteritems", "values", "itervalues"])
def test_listing_is_not_upset_by_a_key_deleted_meanwhile(aws: Aws, view: str) -> None:
    store = _VersionedKeyStore()
    for name in ("a", "b"):
        store.setlist(name, [FakeDeleteMarker(SimpleNamespace(name=name, version_id="1"))])
    listing = getattr(store, view)()
    next(listing)
    store.pop("b")
    found = [entry[1] if isinstance(entry, tuple) else entry for entry in listing]
    versions = [entry[-1] if isinstance(entry, list) else entry for entry in found]
    assert [version.name for version in versions] == ["b"]
