"""Which data sets have new rows in time, as the alarms of the environment see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from strata.cloud.clock_client import CloudClock
from strata.cloud.endpoints import Endpoints
from strata.platform import pipeline

_DIMENSION = "DataSet"


@dataclass(frozen=True)
class Freshness:
    """A data set whose contract promises new rows, and what came.

    Attributes:
        dataset: the data set.
        hours: within which new rows must come.
        rows: how many came.
    """

    dataset: str
    hours: int
    rows: int

    @property
    def fresh(self) -> bool:
        """Whether new rows came in time."""
        return self.rows > 0


def read(endpoints: Endpoints) -> list[Freshness]:
    """Ask for the alarms of data sets, and for the metric that each of them watches.

    An alarm says by its state only whether new rows came; this says how many.
    """
    cloudwatch = pipeline.client(endpoints, "cloudwatch")
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    now = CloudClock(endpoints.aws_url).show().now
    found = []
    for alarm in alarms:
        named = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}
        if _DIMENSION in named:
            found.append(_freshness(cloudwatch, alarm, named[_DIMENSION], now))
    return sorted(found, key=lambda one: one.dataset)


def _freshness(cloudwatch: Any, alarm: dict[str, Any], dataset: str, now: datetime) -> Freshness:
    seconds = alarm["Period"] * alarm["EvaluationPeriods"]
    points = cloudwatch.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        StartTime=now - timedelta(seconds=seconds),
        EndTime=now + timedelta(seconds=1),
        Period=alarm["Period"],
        Statistics=["Sum"],
    )["Datapoints"]
    return Freshness(dataset, seconds // 3600, int(sum(point["Sum"] for point in points)))
