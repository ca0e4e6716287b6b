"""EventBridge Scheduler: moto keeps schedules and groups; here they are checked, and their targets invoked.

Rules: EventBridge Scheduler User Guide and API Reference. With a flexible window, a target is invoked
somewhere in it.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.models import Schedule, scheduler_backends

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.events.delivering import DeliveringService
from strata.cloud.aws.events.schedule import InvalidScheduleError
from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.scheduler import targets, timetable
from strata.cloud.aws.scheduler.invocation import ScheduledInvocation
from strata.cloud.aws.scheduler.timetable import Timetable
from strata.cloud.aws.service import action
from strata.cloud.client import embedded_client
from strata.iam import Principal

_SCHEDULER = "scheduler.amazonaws.com"
_LONGEST_WINDOW = 1440
_INSTANT = datetime.timedelta(microseconds=1)


@dataclass(frozen=True)
class _Planned:
    """The next time of a schedule, as it was when that was planned, and when its target is invoked."""

    version: float
    scheduled: datetime.datetime | None
    invoked: datetime.datetime | None


class Scheduler(DeliveringService):
    """Schedules and groups."""

    name = "scheduler"
    invokes = "a schedule invokes {}"

    def __init__(self, context: CloudContext, identities: Identity) -> None:
        super().__init__(context.clock)
        self._context = context
        self._identity = identities
        self._planned: dict[str, _Planned] = {}
        self._since = context.clock.now()

    @property
    def url(self) -> str:
        """Where the embedded AWS listens."""
        return self._context.aws_url

    def start(self) -> None:
        """Take schedules, and look at the clock."""
        self._begin()
        super().start()

    def load(self, state: Any) -> None:
        """Wait for the same invocations; what was due in between is not made up for."""
        self._begin()
        super().load(state)

    @action("scheduler", "CreateSchedule", wraps=True)
    def create_schedule(self, create: Callable[..., str], response: Any) -> str:
        backend = response.scheduler_backend
        group = backend.get_schedule_group(moto.parameter(response, "GroupName"))
        self._check(response, group.arn)
        name = response.uri.split("?")[0].split("/")[-1]
        if name in group.schedules:
            raise _refusal("ConflictException", f"Schedule {name} already exists.", 409)
        return create(response)

    @action("scheduler", "UpdateSchedule", wraps=True)
    def update_schedule(self, update: Callable[..., str], response: Any) -> str:
        backend = response.scheduler_backend
        name = response.uri.split("?")[0].split("/")[-1]
        group = backend.get_schedule_group(moto.parameter(response, "GroupName"))
        schedule = group.get_schedule(name)
        self._check(response, group.arn)
        answer = update(response)
        # What an update does not name has its default again; moto leaves these out.
        schedule.state = moto.parameter(response, "State") or "ENABLED"
        schedule.action_after_completion = moto.parameter(response, "ActionAfterCompletion")
        return answer

    @action("scheduler", "CreateScheduleGroup", wraps=True)
    def create_group(self, create: Callable[..., str], response: Any) -> str:
        name = response.uri.split("?")[0].split("/")[-1]
        if name in response.scheduler_backend.schedule_groups:
            raise _refusal("ConflictException", f"Schedule group {name} already exists.", 409)
        return create(response)

    @action("scheduler", "DeleteScheduleGroup", wraps=True)
    def delete_group(self, delete: Callable[..., str], response: Any) -> str:
        name = response.uri.split("?")[0].split("/")[-1]
        response.scheduler_backend.get_schedule_group(name)  # raises
        if name == "default":
            raise _refusal("ValidationException", "The default schedule group cannot be deleted.")
        return delete(response)

    def next_due(self, now: datetime.datetime) -> datetime.datetime | None:
        """Return when a schedule's target is invoked next."""
        self._planned = {schedule.arn: self._plan(schedule) for _, schedule in _enabled()}
        return min((it.invoked for it in self._planned.values() if it.invoked), default=None)

    def _plan(self, schedule: Schedule) -> _Planned:
        planned = self._planned.get(schedule.arn)
        if planned is not None and planned.version == schedule.last_modified_date:
            return planned
        made = _moment(schedule.last_modified_date)
        return _plan(schedule, _timetable(schedule).first(max(made, self._since)))

    def run_due(self, now: datetime.datetime) -> None:
        """Invoke the targets whose time has come, each at most once, whatever was missed."""
        kept: dict[str, _Planned] = {}
        for group, schedule in _enabled():
            planned = self._plan(schedule)
            if planned.scheduled and planned.invoked and planned.invoked <= now:
                times = _timetable(schedule)
                self._invoke(schedule, group.arn, planned.scheduled)
                following = times.first(planned.scheduled + _INSTANT)
                if following and following < now - _window(schedule):
                    following = times.first(now)
                if following is None and schedule.action_after_completion == "DELETE":
                    group.schedules.pop(schedule.name, None)
                    continue
                planned = _plan(schedule, following)
            kept[schedule.arn] = planned
        self._planned = kept

    def client(self, service: str, region: str, role_arn: str, group_arn: str) -> Any:
        """Return a client with the keys of a schedule's role; raises AccessDenied."""
        keys = self._identity.assume_role(
            role_arn,
            service=_SCHEDULER,
            source_arn=group_arn,
            session_name="scheduler",
            duration=900,
            region=region,
        )
        return embedded_client(service, self.url, region, keys.environment())

    def _begin(self) -> None:
        """Plan from now on."""
        self._since = self.clock.now()
        self._planned.clear()

    def _invoke(self, schedule: Schedule, group_arn: str, scheduled: datetime.datetime) -> None:
        self.delivery.submit(
            ScheduledInvocation(schedule.arn, group_arn, dict(schedule.target), scheduled, self)
        )

    def _check(self, response: Any, group_arn: str) -> None:
        """Refuse what AWS refuses of a schedule."""
        asked = {name: moto.parameter(response, name) for name in ("ScheduleExpression", "Target")}
        try:
            timetable.parse(asked["ScheduleExpression"])
        except InvalidScheduleError:
            message = f"Invalid Schedule Expression {asked['ScheduleExpression']}."
            raise _refusal("ValidationException", message) from None
        try:
            timetable.zone(moto.parameter(response, "ScheduleExpressionTimezone") or "UTC")
            targets.check(asked["Target"])
        except (InvalidScheduleError, targets.InvalidTargetError) as error:
            raise _refusal("ValidationException", str(error)) from None
        except targets.UnknownTargetError as error:
            raise _refusal("NotImplemented", str(error), 501) from None
        start, end = (moto.parameter(response, name) for name in ("StartDate", "EndDate"))
        if start and end and _moment(start) >= _moment(end):
            raise _refusal("ValidationException", "The EndDate you specify must be after the StartDate.")
        _check_window(moto.parameter(response, "FlexibleTimeWindow") or {})
        self._check_role(asked["Target"]["RoleArn"], group_arn)

    def _check_role(self, role_arn: str, group_arn: str) -> None:
        context = {"aws:sourcearn": group_arn, "aws:sourceaccount": group_arn.split(":")[4]}
        try:
            identity.check_trust(
                role_arn, "sts:AssumeRole", Principal(service=_SCHEDULER), context, _SCHEDULER
            )
        except identity.AccessDenied:
            message = (
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )
            raise _refusal("ValidationException", message) from None


