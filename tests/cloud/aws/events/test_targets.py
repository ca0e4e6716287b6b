"""Each kind of target: who must admit the event, what arrives, and what is refused."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.events import targets
from strata.cloud.aws.events.targets import TargetError, invoke, send_dead_letter

from ..conftest import ACCOUNT, REGION, Aws, eventually

HERE = f"{REGION}:{ACCOUNT}"
RULE = f"arn:aws:events:{HERE}:rule/r"
EVENTS = {"Service": "events.amazonaws.com"}
EVENT = {"id": "e", "source": "app", "detail-type": "D", "detail": {"n": 1}}
ORIGIN = SimpleNamespace(rule_arn=RULE, account_id=ACCOUNT, region=REGION, event=EVENT)


def fault(target: dict[str, Any]) -> tuple[str, str, bool]:
    with pytest.raises(TargetError) as raised:
        invoke(target, "text", ORIGIN)
    return raised.value.code, raised.value.message, raised.value.retryable


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (f"arn:aws:sqs:{HERE}:gone", "the queue {} does not exist"),
        (f"arn:aws:sns:{HERE}:gone", "the topic {} does not exist"),
        (f"arn:aws:logs:{HERE}:log-group:/gone:*", "the log group {} does not exist"),
        (f"arn:aws:events:{HERE}:event-bus/gone", "the event bus {} does not exist"),
        (f"arn:aws:events:{HERE}:api-destination/x", "the embedded cloud does not deliver events to {}"),
        (f"arn:aws:kinesis:{HERE}:stream/x", "the embedded cloud does not deliver events to {}"),
    ],
)
def test_a_target_that_is_not_there(aws: Aws, arn: str, message: str) -> None:
    assert fault({"Id": "t", "Arn": arn}) == ("NO_RESOURCE", message.format(arn), False)


def test_a_function_that_is_not_there(aws: Aws) -> None:
    arn = f"arn:aws:lambda:{HERE}:function:gone"
    code, message, retryable = fault({"Id": "t", "Arn": arn})
    assert (code, retryable) == ("NO_RESOURCE", False)
    assert message.startswith(f"the function {arn} does not exist: ")


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_a_log_group_gets_the_text(aws: Aws, suffix: str) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/g")
    for text in ("one", "two"):
        invoke({"Id": "t", "Arn": f"arn:aws:logs:{HERE}:log-group:/g{suffix}"}, text, ORIGIN)
    found = logs.filter_log_events(logGroupName="/g")["events"]
    assert sorted(event["message"] for event in found) == ["one", "two"]
    # Each event has a stream of its own.
    assert len({event["logStreamName"] for event in found}) == 2


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The invocations of the only function there is."""
    found: list[Any] = []
    function = SimpleNamespace(policy=None)

    def get_function(arn: str) -> Any:
        assert arn == f"arn:aws:lambda:{HERE}:function:f:2"
        return function

    backend = SimpleNamespace(get_function=get_function, invoke=lambda *asked: found.append(asked))
    monkeypatch.setattr(targets, "lambda_backends", {ACCOUNT: {REGION: backend}})
    found.append(function)
    return found


@pytest.mark.parametrize(
    ("principal", "source", "admitted"),
    [(EVENTS, RULE, True), (EVENTS, f"{RULE}2", False), ({"Service": "sns.amazonaws.com"}, RULE, False)],
)
def test_a_function_must_admit_the_rule(
    invoked: list[Any], principal: dict[str, str], source: str, admitted: bool
) -> None:
    function = invoked.pop()
    arn = f"arn:aws:lambda:{HERE}:function:f:2"
    denied = f"events.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: {arn} for {RULE}"
    code, message, _ = fault({"Id": "t", "Arn": arn})
    assert code == "NO_PERMISSIONS"
    assert message.startswith(f"{denied} ")
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}},
    }
    function.policy = SimpleNamespace(statements=[statement])
    if not admitted:
        assert fault({"Id": "t", "Arn": arn})[0] == "NO_PERMISSIONS"
        assert invoked == []
        return
    invoke({"Id": "t", "Arn": arn}, '{"n": 1}', ORIGIN)
    # Asynchronously, as EventBridge does.
    assert invoked == [("f", None, '{"n": 1}', {"X-Amz-Invocation-Type": "Event"}, {})]


def test_a_policy_that_is_not_understood_admits_nobody(aws: Aws) -> None:
    url, arn = aws.queue("q")
    statement = {
        "Effect": "Allow", "Principal": EVENTS, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"StringAlmost": {"aws:SourceArn": RULE}},
    }  # fmt: skip
    aws.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})}
    )
    code, message, _ = fault({"Id": "t", "Arn": arn})
    assert code == "NO_PERMISSIONS"
    assert "'StringAlmost' is not known" in message


