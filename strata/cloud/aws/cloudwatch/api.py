"""CloudWatch: moto keeps alarms and metrics; here alarms are evaluated, and act when their state changes.

An alarm is evaluated at each full minute, or each ten seconds if its period is shorter than a minute, over
the periods that end there: CloudWatch User Guide, "Evaluating an alarm".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, cloudwatch_backends

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.cloudwatch import notice
from strata.cloud.aws.cloudwatch.evaluation import (
    INSUFFICIENT_DATA,
    MISSING,
    MORE_PERIODS,
    OPERATORS,
    Settings,
    evaluate,
)
from strata.cloud.aws.cloudwatch.metrics import STATISTICS, Metric, Metrics, QueueDepths, metric_of
from strata.cloud.aws.cloudwatch.notice import State
from strata.cloud.aws.cloudwatch.reason import reason, reason_data
from strata.cloud.aws.service import PartNotImplementedError, Service, action
from strata.cloud.clock import Clock, Timed

_log = logging.getLogger(__name__)
_MINUTE, _TEN_SECONDS = timedelta(minutes=1), timedelta(seconds=10)
_SHORT_PERIODS = (10, 20, 30)
_DAY, _WEEK = 86_400, 604_800
# What an alarm can have at AWS, and cannot be evaluated here.
_NOT_EVALUATED = (
    "Metrics", "ThresholdMetricId", "ExtendedStatistic", "EvaluateLowSampleCountPercentile",
    "EvaluationWindow", "EvaluationCriteria",
)  # fmt: skip


class CloudWatch(Service, Timed):
    """Alarms."""

    name = "cloudwatch"

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        super().__init__()
        self._clock = clock
        self._metrics = metrics
        self._depths = QueueDepths(metrics)
        self._changing = threading.RLock()
        self._evaluated = clock.now()
        # What CloudWatch held when no alarm had a datapoint in its range: until it holds more, none changes.
        self._quiet: tuple[int, int] | None = None

    def start(self) -> None:
        """Evaluate alarms."""
        super().start()
        self._evaluated = self._clock.now()
        self._clock.follow(self)

    def stop(self) -> None:
        """Evaluate no more."""
        self._clock.leave(self)
        super().stop()

    def load(self, state: Any) -> None:
        """Read the metrics of what has been loaded."""
        self._metrics.forget()

    @action("cloudwatch", "PutMetricAlarm", wraps=True)
    def put_metric_alarm(self, put: Callable[..., Any], response: Any) -> Any:
        _check(response)
        backend, name = response.cloudwatch_backend, moto.parameter(response, "AlarmName")
        with self._changing:
            self._quiet = None
            existing = backend.alarms.get(name)
            answer = put(response)
            alarm = backend.alarms[name]
            now = self._clock.now()
            alarm.configuration_updated_timestamp = now
            if existing is None:
                first = State(INSUFFICIENT_DATA, "Unchecked: Initial alarm creation", None, now)
                _set(alarm, first, transitioned=now)
            else:
                _set(alarm, _state(existing), transitioned=existing.state_transitioned_timestamp)
        return answer

    @action("cloudwatch", "SetAlarmState", wraps=True)
    def set_alarm_state(self, change: Callable[..., Any], response: Any) -> Any:
        backend = response.cloudwatch_backend
        with self._changing:
            self._quiet = None
            alarm = backend.alarms.get(moto.parameter(response, "AlarmName"))
            before = _state(alarm) if alarm else None
            answer = change(response)  # raises
            assert alarm is not None, "moto refuses the name of an alarm that does not exist"
            assert before is not None
            after = State(alarm.state_value, alarm.state_reason, alarm.state_reason_data, self._clock.now())
            _change(alarm, before, after)
        _act(backend.account_id, alarm, before, after)
        return answer

    def next_due(self, now: datetime) -> datetime | None:
        """Return when alarms are evaluated next; None if there are none."""
        periods = [int(alarm.period) for _, alarm in _alarms()]
        if not periods or (self._quiet == self._metrics.size() and not self._depths.changes(_watched())):
            return None
        return _floor(self._evaluated, _step(min(periods))) + _step(min(periods))

    def run_due(self, now: datetime) -> None:
        """Evaluate what has not been evaluated at the last full minute or ten seconds."""
        moment = _floor(now, _TEN_SECONDS)
        if moment <= self._evaluated:
            return
        before, self._evaluated = self._evaluated, moment
        if _floor(now, _MINUTE) > before:
            # Of the minute that has just ended.
            self._depths.tell(_watched(), _floor(now, _MINUTE) - _TEN_SECONDS)
        held, seen = self._metrics.size(), False
        for account_id, alarm in list(_alarms()):
            end = _floor(now, _step(int(alarm.period)))
            if end > before:
                try:
                    seen = self._evaluate(account_id, alarm, end) or seen
                except Exception:
                    # The others are evaluated nevertheless.
                    _log.exception("alarm %s could not be evaluated", alarm.name)
            else:
                seen = True
        self._quiet = None if seen else held

    def _evaluate(self, account_id: str, alarm: Alarm, end: datetime) -> bool:
        """Evaluate an alarm over the periods that end at a moment; return whether there are datapoints."""
        settings = _settings(alarm)
        period = timedelta(seconds=int(alarm.period))
        periods = settings.periods + MORE_PERIODS
        metric = metric_of(account_id, alarm.region_name, alarm)
        points = self._metrics.points(metric, end, period, periods, alarm.unit)
        found = evaluate(settings, [it and it.statistic(alarm.statistic) for it in points])
        with self._changing:
            before = _state(alarm)
            if found.state is None or found.state == before.value:
                return bool(found.values)
            starts = [end - (age + 1) * period for age in range(periods)]
            now = self._clock.now()
            m_of_n = alarm.datapoints_to_alarm is not None
            after = State(
                found.state,
                reason(settings, found, found.state, starts, m_of_n=m_of_n),
                reason_data(
                    settings,
                    found,
                    starts,
                    now,
                    statistic=alarm.statistic,
                    period=period,
                    unit=alarm.unit,
                    samples={age: it.samples for age, it in enumerate(points) if it},
                ),
                now,
            )
            _change(alarm, before, after)
        _act(account_id, alarm, before, after)
        return bool(found.values)


def _alarms() -> Iterator[tuple[str, Alarm]]:
    for account_id, regions in list(cloudwatch_backends.items()):
        for backend in list(regions.values()):
            for alarm in list(backend.alarms.values()):
                yield account_id, alarm


def _watched() -> list[Metric]:
    return [metric_of(account_id, alarm.region_name, alarm) for account_id, alarm in _alarms()]


def _state(alarm: Alarm) -> State:
    since = alarm.state_updated_timestamp
    return State(alarm.state_value, alarm.state_reason, alarm.state_reason_data, since)


def _set(alarm: Any, state: State, *, transitioned: datetime | None) -> None:
    alarm.state_value, alarm.state_reason = state.value, state.reason
    alarm.state_reason_data = state.reason_data
    alarm.state_updated_timestamp, alarm.state_transitioned_timestamp = state.since, transitioned


def _change(alarm: Any, before: State, after: State) -> None:
    """Give an alarm a state."""
    is_new = after.value != before.value
    _set(alarm, after, transitioned=after.since if is_new else alarm.state_transitioned_timestamp)


def _act(account_id: str, alarm: Alarm, before: State, after: State) -> None:
    """Publish another state, but not while alarms are held: a topic's function may ask for them."""
    if after.value != before.value:
        notice.publish(alarm, account_id, before, after)
        notice.tell(alarm, account_id, before, after)


