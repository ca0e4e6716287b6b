"""Which session of a checkout lives: a record or a process id alone says nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from strata.checkout.file_lock import held, is_held
from strata.cli.app import run
from strata.errors import StrataError
from strata.platform import session
from strata.platform.session import PlatformSession, Running, end_running, find_running
from tests.endpoints import nowhere

ENDPOINTS = nowhere("111122223333")
# A session as `strata up` holds it, with something else for the cloud.
UP = """
import subprocess, sys, time
from pathlib import Path
from strata.cloud.endpoints import Endpoints
from strata.platform.session import PlatformSession, interruptible

def start(session):
    session.endpoints = Endpoints.model_validate_json(sys.argv[2])
    session._process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, start_new_session=True)
    session._write_record()

PlatformSession._start = start
with interruptible(), PlatformSession(Path(sys.argv[1]), "dev", account_id="111122223333", region="eu-west-1"):
    try:
        print("up", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("stopping", flush=True)
"""


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of ours."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def record(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> Path:
    """The record of a session, with the process id of the stranger."""
    path = tmp_path / ".strata" / "run" / "session.json"
    path.parent.mkdir(parents=True)
    written = {"pid": stranger.pid, "environment": "dev", "endpoints": ENDPOINTS.model_dump()}
    path.write_text(json.dumps(written))
    return path


def test_a_killed_sessions_record_counts_for_nothing(
    tmp_path: Path, record: Path, stranger: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_running(tmp_path) is None
    assert end_running(tmp_path) is False
    assert stranger.poll() is None

    seen = []

    def start(self: PlatformSession) -> None:
        seen.append((record.exists(), is_held(record.with_name("session.lock"))))

    monkeypatch.setattr(PlatformSession, "_start", start)
    with PlatformSession(tmp_path, "dev", account_id="111122223333", region="eu-west-1"):
        assert seen == [(False, True)]
    assert not is_held(record.with_name("session.lock"))


def test_down_ends_a_session_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "terragrunt.hcl").touch()
    monkeypatch.chdir(tmp_path)
    up = [sys.executable, "-c", UP, str(tmp_path), ENDPOINTS.model_dump_json()]
    with subprocess.Popen(up, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert run(["down"]) == 0
        assert process.stdout.read() == "stopping\n"
    assert process.returncode == 0
    assert not (tmp_path / ".strata/run/session.json").exists()
    assert run(["down"]) == 0
    assert capsys.readouterr().out == "stopped\nnot running\n"


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        (True, "a session of this checkout is running already (process {stranger}, environment dev)"),
        (False, "the start of a session of this checkout is locked by process {me}"),
    ],
    ids=["running", "starting"],
)
def test_a_second_session_is_refused(
    tmp_path: Path,
    record: Path,
    stranger: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    recorded: bool,
    message: str,
) -> None:
    monkeypatch.setattr(session, "_LOOK_SECONDS", 0)
    if not recorded:
        record.unlink()
    with held(record.with_name("session.lock"), "a test", 0):
        assert find_running(tmp_path) == (Running(stranger.pid, "dev", ENDPOINTS) if recorded else None)
        with pytest.raises(StrataError) as caught:
            PlatformSession(tmp_path, "dev", account_id="111122223333", region="eu-west-1").__enter__()
    assert caught.value.message == message.format(stranger=stranger.pid, me=os.getpid())
    assert record.exists() is recorded


def test_a_session_ends_with_its_process_and_not_with_its_children(tmp_path: Path) -> None:
    with held(tmp_path / "lock", "a test", 0):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        assert not is_held(tmp_path / "lock")
    finally:
        child.kill()
        child.wait()


# What stands for the cloud's process: it says something of its own first, or nothing at all.
CLOUDS = {
    "a notice first": "print('notice'); print('{\"level\": 1}'); print(sys.argv[1])",
    "slowly": "time.sleep(0.5); print(sys.argv[1])",
}


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cloud_is_waited_for_until_it_says_where_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(session, "_REPORT_SECONDS", 0.1)
    told: list[str] = []
    starting = PlatformSession(tmp_path, "dev", account_id="1", region="x", on_waiting=told.append)
    program = f"import sys, time; {CLOUDS[name]}"
    with subprocess.Popen(
        [sys.executable, "-ISc", program, ENDPOINTS.model_dump_json()], stdout=subprocess.PIPE, text=True
    ) as process:
        assert starting._wait_until_ready(process, tmp_path / "cloud.log") == ENDPOINTS
    if name == "slowly":
        assert told[0].startswith("the embedded cloud is starting for 0 s; see ")


def test_a_cloud_that_ends_before_it_listens_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "cloud.log"
    log.write_text("error: the port is taken\n")
    starting = PlatformSession(tmp_path, "dev", account_id="1", region="x")
    with (
        subprocess.Popen(
            [sys.executable, "-ISc", "print('notice')"], stdout=subprocess.PIPE, text=True
        ) as process,
        pytest.raises(StrataError, match=r"^the port is taken$"),
    ):
        starting._wait_until_ready(process, log)


def test_down_waits_for_a_session_that_takes_long_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(os.getpid(), "dev", ENDPOINTS)
    now = [0.0]
    found = iter([running] * 3000)
    monkeypatch.setattr(session, "find_running", lambda root: next(found, None))
    monkeypatch.setattr(session.os, "kill", lambda pid, number: None)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    told: list[str] = []
    assert end_running(tmp_path, told.append) is True
    assert now[0] > 290
    assert told[:2] == [f"process {os.getpid()} has been stopping for {n} s" for n in (20, 40)]


def test_the_cloud_keeps_as_many_spark_processes_warm_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(command: list[str], **named: object) -> None:
        started.append(command)
        raise OSError("seen")

    monkeypatch.setattr(session.subprocess, "Popen", start)
    with pytest.raises(OSError, match="seen"):
        PlatformSession(tmp_path, "dev", account_id="1", region="x", warm_processes=3).__enter__()
    (command,) = started
    assert command[command.index("--warm-processes") + 1] == "3"
