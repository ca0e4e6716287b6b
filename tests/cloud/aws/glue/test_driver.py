"""The program of a Spark process, loaded into this one; its Spark is a test's own."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.glue.spark import process


@pytest.fixture
def driver(told: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    options = {
        "control": told[1],
        "folder": str(tmp_path),
        "libraries": ["/glue"],
        "warm_up": 2,
        "region": "r",
        "mark": "-- the job --",
        "lost_seconds": 5,
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["driver.py", json.dumps(options)])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(os, "environ", dict(os.environ))
    spec = importlib.util.spec_from_file_location("spark_driver", process._DRIVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Jvm:
    """A JVM that notes its properties."""

    def __init__(self) -> None:
        self.properties: dict[str, str] = {}
        self.System = SimpleNamespace(setProperty=self.properties.__setitem__)


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def test_a_message_is_a_line(driver: Any, told: tuple[int, int]) -> None:
    driver.tell(state="ready", seconds=1)
    driver.tell(state="running")
    assert os.read(told[0], 100) == b'{"state": "ready", "seconds": 1}\n{"state": "running"}\n'


def test_jobs_are_read_and_the_end_of_the_parent_is_the_end(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[Any] = []
    monkeypatch.setattr(driver.os, "killpg", lambda *asked: killed.append(asked))
    source, sink = os.pipe()
    orders = driver.Orders(source)
    os.write(sink, b'{"name": "one.py"}\n{"name": "two.py"}\n{"name": ')
    assert (orders.next(), orders.next()) == ({"name": "one.py"}, {"name": "two.py"})
    os.write(sink, b'"three.py"}\n')
    assert orders.next() == {"name": "three.py"}
    os.close(sink)
    assert killed == []
    orders.receive()
    assert killed == [(os.getpgrp(), signal.SIGKILL)]


def test_a_job_is_prepared(driver: Any, tmp_path: Path) -> None:
    jvm, folder = Jvm(), tmp_path / "job-1"
    job = {
        "script": encoded(b"print(1)"),
        "name": "job.py",
        "arguments": ["--a", "b"],
        "py_files": {
            "own.py": encoded(b"x = 1"),
            "lib.whl": encoded(b"wheel"),
            "more.zip": encoded(b"zip"),
        },
        "environment": {"AWS_ACCESS_KEY_ID": "k"},
        "properties": {"spark.a": "1"},
    }
    assert driver.prepare(jvm, job, str(folder)) == f"{folder}/script/job.py"
    python = folder / "python"
    assert {path.name: path.read_bytes() for path in python.iterdir()} == {
        "own.py": b"x = 1",
        "lib.zip": b"wheel",
        "more.zip": b"zip",
    }
    files = [f"{python}/own.py", f"{python}/lib.zip", f"{python}/more.zip"]
    assert jvm.properties == {"spark.a": "1", "spark.submit.pyFiles": ",".join(files)}
    assert sys.path[:4] == [f"{folder}/script", files[2], files[1], str(python)]
    assert sys.argv == [f"{folder}/script/job.py", "--a", "b"]
    assert (folder / "script" / "job.py").read_bytes() == b"print(1)"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "k"
    assert os.environ["TMPDIR"] == os.getcwd() == str(folder / "tmp")
    # The job that the parent sent stays as it is.
    assert job["properties"] == {"spark.a": "1"}


def test_a_job_without_files_sets_none(driver: Any, tmp_path: Path) -> None:
    jvm = Jvm()
    job = {"script": "", "name": "j.py", "arguments": [], "py_files": {}, "environment": {}, "properties": {}}
    driver.prepare(jvm, job, str(tmp_path / "job-1"))
    assert jvm.properties == {}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys\nassert __name__ == '__main__'", None),
        ("import sys\nsys.exit()", None),
        ("import sys\nsys.exit(0)", None),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit('no input')", "SystemExit: no input"),
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise ValueError('a\\n\\nJVM stacktrace:\\njava.lang.X')", "ValueError: a"),
        ("x = (", "SyntaxError: '(' was never closed"),
    ],
)
def test_what_a_script_reports(
    driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str | None
) -> None:
    (tmp_path / "job.py").write_text(script)
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        found = driver.run(str(tmp_path / "job.py"))
        assert out.line_buffering
        assert err.line_buffering
    if found is not None and "SyntaxError" in found:
        found = found.splitlines()[-1]
    assert found == reason


def test_a_traceback_begins_in_the_script(
    driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.py"
    path.write_text("print('printed')\ndef fail():\n    raise ValueError('no')\nfail()\n")
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        driver.run(str(path))
        assert (tmp_path / "out").read_text() == "printed\n"
        lines = (tmp_path / "err").read_text().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    places = [line.strip() for line in lines if line.strip().startswith("File ")]
    assert places == [f'File "{path}", line 4, in <module>', f'File "{path}", line 3, in fail']
    assert lines[-1] == "ValueError: no"


@pytest.mark.parametrize(
    ("code", "death"),
    [
        (None, None),
        (-9, "the Spark JVM was killed by signal 9"),
        (0, "the Spark JVM ended with exit code 0"),
        (1, "the Spark JVM ended with exit code 1"),
    ],
)
def test_the_end_of_a_jvm(driver: Any, code: int | None, death: str | None) -> None:
    assert driver.jvm_death(SimpleNamespace(poll=lambda: code), "ValueError: no") == death
    assert driver.jvm_death(SimpleNamespace(poll=lambda: code), None) == death


@pytest.mark.parametrize(
    "reason",
    [
        "py4j.protocol.Py4JError: An error occurred while calling o92.range",
        "py4j.protocol.Py4JNetworkError: Answer from Java side is empty",
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ],
)
def test_the_end_of_a_jvm_is_waited_for(driver: Any, reason: str) -> None:
    waited: list[float] = []
    process = SimpleNamespace(poll=lambda: None, wait=lambda seconds: waited.append(seconds) or -9)
    assert driver.jvm_death(process, reason) == "the Spark JVM was killed by signal 9"
    assert waited == [5]
    # An exception of Java's is the job's own.
    assert driver.jvm_death(process, "py4j.protocol.Py4JJavaError: An error occurred") is None


def test_both_streams_say_where_a_job_begins(driver: Any, capfd: pytest.CaptureFixture[str]) -> None:
    os.write(1, b"half a line")
    driver.SPARK_LOG = 2
    driver.mark_output()
    assert capfd.readouterr() == ("half a line\n-- the job --\n", "\n-- the job --\n")


@pytest.mark.parametrize(
    ("stat", "left"),
    [
        ("{pid} (sleep) S 1 {group} {group} 0", True),
        ("{pid} (a) b) R 1 {group} {group} 0", True),
        ("{pid} (sleep) Z 1 {group} {group} 0", False),
        ("{pid} (sleep) S 1 77 77 0", False),
        ("{known} (java) S 1 {group} {group} 0", False),
    ],
)
def test_what_a_job_has_left_behind(
    driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stat: str, left: bool
) -> None:
    text = stat.format(pid=4_000_001, known=4_000_002, group=os.getpgrp())
    (tmp_path / "stat").write_text(text)
    found = [str(tmp_path / "stat"), str(tmp_path / "gone")]
    monkeypatch.setattr(driver.GROUP.glob, "glob", lambda pattern: found)
    monkeypatch.setattr(os.path, "isdir", lambda place: True)
    assert driver.GROUP.left_behind({4_000_002}) is left


def test_what_a_job_has_left_behind_where_there_is_no_proc(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = f"  4000001 {os.getpgrp()} Ss+\n  4000002 {os.getpgrp()} S\n    7     7 Z\n"
    monkeypatch.setattr(os.path, "isdir", lambda place: False)
    monkeypatch.setattr(driver.GROUP.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=shown))
    assert driver.GROUP.left_behind({4_000_002})
    assert not driver.GROUP.left_behind({4_000_001, 4_000_002})


class Stage:
    """A stage as Spark's store knows it; it took a second and a half, or has not ended."""

    def __init__(
        self, number: int, status: str = "COMPLETE", *, ended: bool = True, name: str = "count"
    ) -> None:
        facts = {
            "stageId": number,
            "name": name,
            "numTasks": 4,
            "numFailedTasks": 1,
            "inputRecords": 10,
            "shuffleReadRecords": 5,
            "outputRecords": 200,
            "shuffleWriteRecords": 30,
            "status": SimpleNamespace(toString=lambda: status),
            "submissionTime": self._time(1_000),
            "completionTime": self._time(2_500 if ended else None),
        }
        for fact, value in facts.items():
            setattr(self, fact, lambda value=value: value)

    @staticmethod
    def _time(moment: int | None) -> Any:
        date = SimpleNamespace(getTime=lambda: moment)
        return SimpleNamespace(isDefined=lambda: moment is not None, get=lambda: date)


