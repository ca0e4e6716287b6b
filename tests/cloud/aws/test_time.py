"""What follows the cloud's clock, service by service, when it is moved forward."""

from __future__ import annotations

import itertools
import json
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.events import delivery
from strata.cloud.aws.events.targets import TargetError
from strata.cloud.clock_client import CloudClock
from strata.errors import StrataError
from strata.testing.fixtures import fixtures
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws, eventually
from tests.endpoints import nowhere

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DONE = {"Type": "Succeed"}


@pytest.fixture
def clock(aws: Aws) -> CloudClock:
    """What the fixture of the test library gives of the session's cloud."""
    found: CloudClock = fixtures.clock.__wrapped__(nowhere(ACCOUNT, REGION, aws.context.aws_url))
    return found


def bodies(aws: Aws, url: str, number: int) -> list[dict[str, Any]]:
    """Take the first messages of a queue, once there are as many."""
    found: list[dict[str, Any]] = []

    def more() -> int:
        sqs = aws.client("sqs")
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return len(found)

    eventually(more, lambda count: count >= number)
    return found


def start(aws: Aws, states: dict[str, Any], role: str, given: Any = None) -> str:
    machine = aws.machine(f"waits-{uuid.uuid4()}", states, role)
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps(given or {})
    )
    return str(started["executionArn"])


def until(aws: Aws, execution: str, kind: str, number: int = 1) -> list[dict[str, Any]]:
    """The events of a kind, once there are as many."""
    client = aws.client("stepfunctions")

    def found() -> list[dict[str, Any]]:
        events = client.get_execution_history(executionArn=execution)["events"]
        return [event for event in events if event["type"] == kind]

    return list(eventually(found, lambda events: len(events) >= number))


def test_the_clock_is_shown_and_moved(clock: CloudClock) -> None:
    assert abs(clock.show().now - datetime.now(UTC)) < HOUR
    assert clock.show().ahead == timedelta(0)
    assert clock.advance(HOUR, seconds=1800).ahead >= timedelta(minutes=90)
    assert clock.show().now - datetime.now(UTC) > HOUR
    with pytest.raises(StrataError, match="does not go back"):
        clock.advance(seconds=-1)
    with pytest.raises(StrataError, match="cannot be moved"):
        clock.advance(seconds=float("inf"))


def test_only_this_machine_moves_it(aws: Aws) -> None:
    request = urllib.request.Request(
        f"{aws.context.aws_url}/_strata/clock", data=b'{"seconds": 60}', headers={"Host": "a-page.example"}
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)
    assert aws.context.clock.ahead == timedelta(0)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_a_wait_state_ends(aws: Aws, role: str, clock: CloudClock) -> None:
    by, at = 2 * HOUR, datetime.now(UTC) + 2 * HOUR
    given = {"seconds": 7200, "until": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    executions = []
    for field in ({"Seconds": 7200}, {"SecondsPath": "$.seconds"}, {"TimestampPath": "$.until"}):
        states = {"Wait": {"Type": "Wait", **field, "Next": "Done"}, "Done": DONE}
        executions.append(start(aws, states, role, given))
        until(aws, executions[-1], "WaitStateEntered")
    clock.advance(by - minutes(1))
    client = aws.client("stepfunctions")
    assert [client.describe_execution(executionArn=it)["status"] for it in executions] == ["RUNNING"] * 3
    clock.advance(minutes(2))
    for execution in executions:
        described = aws.ended(execution)
        assert described["status"] == "SUCCEEDED"
        assert by - minutes(1) < described["stopDate"] - described["startDate"] < by + minutes(2)
        (left,) = until(aws, execution, "WaitStateExited")
        assert left["timestamp"] - described["startDate"] > by - minutes(1)


def test_an_execution_that_waits_is_stopped(aws: Aws, role: str) -> None:
    execution = start(aws, {"Wait": {"Type": "Wait", "Seconds": 7200, "End": True}}, role)
    until(aws, execution, "WaitStateEntered")
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    assert aws.ended(execution)["status"] == "ABORTED"


def test_a_retry_comes_after_its_delay(aws: Aws, role: str, clock: CloudClock) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": f"{aws.context.aws_url}/{ACCOUNT}/none", "MessageBody": "x"},
        "Retry": [
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600, "BackoffRate": 2, "MaxAttempts": 2}
        ],
        "End": True,
    }
    execution = start(aws, {"Task": task}, role)
    for attempt, hours in ((1, 1), (2, 2)):
        until(aws, execution, "TaskFailed", attempt)
        # The execution waits a moment after it has said so.
        eventually(lambda: len(aws.context.clock._waits) == 1)
        clock.advance(hours * HOUR)
    described = aws.ended(execution)
    assert described["status"] == "FAILED"
    failed = [event["timestamp"] for event in until(aws, execution, "TaskFailed", 3)]
    assert [round((later - earlier) / HOUR) for earlier, later in itertools.pairwise(failed)] == [
        1,
        2,
    ]


