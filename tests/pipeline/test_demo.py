"""The main job as `make demo` runs it, and what Ctrl-C leaves of a start."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.checkout_copy import Checkout
from tests.pipeline.conftest import wait_for

# Beside the rest of the folder: it has a platform of its own, and shares nothing with it.
pytestmark = [pytest.mark.spark, pytest.mark.terraform, pytest.mark.one_worker("demo")]

# Flights of January 2013 by carrier, counted in the published file with `cut -d, -f10 | sort | uniq -c`.
JANUARY = {
    "9E": 1573,
    "AA": 2794,
    "AS": 62,
    "B6": 4427,
    "DL": 3690,
    "EV": 4171,
    "F9": 59,
    "FL": 328,
    "HA": 31,
    "MQ": 2271,
    "OO": 1,
    "UA": 4637,
    "US": 1602,
    "VX": 316,
    "WN": 996,
    "YV": 46,
}


def test_make_demo_is_set_up_and_the_command(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    assert "demo: setup\n\t@.venv/bin/strata demo\n" in makefile
    assert "test: setup\n\t@.venv/bin/python -m pytest -n auto $(T)\n" in makefile
    assert "setup:\n\t@$(set-up)\n" in makefile
    assert "\n$(PYTHON) -m strata.setup $(1)\nendef\n" in makefile


def test_the_main_job_accounts_for_every_row(
    root: Path, tmp_path: Path, starting: Callable[[], AbstractContextManager[object]]
) -> None:
    checkout = Checkout.copy(root, tmp_path / "checkout")

    with starting():
        result = checkout.run("demo", "--json", timeout=900)

    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    report = json.loads(result.stdout)
    assert report["holds"] is True
    assert all(check["holds"] for check in report["checks"])
    # None is applied where another test has kept the platform: this one is loaded then.
    assert len(report["units"]) in (0, 11)
    assert {unit["state"] for unit in report["units"]} <= {"applied"}
    january, late = report["reconciliation"]
    assert january == {
        "key": "flights/2013-01.csv",
        "read": 27_004,
        "clean": 27_004,
        "quarantined": 0,
        "duplicates": 0,
        "curated": 27_004,
        "visible": 27_004,
    }
    assert (late["read"], late["clean"], late["quarantined"], late["duplicates"]) == (462, 450, 10, 2)
    assert late["clean"] == late["curated"] == late["visible"]
    flights = {row["CARRIER"]: int(row["FLIGHTS"]) for row in report["answer"]}
    assert flights.keys() == JANUARY.keys()
    assert all(flights[carrier] >= count for carrier, count in JANUARY.items())
    assert sum(flights.values()) == 27_004 + 450
    assert len(report["quarantined"]) == 10
    steps = [step["name"] for step in report["executions"]["flights/2013-01.csv"]["steps"]]
    assert steps == ["S3 event", "Claim", "Clean", "Curate", "Refresh", "Reconcile", "RecordSuccess"]
    assert checkout.processes() == []
    assert list(Path(checkout.environ()["HOME"]).iterdir()) == [], "nothing outside the checkout"


def test_ctrl_c_during_apply_leaves_nothing(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "checkout")
    process = checkout.start("up", "--fresh", "--warm-processes", "0")
    wait_for(process, "applied")  # the first unit is done, others are in the middle

    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert checkout.processes() == []
    assert checkout.run("down").stdout.strip() == "not running"