def stages_told(
    driver: Any,
    told: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    newest_first: list[Stage] | None,
    first: int = 0,
) -> list[Any]:
    """What is reported of the stages of a job; None: its script has stopped the context."""
    asked: list[Any] = []
    context = None
    if newest_first is not None:
        found = SimpleNamespace(size=lambda: len(newest_first), apply=newest_first.__getitem__)
        store = SimpleNamespace(stageList=lambda *filters: asked.append(filters) or found)
        spark = SimpleNamespace(
            listenerBus=lambda: SimpleNamespace(waitUntilEmpty=lambda: asked.append("waited")),
            statusStore=lambda: store,
        )
        context = SimpleNamespace(
            _jsc=SimpleNamespace(sc=lambda: spark), _gateway=SimpleNamespace(new_array=lambda *of: of)
        )
    pyspark = SimpleNamespace(SparkContext=SimpleNamespace(_active_spark_context=context))
    monkeypatch.setitem(sys.modules, "pyspark", pyspark)
    for stage in driver.load("stages").stages(first, SimpleNamespace(double="double")):
        driver.tell(state="stage", stage=stage)
    if newest_first is not None:
        # All of them, without details, once the last event was taken; no quantiles are asked for.
        assert asked == ["waited", (None, False, False, ("double", 0), None)]
    driver.tell(state="end")
    *messages, end = [json.loads(line) for line in os.read(told[0], 1 << 16).splitlines()]
    assert end == {"state": "end"}
    assert all(message["state"] == "stage" for message in messages)
    return [message["stage"] for message in messages]


