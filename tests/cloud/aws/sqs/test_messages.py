"""A message is received by one at a time; it is deleted, and no other one with it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import Message

from tests.cloud.aws.conftest import Aws


def bodies(sqs: Any, url: str) -> list[str]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return sorted(one["Body"] for one in found)


def test_what_is_sent_while_a_message_is_deleted_stays(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    had, sent = Message.had_receipt_handle, []

    def send_and_look(message: Message, receipt_handle: str) -> bool:
        if not sent:
            sent.append(sqs.send_message(QueueUrl=url, MessageBody="c"))
        return had(message, receipt_handle)

    monkeypatch.setattr(Message, "had_receipt_handle", send_and_look)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert bodies(sqs, url) == ["b", "c"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert bodies(sqs, url) == ["b", "c"]


def test_a_receipt_handle_of_no_message(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="x")


def test_messages_that_are_deleted_in_a_batch(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("a", "b", "c"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)["Messages"]
    entries = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(found)]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "x", "ReceiptHandle": "x"}])
    assert [one["Id"] for one in answer["Successful"]] == ["0", "1"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("x", "ReceiptHandleIsInvalid")]
    assert bodies(sqs, url) == ["c"]


def slow_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another request come between the choice of a message and its being hidden."""
    mark = Message.mark_received

    def mark_late(message: Message, *given: Any, **named: Any) -> None:
        time.sleep(0.02)
        mark(message, *given, **named)

    monkeypatch.setattr(Message, "mark_received", mark_late)


def test_receivers_at_once_get_each_message_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("a", "b", "c"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    slow_marks(monkeypatch)

    def receive(_: int) -> str:
        return str(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"][0]["Body"])

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(receive, range(3))) == ["a", "b", "c"]


def test_a_message_that_several_receive_too_often_goes_to_the_dead_letter_queue_once(aws: Aws) -> None:
    sqs = aws.client("sqs")
    dead, dead_arn = aws.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for number in range(20):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    for _ in range(2):
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sqs.receive_message(QueueUrl=url), range(4)))
    found: list[str] = []
    while more := sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages"):
        found += [one["Body"] for one in more]
    assert sorted(found, key=int) == [str(number) for number in range(20)]


def test_who_waits_gets_what_comes_meanwhile(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=url, MessageBody="a")
        assert [one["Body"] for one in waiting.result(10)["Messages"]] == ["a"]
