"""The state of a metric alarm from the datapoints of its periods.

Rules: CloudWatch User Guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing
data". How many periods beyond its own an alarm looks back is not published: two, as in the guide's examples.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

MORE_PERIODS = 2
OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
OPERATORS = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
MISSING = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True)
class Settings:
    """What an alarm compares: M (`to_alarm`) of N (`periods`) datapoints with its threshold."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether a datapoint is beyond the threshold."""
        return bool(OPERATORS[self.comparison][0](value, self.threshold))


@dataclass(frozen=True)
class Evaluation:
    """An alarm's state; None: it keeps the one that it has.

    `values` are the datapoints that were evaluated, by the number of periods that each is old; `filled` is
    the number of those that are missing.
    """

    state: str | None
    values: tuple[tuple[int, float], ...]
    filled: int


def evaluate(settings: Settings, points: Sequence[float | None]) -> Evaluation:
    """Evaluate an alarm.

    Args:
        settings: the alarm's.
        points: the datapoint of each period, the latest first; None where it is missing. Those beyond the
            alarm's periods count where the later ones do not suffice.
    """
    real = [(age, value) for age, value in enumerate(points) if value is not None][: settings.periods]
    filled = settings.periods - len(real)
    state = _state(settings, real, filled)
    return Evaluation(state, tuple(real), filled)


def _state(settings: Settings, real: Sequence[tuple[int, float]], filled: int) -> str | None:
    breaching = [age for age, value in real if settings.breaches(value)]
    if filled and settings.missing == "breaching":
        return ALARM if len(breaching) + filled >= settings.to_alarm else OK
    if len(breaching) >= settings.to_alarm:
        return ALARM
    if not filled or settings.missing == "notBreaching" or len(breaching) < len(real):
        return OK
    # Nothing but missing and breaching datapoints, too few of these.
    if settings.missing == "ignore":
        return None
    is_old = bool(breaching) and breaching[-1] >= settings.to_alarm - 1
    return ALARM if is_old else INSUFFICIENT_DATA
