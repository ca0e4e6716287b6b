"""Where a bucket's access logs go."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from tests.cloud.aws.conftest import ACCOUNT, Aws


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.bucket("raw")
    aws.bucket("logs")
    return client


@pytest.mark.parametrize(
    "key_format",
    [
        {},
        {"TargetObjectKeyFormat": {"SimplePrefix": {}}},
        {"TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}},
        {"TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}},
    ],
)
def test_the_format_of_keys_is_kept(s3: Any, key_format: dict[str, Any]) -> None:
    given = {"TargetBucket": "logs", "TargetPrefix": "log/", **key_format}
    s3.put_bucket_logging(Bucket="raw", BucketLoggingStatus={"LoggingEnabled": given})
    assert s3.get_bucket_logging(Bucket="raw")["LoggingEnabled"] == given
    # moto alone writes log entries for requests that nobody sent.
    assert s3.list_objects_v2(Bucket="logs")["KeyCount"] == 0
    s3.put_bucket_logging(Bucket="raw", BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="raw")


@pytest.mark.parametrize(
    "key_format",
    [
        {"PartitionedPrefix": {"PartitionDateSource": "Yesterday"}},
        {"SimplePrefix": {}, "PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    ],
)
def test_a_format_that_s3_does_not_have(s3: Any, key_format: dict[str, Any]) -> None:
    given = {"TargetBucket": "logs", "TargetPrefix": "", "TargetObjectKeyFormat": key_format}
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.put_bucket_logging(Bucket="raw", BucketLoggingStatus={"LoggingEnabled": given})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="raw")


def test_logs_go_to_a_bucket_that_is_there_and_in_the_region(aws: Aws, s3: Any) -> None:
    aws.bucket("far")
    s3_backends[ACCOUNT]["aws"].buckets["far"].region_name = "eu-west-2"
    for bucket, fault in (
        ("none", "InvalidTargetBucketForLogging"),
        ("far", "CrossLocationLoggingProhibitted"),
    ):
        given = {"TargetBucket": bucket, "TargetPrefix": ""}
        with pytest.raises(ClientError, match=fault):
            s3.put_bucket_logging(Bucket="raw", BucketLoggingStatus={"LoggingEnabled": given})
