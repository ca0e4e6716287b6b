"""Why an alarm is in its state, in the words that AWS was recorded to use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from strata.cloud.aws.cloudwatch.evaluation import (
    ALARM,
    INSUFFICIENT_DATA,
    OPERATORS,
    Evaluation,
    Settings,
)

_TREATED = {
    "breaching": "Breaching",
    "notBreaching": "NonBreaching",
    "ignore": "Ignored",
    "missing": "Missing",
}


def timestamp(moment: datetime) -> str:
    """Return a moment as CloudWatch's documents have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def reason(
    settings: Settings, found: Evaluation, state: str, starts: Sequence[datetime], *, m_of_n: bool
) -> str:
    """Return StateReason.

    Args:
        settings: the alarm's.
        found: its evaluation.
        state: its new state.
        starts: when each period begins, the latest first.
        m_of_n: whether the alarm says how many datapoints it needs.
    """
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(found.filled, 'datapoint')} {_was(found.filled)} unknown."
    treated = (
        f"{_count(found.filled, 'missing datapoint')} {_was(found.filled)} treated as "
        f"[{_TREATED[settings.missing]}]"
    )
    if not found.values:
        periods = _count(settings.periods, "period")
        return f"Threshold Crossed: no datapoints were received for {periods} and {treated}."
    told = [(age, value) for age, value in found.values if settings.breaches(value) == (state == ALARM)]
    if not told:  # what is missing decides
        received = f"{_count(len(found.values), 'datapoint')} {_was(len(found.values))} received"
        return f"Threshold Crossed: {received} for {_count(settings.periods, 'period')} and {treated}."
    values = ", ".join(f"{value} ({starts[age]:%d/%m/%y %H:%M:%S})" for age, value in told)
    number = f"{len(told)} out of the last {settings.periods} datapoints"
    text = f"Threshold Crossed: {number if m_of_n else _count(len(told), 'datapoint')} [{values}]"
    denied = "" if state == ALARM else "not "
    compared = OPERATORS[settings.comparison][1]
    text += f" {_was(len(told))} {denied}{compared} the threshold ({settings.threshold})"
    if found.filled and settings.missing in ("breaching", "notBreaching"):
        text += f" and {treated}"
    if m_of_n:
        needed = settings.to_alarm if state == ALARM else settings.periods - settings.to_alarm + 1
        change = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
        text += f" (minimum {_count(needed, 'datapoint')} for {change} transition)"
    return f"{text}."


def reason_data(
    settings: Settings,
    found: Evaluation,
    starts: Sequence[datetime],
    now: datetime,
    *,
    statistic: str,
    period: timedelta,
    unit: str | None,
    samples: Mapping[int, float],
) -> str:
    """Return StateReasonData; `samples` counts those of each datapoint, by the periods that it is old."""
    by_age = dict(found.values)
    missing = [age for age in range(len(starts)) if age not in by_age][: found.filled]
    data: dict[str, Any] = {"version": "1.0", "queryDate": timestamp(now)}
    if found.values:
        data["startDate"] = timestamp(starts[found.values[-1][0]])
    if unit:
        data["unit"] = unit
    data |= {
        "statistic": statistic,
        "period": int(period.total_seconds()),
        # The earliest first, unlike those of the reason.
        "recentDatapoints": [value for _, value in reversed(found.values)],
        "threshold": settings.threshold,
        "evaluatedDatapoints": [
            {"timestamp": timestamp(starts[age])}
            | ({"sampleCount": samples[age], "value": by_age[age]} if age in by_age else {})
            for age in sorted([*by_age, *missing])
        ],
    }
    return json.dumps(data, separators=(",", ":"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
