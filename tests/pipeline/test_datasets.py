"""A data set is one file: on a platform that is up, it is applied beside the first, and its rows come."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest

from strata.platform import pipeline
from tests.documentation import shell_blocks
from tests.pipeline.conftest import FIRST, Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform]


def quarantined(up: Up, dataset: str, object_id: str) -> list[dict[str, Any]]:
    s3 = up.client("s3")
    place = {"Bucket": up.names.processed_bucket, "Prefix": f"quarantine/{dataset}/object={object_id}/"}
    bodies = [
        s3.get_object(Bucket=up.names.processed_bucket, Key=item["Key"])["Body"].read()
        for item in s3.list_objects_v2(**place).get("Contents", [])
    ]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def run(up: Up, line: str) -> str:
    done = up.checkout.run(*shlex.split(line)[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_data_set_is_one_file(up: Up) -> None:
    folder = up.checkout.folder
    # The last commands of the quick start; what they apply is applied below, with the other data set.
    # `live check` asks git for the lock files.
    subprocess.run(["git", "add", "live"], cwd=folder, check=True)
    *_, draft, ask = shell_blocks(folder / "docs/quick-start.md")
    for line in draft.splitlines():
        run(up, line)
    shutil.copy(folder / "docs/examples/trips.odcs.yaml", folder / "glue_jobs/contracts/trips.odcs.yaml")
    blocks = shell_blocks(folder / "docs/datasets.md", "bash")
    assert len(blocks) == 2
    for line in [line for block in blocks for line in block.splitlines()]:
        run(up, line)
    apply, put, query = ask.splitlines()
    assert apply.split()[1:] == blocks[0].splitlines()[0].split()[1:]
    run(up, put)
    cells = [re.findall(r"[\w.]+", line) for line in run(up, query).splitlines() if "│" in line]
    assert cells == [["cancelled", "1", "7.25"], ["open", "2", "76.50"], ["paid", "7", "673.14"]]

    columns = "TRIP_ID, STARTED_AT_DATE, FARE, SHARED, PAYMENT"
    rows = up.rows(f"SELECT {columns} FROM TRIPS_CURRENT ORDER BY TRIP_ID")
    assert [list(map(str, row.values())) for row in rows] == [
        ["1", "2026-03-02", "12.50", "False", "card"],
        ["2", "2026-03-02", "7.00", "True", "cash"],
        ["3", "2026-03-02", "None", "False", "card"],
    ]
    broken = quarantined(up, "trips", pipeline.object_id(up.names.raw_bucket, "trips/trips.csv"))
    assert {row["source_line"]: row["reason"] for row in broken} == {
        5: "not_a_number",
        6: "bad_date",
        7: "not_a_boolean",
        8: "pattern_mismatch",
    }
    # The catalog has it, and the first data set's rows are where they were.
    tables = up.client("glue").get_tables(DatabaseName="strata_dev")["TableList"]
    assert sorted(table["Name"] for table in tables) == ["daily_summary", "flights", "orders", "trips"]
    first = pipeline.object_id(up.names.raw_bucket, FIRST)
    assert up.rows(f"SELECT COUNT(*) AS N FROM FLIGHTS WHERE OBJECT = '{first}'") == [{"N": 200}]
