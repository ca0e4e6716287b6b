"""What jobs tell of each object: in its report, and as metrics of CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from glue_jobs import main, metrics, odcs
from glue_jobs.errors import RefusedObject
from strata.testing.fixtures.jobs import Buckets

from .test_arguments import words
from .test_main import KEY, flight, text

CLEANED = {
    "rows_read": 10,
    "rows_clean": 6,
    "rows_quarantined": 3,
    "rows_duplicate": 1,
    "seconds": 2.5,
    "reasons": {"bad_date": 3},
}


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.client("cloudwatch")


def run(
    monkeypatch: pytest.MonkeyPatch, job: str, report: dict[str, Any] | Exception, namespace: str
) -> dict[str, Any]:
    """Run a job that does nothing but report, as Glue starts it."""

    def work(*_: object) -> dict[str, Any]:
        if isinstance(report, Exception):
            raise report
        return report

    monkeypatch.setitem(main.JOBS, job, work)
    more = {"metrics_namespace": namespace} if namespace else {}
    return main.run(job, words(key=KEY, generation="g", **more), odcs.load("flights"))


def total(cloudwatch: Any, name: str, **dimensions: str) -> float | None:
    """The sum of a metric's values of the last hour; None if there are none."""
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="strata/dev",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in found) if found else None


def test_each_object_adds_its_rows_to_the_metrics_of_its_data_set(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "clean", CLEANED, "strata/dev")
    run(monkeypatch, "curate", {"rows_curated": 6, "seconds": 1.5}, "strata/dev")
    run(monkeypatch, "clean", CLEANED | {"rows_read": 7}, "strata/dev")
    names = ("RowsRead", "RowsClean", "RowsQuarantined", "RowsDuplicate", "RowsCurated")
    assert [total(cloudwatch, name, DataSet="flights") for name in names] == [17, 12, 6, 2, 6]
    assert total(cloudwatch, "JobSeconds", DataSet="flights", Job="clean") == 5
    assert total(cloudwatch, "JobSeconds", DataSet="flights", Job="curate") == 1.5
    assert total(cloudwatch, "RowsRead", DataSet="trips") is None


@pytest.mark.parametrize(
    ("report", "namespace"), [(CLEANED, ""), (RefusedObject("empty_file", "no bytes"), "strata/dev")]
)
def test_a_run_without_a_namespace_or_a_report_publishes_nothing(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch, report: Any, namespace: str
) -> None:
    if isinstance(report, Exception):
        with pytest.raises(RefusedObject):
            run(monkeypatch, "clean", report, namespace)
    else:
        assert run(monkeypatch, "clean", report, namespace) == CLEANED
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_a_job_whose_metrics_are_refused_goes_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nothing listens there.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert run(monkeypatch, "clean", CLEANED, "strata/dev") == CLEANED
    assert "the metrics of clean flights are not published: " in capsys.readouterr().out


def test_seconds_alone_are_told_by_job() -> None:
    [seconds] = metrics.data("remove", "trips", {"seconds": 0.4, "partitions": []})
    assert seconds == {
        "MetricName": "JobSeconds",
        "Dimensions": [{"Name": "DataSet", "Value": "trips"}, {"Name": "Job", "Value": "remove"}],
        "Value": 0.4,
        "Unit": "Seconds",
    }


@pytest.mark.spark
def test_the_report_of_an_object_says_what_it_was_processed_with(buckets: Buckets) -> None:
    buckets.put(KEY, text(flight(1), flight(2), flight(2), flight(3, distance="far")))
    buckets.run_both(KEY)
    folder = f"reports/flights/object={buckets.object_id(KEY)}"
    report = json.loads(buckets.files(folder)[f"{folder}/clean.json"])
    counts = ("rows_read", "rows_clean", "rows_quarantined", "rows_duplicate", "reasons")
    assert [report[name] for name in counts] == [4, 2, 1, 1, {"not_a_number": 1}]
    assert (report["contract"], report["generation"]) == (odcs.load("flights").version, "")
    assert report["seconds"] > 0
    assert json.loads(buckets.files(folder)[f"{folder}/curate.json"])["seconds"] > 0