def _check_window(window: Mapping[str, Any]) -> None:
    minutes = window.get("MaximumWindowInMinutes")
    if window.get("Mode") == "OFF" and minutes is not None:
        raise _refusal("ValidationException", "MaximumWindowInMinutes must not be set when Mode is OFF.")
    if window.get("Mode") == "FLEXIBLE" and not 1 <= (minutes or 0) <= _LONGEST_WINDOW:
        raise _refusal(
            "ValidationException",
            f"MaximumWindowInMinutes must be from 1 to {_LONGEST_WINDOW} when Mode is FLEXIBLE.",
        )


def _enabled() -> Iterator[tuple[Any, Schedule]]:
    for regions in list(scheduler_backends.values()):
        for backend in list(regions.values()):
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    if schedule.state == "ENABLED":
                        yield group, schedule


def _timetable(schedule: Schedule) -> Timetable:
    return Timetable(
        timetable.parse(schedule.schedule_expression),
        timetable.zone(schedule.schedule_expression_timezone),
        made=_moment(schedule.last_modified_date),
        start=_moment(schedule.start_date) if schedule.start_date else None,
        end=_moment(schedule.end_date) if schedule.end_date else None,
    )


def _plan(schedule: Schedule, scheduled: datetime.datetime | None) -> _Planned:
    invoked = scheduled and scheduled + random.random() * _window(schedule)
    return _Planned(schedule.last_modified_date, scheduled, invoked)


def _window(schedule: Schedule) -> datetime.timedelta:
    return datetime.timedelta(minutes=schedule.flexible_time_window.get("MaximumWindowInMinutes") or 0)


def _moment(value: Any) -> datetime.datetime:
    """Return a moment that is given as seconds since 1970 or as text."""
    try:
        return datetime.datetime.fromtimestamp(float(value), datetime.UTC)
    except ValueError:
        found = datetime.datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _refusal(code: str, message: str, status: int = 400) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = status
    return error
