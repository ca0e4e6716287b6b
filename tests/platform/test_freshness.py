"""What `strata status` says of promised rows is what the applied alarms would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from strata.platform.freshness import Freshness, read
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws
from tests.endpoints import nowhere


def alarm(name: str, metric: str, dimensions: dict[str, str], hours: int) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "strata/dev",
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Sum",
        "Period": 3600,
        "EvaluationPeriods": hours,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1,
        "TreatMissingData": "breaching",
    }


def test_a_data_set_is_stale_without_rows_in_its_hours(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    promises = {"flights": 24, "planes": 2, "ships": 24, "trips": 36}
    for dataset, hours in promises.items():
        cloudwatch.put_metric_alarm(
            **alarm(f"strata-stale-{dataset}-dev", "RowsCurated", {"DataSet": dataset}, hours)
        )
    cloudwatch.put_metric_alarm(
        **alarm("strata-pipeline-stale-dev", "ExecutionsSucceeded", {"StateMachineArn": "arn"}, 24)
    )
    now = datetime.now(UTC)
    # An empty file of ships brings no rows, and those of trips came too early.
    for dataset, hours_ago, rows in (
        ("flights", 1, 450),
        ("flights", 20, 50),
        ("planes", 3, 9),
        ("ships", 1, 0),
        ("trips", 37, 7),
        ("other", 1, 5),
    ):
        cloudwatch.put_metric_data(
            Namespace="strata/dev",
            MetricData=[
                {
                    "MetricName": "RowsCurated",
                    "Dimensions": [{"Name": "DataSet", "Value": dataset}],
                    "Timestamp": now - timedelta(hours=hours_ago),
                    "Value": rows,
                }
            ],
        )
    found = read(nowhere(ACCOUNT, REGION, aws.context.aws_url))
    assert found == [
        Freshness("flights", 24, 500),
        Freshness("planes", 2, 0),
        Freshness("ships", 24, 0),
        Freshness("trips", 36, 0),
    ]
    assert [one.fresh for one in found] == [True, False, False, False]
