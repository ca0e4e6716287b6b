"""Faults on one embedded AWS: which calls they strike, and what their callers see."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from strata.cloud.aws import AwsServer, CloudContext
from strata.errors import StrataError
from strata.faults import FaultRegistry, Faults
from strata.faults.client import PATH, new_fault
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    context = CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path_factory.mktemp("cloud"))
    server = AwsServer(context, leave_out=("glue", "lambda"))
    server.start()
    default_user_config["iam"] = {"load_aws_managed_policies": False}
    yield Aws(context, server)
    server.stop()


@pytest.fixture
def own(aws: Aws) -> Iterator[Faults]:
    found = Faults(aws.context.aws_url)
    yield found
    found.clear()


def code(call: Any, *arguments: Any, **named: Any) -> tuple[str, int]:
    """Error code and status of a call that fails; empty and 200 of one that does not."""
    try:
        call(*arguments, **named)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "", 200


STRIKES = [
    ({}, [True, False, False, False]),
    ({"call": 3}, [False, False, True, False]),
    ({"times": 2}, [True, True, False, False]),
    ({"call": 2, "times": 2}, [False, True, True, False]),
    ({"times": None}, [True, True, True, True]),
    ({"call": 3, "times": None}, [False, False, True, True]),
    # The first numbers of random.Random(1): 0.13, 0.85, 0.76, 0.26.
    ({"probability": 0.5, "seed": 1, "times": None}, [True, False, False, True]),
    ({"probability": 0.5, "seed": 1}, [True, False, False, False]),
    ({"probability": 0.2, "seed": 1, "times": 2}, [True, False, False, False]),
]


@pytest.mark.parametrize(("asked", "struck"), STRIKES)
def test_which_calls_are_struck(asked: dict[str, Any], struck: list[bool]) -> None:
    faults = FaultRegistry()
    faults.add(new_fault(operation="s3:PutObject", effect="fail", **asked))
    assert [faults.strike("s3:PutObject", "") is not None for _ in range(4)] == struck
    assert faults.strike("s3:GetObject", "") is None
    (listed,) = faults.listed()
    assert (listed["calls"], listed["struck"]) == (4, sum(struck))


def test_only_calls_of_the_resource_count() -> None:
    faults = FaultRegistry()
    faults.add(new_fault(operation="s3:PutObject", effect="fail", resource="b.csv", call=2))
    called = [faults.strike("s3:PutObject", f'{{"Key": "{key}.csv"}}') is not None for key in "abab"]
    assert called == [False, False, False, True]


WRONG = [
    ({"operation": "dynamodb:UpdateItm"}, "unknown operation `dynamodb:UpdateItm` (did you mean dynamodb:UpdateItem?)"),
    ({"operation": "glue:JobRuns"}, "unknown operation `glue:JobRuns` (did you mean glue:JobRun?)"),
    ({"operation": "dynamo:UpdateItem"}, "unknown service `dynamo` (did you mean dynamodb?)"),
    ({"operation": "stepfunctions:StartExecution"}, "unknown service `stepfunctions` (there are "),
    ({"operation": "s3"}, "unknown operation `s3` (there are s3:AbortMultipartUpload, "),
    ({"effect": "drop"}, "s3:PutObject has no effect `drop` (there are delay, fail, throttle)"),
    ({"operation": "events:Delivery", "effect": "dropp"}, "events:Delivery has no effect `dropp` (did you mean drop?)"),
    ({"effect": "throttle", "error": "Busy"}, "throttle has an error code of its own (use fail with --error)"),
    ({"effect": "delay", "status": 400}, "delay has no error code (leave out --error and --status)"),
    ({"seconds": 2}, "fail takes no seconds (leave out --seconds)"),
    ({"call": 0}, "call: Input should be greater than or equal to 1"),
    ({"probability": 0}, "probability: Input should be greater than 0"),
    ({"probability": 1.5}, "probability: Input should be less than or equal to 1"),
    ({"effect": "delay", "seconds": float("inf")}, "seconds: Input should be a finite number"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "says"), WRONG)
def test_what_is_unknown_is_one_error(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(StrataError) as caught:
        new_fault(**{"operation": "s3:PutObject", "effect": "fail", **asked})
    assert str(caught.value).startswith(says)


ERRORS = [
    ("s3:PutObject", "fail", "", ("InternalServerError", 500)),
    ("s3:PutObject", "fail", "SlowDown", ("SlowDown", 503)),
    ("s3:PutObject", "throttle", "", ("SlowDown", 503)),
    ("sqs:SendMessage", "throttle", "", ("RequestThrottled", 400)),
    ("sns:Publish", "fail", "InternalError", ("InternalError", 500)),
    ("dynamodb:PutItem", "throttle", "", ("ProvisionedThroughputExceededException", 400)),
    ("dynamodb:PutItem", "fail", "ConditionalCheckFailedException", ("ConditionalCheckFailedException", 400)),
    ("iam:ListRoles", "throttle", "", ("Throttling", 400)),
    ("events:PutEvents", "throttle", "", ("ThrottlingException", 400)),
    ("kms:ListKeys", "fail", "KMSInternalException", ("KMSInternalException", 500)),
    ("states:ListStateMachines", "throttle", "", ("ThrottlingException", 400)),
    ("logs:DescribeLogGroups", "fail", "ServiceUnavailableException", ("ServiceUnavailableException", 503)),
    (
        "glue:GetDatabases",
        "fail",
        "ConcurrentRunsExceededException",
        ("ConcurrentRunsExceededException", 400),
    ),
    ("cloudwatch:ListMetrics", "throttle", "", ("ThrottlingException", 400)),
    ("sts:GetCallerIdentity", "throttle", "", ("Throttling", 400)),
]
CALLS: dict[str, dict[str, Any]] = {
    "s3:PutObject": {"Bucket": "b", "Key": "k", "Body": b"x"},
    "sqs:SendMessage": {"QueueUrl": "http://localhost/1/q", "MessageBody": "m"},
    "sns:Publish": {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": "m"},
    "dynamodb:PutItem": {"TableName": "t", "Item": {"id": {"S": "1"}}},
    "events:PutEvents": {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
}


@pytest.mark.parametrize(("operation", "effect", "error", "seen"), ERRORS)
def test_the_caller_sees_the_error(
    aws: Aws, own: Faults, operation: str, effect: str, error: str, seen: tuple[str, int]
) -> None:
    own.add(operation, effect, error=error)
    service, _, name = operation.partition(":")
    client = aws.client({"states": "stepfunctions"}.get(service, service))
    (method,) = [python for python, api in client.meta.method_to_api_mapping.items() if api == name]
    call = getattr(client, method)
    assert code(call, **CALLS.get(operation, {})) == seen
    assert code(call, **CALLS.get(operation, {})) != seen
    assert [(one["calls"], one["struck"]) for one in own.listed()] == [(2, 1)]


def test_a_client_that_tries_again_gets_through(aws: Aws, own: Faults) -> None:
    """Though all its attempts are one call, of which the gateway else repeats the first answer."""
    client = aws.client("dynamodb", retries={"total_max_attempts": 4})
    client.create_table(
        TableName="tries",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    own.add("dynamodb:PutItem", "throttle", times=2, resource="tries")
    client.put_item(TableName="tries", Item={"id": {"S": "1"}})
    assert client.scan(TableName="tries")["Count"] == 1
    assert own.listed()[0]["calls"] == 3


def test_a_delayed_call_is_carried_out(aws: Aws, own: Faults) -> None:
    own.add("s3:CreateBucket", "delay", seconds=0.2, resource="delayed")
    began = time.monotonic()
    aws.bucket("not-slow")
    quick = time.monotonic() - began
    began = time.monotonic()
    s3 = aws.bucket("delayed")
    assert time.monotonic() - began > 0.2
    assert quick < 5
    assert "delayed" in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def deliveries(aws: Aws, name: str, count: int, expected: int) -> list[str]:
    """Put events one after the other; return the numbers of those that came, in order."""
    url, arn = aws.queue(name)
    aws.rule(name, {"source": [name]}, {"Id": "q", "Arn": arn})
    events, found = aws.client("events"), []
    for number in range(count):
        detail = json.dumps({"number": number})
        events.put_events(Entries=[{"Source": name, "DetailType": "d", "Detail": detail}])
    while len(found) < expected:
        messages = aws.messages(url, seconds=10)
        assert messages, found
        found += [str(json.loads(one["Body"])["detail"]["number"]) for one in messages]
    return found


DELIVERIES = [
    ({"effect": "drop", "call": 2}, ["0", "2"]),
    ({"effect": "duplicate"}, ["0", "0", "1", "2"]),
    ({"effect": "duplicate", "times": None}, ["0", "0", "1", "1", "2", "2"]),
    # The first is let go when the second has gone, and then waits no longer for the five seconds.
    ({"effect": "reorder", "seconds": 60}, ["1", "0"]),
    ({"effect": "delay", "seconds": 1}, ["1", "0"]),
]


@pytest.mark.parametrize(("asked", "come"), DELIVERIES)
def test_deliveries(
    aws: Aws, own: Faults, request: pytest.FixtureRequest, asked: dict[str, Any], come: list[str]
) -> None:
    name = f"d{DELIVERIES.index((asked, come))}"
    own.add("events:Delivery", resource=f"rule/{name}", **asked)
    ordered = asked["effect"] in ("reorder", "delay")
    found = deliveries(aws, name, 2 if ordered else 3, len(come))
    assert (found if ordered else sorted(found)) == come


def test_the_admin_page(aws: Aws, own: Faults) -> None:
    first, second = own.add("s3:GetObject", "fail"), own.add("s3:GetObject", "delay", name="slow")
    assert (first.error, first.status, second.name, second.seconds) == (
        "InternalServerError",
        500,
        "slow",
        1.0,
    )
    with pytest.raises(StrataError, match="there is a fault `slow` already"):
        own.add("s3:GetObject", "fail", name="slow")
    with pytest.raises(StrataError, match=r"unknown fault `slw` \(did you mean slow\?\)"):
        own.clear(first.name, "slw")
    assert own.clear("slow") == ["slow"]
    assert [one["name"] for one in own.listed()] == [first.name]
    assert own.clear() == [first.name]
    assert own.listed() == []


def test_no_page_of_the_web_reaches_it(aws: Aws) -> None:
    request = urllib.request.Request(aws.context.aws_url + PATH, headers={"Host": "rebound.example.com"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403


def test_a_cloud_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match=r"the embedded cloud does not answer.*strata up"):
        Faults("http://127.0.0.1:9").listed()
