"""A snapshot of the embedded AWS: after it, all is as it was before."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from strata.cloud.aws.gateway.snapshot import restore, save
from strata.errors import StrataError

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


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Condition])
def test_a_copied_lock_is_free(make: Any) -> None:
    lock = make()
    with lock:
        copied = copy.deepcopy({"lock": lock})["lock"]
        assert type(copied) is type(lock)
        with ThreadPoolExecutor(1) as other:
            assert other.submit(copied.acquire, timeout=5).result() is True


def test_what_cannot_be_copied_is_named(aws: Any) -> None:
    aws("sqs").create_queue(QueueName="q")
    (queue,) = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues.values()
    queue.running = (number for number in range(3))
    with pytest.raises(
        StrataError, match=r"^the embedded AWS cannot be copied now: cannot pickle 'generator'"
    ):
        save()
