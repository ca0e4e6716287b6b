"""Schedules: what is refused, what their targets get, as whom, and where failed invocations go."""

from __future__ import annotations

import datetime
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.scheduler.models import Schedule

from strata.cloud import clock as cloud_clock
from strata.cloud.aws import CloudContext
from strata.cloud.aws.events.delivery import Delivery, WaitingDelivery
from strata.cloud.aws.events.targets import TargetError
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.scheduler import api, targets
from strata.cloud.aws.scheduler.api import Scheduler
from strata.cloud.aws.scheduler.invocation import ScheduledInvocation
from tests.cloud.aws.conftest import ACCOUNT, REGION, STATES, Aws, eventually

SCHEDULER = {"Service": "scheduler.amazonaws.com"}
GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/default"
ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/s"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
OFF = {"Mode": "OFF"}
NOW = datetime.datetime(2026, 5, 1, 12, 0, 0, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.cloud.clock._LOOK_SECONDS", 0.05)


def allow(action: str, resource: str) -> list[dict[str, Any]]:
    return [{"Effect": "Allow", "Action": action, "Resource": resource}]


def create(aws: Aws, expression: str, target: dict[str, Any], **more: Any) -> str:
    settings = {"Name": "s", "FlexibleTimeWindow": OFF, **more}
    created = aws.client("scheduler").create_schedule(
        ScheduleExpression=expression, Target=target, **settings
    )
    return str(created["ScheduleArn"])


def test_a_rate_begins_at_once_with_the_notification(aws: Aws) -> None:
    url, arn = aws.queue("q", accepts_events=False)
    trust = {"ArnEquals": {"aws:SourceArn": GROUP}}
    role = aws.role("scheduler", SCHEDULER, allow("sqs:SendMessage", arn), Condition=trust)
    schedule = create(aws, "rate(5 minutes)", {"Arn": arn, "RoleArn": role})
    assert schedule == ARN
    (message,) = aws.messages(url)
    event = json.loads(message["Body"])
    assert datetime.datetime.fromisoformat(event.pop("time")).timestamp() == pytest.approx(
        time.time(), abs=30
    )
    event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [ARN],
        "detail": "{}",
    }


