"""A copied folder with another env.hcl is an environment of its own: both run in one embedded cloud, one goes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from strata import pipeline
from strata.warehouse import ask, connect
from strata.workspace import Workspace
from tests.checkout import Checkout
from tests.pipeline.conftest import Up

ENVIRONMENTS = ("dev", "staging")
ACCOUNT, REGION = "444455556666", "eu-central-1"


def _copy_environment(checkout: Checkout) -> Path:
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
    # What a person would have git know, and what the check looks at.
    subprocess.run(["git", "-C", str(checkout.folder), "add", "."], check=True)
    return live / "staging"


def _drop(workspace: Workspace, root: Path) -> str:
    """Drop reference data and a file of 200 flights; the execution's status."""
    names, endpoints = workspace.platform(), workspace.endpoints
    examples = root / "docs" / "examples"
    for name in ("airlines", "airports", "planes"):
        pipeline.put(
            endpoints, names.raw_bucket, f"reference/{name}.csv", (examples / f"{name}.csv").read_bytes()
        )
    body = (examples / "flights.csv").read_bytes()
    dropped = pipeline.put(endpoints, names.raw_bucket, "flights/two-environments.csv", body)
    return pipeline.follow(endpoints, names.state_machine_arn, dropped).status


def _visible(workspace: Workspace) -> int:
    """The rows that the environment's external table shows."""
    names = workspace.platform()
    with connect(
        workspace.endpoints,
        role=names.reader_role,
        warehouse=names.warehouse,
        database=names.database,
        schema=names.schema,
    ) as connection:
        return int(ask(connection, f"SELECT COUNT(*) FROM {names.external_table}").rows[0][0])


@pytest.fixture
def staging(up: Up) -> Iterator[Path]:
    """The folder live/staging beside dev; gone afterwards, for other tests have one environment."""
    folder = _copy_environment(up.checkout)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.spark
@pytest.mark.terraform
def test_two_environments_in_one_cloud(up: Up, staging: Path, root: Path) -> None:
    checkout = up.checkout
    checked = checkout.run("live", "check")
    assert checked.returncode == 0, checked.stdout
    compared = checkout.run("env", "diff", "dev", "staging", "--json")
    assert compared.returncode == 0, compared.stdout
    assert {item["path"] for item in json.loads(compared.stdout)} >= {"buckets.raw.noncurrent_days"}

    applied = checkout.run("apply", "staging", "--json", timeout=900)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert {unit["state"] for unit in json.loads(applied.stdout)} == {"applied"}
    workspaces = {name: Workspace(checkout.folder, name, up.endpoints) for name in ENVIRONMENTS}
    for name in ENVIRONMENTS:
        _plans_to_nothing(checkout, name)

    names = workspaces["staging"].platform()
    assert names.raw_bucket == f"strata-raw-staging-{ACCOUNT}"
    assert f":{REGION}:{ACCOUNT}:" in names.state_machine_arn
    before = _visible(workspaces["dev"])
    with ThreadPoolExecutor(2) as pool:
        dropped = dict(
            zip(workspaces, pool.map(lambda one: _drop(one, root), workspaces.values()), strict=True)
        )
    assert dropped == dict.fromkeys(ENVIRONMENTS, "SUCCEEDED")
    assert _visible(workspaces["staging"]) == 200
    assert _visible(workspaces["dev"]) == before + 200

    destroyed = checkout.run("destroy", "staging", "--yes", timeout=600)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    _plans_to_nothing(checkout, "dev")
    # Its own state backend is what a destroy leaves.
    state = f"strata-tfstate-staging-{ACCOUNT}"
    assert _buckets(workspaces["staging"]) == {state, state.replace("tfstate", "tfstate-logs")}
    assert "strata-raw-dev-111122223333" in _buckets(workspaces["dev"])


def _plans_to_nothing(checkout: Checkout, name: str) -> None:
    planned = checkout.run("plan", name)
    assert planned.returncode == 0, f"{name}\n{planned.stdout}{planned.stderr}"


def _buckets(workspace: Workspace) -> set[Any]:
    """The buckets of the environment's account."""
    listed = pipeline.client(workspace.endpoints, "s3").list_buckets()["Buckets"]
    return {bucket["Name"] for bucket in listed}
