"""The program of a Spark process, loaded into this one; its Spark is a test's own."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import queue
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
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
    }
    monkeypatch.setattr(sys, "argv", ["driver.py", json.dumps(options)])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(os, "environ", dict(os.environ))
    spec = importlib.util.spec_from_file_location("spark_driver", process._DRIVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def messages(told: tuple[int, int]) -> list[Any]:
    return [json.loads(line) for line in os.read(told[0], 65536).splitlines()]


class Spark:
    """A session whose JVM notes its properties."""

    def __init__(self) -> None:
        self.properties: dict[str, str] = {}
        self.stopped = False
        self._jvm = SimpleNamespace(System=SimpleNamespace(setProperty=self._set))

    def _set(self, name: str, value: str) -> None:
        assert self.stopped, "the warm-up's context still uses the properties"
        self.properties[name] = value

    def stop(self) -> None:
        self.stopped = True


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def test_a_message_is_a_line(driver: Any, told: tuple[int, int]) -> None:
    driver.tell(state="ready", seconds=1)
    driver.tell(state="running")
    assert os.read(told[0], 100) == b'{"state": "ready", "seconds": 1}\n{"state": "running"}\n'


def test_the_job_is_read_and_the_end_of_the_parent_is_the_end(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[Any] = []
    monkeypatch.setattr(driver.os, "killpg", lambda *asked: killed.append(asked))
    source, sink = os.pipe()
    os.write(sink, b'{"name": "job.py"}\n')
    os.close(sink)
    driver.follow_parent(source)
    assert driver.jobs.get_nowait() == {"name": "job.py"}
    assert killed == [(os.getpgrp(), signal.SIGKILL)]


def test_a_job_is_prepared(driver: Any, tmp_path: Path) -> None:
    spark = Spark()
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
    assert driver.prepare(spark, job) == f"{tmp_path}/script/job.py"
    python = tmp_path / "python"
    assert {path.name: path.read_bytes() for path in python.iterdir()} == {
        "own.py": b"x = 1",
        "lib.zip": b"wheel",
        "more.zip": b"zip",
    }
    files = [f"{python}/own.py", f"{python}/lib.zip", f"{python}/more.zip"]
    assert spark.properties == {"spark.a": "1", "spark.submit.pyFiles": ",".join(files)}
    assert sys.path[:4] == [f"{tmp_path}/script", files[2], files[1], str(python)]
    assert sys.argv == [f"{tmp_path}/script/job.py", "--a", "b"]
    assert (tmp_path / "script" / "job.py").read_bytes() == b"print(1)"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "k"
    # The job that the parent sent stays as it is.
    assert job["properties"] == {"spark.a": "1"}


def test_a_job_without_files_sets_none(driver: Any) -> None:
    spark = Spark()
    job = {"script": "", "name": "j.py", "arguments": [], "py_files": {}, "environment": {}, "properties": {}}
    driver.prepare(spark, job)
    assert (spark.properties, spark.stopped) == ({}, True)


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


@pytest.fixture
def pyspark(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The package as the driver imports it; `gateway` is how it reaches the JVM."""
    found = SimpleNamespace(context=type("SparkContext", (), {"_gateway": None}), session=Spark())
    package, sql = ModuleType("pyspark"), ModuleType("pyspark.sql")
    package.SparkContext = found.context  # type: ignore[attr-defined]
    builder = SimpleNamespace(getOrCreate=lambda: found.session)
    sql.SparkSession = SimpleNamespace(builder=builder)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyspark", package)
    monkeypatch.setitem(sys.modules, "pyspark.sql", sql)
    return found


@pytest.mark.parametrize(
    ("code", "death"),
    [
        (None, None),
        (-9, "the Spark JVM was killed by signal 9"),
        (0, "the Spark JVM ended with exit code 0"),
        (1, "the Spark JVM ended with exit code 1"),
    ],
)
def test_the_end_of_a_jvm(driver: Any, pyspark: SimpleNamespace, code: int | None, death: str | None) -> None:
    assert driver.jvm_death(None) is None
    pyspark.context._gateway = SimpleNamespace(proc=SimpleNamespace(poll=lambda: code))
    assert driver.jvm_death("ValueError: no") == death


