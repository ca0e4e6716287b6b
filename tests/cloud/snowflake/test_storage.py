"""The bytes of bucket objects that stage storage caches."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake import storage
from strata.cloud.snowflake.catalog import Integration
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.storage import StageStorage, StoredObject

from .conftest import ACCOUNT, REGION

OBJECTS = [StoredObject(key, "etag", 4, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)) for key in "abc"]


@pytest.mark.parametrize(
    ("read_again", "cached"),
    [(None, [None, b"bbbb", b"cccc"]), (0, [b"aaaa", None, b"cccc"])],
)
def test_the_cache_drops_what_was_not_read_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_again: int | None, cached: list[bytes | None]
) -> None:
    monkeypatch.setattr(storage, "_CACHE_BYTES", 8)
    found = StageStorage(CloudContext(ACCOUNT, REGION, tmp_path), lambda: None)
    for stored in OBJECTS[:2]:
        found.keep("bucket", stored, stored.key.encode() * 4)
    if read_again is not None:
        found.cached("bucket", OBJECTS[read_again])
    found.keep("bucket", OBJECTS[2], b"cccc")
    assert [found.cached("bucket", stored) for stored in OBJECTS] == cached
    assert found.cached("other", OBJECTS[2]) is None
    found.close()


LOCATIONS = ("s3://bucket/a/", "s3://bucket/b")


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://buc-ket.1/a/b", "buc-ket.1", "a/b"),
        ("s3gov://bucket/a://b", "bucket", "a://b"),
        ("s3china://bucket/x", "bucket", "x"),
    ],
)
def test_a_location_is_split(url: str, bucket: str, prefix: str) -> None:
    assert storage.split_url(url) == (bucket, prefix)
    storage.check_scheme(url.split(":")[0].upper(), url)


@pytest.mark.parametrize(
    "url", ["gcs://bucket/", "s3:/bucket", "s3://B/", "s3://ab", "xs3://bucket", "s3://a_b/c", ""]
)
def test_what_is_not_a_location(url: str) -> None:
    with pytest.raises(SqlError) as raised:
        storage.split_url(url)
    assert (raised.value.code, raised.value.sqlstate) == (1008, "22023")
    assert raised.value.message == f"SQL compilation error:\ninvalid URL prefix found in: '{url}'"


@pytest.mark.parametrize(
    ("url", "allowed", "blocked", "inside"),
    [
        ("s3://bucket/a/", LOCATIONS, (), True),
        ("s3://bucket/a", LOCATIONS, (), True),
        ("s3://bucket/a/x/y", LOCATIONS, (), True),
        ("s3://bucket/b/x", LOCATIONS, (), True),
        ("s3://bucket/ab/", LOCATIONS, (), False),
        ("s3://bucket/", LOCATIONS, (), False),
        ("s3://other/a/", LOCATIONS, (), False),
        ("s3://other/a/", ("*",), (), True),
        ("s3://bucket/a/x/", LOCATIONS, ("s3://bucket/a/x/",), False),
        ("s3://bucket/a/x/y", LOCATIONS, ("s3://bucket/a/x",), False),
        ("s3://bucket/a/xy", LOCATIONS, ("s3://bucket/a/x/", "s3://bucket/z/"), True),
        ("s3://bucket/a/", LOCATIONS, ("*",), False),
        ("s3://bucket/a/", (), (), False),
    ],
)
def test_where_an_integration_reaches(
    url: str, allowed: tuple[str, ...], blocked: tuple[str, ...], inside: bool
) -> None:
    options = {
        "STORAGE_PROVIDER": "S3",
        "STORAGE_ALLOWED_LOCATIONS": list(allowed),
        "STORAGE_BLOCKED_LOCATIONS": list(blocked),
    }
    integration = Integration(name="I", owner="R", options=options)
    if inside:
        storage.check_location(integration, url)
        return
    with pytest.raises(SqlError) as raised:
        storage.check_location(integration, url)
    assert (raised.value.code, raised.value.sqlstate) == (3138, "42601")


class Pages:
    """A client of S3 with two pages of objects, of which some cannot be read."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.denied = False

    def get_paginator(self, name: str) -> Pages:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        if asked["Prefix"] == "refused/":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")
        assert asked == {"Bucket": "bucket", "Prefix": "p/"}
        entries = [
            {"Key": f"p/{n}", "ETag": f'"{n}"', "Size": 1, "LastModified": NOON}
            for n in ("a", "b", "folder/")
        ]
        return [{"Contents": entries[:1]}, {"Contents": entries[1:]}, {}]

    def get_object(self, **asked: str) -> Any:
        if self.denied:
            answer = {"ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError({"Error": {"Code": "AccessDenied"}} | answer, "GetObject")
        if asked.get("IfNoneMatch") == '"a"':
            answer = {"ResponseMetadata": {"HTTPStatusCode": 304}}
            raise ClientError({"Error": {"Code": "304"}} | answer, "GetObject")
        self.reads.append(asked["Key"])
        if asked["Key"] == "p/b":
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(asked["Key"].encode())}


NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def test_the_objects_of_a_bucket(tmp_path: Path) -> None:
    kept = StageStorage(CloudContext(ACCOUNT, REGION, tmp_path), lambda: None)
    client = Pages()
    bucket = storage.Bucket(kept, "bucket", client)
    found = bucket.objects("p/")
    assert found == [StoredObject("p/a", "a", 1, NOON), StoredObject("p/b", "b", 1, NOON)]
    assert bucket.read(found) == [b"p/a", None]
    assert bucket.read(found[:1]) == [b"p/a"]
    # What was read once is not read again, unless the role may no longer read it.
    assert sorted(client.reads) == ["p/a", "p/b"]
    client.denied = True
    assert bucket.read(found[:1]) == [None]
    with pytest.raises(SqlError) as raised:
        bucket.objects("refused/")
    assert (raised.value.code, raised.value.sqlstate) == (91003, "22000")
    assert raised.value.message.startswith(
        "Failure using stage area. Cause: [An error occurred (AccessDenied)"
    )
    assert raised.value.message.endswith("] (s3://bucket/refused/)")
    kept.close()


def test_the_role_of_an_integration(tmp_path: Path) -> None:
    asked: list[Any] = []

    def assume_role(role_arn: str, **named: str) -> Any:
        asked.append((role_arn, named))
        if role_arn == "arn:no":
            raise PermissionError("not trusted")
        return SimpleNamespace(access_key_id="k", secret_access_key="s", session_token="t")

    context = CloudContext(ACCOUNT, REGION, tmp_path, aws_url="http://127.0.0.1:1")
    kept = StageStorage(context, assume_role)
    options = {"STORAGE_PROVIDER": "S3", "STORAGE_AWS_ROLE_ARN": "arn:r", "STORAGE_AWS_EXTERNAL_ID": "x"}
    bucket = kept.open(Integration(name="I", owner="R", options=options), "bucket")
    client = bucket._client
    assert (bucket.name, client.meta.region_name, client.meta.endpoint_url) == (
        "bucket",
        REGION,
        context.aws_url,
    )
    assert client.meta.config.s3["addressing_style"] == "path"
    named = {"principal_arn": storage.USER_ARN, "external_id": "x", "session_name": "snowflake"}
    assert asked == [("arn:r", named)]
    for change, code in (({"STORAGE_AWS_ROLE_ARN": "arn:no"}, 3167), ({"STORAGE_PROVIDER": "S3GOV"}, 2)):
        with pytest.raises(SqlError) as raised:
            kept.open(Integration(name="I", owner="R", options=options | change), "bucket")
        assert raised.value.code == code
    kept.close()
