"""A copied folder with another env.hcl is an environment of its own: both run in one embedded cloud, one goes."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from strata import pipeline
from strata.session import Session
from strata.warehouse import ask, connect
from strata.workspace import Workspace, find_account
from tests.checkout import Checkout

ENVIRONMENTS = ("dev", "staging")
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

    account = find_account(checkout.folder, "dev")
    with Session(checkout.folder, "dev", account_id=account.account_id, region=account.region) as session:
        with ThreadPoolExecutor(2) as pool:
            for done in pool.map(
                lambda name: checkout.run("apply", name, "--json", timeout=900), ENVIRONMENTS
            ):
                assert done.returncode == 0, done.stdout + done.stderr
                assert {unit["state"] for unit in json.loads(done.stdout)} == {"applied"}
        workspaces = {name: Workspace(checkout.folder, name, session.endpoints) for name in ENVIRONMENTS}
        for name in ENVIRONMENTS:
            _plans_to_nothing(checkout, name)

        staging = workspaces["staging"].platform()
        assert staging.raw_bucket == f"strata-raw-staging-{ACCOUNT}"
        assert f":{REGION}:{ACCOUNT}:" in staging.state_machine_arn
        for name, workspace in workspaces.items():
            assert (name, _drop(workspace, root)) == (name, ("SUCCEEDED", 200))

        destroyed = checkout.run("destroy", "staging", "--yes", timeout=600)
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
        _plans_to_nothing(checkout, "dev")
        # Its own state backend is what a destroy leaves.
        state = f"strata-tfstate-staging-{ACCOUNT}"
        assert _buckets(workspaces["staging"]) == {state, state.replace("tfstate", "tfstate-logs")}
        assert "strata-raw-dev-111122223333" in _buckets(workspaces["dev"])
    assert checkout.processes() == []


def _plans_to_nothing(checkout: Checkout, name: str) -> None:
    planned = checkout.run("plan", name)
    assert planned.returncode == 0, f"{name}\n{planned.stdout}{planned.stderr}"


def _buckets(workspace: Workspace) -> set[Any]:
    """The buckets of the environment's account."""
    listed = pipeline.client(workspace.endpoints, "s3").list_buckets()["Buckets"]
    return {bucket["Name"] for bucket in listed}