def test_the_stages_of_a_job_are_told_in_their_order(
    driver: Any, told: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [
        Stage(3, "ACTIVE", ended=False),
        Stage(2, "SKIPPED"),
        Stage(1, "FAILED", name="n" * 300),
        Stage(0),
    ]
    first, failed, active = stages_told(driver, told, monkeypatch, stages)
    assert first == {
        "id": 0,
        "name": "count",
        "status": "COMPLETE",
        "tasks": 4,
        "failed_tasks": 1,
        "seconds": 1.5,
        "records_read": 15,
        "records_written": 230,
    }
    assert (failed["id"], failed["status"], failed["name"]) == (1, "FAILED", "n" * 200)
    assert (active["id"], active["status"], active["seconds"]) == (3, "ACTIVE", None)


def test_of_a_context_that_had_other_jobs_the_jobs_own_stages_are_told(
    driver: Any, told: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [Stage(number) for number in (9, 8, 7, 6)]
    found = stages_told(driver, told, monkeypatch, stages, first=8)
    assert [stage["id"] for stage in found] == [0, 1]


def test_of_many_stages_the_last_hundred_are_told(
    driver: Any, told: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [Stage(number) for number in range(102, -1, -1)]
    found = stages_told(driver, told, monkeypatch, stages)
    assert [stage["id"] for stage in found] == list(range(3, 103))


def test_a_context_that_is_stopped_has_no_stages(
    driver: Any, told: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stages_told(driver, told, monkeypatch, None) == []
    assert stages_told(driver, told, monkeypatch, []) == []