def _settings(alarm: Alarm) -> Settings:
    periods = int(alarm.evaluation_periods)
    missing = alarm.treat_missing_data or "missing"
    return Settings(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        to_alarm=int(alarm.datapoints_to_alarm or periods),
        # "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data."
        missing="ignore" if alarm.namespace == "AWS/DynamoDB" else missing,
    )


def _step(period: int) -> timedelta:
    return _TEN_SECONDS if period in _SHORT_PERIODS else _MINUTE


def _floor(moment: datetime, step: timedelta) -> datetime:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return moment - since % step


def _check(response: Any) -> None:
    """Refuse an alarm that AWS refuses, or that is not evaluated here.

    Raises:
        ValidationError: AWS refuses it.
        PartNotImplementedError: the embedded cloud does not evaluate it; the message names the field.
    """
    for name in _NOT_EVALUATED:
        if moto.parameter(response, name):
            raise PartNotImplementedError(f"the field {name} of an alarm")
    asked = {name: moto.parameter(response, name) for name in _REQUIRED}
    for name, value in asked.items():
        if value is None:
            raise ValidationError(f"The parameter {name} is required.")
    _check_choice("ComparisonOperator", asked["ComparisonOperator"], tuple(OPERATORS))
    _check_choice("Statistic", asked["Statistic"], STATISTICS)
    _check_choice("TreatMissingData", moto.parameter(response, "TreatMissingData") or "missing", MISSING)
    period, periods = int(asked["Period"]), int(asked["EvaluationPeriods"])
    if period not in _SHORT_PERIODS and (period < 60 or period % 60):
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")
    longest = _WEEK if period >= 3600 else _DAY
    if period * periods > longest:
        raise ValidationError(f"EvaluationPeriods * Period must be <= {longest}")
    if not 1 <= int(moto.parameter(response, "DatapointsToAlarm") or 1) <= periods:
        raise ValidationError("DatapointsToAlarm must be from 1 to EvaluationPeriods")
    for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for arn in moto.parameter(response, field) or ():
            if arn.split(":")[2:3] != ["sns"]:
                raise PartNotImplementedError(f"the action {arn} in {field} of an alarm")


_REQUIRED = (
    "ComparisonOperator",
    "EvaluationPeriods",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
)


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValidationError(f"The value {value} for parameter {name} is not one of {', '.join(allowed)}.")
