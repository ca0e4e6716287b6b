"""The program of a Spark process. It runs by its path, with nothing of Strata importable, as a Glue job
would.

Started with one argument, a JSON object: `control` (file descriptor for JSON lines to the parent),
`libraries` (the import path), `folder` (the process's own), `warm_up` (rounds), `region`, `mark` (the line
before and after a job's own on stdout and stderr), `lost_seconds` (how long the end of a JVM that no longer
answers is waited for). It starts the JVM and warms it up, then reads jobs from standard input, a line
each (see `SparkJob` in process.py). Each runs in a fork of this process, which has imported PySpark and
nothing else. What it leaves in the JVM is taken away behind it; its SparkContext may stay for the next job
(kept_context.py).
When standard input ends, the parent is gone: the whole process group is killed, the JVM with it.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import importlib
import importlib.util
import json
import os
import runpy
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any

START = time.monotonic()
OPTIONS: dict[str, Any] = json.loads(sys.argv[1])
SPARK_LOG = os.dup(2)
LOST = ("py4j.protocol.Py4JError", "py4j.protocol.Py4JNetworkError", "ConnectionRefusedError")
# Set in the warm-up's fork when a job waits.
hurry: list[int] = []


def load(name: str) -> Any:
    """Return a module of this folder, which is not on the import path."""
    place = os.path.join(os.path.dirname(__file__), f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"strata_{name}", place)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEPT = load("kept_context")
GROUP = load("process_group")


def tell(**message: Any) -> None:
    """Send one message to the parent."""
    send(OPTIONS["control"], message)


def send(pipe: int, message: Any) -> None:
    """Write a message as a line of JSON."""
    os.write(pipe, (json.dumps(message) + "\n").encode())


class Orders:
    """The jobs that the parent sends. Its end is the end of this process group.

    Args:
        descriptor: of what was standard input.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.jobs: collections.deque[dict[str, Any]] = collections.deque()
        self._rest = b""

    def receive(self) -> None:
        """Wait for what the parent sends, and take it; kill the group when the parent is gone."""
        content = os.read(self.descriptor, 1 << 20)
        if not content:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        *lines, self._rest = (self._rest + content).split(b"\n")
        self.jobs.extend(json.loads(line) for line in lines)

    def next(self) -> dict[str, Any]:
        """Return the next job, waited for."""
        while not self.jobs:
            self.receive()
        return self.jobs.popleft()


class Fork:
    """A fork of this process in which `work` runs; its answers come as they are.

    A job that arrives meanwhile is made known to it by SIGUSR1.

    Args:
        orders: closed in the fork.
        work: gets a function that sends an answer.
    """

    def __init__(self, orders: Orders, work: Callable[[Callable[[Any], None]], None]) -> None:
        self._orders = orders
        self._source, sink = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            code = 1
            try:
                os.close(orders.descriptor)
                work(lambda answer: send(sink, answer))
                code = 0
            except Exception:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(sink)
        self._rest = b""
        self._status: int | None = None

    def answer(self) -> Any:
        """Return the next answer, waited for; None if the fork has ended."""
        while b"\n" not in self._rest:
            # What the fork has started may hold the pipe: its end is asked for, too.
            ready, _, _ = select.select([self._source, self._orders.descriptor], [], [], 0.2)
            if self._orders.descriptor in ready:
                self._orders.receive()
                os.kill(self.pid, signal.SIGUSR1)
            if self._source in ready:
                content = os.read(self._source, 1 << 16)
                if not content:
                    return None
                self._rest += content
            elif self._ended():
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def wait(self) -> int:
        """Wait for its end; return its exit code, negative for a signal."""
        os.close(self._source)
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(self._status)

    def _ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
        return self._status is not None


