"""Locks hold: of many writers at once one wins, and no call meets its own first attempt."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.gateway.retries import AnswerOnce
from tests.cloud.aws.conftest import Aws

WRITERS = 16
_LOST = ("ConditionalCheckFailedException", "PreconditionFailed", "TransactionCanceledException")


def table(aws: Aws) -> Any:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def lock_item(client: Any, key: str, who: str) -> Any:
    return client.put_item(
        TableName="locks",
        Item={"LockID": {"S": key}, "Info": {"S": who}},
        ConditionExpression="attribute_not_exists(LockID)",
    )


def lock_in_transaction(client: Any, key: str, who: str) -> Any:
    item = {"LockID": {"S": key}, "Info": {"S": who}}
    put = {"TableName": "locks", "Item": item, "ConditionExpression": "attribute_not_exists(LockID)"}
    return client.transact_write_items(TransactItems=[{"Put": put}])


def lock_by_update(client: Any, key: str, who: str) -> Any:
    return client.update_item(
        TableName="locks",
        Key={"LockID": {"S": key}},
        UpdateExpression="SET Info = :who",
        ConditionExpression="attribute_not_exists(LockID)",
        ExpressionAttributeValues={":who": {"S": who}},
    )


def lock_object(client: Any, key: str, who: str) -> Any:
    return client.put_object(Bucket="locks", Key=key, Body=who, IfNoneMatch="*")


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads that take turns a hundred times as often: what is not one step is interrupted."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("take", [lock_item, lock_by_update, lock_in_transaction, lock_object])
def test_one_writer_wins_every_race(aws: Aws, take: Callable[[Any, str, str], Any]) -> None:
    client = aws.bucket("locks") if take is lock_object else table(aws)
    for turn in range(10):
        together = threading.Barrier(WRITERS)

        def race(who: int, key: str = f"state-{turn}", together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                take(client, key, str(who))
            except ClientError as error:
                code = error.response["Error"]["Code"]
                assert code in _LOST
                return False
            return True

        with ThreadPoolExecutor(WRITERS) as threads:
            assert sum(threads.map(race, range(WRITERS))) == 1


def test_a_transaction_that_fails_undoes_nothing_of_others(aws: Aws) -> None:
    client = table(aws)
    lock_item(client, "taken", "somebody")
    together = threading.Barrier(WRITERS)

    def write(who: int) -> None:
        together.wait()
        for turn in range(8):
            if who % 2:
                with pytest.raises(ClientError, match="TransactionCanceled"):
                    lock_in_transaction(client, "taken", str(who))
            else:
                lock_item(client, f"{who}-{turn}", str(who))

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    kept = {item["LockID"]["S"] for item in client.scan(TableName="locks")["Items"]}
    assert kept == {"taken"} | {f"{who}-{turn}" for who in range(0, WRITERS, 2) for turn in range(8)}


@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_call_sent_again_gets_its_first_answer(aws: Aws, service: str) -> None:
    client = table(aws) if service == "dynamodb" else aws.bucket("locks")
    take = lock_item if service == "dynamodb" else lock_object
    call = str(uuid.uuid4())

    def stamp(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = call

    client.meta.events.register("before-send.*.*", stamp)
    first, again = take(client, "state", "me"), take(client, "state", "me")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == again["ResponseMetadata"]["HTTPStatusCode"] == 200
    # Another call is another.
    call = str(uuid.uuid4())
    with pytest.raises(ClientError, match=r"ConditionalCheckFailed|PreconditionFailed"):
        take(client, "state", "other")


def test_after_a_fault_the_call_is_carried_out_again() -> None:
    statuses = iter(["500 Internal Server Error", "200 OK", "200 OK"])
    calls: list[str] = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        calls.append(environ["PATH_INFO"])
        start(next(statuses), [("Content-Type", "text/plain")])
        return [b"answer ", str(len(calls)).encode()]

    once = AnswerOnce(application)
    seen: list[str] = []

    def ask(method: str = "POST") -> bytes:
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "HTTP_AMZ_SDK_INVOCATION_ID": "one"}
        return b"".join(once(environ, lambda status, headers: seen.append(status)))

    assert [ask(), ask(), ask()] == [b"answer 1", b"answer 2", b"answer 2"]
    assert seen == ["500 Internal Server Error", "200 OK", "200 OK"]
    # What only reads is carried out each time.
    assert ask("GET") == b"answer 3"
