"""A good file through the whole platform: rows, counts, files, and what a second drop does."""

from __future__ import annotations

import csv
import json
import shlex
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from strata.platform import pipeline
from tests.pipeline.conftest import FIRST, Up, run_ids

pytestmark = [pytest.mark.spark, pytest.mark.terraform]


def _commands(root: Path) -> list[list[str]]:
    """The README's commands after `strata up`, up to `strata down`, as argument lists."""
    lines = [
        line
        for line in (root / "README.md").read_text().splitlines()
        if line.startswith(".venv/bin/strata ") and line.split()[1] not in ("up", "down")
    ]
    return [shlex.split(line)[1:] for line in lines]


def test_the_readme_commands_work_in_their_order(up: Up, root: Path) -> None:
    commands = _commands(root)
    assert [command[0] for command in commands] == [
        *["put"] * 4,
        "query",
        "status",
        "trace",
        "console",
        "plan",
    ]
    for command in commands:
        result = up.checkout.run(*command)
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"

    with (root / "docs/examples/flights.csv").open() as file:
        expected = Counter(row["carrier"] for row in csv.DictReader(file))
    object_id = pipeline.object_id(up.names.raw_bucket, "flights/flights.csv")
    rows = up.rows(
        f"SELECT CARRIER, COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{object_id}' GROUP BY CARRIER"
    )
    assert {row["CARRIER"]: row["N"] for row in rows} == dict(expected)
    assert sum(expected.values()) == 200


def test_the_parquet_files_hold_what_the_table_shows(up: Up, root: Path, tmp_path: Path) -> None:
    object_id = pipeline.object_id(up.names.raw_bucket, FIRST)

    s3 = up.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=up.names.processed_bucket, Prefix="curated/flights/"
    )
    keys = [item["Key"] for page in pages for item in page.get("Contents", []) if object_id in item["Key"]]
    assert keys, "the jobs left no file in the processed bucket"
    for index, name in enumerate(keys):
        assert name.startswith(f"curated/flights/flight_date=2013-02-01/object={object_id}/")
        s3.download_file(up.names.processed_bucket, name, str(tmp_path / f"{index}.parquet"))

    query = f"SELECT carrier, COUNT(*), SUM(arr_delay) FROM '{tmp_path}/*.parquet' GROUP BY 1 ORDER BY 1"
    parquet = duckdb.sql(query).fetchall()
    table = up.rows(
        "SELECT CARRIER, COUNT(*) AS N, SUM(ARR_DELAY) AS DELAY FROM FLIGHTS "
        f"WHERE OBJECT = '{object_id}' GROUP BY CARRIER ORDER BY CARRIER"
    )
    assert parquet == [(row["CARRIER"], row["N"], row["DELAY"]) for row in table]
    assert sum(row[1] for row in parquet) == 200


def test_the_same_file_twice_makes_one_output(up: Up) -> None:
    key = "flights/twice.csv"
    first = up.json("put", "docs/examples/flights.csv", "--key", key)
    second = up.json("put", "docs/examples/flights.csv", "--key", key)

    assert (first["status"], first["outcome"]) == ("SUCCEEDED", "RecordSuccess")
    assert (second["status"], second["outcome"]) == ("SUCCEEDED", "Duplicate")
    object_id = pipeline.object_id(up.names.raw_bucket, key)
    rows = up.rows(f"SELECT COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{object_id}'")
    assert rows == [{"N": 200}]


def test_a_folder_of_the_console_runs_no_job(up: Up, tmp_path: Path) -> None:
    glue = up.client("glue")
    known = run_ids(glue)
    (tmp_path / "empty").touch()
    done = up.json("put", str(tmp_path / "empty"), "--key", "flights/2013/")
    assert (done["status"], done["outcome"]) == ("SUCCEEDED", "RecordFolder")
    assert run_ids(glue) == known


def test_the_rows_of_objects_are_in_the_metrics_of_their_data_set(up: Up) -> None:
    """The jobs publish them as their role, which may do so in this namespace alone."""
    now = datetime.now(UTC)
    points = up.client("cloudwatch").get_metric_statistics(
        Namespace="strata/dev",
        MetricName="RowsCurated",
        Dimensions=[{"Name": "DataSet", "Value": "flights"}],
        StartTime=now - timedelta(hours=3),
        EndTime=now + timedelta(minutes=1),
        Period=14400,
        Statistics=["Sum"],
    )["Datapoints"]
    # At least those of the first object.
    assert sum(point["Sum"] for point in points) >= 200


