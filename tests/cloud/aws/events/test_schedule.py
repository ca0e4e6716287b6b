"""Schedules of rules: when they are due, what is refused, and what their targets get."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.events.api import EventBridge
from strata.cloud.aws.events.schedule import InvalidScheduleError, Schedules, parse
from tests.cloud.aws.conftest import Aws

NOW = datetime(2026, 11, 29, 16, 30, 20, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-11-29 16:31:20"),
        ("rate(5 minutes)", "2026-11-29 16:35:20"),
        ("rate(12 hours)", "2026-11-30 04:30:20"),
        ("rate(1 day)", "2026-11-30 16:30:20"),
        ("cron(0 10 * * ? *)", "2026-11-30 10:00:00"),
        ("cron(15 12 * * ? *)", "2026-11-30 12:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-30 18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01 08:00:00"),
        ("cron(0/15 * * * ? *)", "2026-11-29 16:45:00"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-11-30 00:00:00"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-30 08:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-12-07 09:00:00"),
        ("cron(31 16 29 NOV ? 2026)", "2026-11-29 16:31:00"),
        ("cron(0 0 L * ? *)", "2026-11-30 00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29 00:00:00"),
        ("cron(0 0 ? * 6L *)", "2026-12-25 00:00:00"),
        ("cron(0 0 ? * L *)", "2026-12-05 00:00:00"),
        ("cron(0 0 5W 12 ? *)", "2026-12-04 00:00:00"),
        ("cron(0 0 1W 8 ? *)", "2027-08-02 00:00:00"),
        ("cron(0,30 6,7 1-3,5 * ? *)", "2026-12-01 06:00:00"),
        ("cron(0 0 1 1 ? 2027-2028)", "2027-01-01 00:00:00"),
        ("cron(0 0 1 1 ? 2025)", None),
        ("cron(0 0 31W 4 ? 2027)", None),
    ],
)
def test_a_schedule_is_next_due(expression: str, expected: str | None) -> None:
    due = parse(expression).after(NOW)
    assert (due and due.strftime("%Y-%m-%d %H:%M:%S")) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5 weeks)", "rate(minute)", "5 minutes",
        "cron(0 10 * * *)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)", "cron(0 24 * * ? *)",
        "cron(0 10 0 * ? *)", "cron(0 10 * 13 ? *)", "cron(0 10 ? * 8 *)", "cron(0 10 ? * MOM *)",
        "cron(0/0 10 * * ? *)", "cron(9-5 10 * * ? *)", "cron(0 10 * * ? 1969)", "cron(0 10 32W * ? *)",
    ],
)  # fmt: skip
def test_what_is_not_a_schedule_is_refused(aws: Aws, expression: str) -> None:
    with pytest.raises(InvalidScheduleError):
        parse(expression)
    with pytest.raises(ClientError, match="Parameter ScheduleExpression is not valid"):
        aws.client("events").put_rule(Name="r", ScheduleExpression=expression)


def test_a_rule_is_due_once_a_time_and_once_for_what_was_missed() -> None:
    schedules = Schedules()

    def due(minutes: float, *rules: tuple[str, str]) -> list[str]:
        return list(schedules.due(rules, NOW + timedelta(minutes=minutes)))

    often, daily = ("often", "rate(2 minutes)"), ("daily", "cron(35 16 * * ? *)")
    assert due(0, often, daily) == []
    assert due(1.9, often, daily) == []
    assert due(2, often, daily) == ["often"]
    assert due(2.1, often, daily) == []
    assert due(9, often, daily) == ["often", "daily"]
    assert due(10, often, daily) == ["often"]
    # Another schedule begins anew, and so does a rule that was disabled meanwhile.
    assert due(12, ("often", "rate(3 minutes)")) == []
    assert due(14, ("often", "rate(3 minutes)"), daily) == []
    assert due(15, ("often", "rate(3 minutes)"), daily) == ["often"]


def test_a_target_gets_the_event_of_a_schedule_or_its_own_input(aws: Aws) -> None:
    (bridge,) = [one for one in aws.server._services._in_order if isinstance(one, EventBridge)]
    events = aws.client("events")
    queues = {name: aws.queue(name) for name in ("event", "input", "off")}
    for name, (_, arn) in queues.items():
        state = "DISABLED" if name == "off" else "ENABLED"
        events.put_rule(Name=name, ScheduleExpression="rate(1 hour)", State=state)
        given = {"Input": json.dumps({"job": "daily_summary"})} if name == "input" else {}
        events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn, **given}])
    now = datetime.now(UTC)
    bridge.run_due(now)
    bridge.run_due(now + timedelta(hours=1))

    def body(name: str) -> Any:
        (message,) = aws.messages(queues[name][0])
        return json.loads(message["Body"])

    event = body("event")
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == [events.describe_rule(Name="event")["Arn"]]
    assert body("input") == {"job": "daily_summary"}
    assert aws.earlier(queues["off"][0]) == []
