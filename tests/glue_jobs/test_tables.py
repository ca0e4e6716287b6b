"""The jobs for whole tables, on buckets that are folders."""

from __future__ import annotations

import pytest

from glue_jobs import main
from glue_jobs.arguments import TableArguments, parse_table
from glue_jobs.errors import JobError
from strata.testing.fixtures.jobs import Buckets

from .test_main import flight, text

pytestmark = pytest.mark.spark


def summarize(buckets: Buckets) -> dict[str, object]:
    return main.run("daily_summary", ["--processed_bucket", buckets.processed_name, "--dataset", "flights"])


def summary(buckets: Buckets) -> list[tuple[object, ...]]:
    from pyspark.sql import SparkSession

    spark = SparkSession.getActiveSession()
    assert spark is not None
    table = spark.read.parquet(f"s3://{buckets.processed_name}/daily_summary")
    return sorted(
        tuple(row)
        for row in table.selectExpr(
            "string(day)", "row_count", "key_count", "object_count", "dataset"
        ).collect()
    )


def test_a_summary_counts_rows_keys_and_objects_of_each_day(buckets: Buckets) -> None:
    assert summarize(buckets) == {"dataset": "flights", "days": 0, "rows_read": 0}
    buckets.put("flights/a.csv", text(flight(1, day=1), flight(2, day=1), flight(3, day=2)))
    buckets.put("flights/b.csv", text(flight(2, day=1)))
    for key in ("flights/a.csv", "flights/b.csv"):
        buckets.run_both(key)
    assert summarize(buckets) == {"dataset": "flights", "days": 2, "rows_read": 4}
    expected = [("2013-01-01", 3, 2, 2, "flights"), ("2013-01-02", 1, 1, 1, "flights")]
    assert summary(buckets) == expected
    # Again is the same, as one object, and nothing is left of the work.
    summarize(buckets)
    assert summary(buckets) == expected
    assert list(buckets.files("daily_summary")) == ["daily_summary/dataset=flights/part.parquet"]
    assert buckets.files("work") == {}


def test_what_a_table_job_needs() -> None:
    words = ["--JOB_NAME", "x", "--processed_bucket", "p", "--dataset", "flights"]
    assert parse_table(words) == TableArguments("p", "flights")
    with pytest.raises(JobError, match="the job needs --dataset"):
        parse_table(words[:4])
    with pytest.raises(JobError, match="--dataset is not a name"):
        parse_table([*words[:4], "--dataset", "../x"])
