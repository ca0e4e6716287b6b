"""docs/faults.md as it stands, over the shared platform, and an outage of Snowflake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.documentation import run_blocks
from tests.pipeline.conftest import Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform, pytest.mark.one_worker("pipeline")]


def test_the_page_s_commands(up: Up, root: Path) -> None:
    put, cleared, more = run_blocks(up.checkout, root / "docs/faults.md")
    added, *lines = put.strip().splitlines()
    # The numbers go on from the faults of earlier tests.
    name = added.split()[1].rstrip(":")
    assert added == f"added {name}: dynamodb:UpdateItem throttle"
    # Struck once, and called again by the state machine, which the object has got through.
    assert "SUCCEEDED" in put
    (row,) = [line.replace("│", " ").split() for line in lines if name in line]
    assert row[:3] == [name, "dynamodb:UpdateItem", "throttle"]
    calls, struck, times = row[-3:]
    assert int(calls) > 1
    assert (struck, times) == ("1", "1")
    assert cleared == f"cleared {name}\n"
    document, _, rest = more.partition("\n}\n")
    second = json.loads(document + "}")
    assert second["probability"] == 0.2
    assert rest == f"added topic: sns:Publish fail\ncleared topic\ncleared {second['name']}\n"
    assert up.json("faults", "list") == []


def test_an_unreachable_snowflake(up: Up) -> None:
    up.json("faults", "add", "snowflake:Connection", "unreachable")
    try:
        refused = up.checkout.run("query", "SELECT 1")
        assert refused.returncode == 1
        assert "Traceback" not in refused.stdout + refused.stderr
    finally:
        up.json("faults", "clear")
    assert up.rows("SELECT 1 AS N") == [{"N": 1}]


def test_an_unknown_operation_is_one_error(up: Up) -> None:
    wrong = up.checkout.run("faults", "add", "dynamodb:UpdateItm", "fail")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert (
        wrong.stderr == "error: unknown operation `dynamodb:UpdateItm` (did you mean dynamodb:UpdateItem?)\n"
    )
