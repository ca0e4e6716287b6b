"""How a service changes moto, and takes the change back; which operations are remembered; log streams."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from strata.cloud.aws import log_stream
from strata.cloud.aws.api_call import (
    ApiCall,
    action_prefix,
    model_name,
    operation_of_request,
    parameters_of_request,
    region_of_request,
    service_of_request,
)
from strata.cloud.aws.log_stream import LogStream
from strata.cloud.aws.moto_compat import MotoName
from strata.cloud.aws.patches import Patches
from strata.cloud.aws.recorded_calls import RecordedCalls
from strata.cloud.aws.service import Service, action, bindings_of, replaces

from .conftest import ACCOUNT, REGION

APPLICATION = Flask("test")


class Parent:
    inherited = "parent's"


class Owner(Parent):
    own = "own"

    def greet(self, name: str) -> str:
        return f"hello {name}"

    @staticmethod
    def double(number: int) -> int:
        return 2 * number


def test_changes_are_taken_back_in_their_order() -> None:
    patches, mapping = Patches(), {"a": 1}
    patches.attribute(Owner, "own", 1)
    patches.attribute(Owner, "own", 2)
    patches.attribute(Owner, "inherited", 3)
    patches.attribute(Owner, "new", 4)
    patches.item(mapping, "a", 5)
    patches.item(mapping, "a", 6)
    patches.item(mapping, "b", 7)
    assert (Owner.own, Owner.inherited, Owner.new, mapping) == (2, 3, 4, {"a": 6, "b": 7})
    patches.undo()
    assert (Owner.own, Owner.inherited, mapping) == ("own", "parent's", {"a": 1})
    assert not {"new", "inherited"} & set(vars(Owner))
    Owner.own = "since"
    patches.undo()
    assert Owner.own == "since"
    Owner.own = "own"


GREET, DOUBLE = MotoName(__name__, "Owner.greet"), MotoName(__name__, "Owner.double")


class Polite(Service):
    name = "polite"

    @replaces(GREET, wraps=True)
    def greet(self, original: Any, owner: Owner, name: str) -> str:
        return f"{self.name}: {original(owner, name)}, {type(owner).__name__}"

    @replaces(DOUBLE)
    def double(self, number: int) -> int:
        return 20 * number


def test_a_service_stands_in_while_it_runs() -> None:
    service = Polite()
    assert Owner().greet("you") == "hello you"
    service.start()
    assert Owner().greet("you") == "polite: hello you, Owner"
    assert (Owner.double(1), Owner().double(1), Owner.greet.__name__) == (20, 20, "greet")
    service.stop()
    service.stop()
    assert (Owner().greet("you"), Owner.double(1)) == ("hello you", 2)
    assert isinstance(vars(Owner)["double"], staticmethod)


def test_a_service_names_what_it_replaces() -> None:
    found = {name: [(b.names, b.wraps) for b in bindings] for name, bindings in bindings_of(Polite).items()}
    assert found == {"greet": [((GREET,), True)], "double": [((DOUBLE,), False)]}


def signed(service: str, region: str = REGION) -> dict[str, str]:
    scope = f"AKIA/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


# method, path, headers, body: service, operation, some of the parameters
REQUESTS: list[Any] = [
    ("POST", "/", {**signed("dynamodb"), "X-Amz-Target": "DynamoDB_20120810.GetItem"}, '{"TableName": "t"}',
     "dynamodb", "GetItem", {"TableName": "t"}),
    ("POST", "/", signed("sns"), "Action=CreateTopic&Name=t&Version=2010-03-31", "sns", "CreateTopic", {"Name": "t"}),
    ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", signed("sts"), "", "sts", "GetCallerIdentity", {}),
    ("GET", "/2015-03-31/functions/f/configuration", signed("lambda"), "", "lambda", "GetFunctionConfiguration",
     {"FunctionName": "f"}),
    ("POST", "/2015-03-31/functions", signed("lambda"), '{"FunctionName": "f"}', "lambda", "CreateFunction",
     {"FunctionName": "f"}),
    ("POST", "/", {**signed("states"), "X-Amz-Target": "AWSStepFunctions.StartExecution"}, '{"stateMachineArn": "a"}',
     "states", "StartExecution", {"stateMachineArn": "a"}),
    ("GET", "/2099-01-01/nothing", signed("lambda"), "", "lambda", "GET /2099-01-01/nothing", {}),
    ("POST", "/", {**signed("dynamodb"), "X-Amz-Target": "DynamoDB_20120810.NoSuch"}, "{}", "dynamodb", "NoSuch", {}),
]  # fmt: skip


def content_type(headers: dict[str, str], body: str) -> str | None:
    if body.startswith("Action"):
        return "application/x-www-form-urlencoded"
    return "application/x-amz-json-1.0" if "X-Amz-Target" in headers else None


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "service", "operation", "parameters"), REQUESTS
)
def test_a_request_is_a_call(
    method: str, path: str, headers: dict[str, str], body: str, service: str, operation: str, parameters: Any
) -> None:
    with APPLICATION.test_request_context(
        path, method=method, headers=headers, data=body, content_type=content_type(headers, body)
    ):
        assert service_of_request("default") == service
        assert operation_of_request(service) == operation
        found = parameters_of_request(service)
        assert {name: found[name] for name in parameters} == parameters
        assert bool(found) == bool(parameters)


def test_a_request_is_of_the_service_and_region_that_it_is_signed_for() -> None:
    with APPLICATION.test_request_context("/", headers=signed("s3", "eu-south-2")):
        assert (service_of_request("sns"), region_of_request("us-east-1")) == ("s3", "eu-south-2")
    with APPLICATION.test_request_context("/"):
        assert (service_of_request("sns"), region_of_request("us-east-1")) == ("sns", "us-east-1")


@pytest.mark.parametrize(
    ("name", "model", "prefix"),
    [
        ("awslambda", "lambda", "lambda"),
        ("monitoring", "cloudwatch", "cloudwatch"),
        ("states", "stepfunctions", "states"),
        ("stepfunctions", "stepfunctions", "states"),
        ("sns", "sns", "sns"),
    ],
)
def test_a_service_has_several_names(name: str, model: str, prefix: str) -> None:
    assert (model_name(name), action_prefix(name)) == (model, prefix)


def test_an_arn_is_of_the_calls_place() -> None:
    call = ApiCall("sns", "CreateTopic", {}, ACCOUNT, REGION, "aws-cn")
    assert call.arn("t") == f"arn:aws-cn:sns:{REGION}:{ACCOUNT}:t"


S3 = [
    ("GET", "/", "s3:ListBuckets"),
    ("PUT", "/bucket", "s3:CreateBucket"),
    ("GET", "/bucket/key", "s3:GetObject"),
    ("GET", "/bucket/other/key", "s3:GetObject"),
    ("PUT", "/bucket/key", "s3:PutObject"),
    ("GET", "/bucket?versioning", "s3:GetBucketVersioning"),
    ("DELETE", "/bucket/key", "s3:DeleteObject"),
]


def test_operations_are_remembered_once_and_in_order() -> None:
    calls = RecordedCalls()
    for method, path, headers, body, *_ in REQUESTS[:4]:
        with APPLICATION.test_request_context(
            path, method=method, headers=headers, data=body, content_type=content_type(headers, body)
        ):
            calls.note("s3")
            calls.note("s3")
    for method, path, _ in S3:
        with APPLICATION.test_request_context(path, method=method, headers=signed("s3")):
            calls.note("sns")
    with APPLICATION.test_request_context("/bucket/key", method="PUT", headers={"x-amz-copy-source": "/b/k"}):
        calls.note("s3")
    expected = sorted({
        "dynamodb:GetItem", "lambda:GetFunctionConfiguration", "s3:CopyObject", "sns:CreateTopic",
        "sts:GetCallerIdentity", *(name for _, _, name in S3),
    })  # fmt: skip
    assert calls.seen() == expected
    answer = calls.answer()
    assert (answer.get_data(as_text=True), answer.mimetype) == ("\n".join(expected), "text/plain")


def test_a_body_can_be_read_after_its_operation_was_remembered() -> None:
    with APPLICATION.test_request_context(
        "/",
        method="POST",
        headers=signed("sns"),
        data="Action=Publish",
        content_type="application/x-www-form-urlencoded",
    ) as context:
        RecordedCalls().note("sns")
        assert context.request.get_data() == b"Action=Publish"


def test_what_is_remembered_is_shared_under_a_lock() -> None:
    calls = RecordedCalls()

    class Held(dict):
        def __setitem__(self, key: Any, value: Any) -> None:
            assert calls._lock.locked()
            super().__setitem__(key, value)

        def values(self) -> Any:
            assert calls._lock.locked()
            return super().values()

    calls._known = Held()
    with APPLICATION.test_request_context("/", headers=signed("s3")):
        calls.note("s3")
    assert calls.seen() == ["s3:ListBuckets"]


class Logs:
    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []
        self.put: list[list[str]] = []
        self.times: list[int] = []

    def ensure_log_group(self, group: str) -> None:
        self.made.append((group,))

    def ensure_log_stream(self, group: str, stream: str) -> None:
        self.made.append((group, stream))

    def put_log_events(self, group: str, stream: str, lines: list[dict[str, Any]]) -> None:
        assert (group, stream) == ("g", "s")
        self.put.append([line["message"] for line in lines])
        self.times += [line["timestamp"] for line in lines]


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Logs:
    found = Logs()
    monkeypatch.setattr(log_stream, "logs_backends", {ACCOUNT: {REGION: found}})
    return found


def test_lines_are_put_together_in_their_order(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "_INTERVAL", 3600)
    stream = LogStream(ACCOUNT, REGION, "g", "s")
    stream.flush()
    assert logs.made == []
    for line in ("a", "", "b"):
        stream.write(line)
    assert logs.put == []
    stream.flush()
    assert (logs.made, logs.put) == ([("g",), ("g", "s")], [["a", "b"]])
    assert all(1_700_000_000_000 < time < 5_000_000_000_000 for time in logs.times)
    stream.write("")
    stream.flush()
    stream.flush()
    assert logs.put == [["a", "b"]]
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert [timer for timer in timers if timer.interval == 3600 and not timer.finished.is_set()] == []


def test_lines_are_put_soon(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "_INTERVAL", 0.01)
    stream = LogStream(ACCOUNT, REGION, "g", "s")
    arrived = threading.Event()
    put = logs.put_log_events

    def noticed(*arguments: Any) -> None:
        assert stream._lock.locked()
        put(*arguments)
        arrived.set()

    logs.put_log_events = noticed
    for expected in (["a"], ["b"]):
        stream.write(expected[0])
        assert arrived.wait(10)
        arrived.clear()
        assert logs.put[-1] == expected


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ("states", "states:StartExecution: `states` is not among RESPONSES of strata/cloud/aws/moto_compat.py"),
        ("event", "botocore's names of services: did you mean events?"),
        ("ec2", "botocore's names of services: there are cloudwatch, dynamodb, events, glue, iam, lambda, s3, scheduler, sns, sqs, stepfunctions, sts"),
    ],
)  # fmt: skip
def test_an_action_of_an_unknown_service_is_not_declared(service: str, says: str) -> None:
    with pytest.raises(LookupError) as caught:
        action(service, "StartExecution")
    assert says in str(caught.value)
