"""Events on their way: which rules get them, what targets receive, and where failed deliveries go."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.events.models import events_backends

from strata.cloud.aws.events.api import EventBridge
from strata.cloud.clock import Clock
from strata.faults import FaultRegistry
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws, eventually

EVENTS = {"Service": "events.amazonaws.com"}
STATES = {"Service": "states.amazonaws.com"}
PASS = {"Only": {"Type": "Pass", "End": True}}
CREATED = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:pipeline"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/raw"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
START = [{"Effect": "Allow", "Action": "states:StartExecution", "Resource": MACHINE}]
INPUT = {
    "InputPathsMap": {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"},
    "InputTemplate": '{"bucket": <bucket>, "key": <key>}',
}


def put(aws: Aws, detail: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"Source": "test", "DetailType": "Test", "Detail": json.dumps(detail), **more}
    return aws.client("events").put_events(Entries=[entry])  # type: ignore[no-any-return]


def executions(aws: Aws, count: int = 1) -> list[dict[str, Any]]:
    client = aws.client("stepfunctions")
    return eventually(  # type: ignore[no-any-return]
        lambda: client.list_executions(stateMachineArn=MACHINE)["executions"],
        lambda found: len(found) == count,
    )


def test_object_created_starts_the_state_machine(aws: Aws) -> None:
    machine = aws.machine("pipeline", PASS, aws.role("states", STATES))
    starter = aws.role("starter", EVENTS, START, Condition={"ArnLike": {"aws:SourceArn": RULE}})
    target = {"Id": "pipeline", "Arn": machine, "RoleArn": starter, "InputTransformer": INPUT}
    aws.rule("raw", {**CREATED, "detail": {"object": {"key": [{"wildcard": "flights/*.csv"}]}}}, target)
    s3 = aws.bucket("raw", events=True)
    s3.put_object(Bucket="raw", Key='flights/a "b" é.csv', Body=b"1")
    s3.put_object(Bucket="raw", Key="flights/a.json", Body=b"1")
    (execution,) = executions(aws)
    described = aws.ended(execution["executionArn"])
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["input"]) == {"bucket": "raw", "key": 'flights/a "b" é.csv'}
    assert json.loads(described["output"]) == {"bucket": "raw", "key": 'flights/a "b" é.csv'}


@pytest.mark.usefixtures("in_order")
def test_disabled_rules_and_other_buses_get_nothing(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="other")
    url, arn = aws.queue("q")
    s3 = aws.bucket("raw", events=True)
    aws.rule("disabled", CREATED, {"Id": "q", "Arn": arn}, State="DISABLED")
    aws.rule("elsewhere", CREATED, {"Id": "q", "Arn": arn}, EventBusName="other")
    s3.put_object(Bucket="raw", Key="k", Body=b"")
    assert aws.earlier(url) == []
    aws.client("events").enable_rule(Name="disabled")
    s3.put_object(Bucket="raw", Key="k", Body=b"")
    assert len(aws.messages(url)) == 1


@pytest.mark.usefixtures("in_order")
def test_put_events_goes_to_its_bus(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="other")
    url, arn = aws.queue("q")
    aws.rule("own", {"source": ["test"]}, {"Id": "q", "Arn": arn}, EventBusName="other")
    put(aws, {"n": 1})
    assert aws.earlier(url) == []
    sent = put(aws, {"n": 2}, EventBusName="other", Time="2026-01-02T03:04:05Z", Resources=["arn:x"])
    (message,) = aws.messages(url)
    assert json.loads(message["Body"]) == {
        "version": "0",
        "id": sent["Entries"][0]["EventId"],
        "detail-type": "Test",
        "source": "test",
        "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z",
        "region": REGION,
        "resources": ["arn:x"],
        "detail": {"n": 2},
    }


@pytest.mark.usefixtures("in_order")
def test_rule_with_a_schedule_only_takes_no_events(aws: Aws) -> None:
    url, arn = aws.queue("q")
    events = aws.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "q", "Arn": arn}])
    put(aws, {})
    assert aws.earlier(url) == []


def attributes(message: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


@pytest.mark.parametrize(
    ("trust", "policy", "machine", "code", "reason"),
    [
        ({"Service": "lambda.amazonaws.com"}, START, "pipeline", "FAILED_TO_ASSUME_ROLE",
         "events.amazonaws.com is not authorized to perform: sts:AssumeRole"),
        (EVENTS, [], "pipeline", "NO_PERMISSIONS", "is not authorized to perform: states:StartExecution"),
        (EVENTS, [{"Effect": "Allow", "Action": "states:*", "Resource": "*"},
                  {"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"}],
         "pipeline", "NO_PERMISSIONS", "explicit deny"),
        (EVENTS, [{"Effect": "Allow", "Action": "states:*", "Resource": "*"}], "gone", "NO_RESOURCE",
         "Does Not Exist"),
    ],
)  # fmt: skip
def test_delivery_that_cannot_succeed_goes_to_the_dead_letter_queue_at_once(
    aws: Aws, trust: dict[str, str], policy: list[dict[str, Any]], machine: str, code: str, reason: str
) -> None:
    aws.machine("pipeline", PASS, aws.role("states", STATES))
    url, dlq = aws.queue("dlq")
    target = {
        "Id": "pipeline",
        "Arn": MACHINE.replace("pipeline", machine),
        "RoleArn": aws.role("starter", trust, policy),
        "DeadLetterConfig": {"Arn": dlq},
    }
    aws.rule("raw", {"source": ["test"]}, target)
    put(aws, {"n": 1})
    (message,) = aws.messages(url)
    found = attributes(message)
    assert reason in found.pop("ERROR_MESSAGE")
    assert found == {"ERROR_CODE": code, "RULE_ARN": RULE, "TARGET_ARN": target["Arn"]}
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert aws.client("stepfunctions").list_executions(stateMachineArn=MACHINE)["executions"] == []


def test_role_that_is_missing(aws: Aws) -> None:
    aws.machine("pipeline", PASS, aws.role("states", STATES))
    url, dlq = aws.queue("dlq")
    target = {
        "Id": "pipeline",
        "Arn": MACHINE,
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none",
        "DeadLetterConfig": {"Arn": dlq},
    }
    aws.rule("raw", {"source": ["test"]}, target)
    put(aws, {})
    (message,) = aws.messages(url)
    assert attributes(message)["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"
    assert "the role does not exist" in attributes(message)["ERROR_MESSAGE"]


def test_target_that_fails_is_tried_again_and_then_buried(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.sqs.models import SQSBackend

    url, dlq = aws.queue("dlq")
    _, arn = aws.queue("broken")
    send, attempts = SQSBackend.send_message, []

    def failing(backend: Any, queue_name: str, *more: Any, **named: Any) -> Any:
        if queue_name == "broken":
            attempts.append(time.monotonic())
            raise ConnectionError("out of order")
        return send(backend, queue_name, *more, **named)

    monkeypatch.setattr(SQSBackend, "send_message", failing)
    target = {
        "Id": "q",
        "Arn": arn,
        "DeadLetterConfig": {"Arn": dlq},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
    }
    aws.rule("raw", {"source": ["test"]}, target)
    put(aws, {})
    (message,) = aws.messages(url)
    assert len(attempts) == 3
    assert attempts[1] - attempts[0] >= 0.05
    assert attempts[2] - attempts[1] >= 0.1
    assert attributes(message) == {
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "ERROR_MESSAGE": "ConnectionError: out of order",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
        "RULE_ARN": RULE,
        "TARGET_ARN": arn,
    }


def test_queue_and_topic_must_let_the_rule_in(aws: Aws) -> None:
    url, dlq = aws.queue("dlq")
    closed_url, closed = aws.queue("closed", accepts_events=False)
    topic = aws.client("sns").create_topic(Name="topic")["TopicArn"]
    dead = {"DeadLetterConfig": {"Arn": dlq}}
    aws.rule(
        "raw", {"source": ["test"]}, {"Id": "q", "Arn": closed, **dead}, {"Id": "t", "Arn": topic, **dead}
    )
    put(aws, {})
    found = eventually_messages(aws, url, 2)
    assert {attributes(m)["ERROR_CODE"] for m in found} == {"NO_PERMISSIONS"}
    assert {attributes(m)["TARGET_ARN"] for m in found} == {closed, topic}
    # Both deliveries have failed for good, so that nothing is on its way.
    count = "ApproximateNumberOfMessages"
    held = aws.client("sqs").get_queue_attributes(QueueUrl=closed_url, AttributeNames=[count])
    assert held["Attributes"][count] == "0"


def eventually_messages(aws: Aws, url: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        more = aws.messages(url)
        assert more
        found += more
    return found


def test_topic_that_lets_events_in_publishes(aws: Aws) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": EVENTS, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    url, queue = aws.queue("subscriber")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    aws.rule("raw", {"source": ["test"]}, {"Id": "t", "Arn": topic, "InputPath": "$.detail"})
    put(aws, {"n": 1})
    (message,) = aws.messages(url)
    assert json.loads(json.loads(message["Body"])["Message"]) == {"n": 1}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Id": "t", "Arn": MACHINE}, "RoleArn is required for target"),
        (
            {"Id": "t", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "Input": "{}", "InputPath": "$.x"},
            "Only one of Input, InputPath, or InputTransformer",
        ),
        (
            {
                "Id": "t",
                "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
                "InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"a": <b>}'},
            },
            "contains invalid placeholder b",
        ),
    ],
)
def test_target_that_put_targets_refuses(aws: Aws, target: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        aws.rule("raw", CREATED, target)


def replay(aws: Aws, archive: str, start: str, end: str) -> None:
    aws.client("events").start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=start,
        EventEndTime=end,
        Destination={"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"},
    )


def test_archive_keeps_events_and_replays_them(aws: Aws) -> None:
    events = aws.client("events")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    archive = events.create_archive(
        ArchiveName="kept", EventSourceArn=bus, EventPattern=json.dumps({"source": ["test"]})
    )["ArchiveArn"]
    put(aws, {"n": 1})
    put(aws, {"n": 2}, Source="unwanted")
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 1
    url, arn = aws.queue("q")
    aws.rule("raw", {"source": ["test"]}, {"Id": "q", "Arn": arn})
    replay(aws, archive, "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z")
    (message,) = aws.messages(url)
    body = json.loads(message["Body"])
    assert (body["detail"], body["replay-name"]) == ({"n": 1}, "again")
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 1


def test_a_replay_sends_the_events_of_its_window_by_their_own_time(aws: Aws) -> None:
    events = aws.client("events")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=bus)["ArchiveArn"]
    for second in (59, 20, 10, 9):
        put(aws, {"at": second}, Time=f"2024-05-01T00:00:{second:02}Z")
    url, arn = aws.queue("q")
    aws.rule("raw", {"source": ["test"]}, {"Id": "q", "Arn": arn})
    replay(aws, archive, "2024-05-01T00:00:10Z", "2024-05-01T00:00:20Z")
    found: list[dict[str, Any]] = []
    while len(found) < 2 and (more := aws.messages(url)):
        found += more
    assert sorted(json.loads(message["Body"])["detail"]["at"] for message in found) == [10, 20]


@pytest.mark.parametrize("bus", ["default", "own"])
@pytest.mark.parametrize(("wanted", "taken"), [([], ["one", "two"]), (["two"], ["two"])])
def test_a_replay_goes_to_the_rules_that_are_named(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, bus: str, wanted: list[str], taken: list[str]
) -> None:
    if bus == "own":
        aws.client("events").create_event_bus(Name="own")
    more = {"EventBusName": "own"} if bus == "own" else {}
    arns = {name: aws.rule(name, {"source": ["test"]}, **more) for name in ("one", "two")}
    sent: list[Any] = []
    monkeypatch.setattr("moto.events.models.Rule.send_to_targets", lambda rule, event: sent.append((rule.name, event)))  # fmt: skip
    destination = {"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"}
    if wanted:
        destination["FilterArns"] = [arns[name] for name in wanted]  # type: ignore[assignment]
    replay = SimpleNamespace(
        name="again",
        destination=destination,
        account_id=ACCOUNT,
        region=REGION,
        event_start_time=0,
        event_end_time=2e9,
    )
    event = {"source": "test", "id": "e", "time": "2020-01-01T00:00:00Z"}
    before = time.time()
    EventBridge(FaultRegistry(), Clock()).replay_events(replay, SimpleNamespace(events=[event], retention=0))  # type: ignore[arg-type]
    assert sorted(name for name, _ in sent) == taken
    assert all(found == event | {"replay-name": "again"} for _, found in sent)
    assert event == {"source": "test", "id": "e", "time": "2020-01-01T00:00:00Z"}
    assert replay.state.value == "COMPLETED"
    assert before <= replay.end_time <= time.time()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": MACHINE}, f"RoleArn is required for target {MACHINE}."),
        (
            {"Arn": QUEUE, "Input": "{}", "InputPath": "$"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        ({"Arn": QUEUE, "InputPath": "$", "InputTransformer": {"InputTemplate": "x"}},
         "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": "<b>"}},
         "InputTemplate for target t contains invalid placeholder b."),
    ],
)  # fmt: skip
def test_a_target_that_is_refused(aws: Aws, target: dict[str, Any], message: str) -> None:
    aws.rule("r", {"source": ["test"]})
    events = aws.client("events")
    with pytest.raises(ClientError) as caught:
        events.put_targets(Rule="r", Targets=[{"Id": "t", **target}])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"] == message
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


INVALID = {"detail": {"object": {"key": [{"anything-but": {"prefix": 5}}]}}}
WHOLE = {
    "id": "1",
    "account": ACCOUNT,
    "source": "orders",
    "time": "2026-01-02T03:04:05Z",
    "region": REGION,
    "detail-type": "Order",
    "detail": {"total": 5},
}


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_invalid_pattern_is_refused_when_it_is_put(aws: Aws) -> None:
    events = aws.client("events")
    assert refusal(events.put_rule, Name="raw", EventPattern=json.dumps(INVALID)) == (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: prefix/suffix match pattern must be a string",
    )
    assert events.list_rules()["Rules"] == []
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    archive = {"ArchiveName": "a", "EventSourceArn": bus, "EventPattern": json.dumps(INVALID)}
    assert refusal(events.create_archive, **archive)[0] == "InvalidEventPatternException"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["orders"], "detail": {"total": [{"numeric": [">", 4]}]}}, True),
        ({"source": ["orders"], "detail": {"total": [{"numeric": [">", 5]}]}}, False),
    ],
)
def test_event_pattern_is_tried(aws: Aws, pattern: Any, expected: bool) -> None:
    tried = aws.client("events").test_event_pattern(Event=json.dumps(WHOLE), EventPattern=json.dumps(pattern))
    assert tried["Result"] is expected


@pytest.mark.parametrize(
    "event",
    ["text", "[]", *(json.dumps({k: v for k, v in WHOLE.items() if k != n}) for n in WHOLE if n != "detail")],
)
def test_only_a_whole_event_is_tried(aws: Aws, event: str) -> None:
    call = aws.client("events").test_event_pattern
    assert refusal(call, Event=event, EventPattern='{"source": ["orders"]}') == (
        "ValidationException",
        "Parameter Event is not valid.",
    )


def test_pattern_that_is_tried_must_be_valid(aws: Aws) -> None:
    call = aws.client("events").test_event_pattern
    for pattern in (json.dumps(INVALID), "{'k': [1]}", "[]"):
        assert (
            refusal(call, Event=json.dumps(WHOLE), EventPattern=pattern)[0] == "InvalidEventPatternException"
        )


@pytest.mark.parametrize("detail", ["not JSON", "[1]", '"text"', "5", "{"])
def test_a_detail_that_is_not_an_object_is_refused(aws: Aws, detail: str) -> None:
    entries = [{"Source": "own", "DetailType": "T", "Detail": given} for given in (detail, "{}")]
    sent = aws.client("events").put_events(Entries=entries)
    assert sent["FailedEntryCount"] == 1
    assert sent["Entries"][0] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    assert "EventId" in sent["Entries"][1]


@pytest.mark.usefixtures("in_order")
def test_events_of_aws_cannot_be_put(aws: Aws) -> None:
    url, arn = aws.queue("q")
    aws.rule("all", {"account": [ACCOUNT]}, {"Id": "q", "Arn": arn})
    entry = {"DetailType": "Object Created", "Detail": "{}"}
    sent = aws.client("events").put_events(
        Entries=[{**entry, "Source": "aws.s3"}, {**entry, "Source": "awsome"}]
    )
    assert sent["FailedEntryCount"] == 1
    assert sent["Entries"][0] == {
        "ErrorCode": "NotAuthorizedForSourceException",
        "ErrorMessage": "Not authorized for the source.",
    }
    (message,) = aws.messages(url)
    assert json.loads(message["Body"])["source"] == "awsome"


def test_entries_have_a_size(aws: Aws) -> None:
    events = aws.client("events")
    # "test" and "Test" are 8 bytes, the detail without its text 9, and a resource 5.
    fits = {"Source": "test", "DetailType": "Test", "Detail": json.dumps({"k": "x" * (262_144 - 22)})}
    assert events.put_events(Entries=[{**fits, "Resources": ["arn:x"]}])["FailedEntryCount"] == 0
    for more in ({"Resources": ["arn:xy"]}, {"Resources": ["arn:"], "Time": "2026-01-02T03:04:05Z"}):
        assert refusal(events.put_events, Entries=[{**fits, **more}]) == (
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        )
    half = {**fits, "Detail": json.dumps({"k": "x" * 131_072})}
    assert refusal(events.put_events, Entries=[half, half])[0] == "ValidationException"
    assert refusal(events.put_events, Entries=[{**fits, "Detail": "{}"}] * 11)[0] == "ValidationException"


TOO_MANY = ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


def test_rule_has_five_targets(aws: Aws) -> None:
    events = aws.client("events")
    aws.rule("raw", CREATED, {"Id": "0", "Arn": QUEUE})
    more = [{"Id": str(number), "Arn": QUEUE} for number in range(1, 6)]
    assert refusal(events.put_targets, Rule="raw", Targets=more) == TOO_MANY
    events.put_targets(Rule="raw", Targets=more[:4])
    events.put_targets(Rule="raw", Targets=more[:4])  # they replace themselves
    assert len(events.list_targets_by_rule(Rule="raw")["Targets"]) == 5
    assert refusal(events.put_targets, Rule="raw", Targets=more[4:]) == TOO_MANY


def test_bus_has_three_hundred_rules(aws: Aws) -> None:
    backend = events_backends[ACCOUNT][REGION]
    for number in range(300):
        backend.put_rule(str(number), event_pattern='{"source": ["test"]}')
    events = aws.client("events")
    rule = {"EventPattern": '{"source": ["test"]}'}
    assert refusal(events.put_rule, Name="300", **rule) == TOO_MANY
    events.put_rule(Name="299", **rule)
    events.create_event_bus(Name="other")
    events.put_rule(Name="300", EventBusName="other", **rule)


def test_a_target_that_is_being_invoked_is_named() -> None:
    bridge = EventBridge(FaultRegistry(), Clock())
    assert bridge.unfinished() == ""
    for arn, said in (("", ""), ("arn:q", "an event is being delivered to arn:q")):
        bridge._delivery = SimpleNamespace(invoked=lambda arn=arn: arn)  # type: ignore[assignment]
        assert bridge.unfinished() == said
