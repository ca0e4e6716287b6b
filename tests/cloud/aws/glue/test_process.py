"""A Spark process as its parent sees it; a small program plays the driver."""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.glue.spark import process as processes
from strata.cloud.aws.glue.spark.process import SparkJob, SparkProcess, run_script
from strata.cloud.aws.glue.spark.settings import SparkSettings

from ..conftest import REGION, eventually
from ..whole_server import children

# Follows the script's lines: each is a word and what it is about.
DRIVER = """
import base64, json, os, subprocess, sys, time
options = json.loads(sys.argv[1])
def tell(**message):
    os.write(options["control"], (json.dumps(message) + "\\n").encode())
def mark():
    for stream in (1, 2):
        os.write(stream, ("\\n" + options["mark"] + "\\n").encode())
def follow(lines):
    for line in lines.splitlines():
        word, _, rest = line.partition(" ")
        if word == "tell":
            if '"finished"' in rest:
                mark()
            tell(**json.loads(rest))
        elif word == "print":
            print(rest, flush=True)
        elif word == "log":
            print(rest, file=sys.stderr, flush=True)
        elif word == "exit":
            os._exit(int(rest))
        elif word == "options":
            shown = [os.getcwd(), sys.flags.isolated, sys.flags.no_site, dict(os.environ), options]
            print(json.dumps(shown), flush=True)
        elif word == "spawn":
            subprocess.Popen(["sleep", "60"])
        elif word == "sleep":
            time.sleep(60)
        elif word == "job":
            print(json.dumps(job), flush=True)
        elif word == "wait":
            while not os.path.exists(os.path.join(options["folder"], "..", rest)):
                time.sleep(0.01)
        elif word == "next":
            further = json.loads(sys.stdin.readline())
            mark()
            follow(base64.b64decode(further["script"]).decode())
follow(open(os.path.join(options["folder"], "..", "before")).read())
job = json.loads(sys.stdin.readline())
mark()
follow(base64.b64decode(job["script"]).decode())
"""
READY = 'tell {"state": "ready"}'
FINISHED = 'tell {"state": "finished", "error": null}'
SETTINGS: Any = SparkSettings(SimpleNamespace(home=Path("/java")), Path(), "http://aws", REGION)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SparkProcess]]:
    (tmp_path / "driver.py").write_text(DRIVER)
    monkeypatch.setattr(processes, "_DRIVER", tmp_path / "driver.py")

    def link(folder: Path, names: Any, *, optional: Any) -> Path:
        assert (names, optional) == (("pyspark", "boto3"), ("pandas", "pyarrow", "numpy"))
        return folder

    monkeypatch.setattr(processes, "link_libraries", link)
    made: list[SparkProcess] = []

    def begin(*before: str, **named: Any) -> SparkProcess:
        (tmp_path / "before").write_text("\n".join(before))
        made.append(SparkProcess(replace(SETTINGS, jars=tmp_path), tmp_path / "own", **named))
        return made[-1]

    yield begin
    for process in made:
        process.stop()
        assert children(process.pid) == []


def script(*lines: str) -> SparkJob:
    return SparkJob("\n".join(lines).encode())


def ran(process: SparkProcess, job: SparkJob) -> tuple[str | None, list[str], list[str]]:
    """Why the job failed, what it printed, and what was logged."""
    lines: dict[str, list[str]] = {"output": [], "error": []}
    return process.run(job, lambda name, line: lines[name].append(line)), lines["output"], lines["error"]


def test_a_job_as_the_driver_reads_it() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    job = SparkJob(b"\xff", "job.py", ("--a", "b"), {"m.py": b"x = 1"}, keys, {"spark.a": "1", "spark.hadoop.fs.s3a.access.key": "own"})  # fmt: skip
    assert job.message() == {
        "script": "/w==",
        "name": "job.py",
        "arguments": ["--a", "b"],
        "py_files": {"m.py": "eCA9IDE="},
        "environment": keys,
        "properties": {
            "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            "spark.hadoop.fs.s3a.access.key": "own",
            "spark.hadoop.fs.s3a.secret.key": "s",
            "spark.a": "1",
        },
    }
    assert SparkJob(b"").message() == {
        "script": "", "name": "script.py", "arguments": [], "py_files": {}, "environment": {}, "properties": {},
    }  # fmt: skip


