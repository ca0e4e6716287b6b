"""One platform for the whole area: `strata up` in a copy of the checkout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.checkout.file_lock import held
from strata.cloud.endpoints import Endpoints
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.platform.session import find_running
from strata.platform.workspace import Workspace
from tests.checkout_copy import Checkout

# Its tests share a platform.
pytestmark = pytest.mark.one_worker("pipeline")

UP_SECONDS = 600.0
# An object with 200 good rows that every test finds there.
FIRST = "flights/first.csv"


@dataclass(frozen=True)
class Up:
    """A platform that is up."""

    checkout: Checkout
    endpoints: Endpoints
    names: Platform

    def client(self, service: str) -> Any:
        return pipeline.client(self.endpoints, service)

    def json(self, *arguments: str) -> Any:
        """A command's JSON document; the command must succeed."""
        result = self.checkout.run(*arguments, "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query by `strata query`."""
        rows = self.json("query", sql)
        assert isinstance(rows, list)
        return rows


def wait_for(process: subprocess.Popen[str], text: str, seconds: float = UP_SECONDS) -> str:
    """Read the process's output until a line holds the text; return all of it.

    The process is killed if that takes longer, so that one that says nothing ends the test too.
    """
    assert process.stdout is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    seen = ""
    try:
        for line in process.stdout:
            seen += line
            if text in line:
                return seen
    finally:
        timer.cancel()
    raise AssertionError(f"ended with {process.wait()} before {text!r}:\n{seen}")


def run_ids(glue: Any, state: str | None = None) -> list[str]:
    """The runs of the job clean, in one state or in any."""
    runs = glue.get_job_runs(JobName="strata-clean-dev")["JobRuns"]
    return [str(run["Id"]) for run in runs if state in (None, run["JobRunState"])]


def wait_for_run(up: Up, known: set[str]) -> str:
    """Wait until a run that is not among the known ones goes on; return its id."""
    glue = up.client("glue")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        for run in run_ids(glue, "RUNNING"):
            if run not in known:
                return run
        time.sleep(0.3)
    raise AssertionError("no run started")


@pytest.fixture(scope="session")
def starting(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[object]]:
    """Held while a platform starts: what one worker applies is kept, and another's start loads it."""
    lock = tmp_path_factory.getbasetemp().parent / "platform.lock"
    return lambda: held(lock, "the start of a platform", UP_SECONDS)


@pytest.fixture(scope="session")
def up(
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    starting: Callable[[], AbstractContextManager[object]],
) -> Iterator[Up]:
    """`strata up` of dev, with the reference data and one good file in place; ended by Ctrl-C, nothing left."""
    checkout = Checkout.copy(root, tmp_path_factory.mktemp("platform") / "checkout")
    lock = ExitStack()
    lock.enter_context(starting())
    # Its tests put one file after the other.
    process = checkout.start("up", "--warm-processes", "1")
    try:
        wait_for(process, "up; stop it")
        lock.close()
        running = find_running(checkout.folder)
        assert running is not None
        names = Workspace(checkout.folder, "dev", running.endpoints).platform()
        platform = Up(checkout, running.endpoints, names)
        for name in ("airlines", "airports", "planes"):
            path = f"docs/examples/{name}.csv"
            platform.json("put", path, "--key", f"reference/{name}.csv")
        first = platform.json("put", "docs/examples/flights.csv", "--key", FIRST)
        assert first["status"] == "SUCCEEDED"
        yield platform
        # Ctrl-C comes in the middle of a Spark job, which a `put` follows.
        runs = set(run_ids(platform.client("glue")))
        put = checkout.start("put", "docs/examples/flights.csv", "--key", "flights/last.csv")
        wait_for_run(platform, runs)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
        said, _ = put.communicate(timeout=60)
        assert (put.returncode, "Traceback" in said) == (1, False), said
        assert any(line.startswith("error: ") for line in said.splitlines()), said
        assert checkout.processes() == []
    finally:
        lock.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
