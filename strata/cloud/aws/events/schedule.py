"""Schedules of rules: `rate(…)` and `cron(…)`, in UTC, to the minute.

Rules: EventBridge User Guide, "Setting a schedule pattern". A rate counts from when its rule was first seen.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
# Sunday is 1.
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
# A day that a pattern of EventBridge's years can ask for comes within them.
_LAST_YEAR = 2199


class InvalidScheduleError(ValueError):
    """The expression is not one of EventBridge's; the message says why."""


@dataclass(frozen=True)
class Rate:
    """Every so often."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime:
        """When it is due after a moment at which it was."""
        return moment + self.interval


@dataclass(frozen=True)
class Cron:
    """The minutes of the days that match; `is_day` knows days of month and of week."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    is_day: Callable[[date], bool]

    def after(self, moment: datetime) -> datetime | None:
        """The first due minute after a moment; None if there is none."""
        day = moment.date()
        while day.year <= _LAST_YEAR:
            if day.year in self.years and day.month in self.months and self.is_day(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                        if due > moment:
                            return due
            day += timedelta(days=1)
        return None


def parse(expression: str) -> Rate | Cron:
    """Read a schedule.

    Raises:
        InvalidScheduleError: it is not a schedule.
    """
    if found := re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)", expression):
        count, unit, plural = int(found[1]), found[2], bool(found[3])
        if plural != (count > 1):
            raise InvalidScheduleError(f"{count} takes {unit}{'s' if count > 1 else ''}")
        return Rate(count * _UNITS[unit])
    found = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    if found is None:
        raise InvalidScheduleError("it is neither rate(value unit) nor cron of six fields")
    minutes, hours, of_month, months, of_week, years = found.groups()
    if (of_month == "?") == (of_week == "?"):
        raise InvalidScheduleError("one of day-of-month and day-of-week must be ?, and not both")
    is_day = _day_of_week(of_week) if of_month == "?" else _day_of_month(of_month)
    return Cron(
        tuple(sorted(_numbers(minutes, range(60)))),
        tuple(sorted(_numbers(hours, range(24)))),
        frozenset(_numbers(months, range(1, 13), _MONTHS)),
        frozenset(_numbers(years, range(1970, _LAST_YEAR + 1))),
        is_day,
    )


def _numbers(field: str, allowed: range, names: dict[str, int] | None = None) -> set[int]:
    """The numbers that a field of `*`, lists, ranges and steps stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = allowed[0], allowed[-1]
        else:
            low = _number(first, names)
            high = _number(last, names) if dash else allowed[-1] if slash else low
        if slash and not re.fullmatch(r"[1-9]\d*", step):
            raise InvalidScheduleError(f"{part!r} has no step")
        if low not in allowed or high not in allowed or low > high:
            raise InvalidScheduleError(f"{part!r} is outside of {allowed[0]} to {allowed[-1]}")
        found |= set(range(low, high + 1, int(step or 1)))
    return found


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text.upper() in names:
        return names[text.upper()]
    if not text.isdecimal():
        raise InvalidScheduleError(f"{text!r} is not a number")
    return int(text)


def _day_of_month(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: day.day == _days_of(day)
    if found := re.fullmatch(r"(\d+)W", field):
        wanted = int(found[1])
        if wanted not in range(1, 32):
            raise InvalidScheduleError(f"{field!r} is outside of 1 to 31")
        return lambda day: day.day == _nearest_weekday(day, wanted)
    numbers = _numbers(field, range(1, 32))
    return lambda day: day.day in numbers


def _day_of_week(field: str) -> Callable[[date], bool]:
    if found := re.fullmatch(r"(\w+)#([1-5])", field):
        wanted, week = _number(found[1], _DAYS), int(found[2])
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == week
    if found := re.fullmatch(r"(\w+?)?L", field):
        wanted = _number(found[1], _DAYS) if found[1] else 7
        return lambda day: _weekday(day) == wanted and (not found[1] or day.day > _days_of(day) - 7)
    numbers = _numbers(field, range(1, 8), _DAYS)
    return lambda day: _weekday(day) in numbers


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _days_of(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> int:
    """The weekday of the month that is nearest to one of its days; 0 if it has no such day."""
    if wanted > _days_of(day):
        return 0
    weekday = day.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < _days_of(day) else wanted - 2
    return wanted


class Schedules:
    """When each rule is due; a rule is known by its ARN."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[str, datetime | None]] = {}

    def next_due(self, rules: Iterable[tuple[str, str]], now: datetime) -> datetime | None:
        """Return when a rule is due next; None if none is."""
        self._due = {arn: self._planned(arn, expression, now) for arn, expression in rules}
        return min((due for _, due in self._due.values() if due is not None), default=None)

    def _planned(self, arn: str, expression: str, now: datetime) -> tuple[str, datetime | None]:
        known = self._due.get(arn)
        if known is not None and known[0] == expression:
            return known
        return expression, parse(expression).after(now)

    def due(self, rules: Iterable[tuple[str, str]], now: datetime) -> Iterator[str]:
        """Yield the rules that are due, each at most once, whatever was missed.

        Args:
            rules: ARN and expression of each enabled rule with a schedule.
            now: the moment, in UTC.
        """
        known, self._due = self._due, {}
        for arn, expression in rules:
            before = known.get(arn)
            if before is None or before[0] != expression:
                self._due[arn] = (expression, parse(expression).after(now))
                continue
            self._due[arn] = before
            due = before[1]
            if due is not None and due <= now:
                schedule = parse(expression)
                following: datetime | None = due
                while following is not None and following <= now:
                    following = schedule.after(following)
                self._due[arn] = (expression, following)
                yield arn