def test_a_job_runs_in_a_warm_process(start: Callable[..., SparkProcess], tmp_path: Path) -> None:
    ready: list[str] = []
    process = start(*["log early"] * 2000, READY, on_ready=lambda found: ready.append(found.state))
    assert process.wait_ready(20)
    assert (process.state, ready, process.error) == ("ready", ["ready"], None)
    assert (tmp_path / "own" / "conf" / "spark-defaults.conf").exists()
    running = threading.Event()
    own = 'tell {"state": "running"}'
    seen: list[Any] = []

    def listen(name: str, line: str) -> None:
        seen.append((name, line))
        if line == "in":
            running.set()

    thread = threading.Thread(target=lambda: seen.append(process.run(script(own, "print in", "log out\r", "print é\xff", FINISHED, "sleep"), listen)))  # fmt: skip
    thread.start()
    assert running.wait(20)
    eventually(lambda: process.state in ("running", "settling"))
    thread.join(20)
    # What came before the job is not the job's, however late it is read.
    assert sorted(map(str, seen)) == sorted(
        map(str, [("output", "in"), ("error", "out"), ("output", "éÿ"), None])
    )
    assert (process.state, process.error, process.reusable, ready) == ("settling", None, True, ["ready"])
    assert not process.wait_ready(0)
    process.stop()
    assert (process.state, process.error, process.reusable, ready) == (
        "ended",
        None,
        False,
        ["ready", "ended"],
    )
    assert not (tmp_path / "own").exists()


def test_a_process_knows_its_settings_and_nothing_else(
    start: Callable[..., SparkProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    process = start("options", READY, warm_up=3)
    assert process.wait_ready(20)
    eventually(lambda: process._early)
    folder = tmp_path / "own"
    place, isolated, no_site, environment, options = json.loads(process._early[0])
    assert (place, isolated, no_site) == (str(folder / "tmp"), 1, 1)
    assert "AWS_PROFILE" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["SPARK_CONF_DIR"] == f"{tmp_path}/empty"
    assert isinstance(options.pop("control"), int)
    assert options == {
        "folder": str(folder),
        "libraries": [str(folder / "libraries")],
        "warm_up": 3,
        "region": REGION,
        "mark": process._mark,
        "lost_seconds": 5,
    }


def test_rounds_of_warm_up_by_default(start: Callable[..., SparkProcess]) -> None:
    process = start("options", READY)
    assert process.wait_ready(20)
    eventually(lambda: process._early)
    assert json.loads(process._early[0])[4]["warm_up"] == 2
    assert not process._background


def test_the_whole_job_arrives(start: Callable[..., SparkProcess]) -> None:
    process = start(READY)
    lines: list[str] = []
    seconds, error = run_script(
        f"job\n{FINISHED}".encode(), ("--a", "b"), process, py_files={"m.py": b"1"},
        credentials={"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"},
        on_line=lambda name, line: lines.append(line),
    )  # fmt: skip
    assert error is None
    assert 0 < seconds < 20
    (line,) = lines
    job = json.loads(line)
    assert (job["name"], job["arguments"], job["py_files"]) == ("script.py", ["--a", "b"], {"m.py": "MQ=="})
    assert job["environment"] == {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    assert base64.b64decode(job["script"]).decode() == f"job\n{FINISHED}"


def test_lines_without_a_word_and_stages_are_told(start: Callable[..., SparkProcess]) -> None:
    process, seen, stages = start(READY), [], []
    job = script(
        "print ",
        "print one",
        "print ",
        "print ",
        "print two",
        "print ",
        'tell {"state": "stage", "stage": {"id": 7}}',
        FINISHED,
    )
    assert process.run(job, lambda name, line: seen.append(line), stages.append) is None
    # The line's end before a mark is the mark's own.
    assert (seen, stages) == (["", "one", "", "", "two", ""], [{"id": 7}])


def test_stages_that_are_told_late_are_of_their_own_job(
    start: Callable[..., SparkProcess], tmp_path: Path
) -> None:
    process = start(READY)
    first: list[Any] = []
    second: list[Any] = []
    late = script(FINISHED, "wait told", 'tell {"state": "stage", "stage": {"id": 1}}', READY, "next")
    assert process.run(late, on_stage=first.append) is None
    job = script('tell {"state": "stage", "stage": {"id": 2}}', FINISHED)
    thread = threading.Thread(target=lambda: process.run(job, on_stage=second.append))
    thread.start()
    time.sleep(0.05)
    (tmp_path / "told").touch()
    thread.join(20)
    assert (first, second) == ([{"id": 1}], [{"id": 2}])


def test_a_script_is_read_from_its_file(start: Callable[..., SparkProcess], tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text('tell {"state": "finished", "error": "ValueError: no"}')
    assert run_script(tmp_path / "job.py", (), start(READY))[1] == "ValueError: no"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (['tell {"state": "finished", "error": "boom"}', "sleep"], "boom"),
        (["print last", "exit 3"], "the Spark process ended with exit code 3 before the script did"),
        (["exit 0"], "the Spark process ended with exit code 0 before the script did"),
    ],
)
def test_a_job_fails(start: Callable[..., SparkProcess], lines: list[str], error: str) -> None:
    process = start(READY)
    assert ran(process, script(*lines)) == (error, ["last"] if lines[0] == "print last" else [], [])
    assert process.error == error


def test_a_process_that_is_killed_by_somebody_says_so(start: Callable[..., SparkProcess]) -> None:
    process = start(READY)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ran(process, script("spawn", "print up", "sleep"))))
    thread.start()
    eventually(lambda: len(children(process.pid)) == 2)
    os.kill(process.pid, signal.SIGTERM)
    # What it has started ends with it, though that holds its pipes.
    thread.join(20)
    assert not thread.is_alive()
    assert found[0][0] == "the Spark process was killed by signal 15 (SIGTERM)"
    assert children(process.pid) == []


