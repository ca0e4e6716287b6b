"""A platform that lasts: the commands of docs/snapshots.md, and what a second start finds."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import pytest

from strata.platform import pipeline
from strata.platform.session import find_running
from tests.checkout_copy import Checkout
from tests.documentation import shell_blocks
from tests.pipeline.conftest import Up, wait_for

# Beside the rest of the folder, with a platform of their own.
pytestmark = [pytest.mark.spark, pytest.mark.terraform, pytest.mark.one_worker("platforms")]
RAW = "strata-raw-dev-111122223333"
REFERENCE = ("airlines", "airports", "planes")


def keys(checkout: Checkout) -> list[str]:
    """The keys of the raw bucket."""
    running = find_running(checkout.folder)
    assert running is not None
    s3 = pipeline.client(running.endpoints, "s3")
    return [item["Key"] for item in s3.list_objects_v2(Bucket=RAW).get("Contents", [])]


def test_a_platform_goes_on_where_it_was_stopped(up: Up, root: Path, tmp_path: Path) -> None:
    # `up` has applied this platform, or found it applied.
    start, undo = shell_blocks(root / "docs/snapshots.md")
    assert start == "strata up --data my-platform\n"
    checkout = Checkout.copy(root, tmp_path / "checkout")
    process = checkout.start(*start.split()[1:], "--warm-processes", "1")
    try:
        said = wait_for(process, "up; stop it")
        assert "no file has changed since the apply of" in said
        assert "live/dev/" not in said
        for name in REFERENCE:
            put = checkout.run("put", f"docs/examples/{name}.csv", "--key", f"reference/{name}.csv")
            assert put.returncode == 0, put.stderr
        counts = []
        for line in undo.splitlines():
            done = checkout.run(*shlex.split(line)[1:])
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            if line.startswith("strata query"):
                counts.append(next(part for part in done.stdout.split() if part.isdigit()))
        assert counts == ["200", "0"]
        assert keys(checkout) == [f"reference/{name}.csv" for name in REFERENCE]
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        assert "saving the platform to my-platform/platform.snapshot" in said

        process = checkout.start("up", "--data", "my-platform", "--warm-processes", "0")
        said = wait_for(process, "up; stop it")
        assert "goes on with my-platform/platform.snapshot" in said
        assert keys(checkout) == [f"reference/{name}.csv" for name in REFERENCE]
        planned = checkout.run("plan", "dev")
        assert (planned.returncode, planned.stdout.splitlines()[-1]) == (
            0,
            "dev: no changes, in 0 of 11 units",
        )
    finally:
        checkout.run("down")
        process.communicate(timeout=120)
    assert checkout.processes() == []