@pytest.mark.parametrize(
    "reason",
    [
        "py4j.protocol.Py4JError: An error occurred while calling o92.range",
        "py4j.protocol.Py4JNetworkError: Answer from Java side is empty",
    ],
)
def test_the_end_of_a_jvm_is_waited_for(driver: Any, pyspark: SimpleNamespace, reason: str) -> None:
    process = SimpleNamespace(poll=lambda: None, wait=lambda seconds: -9)
    pyspark.context._gateway = SimpleNamespace(proc=process)
    assert driver.jvm_death(reason) == "the Spark JVM was killed by signal 9"
    # An exception of Java's is the job's own.
    assert driver.jvm_death("py4j.protocol.Py4JJavaError: An error occurred") is None


def test_sparks_log_goes_where_standard_error_went(
    driver: Any, pyspark: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[Any] = []
    monkeypatch.setattr(driver.os, "dup2", lambda *ends: moved.append(ends))
    assert driver.start_spark() is pyspark.session
    assert moved == [(1, 2)]


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("rounds", "fault", "reason", "death", "messages_"),
    [
        (2, None, None, None, [("started", None), ("ready", None), ("running", None), ("finished", None)]),
        (2, OSError("S3"), "boom", None,
         [("started", None), ("cold", "OSError: S3"), ("ready", None), ("running", None), ("finished", "boom")]),
        (0, OSError("S3"), None, "it died",
         [("started", None), ("ready", None), ("running", None), ("finished", "it died")]),
        (0, None, "boom", "it died",
         [("started", None), ("ready", None), ("running", None), ("finished", "it died: boom")]),
    ],
)  # fmt: skip
def test_from_the_start_to_the_end(
    driver: Any, told: tuple[int, int], monkeypatch: pytest.MonkeyPatch,
    rounds: int, fault: Exception | None, reason: str | None, death: str | None, messages_: list[Any],
) -> None:  # fmt: skip
    spark, done, followed = Spark(), [], queue.SimpleQueue[int]()

    def warm_up(session: Any, asked: int) -> None:
        done.append((session, asked))
        if fault:
            raise fault

    def end(code: int) -> None:
        done.append(code)
        raise Ended

    def prepare(session: Any, job: Any) -> str:
        assert session is spark
        return f"/script/{job}"

    opened, moved = [], []
    stand_ins: dict[str, Callable[..., Any]] = {
        "start_spark": lambda: spark,
        "warm_up": warm_up,
        "prepare": prepare,
        "mark_output": lambda: done.append("mark"),
        "run": lambda script: done.append(script) or reason,
        "jvm_death": lambda found: death,
        "follow_parent": followed.put,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(driver, name, stand_in)
    monkeypatch.setattr(driver.os, "_exit", end)
    monkeypatch.setattr(driver.os, "dup", lambda end: 77 if end == 0 else None)
    monkeypatch.setattr(driver.os, "open", lambda *place: opened.append(place) or 78)
    monkeypatch.setattr(driver.os, "dup2", lambda *ends: moved.append(ends))
    driver.OPTIONS["warm_up"] = rounds
    driver.jobs.put("job.py")
    with pytest.raises(Ended):
        driver.main()
    monkeypatch.undo()
    assert done == [*([(spark, 2)] if rounds else []), "mark", "/script/job.py", 0]
    assert followed.get(timeout=10) == 77
    # What a script reads is empty, and not the parent's.
    assert (opened, moved) == ([(os.devnull, os.O_RDONLY)], [(78, 0)])
    found = messages(told)
    assert [(message["state"], message.get("error")) for message in found] == messages_
    assert all(0 <= message.get("seconds", 0) < 600 for message in found)


def test_both_streams_say_where_the_job_begins(driver: Any, capfd: pytest.CaptureFixture[str]) -> None:
    os.write(1, b"half a line")
    driver.SPARK_LOG = 2
    driver.mark_output()
    assert capfd.readouterr() == ("half a line\n-- the job --\n", "\n-- the job --\n")


def test_the_libraries_of_glue_come_first(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> Any:
        assert sys.path[0] == "/glue"
        raise Ended

    monkeypatch.setattr(driver, "follow_parent", lambda orders: None)
    monkeypatch.setattr(driver.os, "dup2", lambda *ends: None)
    monkeypatch.setattr(driver, "start_spark", start)
    before = [*sys.path]
    with pytest.raises(Ended):
        driver.main()
    assert sys.path == ["/glue", *before]
