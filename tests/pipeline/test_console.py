"""The console and a trace over the shared platform: docs/console.md as it stands, and what each page is told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from tests.documentation import run_blocks
from tests.pipeline.conftest import FIRST, Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform, pytest.mark.one_worker("pipeline")]


def test_the_page_s_commands_and_what_the_console_answers(up: Up, root: Path) -> None:
    put, listed, _, address = run_blocks(up.checkout, root / "docs/console.md")
    # A duplicate, unless another test has changed what it is processed with.
    assert "SUCCEEDED" in put
    runs = [line.split() for line in listed.splitlines()]
    assert len(runs) >= 2
    page = (up.checkout.folder / "trace.html").read_text()
    assert f"s3://{up.names.raw_bucket}/{FIRST}" in page

    trace = up.json("trace", f"s3://{up.names.raw_bucket}/{FIRST}", "--run", runs[-1][-1])
    assert trace["run"]["status"] == "SUCCEEDED"
    assert [job["status"] for job in trace["jobs"]] == ["SUCCEEDED", "SUCCEEDED"]
    stages = [stage for job in trace["jobs"] for stage in job["stages"]]
    assert all(job["stages"] for job in trace["jobs"])
    assert all(stage["seconds"] is not None and stage["tasks"] >= 1 for stage in stages)
    assert trace["visible"]["rows"] == 200
    assert trace["rules"][0]["matches"] is True

    url = address.strip()
    assert up.json("console") == {"url": url}
    # Spark works beside it on what other tests have put, too.
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        assert browser.get(url).text.startswith("<!doctype html>")
        base = url.partition("/?")[0]
        assert browser.get(f"{base}/api/environments").json()[0] == "dev"
        nodes = browser.get(f"{base}/api/dev/flow").json()["nodes"]
        kinds = {node["kind"] for node in nodes}
        assert kinds == {"bucket", "rule", "machine", "job", "store", "table", "query"}
        found = browser.get(f"{base}/api/dev/runs", params={"text": FIRST}).json()
        assert found["matched"] >= 2
        newest = browser.get(f"{base}/api/dev/runs/{found['runs'][0]['name']}").json()
        assert newest["trace"]["run"]["key"] == FIRST
        sets = {entry["name"]: entry for entry in browser.get(f"{base}/api/dev/datasets").json()}
        flights = sets["flights"]
        assert flights["rows"]["visible"] >= 200
        units = browser.get(f"{base}/api/dev/units").json()["units"]
        assert {unit["state"] for unit in units} == {"applied"}
        browser.headers["Origin"] = base
        said = browser.post(f"{base}/api/dev/query", json={"sql": "SELECT COUNT(*) AS N FROM FLIGHTS"}).json()
        assert said["columns"] == ["N"]
        again = browser.post(f"{base}/api/dev/datasets/flights/reprocess", json={"reason": ""}).json()
        deadline = time.monotonic() + 120
        while again["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.5)
            again = browser.get(f"{base}/api/dev/reprocess/{again['name']}").json()
        # Files that other tests had refused are refused again.
        assert again["status"] == "SUCCEEDED"
        assert again["succeeded"] >= 1
        assert again["succeeded"] + again["failed"] == again["found"]
    assert json.loads((up.checkout.folder / ".strata/run/console.json").read_text()) == {"url": url}
    assert (up.checkout.folder / ".strata/run/console.json").stat().st_mode & 0o077 == 0
    assert httpx.get(base).status_code == 401