@pytest.mark.parametrize("ends", [FINISHED, "exit 0"])
def test_what_a_job_has_started_ends_with_it(start: Callable[..., SparkProcess], ends: str) -> None:
    process = start(READY)
    begun = time.monotonic()
    ran(process, script("spawn", ends))
    eventually(lambda: process.state == "ended")
    # Not after the ten seconds that its output has.
    assert time.monotonic() - begun < 9
    assert children(process.pid) == []


def test_the_first_reason_of_a_kill_counts(start: Callable[..., SparkProcess], tmp_path: Path) -> None:
    process = start(READY)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ran(process, script("print up", "sleep"))))
    thread.start()
    assert process.wait_ready(20)
    process.kill("the job run was stopped")
    process.stop()
    thread.join(20)
    assert found[0][0] == process.error == "the job run was stopped"
    assert process.state == "ended"
    process.kill("again")
    process.stop()


def test_a_stop_says_so(start: Callable[..., SparkProcess]) -> None:
    process = start(READY)
    process.stop()
    assert (process.state, process.error) == ("ended", "the Spark process was stopped")
    assert not process.wait_ready(0)


def test_a_process_that_dies_before_its_job_shows_what_it_said(start: Callable[..., SparkProcess]) -> None:
    ready: list[Any] = []
    process = start("log one", "print two", "exit 1", on_ready=lambda found: ready.append(found.error))
    assert not process.wait_ready(20)
    error = "the Spark process ended with exit code 1 before the script did"
    assert ready == [error]
    found = ran(process, script(FINISHED))
    assert (found[0], found[1], sorted(found[2])) == (error, [], ["one", "two"])


def test_the_wait_has_a_limit(start: Callable[..., SparkProcess]) -> None:
    process = start("sleep")
    assert not process.wait_ready(0.01)
    assert process.state == "starting"


def test_a_failed_warm_up_is_told(
    start: Callable[..., SparkProcess], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger=processes.__name__):
        process = start(
            'tell {"state": "started", "seconds": 1}', 'tell {"state": "cold", "error": "OSError: S3"}', READY
        )
        assert process.wait_ready(20)
    assert caplog.messages == ["the warm-up of a Spark process failed: OSError: S3"]


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="Linux only")
@pytest.mark.parametrize("background", [True, False])
def test_a_process_gives_way_until_its_job_comes(
    start: Callable[..., SparkProcess], background: bool
) -> None:
    process = start("spawn", READY, background=background)
    assert process.wait_ready(20)
    idle = os.SCHED_IDLE if background else os.SCHED_OTHER
    group = processes._group(process.pid)
    assert len(group) == 2
    assert process.pid in group
    assert [os.sched_getscheduler(pid) for pid in group] == [idle, idle]
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ran(process, script("sleep"))))
    thread.start()
    eventually(lambda: [os.sched_getscheduler(pid) for pid in group] == [os.SCHED_OTHER] * 2)
    process.stop()
    thread.join(20)


def test_a_process_that_is_gone_has_no_policy(start: Callable[..., SparkProcess]) -> None:
    process = start(READY)
    process.stop()
    assert processes._group(process.pid) == []
    assert not processes._schedule(process.pid, "SCHED_OTHER")
    assert not processes._schedule(os.getpid(), "SCHED_UNHEARD_OF")


def test_no_pipe_is_left_where_no_process_starts(
    start: Callable[..., SparkProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any, **named: Any) -> Any:
        raise OSError("no memory")

    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    monkeypatch.setattr(processes.subprocess, "Popen", broken)
    with pytest.raises(OSError, match="no memory"):
        start(READY)
    assert before == (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0)


def test_processes_that_end_while_they_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "1": None,
        "2": "",
        "3": "3 (odd) S",
        "4": "4 (a) b) S 1 77 77 0",
        "5": "5 (c) S 1 78 78 0",
        "6": "6 (d) S 1 x 0",
    }
    for number, text in texts.items():
        (tmp_path / number / "task" / f"{number}0").mkdir(parents=True)
        if text is not None:
            (tmp_path / number / "stat").write_text(text)
    found = [tmp_path / number / "stat" for number in texts]
    monkeypatch.setattr(processes, "Path", lambda place: SimpleNamespace(glob=lambda pattern: found))
    assert processes._group(77) == [40]


def test_its_threads_do_not_keep_the_interpreter(start: Callable[..., SparkProcess]) -> None:
    process = start(READY)
    assert all(thread.daemon for thread in (*process._readers, process._watcher))
