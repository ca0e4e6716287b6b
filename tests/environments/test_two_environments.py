"""A copied folder with another env.hcl is an environment of its own: both run in one embedded cloud, one goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from strata import pipeline
from strata.session import find_running
from strata.warehouse import ask, connect
from strata.workspace import Workspace
from tests.checkout import Checkout

ACCOUNT, REGION = "444455556666", "eu-central-1"


def _copy_environment(checkout: Checkout) -> None:
    """What a person does: copy the folder, edit env.hcl and nothing else."""
    live = checkout.folder / "live"
    shutil.copytree(live / "dev", live / "staging")
    env = live / "staging" / "env.hcl"
    text = env.read_text(encoding="utf-8")
    for old, new in (
        ("111122223333", ACCOUNT),
        ('"eu-west-1"', f'"{REGION}"'),
        ("strata-producer-dev", "strata-producer-staging"),
        ("noncurrent  = 7", "noncurrent  = 14"),
    ):
        assert old in text
        text = text.replace(old, new)
    env.write_text(text, encoding="utf-8")
    for arguments in (
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", str(checkout.folder), *arguments], check=True)


def _started(checkout: Checkout, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while find_running(checkout.folder) is None:
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return
    raise AssertionError(f"ended with {process.wait()} before {text!r}:\n{seen}")


def _drop(workspace: Workspace, root: Path) -> tuple[str, int]:
    """Drop reference data and a file of 200 flights; the status, and the rows that the environment then shows."""
    names, endpoints = workspace.platform(), workspace.endpoints
    examples = root / "docs" / "examples"
    for name in ("airlines", "airports", "planes"):
        pipeline.put(
            endpoints, names.raw_bucket, f"reference/{name}.csv", (examples / f"{name}.csv").read_bytes()
        )
    body = (examples / "flights.csv").read_bytes()
    done = pipeline.follow(
        endpoints, names.state_machine_arn, pipeline.put(endpoints, names.raw_bucket, "flights/a.csv", body)
    )
    with connect(
        endpoints,
        role=names.reader_role,
        warehouse=names.warehouse,
        database=names.database,
        schema=names.schema,
    ) as connection:
        answer = ask(connection, f"SELECT COUNT(*) FROM {names.external_table}")
    return done.status, answer.rows[0][0]


@pytest.mark.spark
@pytest.mark.terraform
def test_two_environments_in_one_cloud(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "checkout")
    _copy_environment(checkout)

    checked = checkout.run("live", "check")
    assert checked.returncode == 0, checked.stdout
    compared = checkout.run("env", "diff", "dev", "staging", "--json")
    assert compared.returncode == 0, compared.stdout
    assert {item["path"] for item in json.loads(compared.stdout)} >= {"buckets.raw.noncurrent_days"}

    up = checkout.start("up", "dev")
    try:
        _started(checkout, up)
        # Side by side with what `up` applies.
        applied = checkout.run("apply", "staging", "--json", timeout=900)
        assert applied.returncode == 0, applied.stdout + applied.stderr
        assert {unit["state"] for unit in json.loads(applied.stdout)} == {"applied"}
        _wait_for(up, "up; end it")
        running = find_running(checkout.folder)
        assert running is not None
        environments = {
            name: Workspace(checkout.folder, name, running.endpoints) for name in ("dev", "staging")
        }
        for name in environments:
            planned = checkout.run("plan", name)
            assert planned.returncode == 0, planned.stdout + planned.stderr

        staging = environments["staging"].platform()
        assert staging.raw_bucket == f"strata-raw-staging-{ACCOUNT}"
        assert f":{REGION}:{ACCOUNT}:" in staging.state_machine_arn
        for name, workspace in environments.items():
            assert (name, _drop(workspace, root)) == (name, ("SUCCEEDED", 200))

        destroyed = checkout.run("destroy", "staging", "--yes", timeout=600)
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
        planned = checkout.run("plan", "dev")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        assert _buckets(environments["staging"]) <= {f"strata-tfstate-staging-{ACCOUNT}"}
        assert "strata-raw-dev-111122223333" in _buckets(environments["dev"])
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGTERM)
            up.wait(60)
    assert checkout.processes() == []


def _buckets(workspace: Workspace) -> set[Any]:
    """The buckets of the environment's account."""
    listed = pipeline.client(workspace.endpoints, "s3").list_buckets()["Buckets"]
    return {bucket["Name"] for bucket in listed}