def test_a_queue_gets_the_text_and_its_group(aws: Aws) -> None:
    arn = f"arn:aws:sqs:{HERE}:q.fifo"
    statement = {"Effect": "Allow", "Principal": EVENTS, "Action": "sqs:SendMessage", "Resource": arn}
    url = aws.client("sqs").create_queue(
        QueueName="q.fifo",
        Attributes={
            "FifoQueue": "true",
            "ContentBasedDeduplication": "true",
            "Policy": json.dumps({"Statement": [statement]}),
        },
    )["QueueUrl"]
    invoke({"Id": "t", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}}, "text", ORIGIN)
    (message,) = aws.client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("text", "g")


def test_a_dead_letter_has_attributes_of_their_kind(aws: Aws) -> None:
    url, arn = aws.queue("dead")
    send_dead_letter(arn, "body", {"ERROR_CODE": "E", "RETRY_ATTEMPTS": "2"}, RULE)
    (message,) = aws.messages(url)
    assert message["Body"] == "body"
    found = {name: (v["DataType"], v["StringValue"]) for name, v in message["MessageAttributes"].items()}
    assert found == {"ERROR_CODE": ("String", "E"), "RETRY_ATTEMPTS": ("Number", "2")}


def test_a_topic_gets_the_text(aws: Aws) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url, queue = aws.queue("q")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    statement = {"Effect": "Allow", "Principal": EVENTS, "Action": "sns:Publish", "Resource": topic}
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [statement]})
    )
    invoke({"Id": "t", "Arn": topic}, "text", ORIGIN)
    (message,) = aws.messages(url)
    assert json.loads(message["Body"])["Message"] == "text"


@pytest.mark.parametrize("action", ["events:PutEvents", "events:PutRule"])
def test_another_bus_takes_the_event_from_the_rules_role(aws: Aws, action: str) -> None:
    aws.client("events").create_event_bus(Name="other")
    bus = f"arn:aws:events:{HERE}:event-bus/other"
    url, queue = aws.queue("q")
    aws.rule("there", {"source": ["app"]}, {"Id": "q", "Arn": queue}, EventBusName="other")
    role = aws.role("forward", EVENTS, [{"Effect": "Allow", "Action": action, "Resource": bus}])
    target = {"Id": "t", "Arn": bus, "RoleArn": role}
    if action == "events:PutRule":
        assert fault(target)[0] == "NO_PERMISSIONS"
        return
    assert fault({"Id": "t", "Arn": bus})[0] == "FAILED_TO_ASSUME_ROLE"
    invoke(target, "unused", ORIGIN)
    (message,) = aws.messages(url)
    assert json.loads(message["Body"])["detail"] == {"n": 1}


def test_a_rule_forwards_to_another_bus(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="other")
    bus = f"arn:aws:events:{HERE}:event-bus/other"
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/g")
    group = f"arn:aws:logs:{HERE}:log-group:/g"
    aws.rule("there", {"source": ["app"]}, {"Id": "g", "Arn": group}, EventBusName="other")
    role = aws.role("forward", EVENTS, [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}])
    aws.rule("here", {"source": ["app"]}, {"Id": "b", "Arn": bus, "RoleArn": role})
    aws.client("events").put_events(Entries=[{"Source": "app", "DetailType": "D", "Detail": '{"n": 2}'}])
    (found,) = eventually(lambda: logs.filter_log_events(logGroupName="/g")["events"])
    assert json.loads(found["message"])["detail"] == {"n": 2}


def test_an_execution_is_named_after_the_event(aws: Aws) -> None:
    states = {"Only": {"Type": "Pass", "End": True}}
    machine = aws.machine("m", states, aws.role("states", {"Service": "states.amazonaws.com"}))
    allowed = [{"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}]
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": RULE}}
    role = aws.role("starter", EVENTS, allowed, Condition=condition)
    target = {"Id": "t", "Arn": machine, "RoleArn": role}
    invoke(target, '{"n": 1}', ORIGIN)
    client = aws.client("stepfunctions")
    (execution,) = client.list_executions(stateMachineArn=machine)["executions"]
    assert execution["name"].startswith("e_")
    assert json.loads(aws.ended(execution["executionArn"])["input"]) == {"n": 1}
    with pytest.raises(TargetError) as raised:
        invoke(target, "not JSON", ORIGIN)
    assert (raised.value.code, raised.value.retryable) == ("INVALID_PARAMETER", False)