def test_a_rule_is_due_at_each_of_its_times(aws: Aws, clock: CloudClock) -> None:
    url, arn = aws.queue("q")
    events = aws.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "q", "Arn": arn}])
    begun = clock.show().now
    clock.advance(3 * HOUR + minutes(5))
    times = [datetime.fromisoformat(event["time"]) for event in bodies(aws, url, 3)]
    assert [round((at - begun) / minutes(1)) for at in sorted(times)] == [60, 120, 180]


def test_a_schedule_is_due_at_each_of_its_times(aws: Aws, clock: CloudClock) -> None:
    url, arn = aws.queue("q")
    allowed = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}]
    target = {
        "Arn": arn,
        "RoleArn": aws.role("schedules", {"Service": "scheduler.amazonaws.com"}, allowed),
        "Input": json.dumps({"at": "<aws.scheduler.scheduled-time>"}),
    }
    aws.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="cron(30 * * * ? *)", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
    )
    begun = clock.show().now
    clock.advance(2 * HOUR)
    times = sorted(datetime.fromisoformat(body["at"]) for body in bodies(aws, url, 2))
    assert [at.minute for at in times] == [30, 30]
    assert begun < times[0] < times[1] < begun + 2 * HOUR


def test_a_delivery_is_tried_again_until_its_policy_ends_it(
    aws: Aws, clock: CloudClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise TargetError("BUSY", "again", retryable=True)

    monkeypatch.setattr(delivery, "invoke", busy)
    (_, arn), (url, dead) = aws.queue("q"), aws.queue("dead")
    policies = {"often": {}, "soon": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 3600}}
    for name, policy in policies.items():
        target = {"Id": "q", "Arn": arn, "DeadLetterConfig": {"Arn": dead}, "RetryPolicy": policy}
        aws.rule(name, {"source": ["shop"]}, target)
    aws.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": "{}"}])

    def told() -> dict[str, str]:
        (message,) = aws.messages(url)
        aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    clock.advance(HOUR)
    assert told()["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    clock.advance(22 * HOUR)
    last = told()
    assert (last["EXHAUSTED_RETRY_CONDITION"], last["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "185")


def test_an_archive_keeps_events_for_its_days(aws: Aws, clock: CloudClock) -> None:
    events = aws.client("events")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    for name, days in (("short", 1), ("long", 7), ("ever", 0)):
        events.create_archive(ArchiveName=name, EventSourceArn=bus, RetentionDays=days)

    def put() -> None:
        events.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": "{}"}])

    def counts() -> list[int]:
        listed = {it["ArchiveName"]: it["EventCount"] for it in events.list_archives()["Archives"]}
        described = [events.describe_archive(ArchiveName=name)["EventCount"] for name in listed]
        assert described == list(listed.values())
        return [listed[name] for name in ("short", "long", "ever")]

    put()
    clock.advance(DAY - HOUR)
    put()
    assert counts() == [2, 2, 2]
    clock.advance(2 * HOUR)
    assert counts() == [1, 2, 2]
    clock.advance(8 * DAY)
    assert counts() == [0, 0, 2]


def test_a_replay_does_not_send_what_has_expired(aws: Aws, clock: CloudClock) -> None:
    url, arn = aws.queue("q")
    aws.rule("r", {"source": ["shop"]}, {"Id": "q", "Arn": arn})
    events = aws.client("events")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus, RetentionDays=1)["ArchiveArn"]
    begun = clock.show().now
    for number in (1, 2):
        detail = json.dumps({"number": number})
        events.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": detail}])
        assert [event["detail"]["number"] for event in bodies(aws, url, 1)] == [number]
        clock.advance(13 * HOUR)
    events.start_replay(
        ReplayName="r",
        EventSourceArn=archive,
        EventStartTime=begun - HOUR,
        EventEndTime=clock.show().now,
        Destination={"Arn": bus},
    )
    (event,) = bodies(aws, url, 1)
    assert (event["detail"], event["replay-name"]) == ({"number": 2}, "r")
    assert "ingestion-time" not in event


def test_a_freshness_alarm_rings_and_ends(aws: Aws, role: str, clock: CloudClock) -> None:
    machine = aws.machine("pipeline", {"Done": DONE}, role)
    cloudwatch, states = aws.client("cloudwatch"), aws.client("stepfunctions")

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["stale"])["MetricAlarms"][0]["StateValue"])

    def run() -> None:
        aws.ended(states.start_execution(stateMachineArn=machine)["executionArn"])

    run()
    cloudwatch.put_metric_alarm(
        AlarmName="stale",
        Namespace="AWS/States",
        MetricName="ExecutionsSucceeded",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=24,
        DatapointsToAlarm=24,
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
        TreatMissingData="breaching",
    )
    clock.advance(24 * HOUR)
    assert state() == "OK"
    clock.advance(3 * HOUR)
    assert state() == "ALARM"
    run()
    clock.advance(minutes(1))
    assert state() == "OK"


