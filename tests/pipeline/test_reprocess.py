"""A corrected reference reaches old rows, and a deleted object has none: on a platform that is up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strata.platform import pipeline
from tests.pipeline.conftest import Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform]
KEY = "flights/reprocessed.csv"


def rows(up: Up) -> list[tuple[str, str]]:
    object_id = pipeline.object_id(up.names.raw_bucket, KEY)
    found = up.rows(
        f"SELECT CARRIER, AIRLINE_NAME FROM FLIGHTS WHERE OBJECT = '{object_id}' ORDER BY SOURCE_LINE"
    )
    return [(row["CARRIER"], row["AIRLINE_NAME"]) for row in found]


def last_outcome(up: Up) -> tuple[str, str]:
    """Status and last state of the key's newest execution."""
    states = up.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=up.names.state_machine_arn)["executions"]
    for execution in listed:
        described = states.describe_execution(executionArn=execution["executionArn"])
        if json.loads(described["input"])["key"] == KEY:
            events = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)[
                "events"
            ]
            entered = [
                one["stateEnteredEventDetails"]["name"] for one in events if "stateEnteredEventDetails" in one
            ]
            # One that has just started has entered none.
            return described["status"], entered[-1] if entered else ""
    raise AssertionError("no execution")


def wait(ask: Callable[[], Any], expected: Any) -> None:
    deadline = time.monotonic() + 180
    while (found := ask()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def test_a_corrected_reference_reaches_old_rows_and_a_deletion_takes_them(
    up: Up, root: Path, tmp_path: Path
) -> None:
    lines = (root / "docs/examples/flights.csv").read_text().splitlines()
    names = lines[0].split(",")
    strange = lines[1].split(",")
    strange[names.index("carrier")] = "ZZ"
    file = tmp_path / "reprocessed.csv"
    file.write_text("\n".join([lines[0], lines[2], ",".join(strange), ""]))
    assert up.json("put", str(file), "--key", KEY)["outcome"] == "RecordSuccess"
    known = rows(up)
    assert len(known) == 1

    reason = ("reprocess", "--dataset", "flights", "--reason", "unknown_carrier", "--prefix", KEY)
    # Nothing has changed: the object stays as it is.
    done = up.json(*reason)
    assert (done["status"], done["objects"]) == ("SUCCEEDED", {"found": 1, "succeeded": 1, "failed": 0})
    assert last_outcome(up) == ("SUCCEEDED", "Duplicate")

    airlines = root / "docs/examples/airlines.csv"
    corrected = tmp_path / "airlines.csv"
    corrected.write_text(airlines.read_text().rstrip("\n") + "\nZZ,Zeppelin Air\n")
    up.json("put", str(corrected), "--key", "reference/airlines.csv")
    try:
        done = up.json(*reason)
        assert done["objects"] == {"found": 1, "succeeded": 1, "failed": 0}
        assert last_outcome(up) == ("SUCCEEDED", "RecordSuccess")
        assert rows(up) == [*known, ("ZZ", "Zeppelin Air")]
        # It has no such line any more.
        assert up.json(*reason)["objects"]["found"] == 0
    finally:
        up.json("put", str(airlines), "--key", "reference/airlines.csv")

    up.client("s3").delete_object(Bucket=up.names.raw_bucket, Key=KEY)
    wait(lambda: last_outcome(up), ("SUCCEEDED", "RecordSuccess"))
    wait(lambda: rows(up), [])
    s3 = up.client("s3")
    object_id = pipeline.object_id(up.names.raw_bucket, KEY)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=up.names.processed_bucket)
    left = [one["Key"] for page in pages for one in page.get("Contents", []) if object_id in one["Key"]]
    assert sorted(left) == [f"reports/flights/object={object_id}/{name}.json" for name in ("clean", "curate")]
    # What is not there is not processed again.
    assert up.json("reprocess", "--prefix", KEY)["objects"]["found"] == 0