def start_jvm() -> subprocess.Popen[bytes]:
    """Start the JVM; forks find it by PySpark's own variables.

    What a job writes to stderr goes where its stdout goes. Glue does the same: Spark's own log in one group,
    what the script prints in the other.
    """
    # Once, for all forks.
    importlib.import_module("pyspark.sql.functions")

    gateway = importlib.import_module("pyspark.java_gateway").launch_gateway()
    os.environ["PYSPARK_GATEWAY_PORT"] = str(gateway.gateway_parameters.port)
    os.environ["PYSPARK_GATEWAY_SECRET"] = gateway.gateway_parameters.auth_token
    process: subprocess.Popen[bytes] = gateway.proc
    # A fork makes a connection of its own.
    gateway.close()
    os.dup2(1, 2)
    return process


def connect(jvm_process: subprocess.Popen[bytes]) -> tuple[Any, Any]:
    """Connect this fork to the JVM; return that, and a copy of its properties."""
    from pyspark import SparkContext

    # The JVM ends with its standard input, which is the first process's to hold.
    assert jvm_process.stdin is not None
    jvm_process.stdin.close()
    tempfile.tempdir = None
    SparkContext._ensure_initialized()
    for name in ("PORT", "SECRET"):
        del os.environ[f"PYSPARK_GATEWAY_{name}"]
    jvm: Any = SparkContext._jvm
    return jvm, jvm.System.getProperties().clone()


def settle(jvm: Any, properties: Any, kept: Any) -> Any:
    """Leave the JVM as the next job is to find it: no file system with keys, no settings, no used context.

    Args:
        jvm: of PySpark.
        properties: of the JVM, before the job.
        kept: the job's KeptContext.

    Returns:
        The KeptContext for the next job.
    """
    from pyspark import SparkContext

    if not KEPT.clear(jvm, kept):
        kept = KEPT.KeptContext()
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
        if jvm.org.apache.spark.SparkEnv.get() is not None:
            raise RuntimeError("the job has left a SparkContext")
    jvm.org.apache.spark.sql.SparkSession.clearActiveSession()
    jvm.org.apache.spark.sql.SparkSession.clearDefaultSession()
    jvm.org.apache.hadoop.fs.FileSystem.closeAll()
    jvm.System.setProperties(properties)
    jvm.org.apache.logging.log4j.core.config.Configurator.reconfigure()
    return kept


def prepare(jvm: Any, job: dict[str, Any], folder: str) -> str:
    """Give the job its files, keys and settings, in a folder of its own; return the script's path.

    A SparkConf takes the JVM's system properties that begin with `spark.`.
    """
    properties = dict(job["properties"])
    py_files = []
    for name, content in job["py_files"].items():
        # Spark puts zips on its workers' path, not wheels; a wheel is a zip.
        path = os.path.join(folder, "python", f"{name[:-4]}.zip" if name.endswith(".whl") else name)
        write(path, content)
        py_files.append(path)
        sys.path.insert(0, os.path.dirname(path) if path.endswith(".py") else path)
    if py_files:
        properties["spark.submit.pyFiles"] = ",".join(py_files)
    for name, value in properties.items():
        jvm.System.setProperty(name, value)
    os.environ.update(job["environment"])
    temporary = os.path.join(folder, "tmp")
    os.makedirs(temporary)
    os.chdir(temporary)
    os.environ["TMPDIR"] = temporary
    script = os.path.join(folder, "script", job["name"])
    write(script, job["script"])
    sys.path.insert(0, os.path.dirname(script))
    sys.argv = [script, *job["arguments"]]
    return script


def mark_output() -> None:
    """Write the line that stands before and after a job's own; the parent reads both pipes when it can."""
    for stream in (1, SPARK_LOG):
        os.write(stream, f"\n{OPTIONS['mark']}\n".encode())


