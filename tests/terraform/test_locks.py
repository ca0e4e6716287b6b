"""Locks on a state: racing applies, an apply killed in its middle, and a state that is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.s3.models import FakeDeleteMarker, s3_backends

from strata.cloud.aws import AwsServer, CloudContext
from strata.terraform.diagnostics import Changes
from strata.terraform.runner import Runner
from strata.terraform.state import StateBackend
from strata.terraform.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud, FakeTree

APPLIES = 8
STORES = """
variable "value" { default = "none" }
resource "terraform_data" "it" { input = var.value }
output "value" { value = terraform_data.it.output }
"""
HANGS = """
variable "value" { default = "none" }
resource "terraform_data" "first" { input = var.value }
resource "terraform_data" "second" {
  input = terraform_data.first.output
  provisioner "local-exec" { command = "touch %(mark)s; test -e %(go)s || sleep 600" }
}
"""


@pytest.fixture
def embedded(cloud: Cloud, tmp_path: Path) -> Any:
    """The embedded AWS, whose conditional writes are one step as AWS's are."""
    endpoints = cloud.endpoints
    context = CloudContext(
        account_id=endpoints.account_id, region=endpoints.region, directory=tmp_path / "cloud", aws_port=0
    )
    server = AwsServer(context)
    url = server.start()
    yield type(cloud)(endpoints.model_copy(update={"aws_url": url}))
    server.stop()


def versions(cloud: Cloud, tree: FakeTree, key: str) -> list[Any]:
    """What became of an object, oldest first. Asked of moto itself: S3's answers tell time in whole seconds."""
    return list(s3_backends[cloud.endpoints.account_id]["aws"].buckets[tree.bucket].keys.getlist(key))


def test_of_eight_racing_applies_one_at_a_time_holds_the_lock(
    tree: FakeTree, embedded: Cloud, real_toolchain: Toolchain
) -> None:
    unit = tree.add("a", STORES)
    rendered, _ = tree.rendered[unit]
    runners = []
    for number in range(APPLIES):
        # Eight checkouts, as of eight people: each with a value of its own, so that each apply changes something.
        own = type(tree)(tree.root, tree.bucket, tree.table)
        own.add("a", STORES, inputs=lambda outputs, number=number: {"value": f"from {number}"})
        work = tree.root / f"work{number}"
        runners.append(Runner(own, real_toolchain, embedded.endpoints, work, lock_timeout=300))
    runners[0].bootstrap("dev")
    with ThreadPoolExecutor(APPLIES) as threads:
        results = [result for (result,) in threads.map(lambda runner: runner.apply("dev"), runners)]
    assert [result.error for result in results] == [None] * APPLIES
    assert sorted(result.changes for result in results if result.changes.add) == [Changes(add=1)]
    assert embedded.locks(tree) == []

    key = rendered.remote_state["config"]["key"]
    # Two holders at once would show as two lock files put one after the other.
    turns = [isinstance(one, FakeDeleteMarker) for one in versions(embedded, tree, f"{key}.tflock")]
    assert turns[: 2 * APPLIES] == [False, True] * APPLIES
    assert turns == [False, True] * (len(turns) // 2)
    states = [json.loads(one.value) for one in versions(embedded, tree, key)]
    serials = [state["serial"] for state in states]
    assert serials == sorted(set(serials))
    assert {state["outputs"]["value"]["value"] for state in states} == {f"from {n}" for n in range(APPLIES)}
    assert len({state["lineage"] for state in states}) == 1


def test_an_apply_killed_in_its_middle_leaves_a_lock_that_can_be_released(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    mark, go = tree.root / "mark", tree.root / "go"
    unit = tree.add("a", HANGS % {"mark": mark, "go": go}, inputs=lambda outputs: {"value": "v"})
    place = tree.rendered[unit][0].remote_state
    runner = Runner(tree, real_toolchain, cloud.endpoints, tree.root / "work", lock_timeout=1)
    runner.bootstrap("dev")
    with ThreadPoolExecutor(1) as thread:
        dying = thread.submit(runner.apply, "dev")
        wait_for(mark.exists)
        for pid in terraform_processes(tree.root):
            os.kill(pid, signal.SIGKILL)
        (dead,) = dying.result(60)
    assert dead.state == "failed"
    assert len(cloud.locks(tree)) == 2

    (refused,) = runner.apply("dev")
    assert refused.error is not None
    assert "its state is locked by" in refused.error.message
    assert (refused.error.remedy or "").endswith(f"strata unlock {unit}")

    backend = StateBackend(cloud.endpoints)
    (lock,) = backend.locks(place)
    assert (lock.operation, lock.id in refused.error.message) == ("apply", True)
    # A lock that came since is not released.
    backend.unlock(place, [type(lock)("other", lock.who, lock.operation, lock.since)])
    assert len(cloud.locks(tree)) == 2
    backend.unlock(place, [lock])
    assert (cloud.locks(tree), backend.locks(place)) == ([], [])

    go.touch()
    (applied,) = runner.apply("dev")
    assert applied.error is None
    (planned,) = runner.plan("dev")
    assert (planned.error, planned.changes, dict(planned.actions)) == (None, Changes(), {})


def terraform_processes(folder: Path) -> list[int]:
    """The processes of Terraform itself that work in a folder; its guard and the provisioner are others."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            place = (process / "cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(folder.resolve()) and words[0].endswith(b"terraform"):
            found.append(int(process.name))
    assert found
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
