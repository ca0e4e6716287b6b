"""A copied folder with another env.hcl is an environment of its own: both run in one embedded cloud, one goes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from strata.ci.login import identity_token
from strata.cloud.github.job import WorkflowJob, register
from strata.platform import pipeline
from strata.platform.warehouse import ask, connect
from strata.platform.workspace import Workspace
from tests.checkout_copy import Checkout
from tests.pipeline.conftest import Up

# Beside the rest of the folder, with a platform of their own.
pytestmark = [pytest.mark.spark, pytest.mark.terraform, pytest.mark.one_worker("platforms")]

ENVIRONMENTS = ("dev", "staging")
ACCOUNT, REGION = "444455556666", "eu-central-1"
OPERATORS = ("github-oidc", "state-backend")


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


def _logged_in(workspace: Workspace) -> Workspace:
    """The environment as the job that applies it sees it: GitHub's token for a session of the apply role."""
    job = WorkflowJob(
        *("example-org", 1000001, "strata", 2000002, "push", "refs/heads/main", "staging"),
        "terraform-post-merge-apply.yaml",
    )
    url = workspace.cloud.aws_url
    token = identity_token("sts.amazonaws.com", register(url, job.claims()))
    sts = boto3.client(
        "sts", endpoint_url=url, region_name=REGION, config=Config(signature_version=UNSIGNED, proxies={})
    )
    session = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/strata-apply-staging",
        RoleSessionName="apply-1",
        WebIdentityToken=token,
    )["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    return replace(workspace, cloud=workspace.cloud.model_copy(update={"session": keys}))


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
        return int(ask(connection, f"SELECT COUNT(*) FROM {names.table('flights').sql}").rows[0][0])


@pytest.fixture
def staging(up: Up) -> Iterator[Path]:
    """The folder live/staging beside dev; gone afterwards, for other tests have one environment."""
    folder = _copy_environment(up.checkout)
    yield folder
    shutil.rmtree(folder)


def test_two_environments_in_one_cloud(up: Up, staging: Path, root: Path) -> None:
    checkout = up.checkout
    checked = checkout.run("live", "check")
    assert checked.returncode == 0, checked.stdout
    compared = checkout.run("env", "diff", "dev", "staging", "--json")
    assert compared.returncode == 0, compared.stdout
    assert {item["path"] for item in json.loads(compared.stdout)} >= {"buckets.raw.noncurrent_days"}

    # What holds the apply role itself comes from a person; everything else is applied as that role.
    applied = checkout.run("apply", "staging", *OPERATORS, "--json", timeout=300)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    workspaces = {name: Workspace(checkout.folder, name, up.endpoints) for name in ENVIRONMENTS}
    deployer = _logged_in(workspaces["staging"])
    left = [unit for unit in deployer.unit_paths() if unit.rpartition("/")[2] not in OPERATORS]
    results = deployer.runner(lambda event: None).apply("staging", left)
    assert len(results) == 9
    assert {result.unit: str(result.error) for result in results if result.state != "applied"} == {}
    with pytest.raises(ClientError, match="AccessDenied"):
        pipeline.client(deployer.endpoints, "s3").get_object(Bucket=f"strata-raw-staging-{ACCOUNT}", Key="x")
    _plans_to_nothing(checkout, "staging")

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
