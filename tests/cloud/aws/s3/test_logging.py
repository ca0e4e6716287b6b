"""Where a bucket's access logs go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import Aws


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.bucket("raw")
    aws.bucket("logs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
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
    # No log is written; moto's would tell of requests that nobody sent.
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
