"""Following an object for as long as the platform works on it, and no longer than it can."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from strata.cli.durations import Durations
from strata.cli.views import steps_view
from strata.errors import StrataError
from strata.platform import pipeline
from tests.pipeline.conftest import wait_for

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DROPPED = pipeline.PutObject("raw", "flights/a.csv", "abc", "v2", AT, 5)
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:machine"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:dead"
INPUT = '{"bucket": "raw", "key": "flights/a.csv", "etag": "abc", "version_id": "%s"}'
RUNNING = {"status": "RUNNING", "input": INPUT % "v2"}
OVER = {**RUNNING, "status": "SUCCEEDED", "output": '{"rows": 1}', "stopDate": AT + timedelta(seconds=7)}
PATTERN = '{"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "flights/"}]}}}'


def entered(name: str) -> dict[str, Any]:
    details = {"stateEnteredEventDetails": {"name": name}}
    return {"type": "TaskStateEntered", "timestamp": AT, **details}


def event(key: str, version_id: str = "v2") -> dict[str, Any]:
    found = {"key": key, "etag": "abc", "version-id": version_id}
    return {"detail": {"bucket": {"name": "raw"}, "object": found}}


def letter(number: int, body: dict[str, Any]) -> dict[str, Any]:
    said = {
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "not authorized to perform states:StartExecution",
    }
    attributes = {name: {"StringValue": value} for name, value in said.items()}
    return {"MessageId": str(number), "Body": json.dumps(body), "MessageAttributes": attributes}


class Cloud:
    """The services that are asked: one rule, its queue, one bucket, and executions.

    Args:
        descriptions: what the execution is described as, one after the other; the last one for ever.
        starts: the execution is listed from this look on.
    """

    arns = ("arn:one",)

    def __init__(self, *descriptions: dict[str, Any], starts: int = 1) -> None:
        self._descriptions = itertools.chain(descriptions[:-1], itertools.repeat(descriptions[-1]))
        self._looks = itertools.count(1)
        self._starts = starts
        self.state = "ENABLED"
        self.target: dict[str, Any] = {"Arn": MACHINE, "DeadLetterConfig": {"Arn": QUEUE}}
        self.notifications: dict[str, Any] = {"EventBridgeConfiguration": {}}
        self.letters: list[dict[str, Any]] = []

    def list_executions(self, **_: Any) -> dict[str, Any]:
        there = next(self._looks) >= self._starts
        arns = self.arns if there else ()
        return {"executions": [{"executionArn": arn, "startDate": AT} for arn in arns]}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return next(self._descriptions)

    def get_paginator(self, _: str) -> Cloud:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"events": [entered("Clean"), {"type": "ExecutionSucceeded", "timestamp": AT}]}]

    def list_rule_names_by_target(self, **_: Any) -> dict[str, Any]:
        return {"RuleNames": ["rule"]}

    def describe_rule(self, **_: Any) -> dict[str, Any]:
        return {"State": self.state, "EventPattern": PATTERN}

    def list_targets_by_rule(self, **_: Any) -> dict[str, Any]:
        return {"Targets": [self.target, {"Arn": "arn:another"}]}

    def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
        return self.notifications

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": QueueName}

    def receive_message(self, QueueUrl: str, **_: Any) -> dict[str, Any]:
        assert QueueUrl == "dead"
        # As SQS: ten at a time, those received are hidden; after the last one the first comes again.
        page, self.letters = self.letters[:10], self.letters[10:] + self.letters[:10]
        return {"Messages": page} if page else {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves; its one item is the time."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(pipeline, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    return now


def follow(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, **more: Any) -> pipeline.Execution:
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: cloud)
    return pipeline.follow(None, MACHINE, DROPPED, **more)  # type: ignore[arg-type]


def test_a_process_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with (
        subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, text=True) as silent,
        pytest.raises(AssertionError, match="ended with -9 before 'up'"),
    ):
        wait_for(silent, "up", seconds=0)


def test_an_execution_described_as_running_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    # The first answer is for the search by the object.
    execution = follow(monkeypatch, Cloud(RUNNING, RUNNING, RUNNING, OVER))
    assert (execution.status, execution.seconds, execution.output) == ("SUCCEEDED", 7.0, {"rows": 1})


def test_the_same_content_put_before_has_an_execution_of_its_own(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    cloud = Cloud({**OVER, "input": INPUT % "v1"}, RUNNING, OVER)
    cloud.arns = ("arn:other", "arn:one")
    assert follow(monkeypatch, cloud).arn == "arn:one"


def test_the_dead_letter_of_an_older_version_is_not_this_ones(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    cloud = Cloud(RUNNING, OVER, starts=60)
    cloud.letters = [letter(1, event("flights/a.csv", "v1"))]
    assert follow(monkeypatch, cloud).status == "SUCCEEDED"


def test_an_execution_that_takes_hours_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    waits: list[str] = []
    looks = 2 * 3600 * 6
    execution = follow(monkeypatch, Cloud(*[RUNNING] * looks, OVER), on_wait=waits.append)
    assert execution.status == "SUCCEEDED"
    assert clock[0] > 5.9 * 3600
    assert set(waits) == {"one"}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_platform_ends_the_wait(monkeypatch: pytest.MonkeyPatch, clock: list[float], status: str) -> None:
    over = {**OVER, "status": status, "error": "States.Timeout", "cause": "too long", "output": None}
    execution = follow(monkeypatch, Cloud(RUNNING, over))
    assert (execution.status, execution.error, execution.cause) == (status, "States.Timeout", "too long")


def test_an_execution_that_starts_late_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    waits: list[str] = []
    cloud = Cloud(RUNNING, OVER, starts=2 * 3600)
    # Letters of other objects, more than one answer holds, are nobody's business here.
    cloud.letters = [letter(number, event("flights/b.csv")) for number in range(23)]
    assert follow(monkeypatch, cloud, on_wait=waits.append).status == "SUCCEEDED"
    assert clock[0] > 3500
    assert waits[0] == ""


def test_an_object_that_no_enabled_rule_matches_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    cloud = Cloud(RUNNING)
    cloud.state = "DISABLED"
    with pytest.raises(StrataError, match=r"for s3://raw/flights/a\.csv: no enabled rule matches it"):
        follow(monkeypatch, cloud)
    assert clock[0] == 0


def test_a_bucket_that_sends_no_events_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    cloud = Cloud(RUNNING)
    cloud.notifications = {}
    with pytest.raises(StrataError, match="the bucket does not send its events to EventBridge"):
        follow(monkeypatch, cloud)
    assert clock[0] == 0


def test_an_event_that_cannot_be_delivered_is_said_soon(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    cloud = Cloud(RUNNING, starts=10**9)
    cloud.letters = [letter(number, event("flights/b.csv")) for number in range(23)] + [
        letter(23, event("flights/a.csv"))
    ]
    with pytest.raises(StrataError, match="NO_PERMISSIONS: not authorized to perform states:StartExecution"):
        follow(monkeypatch, cloud)
    assert clock[0] < 10


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (
            ["flights/b.csv", "flights/a.csv"],
            "NO_PERMISSIONS: not authorized to perform states:StartExecution",
        ),
        (["flights/b.csv"], None),
        ([], None),
    ],
)
def test_why_an_event_was_not_delivered_is_known_afterwards(
    monkeypatch: pytest.MonkeyPatch, keys: list[str], reason: str | None
) -> None:
    cloud = Cloud(RUNNING)
    cloud.letters = [letter(number, event(key)) for number, key in enumerate(keys)]
    monkeypatch.setattr(pipeline, "client", lambda *_: cloud)
    assert pipeline.undelivered(object(), MACHINE, DROPPED) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "age"), [({"MaximumEventAgeInSeconds": 3600}, 3600), ({}, 86_400)])
def test_an_event_is_waited_for_as_long_as_its_rule_tries(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], given: dict[str, int], age: int
) -> None:
    cloud = Cloud(RUNNING, starts=10**9)
    cloud.target = {"Arn": MACHINE, "RetryPolicy": given}
    with pytest.raises(StrataError, match=f"within {age} s, the maximum age of its event"):
        follow(monkeypatch, cloud)
    assert age < clock[0] < age + 2


def test_where_there_is_no_terminal_a_line_now_and_then_says_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = [0.0]
    monkeypatch.setattr(steps_view, "time", SimpleNamespace(monotonic=lambda: now[0]))
    text = io.StringIO()
    with steps_view.StepTable(
        Console(file=text, width=100), "s3://raw/a", Durations(tmp_path, "put")
    ) as view:
        view.on_step(pipeline.ExecutionStep("S3 event", "running"))
        for _ in range(25):
            now[0] += 1
            view.on_wait("")
        view.on_step(pipeline.ExecutionStep("S3 event", "succeeded", 25.0))
        view.on_step(pipeline.ExecutionStep("Clean", "running"))
        for _ in range(45):
            now[0] += 1
            view.on_wait("abc")
    assert text.getvalue().splitlines() == [
        "s3://raw/a",
        "  S3 event → EventBridge rule → execution started: running for 20 s",
        "  S3 event → EventBridge rule → execution started    succeeded   25.00 s",
        "  Glue job clean (Spark), execution abc: running for 20 s",
        "  Glue job clean (Spark), execution abc: running for 40 s",
    ]


def test_on_a_terminal_the_table_names_the_execution(tmp_path: Path) -> None:
    text = io.StringIO()
    with steps_view.StepTable(
        Console(file=text, width=100, force_terminal=True), "s3://raw/a", Durations(tmp_path, "put")
    ) as view:
        view.on_step(pipeline.ExecutionStep("Clean", "running"))
        view.on_wait("abc")
    assert "execution abc" in text.getvalue()
    assert "running for" not in text.getvalue()
