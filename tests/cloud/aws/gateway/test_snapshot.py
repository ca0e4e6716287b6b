"""A snapshot of the embedded AWS: after it, all is as it was before."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from strata.cloud.aws.gateway.snapshot import restore, save

REGION = "eu-west-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield lambda service: boto3.client(service, REGION)


def test_what_a_test_does_is_undone(aws: Any) -> None:
    s3, tables, queues = aws("s3"), aws("dynamodb"), aws("sqs")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="kept", Key="k", Body=b"before")
    tables.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    url = queues.create_queue(QueueName="q")["QueueUrl"]
    saved = save()
    s3.put_object(Bucket="kept", Key="k", Body=b"after")
    s3.create_bucket(Bucket="gone", CreateBucketConfiguration={"LocationConstraint": REGION})
    tables.put_item(TableName="t", Item={"id": {"S": "1"}})
    queues.send_message(QueueUrl=url, MessageBody="x")
    aws("sns").create_topic(Name="gone")
    restore(saved)
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"before"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept"]
    assert tables.scan(TableName="t")["Count"] == 0
    assert "Messages" not in queues.receive_message(QueueUrl=url)
    assert aws("sns").list_topics()["Topics"] == []
    # What was put back works on.
    s3.put_object(Bucket="kept", Key="l", Body=b"more")
    queues.send_message(QueueUrl=url, MessageBody="y")
    assert queues.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "y"