def test_once_starts_a_state_machine_and_is_deleted(aws: Aws) -> None:
    machine = aws.machine("m", {"Only": {"Type": "Pass", "End": True}}, aws.role("states", STATES))
    role = aws.role("scheduler", SCHEDULER, allow("states:StartExecution", machine))
    due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    given = {"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}
    given |= {"try": "<aws.scheduler.attempt-number>"}
    target = {"Arn": machine, "RoleArn": role, "Input": json.dumps(given)}
    create(aws, f"at({due:%Y-%m-%dT%H:%M:%S})", target, ActionAfterCompletion="DELETE")
    states, scheduler = aws.client("stepfunctions"), aws.client("scheduler")
    (execution,) = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    described = aws.ended(execution["executionArn"])
    assert json.loads(described["input"]) == {"at": f"{due:%Y-%m-%dT%H:%M:%SZ}", "by": ARN, "try": "1"}
    with pytest.raises(ClientError, match="Schedule s does not exist") as refused:
        scheduler.get_schedule(Name="s")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_universal_target_calls_an_operation(aws: Aws) -> None:
    url, arn = aws.queue("q", accepts_events=False)
    role = aws.role("scheduler", SCHEDULER, allow("sqs:SendMessage", arn))
    body = {"QueueUrl": url, "MessageBody": "<aws.scheduler.execution-id>"}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": role}
    create(aws, "rate(1 hours)", target | {"Input": json.dumps(body)})
    (message,) = aws.messages(url)
    assert len(message["Body"]) == 16


def test_an_event_reaches_the_rules_of_its_bus(aws: Aws) -> None:
    url, arn = aws.queue("q")
    aws.rule("r", {"source": ["mine"]}, {"Id": "q", "Arn": arn, "InputPath": "$.detail"})
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    role = aws.role("scheduler", SCHEDULER, allow("events:PutEvents", bus))
    named = {"DetailType": "Made", "Source": "mine"}
    target = {"Arn": bus, "RoleArn": role, "EventBridgeParameters": named, "Input": '{"n": 1}'}
    create(aws, "rate(1 hour)", target)
    (message,) = aws.messages(url)
    assert json.loads(message["Body"]) == {"n": 1}


def test_what_the_role_may_not_do_becomes_a_dead_letter(aws: Aws) -> None:
    aws.queue("q", accepts_events=False)
    url, dead = aws.queue("dead", accepts_events=False)
    role = aws.role("scheduler", SCHEDULER, allow("sqs:SendMessage", dead))
    target = {"Arn": QUEUE, "RoleArn": role, "Input": "plain", "DeadLetterConfig": {"Arn": dead}}
    create(aws, "rate(1 hour)", target)
    (message,) = aws.messages(url)
    assert message["Body"] == "plain"
    found = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert "sqs:sendmessage" in found.pop("ERROR_MESSAGE").lower()
    assert len(found.pop("EXECUTION_ID")) == 16
    assert found.pop("SCHEDULED_TIME").endswith("Z")
    assert found == {
        "ERROR_CODE": "AccessDeniedException",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULE_ARN": ARN,
        "TARGET_ARN": QUEUE,
    }


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({"ScheduleExpression": "rate(10 years)"}, "ValidationException", "Invalid Schedule Expression rate(10 years)."),
        ({"ScheduleExpressionTimezone": "Middle/Earth"}, "ValidationException", "Middle/Earth is not a time zone"),
        ({"GroupName": "none"}, "ResourceNotFoundException", "Schedule group none does not exist."),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindowInMinutes must be from 1"),
        (
            {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
            "ValidationException",
            "MaximumWindowInMinutes must not be set",
        ),
        (
            {"StartDate": "2040-01-02T00:00:00Z", "EndDate": "2040-01-01T00:00:00Z"},
            "ValidationException",
            "The EndDate you specify must be after the StartDate.",
        ),
        (
            {"Target": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/states"}},
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ),
        ({"Target": {"Arn": QUEUE + ".fifo"}}, "ValidationException", "MessageGroupId is required"),
        ({"Target": {"DeadLetterConfig": {"Arn": DEAD + ".fifo"}}}, "ValidationException", "A FIFO queue cannot be"),
        (
            {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl"}},
            "ValidationException",
            "getQueueUrl only reads",
        ),
        (
            {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendLetter"}},
            "ValidationException",
            "is not an operation of sqs",
        ),
        (
            {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "{"}},
            "ValidationException",
            "must be well-formed JSON",
        ),
        (
            {"Target": {"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"}},
            "ValidationException",
            "EventBridgeParameters is required",
        ),
        (
            {"Target": {"Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"}},
            "NotImplemented",
            "The embedded cloud invokes no schedule's target arn:aws:ecs",
        ),
        (
            {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:nothing:doThis"}},
            "NotImplemented",
            "The embedded cloud knows no service nothing",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(aws: Aws, asked: dict[str, Any], code: str, message: str) -> None:
    aws.role("states", STATES)
    target = {"Arn": QUEUE, "RoleArn": aws.role("scheduler", SCHEDULER), **asked.pop("Target", {})}
    expression = asked.pop("ScheduleExpression", "rate(1 hour)")
    with pytest.raises(ClientError) as refused:
        create(aws, expression, target, **asked)
    error = refused.value.response["Error"]
    assert (error["Code"], message in error["Message"]) == (code, True), error


def test_groups_and_updates(aws: Aws) -> None:
    scheduler = aws.client("scheduler")
    target = {"Arn": QUEUE, "RoleArn": aws.role("scheduler", SCHEDULER)}
    scheduler.create_schedule_group(Name="g")
    later = {"Target": target, "ScheduleExpression": "at(2090-01-01T00:00:00)", "FlexibleTimeWindow": OFF}
    scheduler.create_schedule(Name="s", GroupName="g", State="DISABLED", **later)
    assert scheduler.get_schedule(Name="s", GroupName="g")["State"] == "DISABLED"
    scheduler.update_schedule(Name="s", GroupName="g", ActionAfterCompletion="DELETE", **later)
    found = scheduler.get_schedule(Name="s", GroupName="g")
    assert (found["State"], found["ActionAfterCompletion"]) == ("ENABLED", "DELETE")
    assert [it["Name"] for it in scheduler.list_schedules(GroupName="g")["Schedules"]] == ["s"]
    refusals = [
        (lambda: scheduler.create_schedule(Name="s", GroupName="g", **later), "ConflictException", 409),
        (lambda: scheduler.create_schedule_group(Name="g"), "ConflictException", 409),
        (lambda: scheduler.update_schedule(Name="s", **later), "ResourceNotFoundException", 404),
        (lambda: scheduler.delete_schedule_group(Name="none"), "ResourceNotFoundException", 404),
        (lambda: scheduler.delete_schedule_group(Name="default"), "ValidationException", 400),
    ]
    for call, code, status in refusals:
        with pytest.raises(ClientError) as refused:
            call()
        answer = refused.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    scheduler.delete_schedule_group(Name="g")
    assert not scheduler.list_schedules()["Schedules"]


@pytest.mark.parametrize(
    ("arn", "more", "call"),
    [
        (
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f:live",
            {},
            ("lambda", "invoke", {"FunctionName": "ARN", "InvocationType": "Event", "Payload": "{}"}),
        ),
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:t", {}, ("sns", "publish", {"TopicArn": "ARN", "Message": "{}"})),
        (
            f"{QUEUE}.fifo",
            {"SqsParameters": {"MessageGroupId": "g"}},
            (
                "sqs",
                "send_message",
                {"QueueUrl": f"URL/{ACCOUNT}/q.fifo", "MessageBody": "{}", "MessageGroupId": "g"},
            ),
        ),
        (
            "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            {},
            ("stepfunctions", "start_execution", {}),
        ),
    ],
)
def test_what_a_target_is_called_with(arn: str, more: dict[str, Any], call: tuple[str, str, Any]) -> None:
    found = targets.call_of({"Arn": arn, **more}, "{}", "URL")
    expected = {name: arn if value == "ARN" else value for name, value in call[2].items()}
    assert found == (*call[:2], expected)


def test_what_waits_for_another_try_is_saved(aws: Aws) -> None:
    services = aws.server.services
    scheduler: Any = next(it for it in services._in_order if it.name == "scheduler")
    target = {"Arn": QUEUE, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none", "Input": "x"}
    invocation = ScheduledInvocation(ARN, GROUP, target, NOW, scheduler)
    scheduler.load([WaitingDelivery(60, 5, invocation)])
    status, saved = services.snapshot.answer("GET", b"")
    assert status == 200, saved
    scheduler.load(None)
    assert services.snapshot.answer("PUT", saved) == (200, b"")
    (waiting,) = scheduler.state()
    assert waiting.invocation.scheduler is scheduler
    assert (waiting.invocation.execution_id, waiting.invocation.scheduled) == (invocation.execution_id, NOW)


class Clock:
    """A scheduler without a server, with one schedule, and the times at which it invoked its target."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, context: CloudContext, expression: str, **more: Any
    ) -> None:
        settings = {"flexible_time_window": OFF, "start_date": None, "end_date": None, "state": "ENABLED"}
        self.schedule = Schedule(
            REGION, ACCOUNT, "default", "s", None, expression, None, **(settings | {"kms_key_arn": None} | more),
            target={"Arn": QUEUE}, action_after_completion=more.pop("action", None),
        )  # fmt: skip
        self.schedule.last_modified_date = NOW.timestamp()
        self.group = SimpleNamespace(arn=GROUP, schedules={"s": self.schedule})
        monkeypatch.setattr(
            api, "_enabled", lambda: [(self.group, it) for it in self.group.schedules.values()]
        )
        self.scheduler = Scheduler(context, Identity(context))
        self.scheduler._since = NOW
        self.times: list[str] = []
        monkeypatch.setattr(
            self.scheduler, "_invoke", lambda schedule, group, at: self.times.append(f"{at:%H:%M:%S}")
        )

    def run(self, *minutes: float) -> list[str]:
        for minute in minutes:
            self.scheduler.run_due(NOW + datetime.timedelta(minutes=minute))
        return self.times


def test_what_was_missed_comes_once(monkeypatch: pytest.MonkeyPatch, context: CloudContext) -> None:
    clock = Clock(monkeypatch, context, "rate(10 minutes)")
    assert clock.run(0, 1, 10, 55, 56, 60) == ["12:00:00", "12:10:00", "12:20:00", "13:00:00"]


def test_a_change_is_planned_anew(monkeypatch: pytest.MonkeyPatch, context: CloudContext) -> None:
    clock = Clock(monkeypatch, context, "rate(10 minutes)")
    clock.run(0)
    clock.schedule.schedule_expression = "cron(15 * * * ? *)"
    clock.schedule.last_modified_date = NOW.timestamp() + 60
    assert clock.run(10, 15) == ["12:00:00", "12:15:00"]


def test_a_flexible_window_delays(monkeypatch: pytest.MonkeyPatch, context: CloudContext) -> None:
    monkeypatch.setattr(api.random, "random", lambda: 0.5)
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    clock = Clock(monkeypatch, context, "rate(1 hour)", flexible_time_window=window)
    assert clock.run(4.9) == []
    assert clock.run(5, 64.9) == ["12:00:00"]
    assert clock.run(65) == ["12:00:00", "13:00:00"]


def test_the_end_ends_it(monkeypatch: pytest.MonkeyPatch, context: CloudContext) -> None:
    end = NOW.timestamp() + 15 * 60
    clock = Clock(monkeypatch, context, "rate(10 minutes)", end_date=end)
    clock.schedule.action_after_completion = "DELETE"
    assert clock.run(0) == ["12:00:00"]
    assert clock.group.schedules
    assert clock.run(10, 20, 30) == ["12:00:00", "12:10:00"]
    assert not clock.group.schedules


class Failing:
    """Stands for the scheduler: its clients raise, or are refused."""

    url = "http://localhost"

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def client(self, service: str, region: str, role_arn: str, group_arn: str) -> Any:
        def method(**parameters: Any) -> Any:
            self.calls.append((service, region, parameters))
            raise self.error

        return SimpleNamespace(send_message=method, invoke=method)


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [(400, "Gone", False), (500, "Broken", True), (429, "Busy", True), (400, "ThrottlingException", True)],
)
def test_which_failures_are_tried_again(status: int, code: str, again: bool) -> None:
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    failing = Failing(ClientError(answer, "SendMessage"))  # type: ignore[arg-type]
    invocation = ScheduledInvocation(ARN, GROUP, {"Arn": QUEUE, "RoleArn": "r", "Input": "x"}, NOW, failing)
    with pytest.raises(TargetError) as raised:
        invocation.send()
    assert (raised.value.code, raised.value.message, raised.value.retryable) == (code, "m", again)
    url = f"http://localhost/{ACCOUNT}/q"
    assert failing.calls == [("sqs", REGION, {"QueueUrl": url, "MessageBody": "x"})]


def test_retries_end_in_the_dead_letter_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.cloud.aws.events.delivery._FIRST_DELAY", 0.001)
    answer = {"Error": {"Code": "Busy", "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
    failing = Failing(ClientError(answer, "SendMessage"))  # type: ignore[arg-type]
    policy = {"RetryPolicy": {"MaximumRetryAttempts": 2}, "DeadLetterConfig": {"Arn": DEAD}}
    target = {"Arn": QUEUE, "RoleArn": "r", "Input": "<aws.scheduler.attempt-number>", **policy}
    clock = cloud_clock.Clock()
    delivery = Delivery(clock)
    clock.follow(delivery)
    clock.start()
    try:
        delivery.submit(ScheduledInvocation(ARN, GROUP, target, NOW, failing))
        eventually(lambda: len(failing.calls) == 4)
    finally:
        clock.stop()
        delivery.stop()
    assert [call[2]["MessageBody"] for call in failing.calls] == ["1", "2", "3", "3"]
    attributes = failing.calls[-1][2]["MessageAttributes"]
    assert attributes["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumRetryAttempts"
    assert attributes["RETRY_ATTEMPTS"]["StringValue"] == "2"
    assert attributes["SCHEDULED_TIME"]["StringValue"] == "2026-05-01T12:00:00Z"