def write(path: str, content: str) -> None:
    """Write a file of the job, sent as base64."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(base64.b64decode(content))


def run(script: str) -> str | None:
    """Run the script as `__main__`; return None, or what Glue reports as ErrorMessage."""
    # Line by line, or the log of a killed run would lack its last lines, and the order of the two streams.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        if exit.code not in (None, 0):
            return f"SystemExit: {exit.code}"
    except BaseException as error:
        # Without the frames of this program and of runpy.
        place = error.__traceback__
        while place is not None and place.tb_frame.f_code.co_filename != script:
            place = place.tb_next
        traceback.print_exception(type(error), error, place or error.__traceback__)
        return "".join(traceback.format_exception_only(error)).strip().split("\n\nJVM stacktrace:")[0]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return None


def jvm_death(jvm_process: subprocess.Popen[bytes], reason: str | None) -> str | None:
    """Return how the JVM ended, if it has: a job without its JVM has failed, whatever its script thinks.

    A script that failed because the JVM no longer answers may be ahead of the JVM's end, which is waited for.
    """
    code = jvm_process.poll()
    # A Java exception is a Py4JJavaError; these are of the connection.
    if code is None and (reason or "").startswith(LOST):
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = jvm_process.wait(OPTIONS["lost_seconds"])
    if code is None:
        return None
    return (
        f"the Spark JVM was killed by signal {-code}"
        if code < 0
        else f"the Spark JVM ended with exit code {code}"
    )


def warm(jvm_process: subprocess.Popen[bytes], orders: Orders) -> Any:
    """Warm the JVM up; the parent hears of a failure. Return the KeptContext."""

    def work(answer: Callable[[Any], None]) -> None:
        from pyspark.sql import SparkSession

        jvm, properties = connect(jvm_process)
        kept = KEPT.KeptContext()
        KEPT.offer(jvm, kept, {})
        try:
            session = SparkSession.builder.getOrCreate()
            load("warm_up").warm_up(session, OPTIONS["warm_up"], OPTIONS["region"], lambda: bool(hurry))
        except Exception as error:
            # A job can still run, only slower.
            tell(state="cold", error=f"{type(error).__name__}: {error}")
        answer(dataclasses.asdict(settle(jvm, properties, kept)))

    fork = Fork(orders, work)
    kept = fork.answer()
    if code := fork.wait():
        tell(state="cold", error=f"its process ended with exit code {code}")
    return KEPT.KeptContext(**(kept or {}))


def do(
    job: dict[str, Any], folder: str, jvm_process: subprocess.Popen[bytes], orders: Orders, kept: Any
) -> Any:
    """Run a job; return the KeptContext, or None if the JVM can take no other.

    The parent hears of the script's end before what it leaves is cleared away.
    """

    def work(answer: Callable[[Any], None]) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        jvm, properties = connect(jvm_process)
        script = prepare(jvm, job, folder)
        KEPT.offer(jvm, kept, job["py_files"])
        mark_output()
        tell(state="running")
        reason = run(script)
        mark_output()
        answer({"error": reason})
        # The parent has the job's end already: what follows takes none of the run's time.
        with contextlib.suppress(Exception):
            for stage in load("stages").stages(kept.first_stage, jvm):
                tell(state="stage", stage=stage)
        answer(dataclasses.asdict(settle(jvm, properties, kept)))

    fork = Fork(orders, work)
    ended = fork.answer()
    if ended is None:
        leave(fork.wait())
    reason = ended["error"]
    death = jvm_death(jvm_process, reason)
    if death:
        reason = f"{death}: {reason}" if reason else death
    tell(state="finished", error=reason)
    settled = None if death else fork.answer()
    fork.wait()
    shutil.rmtree(folder, ignore_errors=True)
    if settled is None or GROUP.left_behind({os.getpid(), jvm_process.pid}):
        return None
    return KEPT.KeptContext(**settled)


def leave(code: int) -> None:
    """End as a job's fork did that never said how its script ended."""
    if code < 0:
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def main() -> None:
    """Start, warm up, and run what comes."""
    orders = Orders(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGUSR1, lambda *_: hurry.append(1))
    sys.path[:0] = OPTIONS["libraries"]
    jvm_process = start_jvm()
    tell(state="started", seconds=round(time.monotonic() - START, 3))
    kept = warm(jvm_process, orders) if OPTIONS["warm_up"] else KEPT.KeptContext()
    number = 0
    while True:
        tell(state="ready", seconds=round(time.monotonic() - START, 3))
        number += 1
        folder = os.path.join(OPTIONS["folder"], f"job-{number}")
        kept = do(orders.next(), folder, jvm_process, orders, kept)
        if kept is None:
            os._exit(0)


if __name__ == "__main__":
    main()