def test_messages_become_visible_and_expire(aws: Aws, clock: CloudClock) -> None:
    url, _ = aws.queue("q")
    sqs = aws.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "86400"})
    sqs.send_message(QueueUrl=url, MessageBody="x")

    def received() -> int:
        return len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600).get("Messages", ()))

    assert [received(), received()] == [1, 0]
    clock.advance(HOUR)
    assert received() == 1
    clock.advance(DAY)
    assert received() == 0


def test_logs_follow_and_keys_and_objects_do_not(aws: Aws, clock: CloudClock) -> None:
    sts = aws.client("sts")
    arn = aws.role("reads", {"AWS": "*"}, [{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="reader", DurationSeconds=3600)["Credentials"]
    now = clock.advance(5 * HOUR).now
    logs, s3 = aws.client("logs", keys), aws.bucket("a-bucket")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    moment = int(now.timestamp() * 1000)
    logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": moment, "message": "later"}]
    )
    assert [event["message"] for event in logs.filter_log_events(logGroupName="g")["events"]] == ["later"]
    s3.put_object(Bucket="a-bucket", Key="k", Body=b"x")
    assert s3.head_object(Bucket="a-bucket", Key="k")["LastModified"] < now - 4 * HOUR
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="a-bucket", Key="none")


def test_a_snapshot_keeps_how_far_the_clock_is(aws: Aws, clock: CloudClock) -> None:
    clock.advance(HOUR)
    services = aws.server.services
    status, saved = services.snapshot.answer("GET", b"")
    assert status == 200, saved
    clock.advance(HOUR)
    assert services.snapshot.answer("PUT", saved) == (200, b"")
    assert clock.show().ahead >= 2 * HOUR