def test_a_new_version_of_a_key_replaces_its_rows(up: Up, tmp_path: Path, root: Path) -> None:
    key = "flights/version.csv"
    lines = (root / "docs/examples/flights.csv").read_text().splitlines()
    for count in (50, 20):
        (tmp_path / "version.csv").write_text("\n".join(lines[: count + 1]) + "\n")
        result = up.json("put", str(tmp_path / "version.csv"), "--key", key)
        assert result["status"] == "SUCCEEDED"
    object_id = pipeline.object_id(up.names.raw_bucket, key)
    rows = up.rows(f"SELECT COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{object_id}'")
    assert rows == [{"N": 20}]


def test_after_up_a_plan_has_no_changes(up: Up) -> None:
    result = up.checkout.run("plan", "dev")
    assert result.returncode == 0, result.stdout + result.stderr


def test_status_names_every_unit_and_no_secret(up: Up) -> None:
    status = up.json("status")
    components = {unit["unit"].rsplit("/", 1)[-1] for unit in status["units"]}
    assert components == {
        "state-backend",
        "s3",
        "snowflake-integration",
        "iam",
        "glue",
        "lambda",
        "stepfunctions",
        "eventbridge",
        "snowflake",
        "github-oidc",
        "observability",
    }
    assert all(unit["resources"] > 0 for unit in status["units"])
    assert up.endpoints.snowflake_password not in str(status)


def test_a_disabled_integration_fails_the_select(up: Up) -> None:
    up.json("query", "ALTER STORAGE INTEGRATION STRATA_S3_DEV SET ENABLED = FALSE", "--role", "ACCOUNTADMIN")
    try:
        result = up.checkout.run("query", "SELECT COUNT(*) FROM FLIGHTS")
        assert result.returncode == 1
        assert "STRATA_S3_DEV" in result.stderr
    finally:
        up.json(
            "query", "ALTER STORAGE INTEGRATION STRATA_S3_DEV SET ENABLED = TRUE", "--role", "ACCOUNTADMIN"
        )
    assert up.rows("SELECT COUNT(*) > 0 AS BACK FROM FLIGHTS") == [{"BACK": True}]


def test_a_refused_login_is_refused(up: Up) -> None:
    from strata.errors import StrataError
    from strata.platform.warehouse import connect

    wrong = up.endpoints.model_copy(update={"snowflake_password": "wrong"})
    with pytest.raises(StrataError, match="refused the login"), connect(wrong):
        pass


def test_a_second_up_says_so_and_changes_nothing(up: Up) -> None:
    result = up.checkout.run("up", timeout=60)
    assert result.returncode == 0
    assert result.stdout.startswith("already up")
    assert up.endpoints.aws_url in result.stdout


def test_a_second_drop_in_the_middle_of_the_first_waits_and_is_a_duplicate(up: Up, root: Path) -> None:
    key, content = "flights/at-once.csv", (root / "docs/examples/flights.csv").read_bytes()
    drops = [pipeline.put(up.endpoints, up.names.raw_bucket, key, content) for _ in range(2)]

    states = up.client("stepfunctions")
    ends = [pipeline.follow(up.endpoints, up.names.state_machine_arn, drop) for drop in drops]

    # Both events name one version of the content: whichever came first did the work.
    executions = {
        execution["executionArn"]
        for execution in states.list_executions(stateMachineArn=up.names.state_machine_arn)["executions"]
        if json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])["key"]
        == key
    }
    assert len(executions) == 2
    outcomes = {_outcome(up, arn) for arn in executions}
    # The older event is superseded if the newer one has claimed the object before it.
    assert outcomes in ({"RecordSuccess", "Duplicate"}, {"RecordSuccess", "Superseded"})
    assert {end.status for end in ends} == {"SUCCEEDED"}
    identity = pipeline.object_id(up.names.raw_bucket, key)
    rows = up.rows(f"SELECT COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{identity}'")
    assert rows == [{"N": 200}]


def _outcome(up: Up, arn: str) -> str:
    """The last state that an execution entered, once it has ended."""
    states = up.client("stepfunctions")
    deadline = time.monotonic() + 120
    while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    names = [
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    ]
    return str(names[-1])
