"""What CloudWatch knows of metrics: what it was given, and what the platform's services tell by themselves.

moto keeps all of it, so that GetMetricStatistics shows what alarms see; here it is found by its metric.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, cloudwatch_backends
from moto.sqs.models import sqs_backends

STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


class Metric(NamedTuple):
    """The name of a metric; `dimensions` are pairs of name and value, sorted."""

    account_id: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


class Point(NamedTuple):
    """The samples of one period."""

    samples: float
    total: float
    low: float
    high: float

    def statistic(self, name: str) -> float:
        """Return one of STATISTICS."""
        found = {
            "Average": self.total / self.samples if self.samples else 0.0,
            "Maximum": self.high,
            "Minimum": self.low,
            "SampleCount": self.samples,
        }
        return float(found.get(name, self.total))


@dataclass
class _Series:
    """The data of a metric, by their times."""

    times: list[datetime] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)


class Metrics:
    """The metrics of one embedded cloud, safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorded = 0
        self._series: dict[Metric, _Series] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._open: dict[Metric, tuple[datetime, Any]] = {}

    def forget(self) -> None:
        """Read anew what moto keeps, which has been replaced."""
        with self._lock:
            self._series.clear()
            self._read.clear()
            self._open.clear()

    def size(self) -> tuple[int, int]:
        """Return numbers that change when there are more data."""
        given = sum(len(backend.metric_data) for all_ in _regions() for backend in all_)
        return given, self._recorded

    def record(self, metric: Metric, value: float, now: datetime, unit: str = "Count") -> None:
        """Record a value that a service of AWS tells; those of one minute are kept as one."""
        minute = now.replace(second=0, microsecond=0, tzinfo=None)
        with self._lock:
            self._recorded += 1
            opened, datum = self._open.get(metric, (None, None))
            if datum is None or opened != minute:
                dimensions = [{"Name": name, "Value": told} for name, told in metric.dimensions]
                datum = MetricAggregatedDatum(
                    metric.namespace, metric.name, value, value, 0, 0, dimensions, minute, unit
                )
                self._open[metric] = (minute, datum)
                cloudwatch_backends[metric.account_id][metric.region].metric_data.append(datum)
            datum.sample_count += 1
            datum.sum += value
            datum.min, datum.max = min(datum.min, value), max(datum.max, value)

    def points(
        self, metric: Metric, end: datetime, period: timedelta, periods: int, unit: str | None = None
    ) -> list[Point | None]:
        """Return the samples of the periods before a moment, the latest period first; None where none is.

        Args:
            metric: the metric, with all of its dimensions.
            end: when the latest period ends.
            period: the length of each.
            periods: their number.
            unit: count only samples of this unit.
        """
        found: list[list[Any]] = [[] for _ in range(periods)]
        until = end.replace(tzinfo=None)
        with self._lock:
            self._read_new(metric.account_id, metric.region)
            series = self._series.get(metric, _Series())
            first = bisect_left(series.times, until - periods * period)
            last = bisect_left(series.times, until)
            for at, datum in zip(series.times[first:last], series.data[first:last], strict=True):
                if unit is None or (datum.unit or "None") == unit:
                    found[math.ceil((until - at) / period) - 1].append(datum)
        return [_point(data) if data else None for data in found]

    def _read_new(self, account_id: str, region: str) -> None:
        """Sort in what has come since the last time."""
        read = self._read.get((account_id, region), 0)
        data = cloudwatch_backends[account_id][region].metric_data[read:]
        for datum in data:
            dimensions = tuple(sorted((str(it.name), str(it.value)) for it in datum.dimensions))
            metric = Metric(account_id, region, datum.namespace, datum.name, dimensions)
            series = self._series.setdefault(metric, _Series())
            at = _naive(datum.timestamp)
            place = bisect_left(series.times, at)
            series.times.insert(place, at)
            series.data.insert(place, datum)
        self._read[account_id, region] = read + len(data)


class QueueDepths:
    """How many messages are visible in each queue that an alarm watches, once a minute while there are some.

    AWS tells of any active queue, and also that it is empty; here that is told once, when it has become so.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._filled: set[Metric] = set()

    def changes(self, watched: Iterable[Metric]) -> bool:
        """Whether there is something to tell of one of these metrics."""
        return any(metric in self._filled or _depth(metric) for metric in watched if _is_depth(metric))

    def tell(self, watched: Iterable[Metric], now: datetime) -> None:
        """Record the depths of a moment, for those of these metrics that are one."""
        for metric in set(watched):
            if _is_depth(metric):
                depth = _depth(metric)
                if depth or metric in self._filled:
                    self._metrics.record(metric, float(depth), now)
                (self._filled.add if depth else self._filled.discard)(metric)


def _is_depth(metric: Metric) -> bool:
    return (metric.namespace, metric.name) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")


def _depth(metric: Metric) -> int:
    name = dict(metric.dimensions).get("QueueName", "")
    queue = sqs_backends[metric.account_id][metric.region].queues.get(name)
    return len(queue.messages) if queue else 0


def _regions() -> Iterator[list[Any]]:
    for regions in list(cloudwatch_backends.values()):
        yield list(regions.values())


def metric_of(account_id: str, region: str, alarm: Any) -> Metric:
    """Return the metric that an alarm of moto's watches."""
    named: Mapping[str, str] = {str(it.name): str(it.value) for it in alarm.dimensions}
    return Metric(account_id, region, alarm.namespace, alarm.metric_name, tuple(sorted(named.items())))


def _point(data: Sequence[Any]) -> Point:
    parts = [
        (1.0, it.value, it.value, it.value)
        if isinstance(it, MetricDatum)
        else (it.sample_count, it.sum, it.min, it.max)
        for it in data
    ]
    counts, totals, lows, highs = zip(*parts, strict=True)
    return Point(sum(counts), sum(totals), min(lows), max(highs))


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
