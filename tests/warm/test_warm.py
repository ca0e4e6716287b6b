"""A command in a fork of the warm process is a process as any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there, commands are programs")

# A module that shows what it is given, or waits; found by PYTHONPATH in no process but the warm one.
SHOWS = "tests.warm.shows"
# Else Python sets one itself.
PLAIN = {"LC_ALL": "C.UTF-8"}


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    given = {"capture_output": True, "text": True, "check": False, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run(warm.command(SHOWS, *arguments), **given)  # type: ignore[call-overload, no-any-return]


def test_it_has_its_clients_arguments_environment_folder_and_streams(tmp_path: Path) -> None:
    done = run("0", "a b", "ä", cwd=tmp_path, env={"ONLY": "this", **PLAIN}, stdin=None, input="given\n")
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (
        0,
        [str(["0", "a b", "ä"]), str({"ONLY": "this", **PLAIN}), str(tmp_path), "given"],
        "to stderr\n",
    )


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_it_ends_with_its_own_code(code: int) -> None:
    assert run(str(code)).returncode == code


def test_what_one_command_does_to_its_process_no_other_sees(tmp_path: Path) -> None:
    first = run("0", cwd=tmp_path, env={"SET": "x", **PLAIN})
    second = run("0", cwd="/", env=PLAIN)
    assert str(tmp_path) in first.stdout
    assert second.stdout.splitlines()[1:3] == [str(PLAIN), "/"]


def test_a_fault_of_its_own_is_a_traceback_and_one() -> None:
    done = run("raise")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "ValueError: raise")


def test_it_dies_with_its_client(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    client = subprocess.Popen(warm.command(SHOWS, "wait", str(file)))
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client.send_signal(signal.SIGKILL)
    client.wait()
    while _runs(int(file.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_that_is_killed_does_not_succeed(tmp_path: Path) -> None:
    assert run("kill").returncode != 0


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
