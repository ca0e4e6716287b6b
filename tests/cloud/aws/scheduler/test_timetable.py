"""When a schedule is due: expressions, time zones, clocks that are put forward and back, start and end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strata.cloud.aws.events.schedule import InvalidScheduleError
from strata.cloud.aws.scheduler.timetable import Timetable, parse, zone

MADE = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 1 * * * *)",
        "cron(7 20 * * NOT *)",
        "cron(71 8 1 * ? *)",
        "cron()",
        "rate(10 seconds)",
        "rate()",
        "rate(0 minutes)",
        "rate(10 minutess)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "at(2021-12-31T23:59:59Z)",
        "at(2021-12-31)",
        "at(2021-02-30T00:00:00)",
        "every day",
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    # All but the last two, and rate(0 minutes), were refused at AWS where a public project recorded them.
    with pytest.raises(InvalidScheduleError):
        parse(expression)


@pytest.mark.parametrize(
    ("expression", "place", "moment", "due"),
    [
        ("at(2026-07-01T09:30:00)", "UTC", "2026-07-01T09:30:00", "2026-07-01T09:30:00"),
        ("at(2026-07-01T09:30:00)", "UTC", "2026-07-01T09:30:01", None),
        ("at(2026-07-01T09:30:00)", "Europe/Berlin", "2026-01-01T00:00:00", "2026-07-01T07:30:00"),
        ("rate(5 minutes)", "UTC", "2026-01-01T12:00:30", "2026-01-01T12:00:30"),
        ("rate(5 minutes)", "UTC", "2026-01-01T12:00:31", "2026-01-01T12:05:30"),
        ("rate(1 days)", "UTC", "2026-01-03T12:00:31", "2026-01-04T12:00:30"),
        ("cron(0-59/10 8-9 ? * MON-FRI *)", "UTC", "2026-01-02T09:50:01", "2026-01-05T08:00:00"),
        ("cron(30 2 * * ? *)", "UTC", "2026-01-02T02:30:00", "2026-01-02T02:30:00"),
        ("cron(0 9 * * ? *)", "America/New_York", "2026-01-02T00:00:00", "2026-01-02T14:00:00"),
        # Berlin has no half past two on the 29th of March, and two on the 25th of October.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T01:31:00", "2026-03-30T00:30:00"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T01:00:00", "2026-10-25T00:30:00"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30:01", "2026-10-26T01:30:00"),
        ("cron(0 0 1 1 ? 2020)", "UTC", "2026-01-01T00:00:00", None),
    ],
)
def test_when_a_schedule_is_due(expression: str, place: str, moment: str, due: str | None) -> None:
    found = Timetable(parse(expression), zone(place), MADE).first(at(moment))
    assert found == (at(due) if due else None)


def test_a_rate_counts_from_its_start_to_its_end() -> None:
    table = Timetable(
        parse("rate(2 hours)"), zone("UTC"), MADE, at("2026-02-01T00:15:00"), at("2026-02-01T04:15:00")
    )
    assert table.first(MADE) == at("2026-02-01T00:15:00")
    assert table.first(at("2026-02-01T02:15:01")) == at("2026-02-01T04:15:00")
    assert table.first(at("2026-02-01T04:15:01")) is None


def test_once_knows_no_start_and_no_end() -> None:
    table = Timetable(parse("at(2026-07-01T09:30:00)"), zone("UTC"), MADE, at("2027-01-01"), at("2026-01-01"))
    assert table.first(MADE) == at("2026-07-01T09:30:00")


@pytest.mark.parametrize("name", ["Middle/Earth", "../etc", ""])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(InvalidScheduleError):
        zone(name)
