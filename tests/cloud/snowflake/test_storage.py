"""The locations of stages, and the objects there."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake import storage
from strata.cloud.snowflake.aws_account import USER_ARN
from strata.cloud.snowflake.catalog import Integration
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.storage import StageStorage, StorageError, StoredObject

from .conftest import ACCOUNT, REGION

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
OBJECTS = [StoredObject(key, "etag", 1, NOON) for key in "abc"]
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


def test_the_objects_of_a_bucket(tmp_path: Path) -> None:
    kept = StageStorage(CloudContext(ACCOUNT, REGION, tmp_path), lambda: None)
    objects = Mock(body=lambda bucket, stored: b"x" if stored.key == "a" else None)
    bucket = storage.Bucket(kept, "bucket", objects, "keys")
    objects.list.return_value = OBJECTS
    assert bucket.objects("p/") == OBJECTS
    objects.list.assert_called_once_with("keys", "bucket", "p/")
    objects.readable.return_value = {"a", "b"}
    (copy,) = bucket.read(OBJECTS)
    assert (copy.key, copy.path.read_bytes(), copy.schema) == ("a", b"x", None)
    # The role may lose its access to an object that has been copied, and then to the bucket.
    objects.readable.return_value = {"c"}
    assert bucket.read(OBJECTS) == []
    objects.readable.side_effect = objects.list.side_effect = StorageError("NoSuchBucket", 404, "It is gone")
    assert bucket.read(OBJECTS) == []
    with pytest.raises(SqlError) as raised:
        bucket.objects("p/")
    assert (raised.value.code, raised.value.sqlstate) == (91003, "22000")
    assert raised.value.message == (
        "Failure using stage area. Cause: [It is gone (Status Code: 404; Error Code: NoSuchBucket)] (s3://bucket/p/)"
    )
    kept.close()
    assert not copy.path.exists()


def test_the_role_of_an_integration(tmp_path: Path) -> None:
    asked: list[Any] = []

    def assume_role(role_arn: str, **named: Any) -> Any:
        asked.append((role_arn, named))
        if role_arn == "arn:no":
            raise PermissionError("not trusted")
        return SimpleNamespace(access_key_id="k", secret_access_key="s", session_token="t")

    context = CloudContext(ACCOUNT, REGION, tmp_path, objects=Mock())
    kept = StageStorage(context, assume_role)
    options = {"STORAGE_PROVIDER": "S3", "STORAGE_AWS_ROLE_ARN": "arn:r", "STORAGE_AWS_EXTERNAL_ID": "x"}
    bucket = kept.open(Integration(name="I", owner="R", options=options), "bucket")
    assert bucket.name == "bucket"
    named = {"principal_arn": USER_ARN, "external_id": "x", "session_name": "snowflake", "reuse": True}
    assert asked == [("arn:r", named)]
    for change, code in (({"STORAGE_AWS_ROLE_ARN": "arn:no"}, 3167), ({"STORAGE_PROVIDER": "S3GOV"}, 2)):
        with pytest.raises(SqlError) as raised:
            kept.open(Integration(name="I", owner="R", options=options | change), "bucket")
        assert raised.value.code == code
    kept.close()
