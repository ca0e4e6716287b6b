"""A Spark process and its driver, for real; PySpark and the JVM are a test's own."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.glue.spark import process as processes
from strata.cloud.aws.glue.spark.process import SparkJob, SparkProcess
from strata.cloud.aws.glue.spark.settings import SparkSettings

from ..conftest import REGION, eventually
from ..whole_server import children

# What the driver uses of PySpark. `calls` is a file in the process's own folder, a call on each line.
PYSPARK = {
    "pyspark/__init__.py": """
import os
from types import SimpleNamespace

def note(call):
    with open(os.path.join(os.environ["HOME"], "calls"), "a") as file:
        print(call, file=file)

class Properties(dict):
    def clone(self):
        note("clone")
        return "copy"

class Names:
    def __init__(self, path=()):
        self.path = path
    def __getattr__(self, name):
        return Names((*self.path, name))
    def __call__(self, *arguments):
        note(" ".join([self.path[-1], *map(str, arguments)]))
        if self.path[-1] == "getProperties":
            return Properties()
        if self.path[-1] == "get" and os.path.exists(os.path.join(os.environ["HOME"], "context")):
            return "a context"

class SparkContext:
    _active_spark_context = None
    _jvm = None
    @classmethod
    def _ensure_initialized(cls):
        note("connect " + os.environ["PYSPARK_GATEWAY_PORT"] + " " + os.environ["PYSPARK_GATEWAY_SECRET"])
        cls._jvm = Names()
        cls._active_spark_context = SimpleNamespace(stop=lambda: note("stop"))
    def _initialize_context(self, jconf):
        raise AssertionError("no job makes one")
""",
    "pyspark/sql/__init__.py": """
from types import SimpleNamespace
SparkSession = SimpleNamespace(builder=SimpleNamespace(getOrCreate=lambda: "session"))
""",
    "pyspark/sql/functions.py": "",
    "pyspark/java_gateway.py": """
import subprocess
from types import SimpleNamespace
def launch_gateway():
    jvm = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    parameters = SimpleNamespace(port=25333, auth_token="secret")
    return SimpleNamespace(gateway_parameters=parameters, proc=jvm, close=lambda: None)
""",
}
SETTLED = [
    "stop", "get", "clearActiveSession", "clearDefaultSession", "closeAll", "setProperties copy", "reconfigure",
]  # fmt: skip
SETTINGS: Any = SparkSettings(SimpleNamespace(home=Path("/java")), Path(), "http://aws", REGION)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SparkProcess]]:
    for name, content in PYSPARK.items():
        (tmp_path / "python" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "python" / name).write_text(content)
    monkeypatch.setattr(processes, "link_libraries", lambda *_, **__: tmp_path / "python")
    made: list[SparkProcess] = []

    def begin(warm_up: str = "", **named: Any) -> SparkProcess:
        if warm_up:
            folder = shutil.copytree(processes._DRIVER.parent, tmp_path / "spark")
            (folder / "warm_up.py").write_text(warm_up)
            monkeypatch.setattr(processes, "_DRIVER", folder / "driver.py")
        settings = replace(SETTINGS, jars=tmp_path)
        made.append(SparkProcess(settings, tmp_path / "own", warm_up=1 if warm_up else 0, **named))
        return made[-1]

    yield begin
    for process in made:
        process.stop()
        assert children(process.pid) == []


def ran(process: SparkProcess, script: str, **more: Any) -> tuple[str | None, list[str], list[str]]:
    """Why the job failed, what it printed, and what came on the way of Spark's log."""
    lines: dict[str, list[str]] = {"output": [], "error": []}
    job = SparkJob(script.encode(), **more)
    return process.run(job, lambda name, line: lines[name].append(line)), lines["output"], lines["error"]


def calls(process: SparkProcess) -> list[str]:
    return (process.folder / "calls").read_text().splitlines()


def test_one_job_after_another(start: Callable[..., SparkProcess]) -> None:
    ready: list[str] = []
    process = start(on_ready=lambda found: ready.append(found.state))
    leaves = (
        "import os, sys, threading, builtins\n"
        "sys.left = builtins.left = os.environ['LEFT'] = 'behind'\n"
        "open('left', 'w').close()\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "print(sys.argv[1:], os.environ['KEY'])\n"
        "raise ValueError('of the first')\n"
    )
    first = ran(process, leaves, arguments=("one",), credentials=KEYS | {"KEY": "k"})
    assert first[0] == "ValueError: of the first"
    assert first[1][:2] == ["['one'] k", "Traceback (most recent call last):"]
    assert process.wait_ready(20)
    assert process.reusable
    looks = (
        "import os, sys, builtins\n"
        "print(hasattr(sys, 'left'), hasattr(builtins, 'left'), os.environ.get('LEFT'), os.environ.get('KEY'))\n"
        "print(os.listdir('.'), sys.argv[1:])\n"
        "print()\n"
    )
    assert ran(process, looks) == (None, ["False False None None", "[] []", ""], [])
    assert process.wait_ready(20)
    assert (process.jobs, process.error, ready) == (2, None, ["ready"] * 3)
    one = ["connect 25333 secret", "getProperties", "clone"]
    keys = [call for call in calls(process) if call.startswith("setProperty ")]
    assert [call for call in calls(process) if call not in keys] == [*one, *SETTLED, *one, *SETTLED]
    assert [key.split()[1] for key in keys] == [
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "spark.hadoop.fs.s3a.access.key",
        "spark.hadoop.fs.s3a.secret.key",
    ]
    # Nothing of a job is left in the process's folder.
    assert not list(process.folder.glob("job-*"))


KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}


def test_many_jobs_keep_their_lines(start: Callable[..., SparkProcess]) -> None:
    process = start()
    for number in range(20):
        script = f"import os\nfor n in range(300): print({number}, n)\nos.write(2, b'to stderr')"
        error, lines, _ = ran(process, script)
        assert (error, lines) == (None, [*(f"{number} {n}" for n in range(300)), "to stderr"])
    assert process.jobs == 20


def test_an_error_longer_than_a_pipe_arrives_whole(start: Callable[..., SparkProcess]) -> None:
    error, _, _ = ran(start(), "raise ValueError('x' * 200_000)")
    assert error == f"ValueError: {'x' * 200_000}"


ENDS = {
    "killed": (
        "import os\nprint('up')\nos.kill(os.getpid(), 9)",
        "the Spark process was killed by signal 9 (SIGKILL)",
    ),
    "terminated": (
        "import os\nprint('up')\nos.kill(os.getpid(), 15)",
        "the Spark process was killed by signal 15 (SIGTERM)",
    ),
    "left": (
        "import os\nprint('up')\nos._exit(3)",
        "the Spark process ended with exit code 3 before the script did",
    ),
    "JVM": (
        "import os, signal\nprint('up')\n"
        "jvm = [p for p in os.listdir('/proc') if p.isdigit() and p != str(os.getpid())\n"
        "       and open(f'/proc/{p}/stat').read().split(') ')[-1].split()[2] == str(os.getpgrp())\n"
        "       and open(f'/proc/{p}/comm').read() == 'cat\\n']\n"
        "os.kill(int(jvm[0]), 9)\n"
        "raise ConnectionRefusedError(111, 'refused')",
        "the Spark JVM was killed by signal 9: ConnectionRefusedError: [Errno 111] refused",
    ),
}


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="Linux only")
@pytest.mark.parametrize("case", ENDS)
def test_a_process_whose_job_ends_it(start: Callable[..., SparkProcess], case: str) -> None:
    script, message = ENDS[case]
    process = start()
    error, lines, _ = ran(process, script)
    assert error == message
    assert lines[0] == "up"
    eventually(lambda: process.state == "ended")
    assert not process.reusable
    assert ran(process, "print('no')")[:2] == (process._death, [])


@pytest.mark.parametrize(
    "script",
    [
        "import subprocess\nsubprocess.Popen(['sleep', '60'])\nprint('up')",
        "import os\nopen(os.path.join(os.environ['HOME'], 'context'), 'w').close()\nprint('up')",
    ],
    ids=["a process", "a SparkContext"],
)
def test_a_job_that_leaves_something_is_the_last(start: Callable[..., SparkProcess], script: str) -> None:
    process = start()
    assert ran(process, script)[:2] == (None, ["up"])
    eventually(lambda: process.state == "ended")
    assert children(process.pid) == []
    assert process.error is None
    assert not process.folder.exists()


def test_a_job_that_is_stopped(start: Callable[..., SparkProcess]) -> None:
    process = start()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ran(process, "import time\ntime.sleep(600)")))
    thread.start()
    eventually(lambda: process.state == "running")
    process.kill("the job run was stopped")
    thread.join(20)
    assert found == [("the job run was stopped", [], [])]
    assert children(process.pid) == []


def test_a_driver_that_is_killed_takes_its_job_along(start: Callable[..., SparkProcess]) -> None:
    process = start()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ran(process, "import time\ntime.sleep(600)")))
    thread.start()
    eventually(lambda: process.state == "running")
    os.kill(process.pid, signal.SIGKILL)
    thread.join(20)
    assert found == [("the Spark process was killed by signal 9 (SIGKILL)", [], [])]
    assert children(process.pid) == []


WARM_UP = """
import time
from pyspark import note
def warm_up(spark, rounds, region, waits):
    note(f"warm {spark} {rounds} {region}")
    until = time.monotonic() + 60
    while not waits() and time.monotonic() < until:
        time.sleep(0.01)
    note("warm")
"""


def test_a_job_that_waits_ends_the_warm_up(start: Callable[..., SparkProcess]) -> None:
    process = start(WARM_UP)
    eventually(lambda: (process.folder / "calls").exists())
    assert ran(process, "print('done')") == (None, ["done"], [])
    assert process.wait_ready(20)
    begun = ["connect 25333 secret", "getProperties", "clone"]
    warm = [*begun, f"warm session 1 {REGION}", "warm", *SETTLED]
    assert calls(process) == [*warm, *begun, *SETTLED]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("raise OSError('S3')", "OSError: S3"),
        ("import os; os._exit(4)", "its process ended with exit code 4"),
    ],
)
def test_a_warm_up_that_fails(
    start: Callable[..., SparkProcess], caplog: pytest.LogCaptureFixture, fault: str, said: str
) -> None:
    process = start(f"def warm_up(*_):\n    {fault}\n")
    assert process.wait_ready(20)
    assert caplog.messages == [f"the warm-up of a Spark process failed: {said}"]
    assert ran(process, "print('done')") == (None, ["done"], [])
