"""Queues of other accounts: S3 tells their readers of objects while they are open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import REGION, Aws

QUEUE = f"arn:aws:sqs:{REGION}:444455556666:their-queue"


def told(aws: Aws, **rule: Any) -> None:
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="raw",
        NotificationConfiguration={
            "QueueConfigurations": [
                {"Id": "theirs", "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"], **rule}
            ]
        },
    )


def test_a_bucket_tells_a_queue_of_another_account(aws: Aws) -> None:
    s3, channels, messages = aws.bucket("raw"), aws.context.channels, []
    with pytest.raises(ClientError, match="Unable to validate the following destination") as refused:
        told(aws)
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    channels.open(QUEUE, messages.append)
    assert QUEUE in channels
    told(aws, Filter={"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}})
    for key in ("in/a b.csv", "out/b.csv"):
        s3.put_object(Bucket="raw", Key=key, Body=b"1234")
    s3.delete_object(Bucket="raw", Key="in/a b.csv")
    (message,) = messages
    (record,) = json.loads(message)["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert (record["s3"]["bucket"]["name"], record["s3"]["configurationId"]) == ("raw", "theirs")
    found = record["s3"]["object"]
    assert (found["key"], found["size"]) == ("in/a+b.csv", 4)
    channels.close(QUEUE)
    channels.close(QUEUE)
    assert QUEUE not in channels
    # A queue that has gone loses it.
    s3.put_object(Bucket="raw", Key="in/c.csv", Body=b"")
    assert len(messages) == 1
