"""When a schedule of EventBridge Scheduler is due: `at(…)`, `rate(…)` or `cron(…)`, in a time zone.

Rules: EventBridge Scheduler User Guide, "Schedule types". A time of day that a day lacks is left out, and one
that it has twice comes once. A rate begins with its start date, or at once.
"""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from strata.cloud.aws.events import schedule as event_schedule
from strata.cloud.aws.events.schedule import Cron, InvalidScheduleError

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Timetable:
    """The times of a schedule; `rule` is a local time, an interval or the minutes of a cron expression."""

    rule: datetime | timedelta | Cron
    zone: zoneinfo.ZoneInfo
    made: datetime
    start: datetime | None = None
    end: datetime | None = None

    def first(self, moment: datetime) -> datetime | None:
        """Return the first time that is not before a moment; None if there is none."""
        if isinstance(self.rule, datetime):
            once = self.rule.replace(tzinfo=self.zone).astimezone(UTC)
            return once if once >= moment else None
        since = max(moment, self.start) if self.start else moment
        if isinstance(self.rule, timedelta):
            origin = self.start or self.made
            found: datetime | None = origin + max(0, math.ceil((since - origin) / self.rule)) * self.rule
        else:
            found = self._minute(self.rule, since)
        return None if found is None or (self.end and found > self.end) else found

    def _minute(self, cron: Cron, since: datetime) -> datetime | None:
        # What the clock on the wall shows, as if it were UTC: such a clock has every minute once.
        wall: datetime | None = since.astimezone(self.zone).replace(tzinfo=UTC) - _INSTANT
        while wall is not None and (wall := cron.after(wall)) is not None:
            found = wall.replace(tzinfo=self.zone).astimezone(UTC)
            exists = found.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
            if exists and found >= since:
                return found
        return None


def parse(expression: str) -> datetime | timedelta | Cron:
    """Read a schedule expression.

    Raises:
        InvalidScheduleError: it is not one.
    """
    if found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", expression):
        try:
            return datetime.fromisoformat(found[1])
        except ValueError as error:
            raise InvalidScheduleError(str(error)) from None
    if found := re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)s?\)", expression):
        return int(found[1]) * _UNITS[found[2]]
    schedule = event_schedule.parse(expression) if expression.startswith("cron(") else None
    if not isinstance(schedule, Cron):
        raise InvalidScheduleError(
            "it is none of at(yyyy-mm-ddThh:mm:ss), rate(value unit), cron of six fields"
        )
    return schedule


def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return a time zone of the IANA database.

    Raises:
        InvalidScheduleError: there is none of the name.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidScheduleError(f"{name} is not a time zone") from None
