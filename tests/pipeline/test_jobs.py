"""A job for whole tables on a platform that is up: run as its schedule runs it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import duckdb
import pytest

from strata.platform import pipeline
from tests.pipeline.conftest import FIRST, Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform]


def test_the_summary_is_what_the_table_shows(up: Up, tmp_path: Path) -> None:
    events, states = up.client("events"), up.client("stepfunctions")
    rule = events.describe_rule(Name="strata-daily-summary-dev")
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "cron(0 6 * * ? *)")
    (target,) = events.list_targets_by_rule(Rule="strata-daily-summary-dev")["Targets"]
    # Only this data set: another test may add one.
    given = json.loads(target["Input"]) | {"datasets": ["flights"]}
    started = states.start_execution(stateMachineArn=target["Arn"], input=json.dumps(given))
    deadline = time.monotonic() + 300
    while (ended := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert ended["status"] == "SUCCEEDED", ended

    file = tmp_path / "part.parquet"
    key = "daily_summary/dataset=flights/part.parquet"
    up.client("s3").download_file(up.names.processed_bucket, key, str(file))
    summary = duckdb.sql(
        f"SELECT day::VARCHAR, row_count, object_count FROM '{file}' ORDER BY day"
    ).fetchall()
    shown = up.rows(
        "SELECT FLIGHT_DATE, COUNT(*) AS N, COUNT(DISTINCT OBJECT_ID) AS O FROM FLIGHTS"
        " GROUP BY FLIGHT_DATE ORDER BY FLIGHT_DATE"
    )
    assert summary == [(str(row["FLIGHT_DATE"]), row["N"], row["O"]) for row in shown]
    first = pipeline.object_id(up.names.raw_bucket, FIRST)
    assert up.rows(f"SELECT COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{first}'") == [{"N": 200}]
    table = up.client("glue").get_table(DatabaseName="strata_dev", Name="daily_summary")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{up.names.processed_bucket}/daily_summary/"
