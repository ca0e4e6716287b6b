"""One Spark process: a Python driver with its JVM, in a process group of its own: one job after another."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from strata.cloud.aws.glue.spark.settings import SparkSettings, session_properties
from strata.cloud.aws.lambda_.runtime.libraries import link_libraries

_log = logging.getLogger(__name__)
_DRIVER = Path(__file__).with_name("driver.py")
# What Glue 5 carries and we have:
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html
_GLUE_LIBRARIES = ("pyspark", "boto3")
_GLUE_OPTIONAL = ("pandas", "pyarrow", "numpy")

# settling: a job has ended, and what it leaves is cleared away.
State = Literal["starting", "ready", "running", "settling", "ended"]
Stream = Literal["output", "error"]
OnLine = Callable[[Stream, str], None]
OnStage = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class SparkJob:
    """What a Spark process runs: a script's bytes, and all that the script sees.

    Args:
        script: the script.
        name: its file name.
        arguments: `sys.argv[1:]`.
        py_files: modules (.py), zips and wheels by file name, put on the import path of driver and workers.
        credentials: the AWS_* variables of the role it runs as, for boto3 and for S3A; empty: the process's
        own. properties: Spark settings (`--conf`).
    """

    script: bytes
    name: str = "script.py"
    arguments: tuple[str, ...] = ()
    py_files: Mapping[str, bytes] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def message(self) -> dict[str, Any]:
        """Return the job as the driver reads it."""
        keys = session_properties(self.credentials) if self.credentials else {}
        return {
            "script": base64.b64encode(self.script).decode(),
            "name": self.name,
            "arguments": list(self.arguments),
            "py_files": {name: base64.b64encode(content).decode() for name, content in self.py_files.items()},
            "environment": dict(self.credentials),
            "properties": {**keys, **self.properties},
        }


class SparkProcess:
    """A process that warms up and runs jobs, one at a time.

    Args:
        settings: Java, jars, S3.
        folder: the process's own folder; made here, removed when the process has ended.
        warm_up: rounds of warm-up before it is ready; 0 for none.
        background: give way to everything else on this machine until the job comes (Linux).
        on_ready: called from another thread when it is ready, at first and after a job, or has ended instead.

    Attributes:
        jobs: how many jobs it was given.
    """

    def __init__(
        self,
        settings: SparkSettings,
        folder: Path,
        *,
        warm_up: int = 2,
        background: bool = False,
        on_ready: Callable[[SparkProcess], None] = lambda process: None,
    ) -> None:
        self.folder = folder
        self.state: State = "starting"
        self.error: str | None = None
        self.jobs = 0
        self._begun = self._over = False
        self._marks: dict[Stream, int] = {"output": 0, "error": 0}
        self._killed = self._death = ""
        self._on_ready = on_ready
        self._on_line: OnLine
        self._on_stage: OnStage
        self._mark = uuid.uuid4().hex
        self._early: deque[str] = deque(maxlen=50)
        self._changed = threading.Condition()
        for name in ("tmp", "conf"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        settings.write(folder / "conf")
        libraries = link_libraries(folder / "libraries", _GLUE_LIBRARIES, optional=_GLUE_OPTIONAL)
        control, control_end = os.pipe()
        options = {
            "control": control_end,
            "folder": str(folder),
            "libraries": [str(libraries)],
            "warm_up": warm_up,
            "region": settings.region,
            "mark": self._mark,
            # A JVM that writes an archive takes its time.
            "lost_seconds": 600 if settings.archive_at_exit else 5,
        }
        try:
            # -I and -S: no user site, no site-packages, no PYTHON* variables; the driver adds what Glue has.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_DRIVER), json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder / "tmp",
                env=settings.environment(folder),
                pass_fds=(control_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(control)
            raise
        finally:
            os.close(control_end)
        self._background = background and _schedule(self._process.pid, "SCHED_IDLE")
        self._readers = [
            threading.Thread(target=self._read_lines, args=(name, stream), daemon=True)
            for name, stream in (("output", self._process.stdout), ("error", self._process.stderr))
        ]
        self._watcher = threading.Thread(target=self._watch, args=(os.fdopen(control, "r"),), daemon=True)
        for thread in (*self._readers, self._watcher):
            thread.start()

    @property
    def pid(self) -> int:
        """The driver's process id, which is also the process group's."""
        return self._process.pid

    @property
    def reusable(self) -> bool:
        """Whether it is, or will soon be, ready for a further job."""
        return self.state in ("settling", "ready") and not self._killed

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Wait until the process is ready; return False if it has ended or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self.state not in ("starting", "settling"), timeout)
            return self.state in ("ready", "running")

    def run(
        self,
        job: SparkJob,
        on_line: OnLine = lambda stream, line: None,
        on_stage: OnStage = lambda stage: None,
    ) -> str | None:
        """Run the job now, ending an unfinished warm-up; return None, or why it failed.

        `on_line` gets each line that the job prints ("output") or Spark logs ("error"), from other threads;
        of a job that never began, what the process last wrote ("error"). `on_stage` gets the facts of each
        stage that Spark ran for it, soon after the job's end.
        """
        with self._changed:
            # The stages of the job before are still told.
            self._changed.wait_for(lambda: self.state != "settling")
            self.jobs += 1
            self._on_line, self._begun, self._over = on_line, False, False
            self._on_stage = on_stage
        if self._background:
            self._background = False
            # Twice: a thread that an idle one starts meanwhile would stay idle.
            for _ in range(2):
                for pid in _group(self.pid):
                    _schedule(pid, "SCHED_OTHER")
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):  # it has just died, and the watcher says how
            self._process.stdin.write(json.dumps(job.message()).encode() + b"\n")
            self._process.stdin.flush()
        with self._changed:
            self._changed.wait_for(lambda: self._over or self.state == "ended")
        if not self._begun:
            for line in self._early:
                on_line("error", line)
        return self.error if self._over else self._death

    def kill(self, reason: str) -> None:
        """End the process and its JVM at once; a job that is running fails with this reason."""
        self._killed = self._killed or reason
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process and wait until nothing of it is left."""
        self.kill("the Spark process was stopped")
        self._watcher.join()

    def _read_lines(self, name: Stream, stream: IO[bytes]) -> None:
        """Hand on what stands between a job's marks, each of which begins with a line's end of its own."""
        own = held = False
        with stream:
            for content in stream:
                line = content.decode(errors="replace").rstrip("\r\n")
                if line == self._mark:
                    own = not own
                    with self._changed:
                        self._begun = True
                        self._marks[name] += 1
                        self._changed.notify_all()
                    held = False
                    continue
                if held:
                    self._on_line(name, "")
                held = own and not line
                if not own:
                    self._early.append(line)
                elif line:
                    self._on_line(name, line)
        if held:
            self._on_line(name, "")

    def _watch(self, control: IO[str]) -> None:
        """Follow the driver's messages to its end, then clear up."""
        ended = threading.Thread(target=self._end_group, daemon=True)
        ended.start()
        with control:
            for line in control:
                self._take(json.loads(line))
        ended.join()
        for reader in self._readers:
            reader.join(10)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._death = self._killed or _ending(self._process.returncode)
        if not self._over:
            self.error = self._death
        shutil.rmtree(self.folder, ignore_errors=True)
        self._become("ended")

    def _end_group(self) -> None:
        """End what the driver has started, which may hold the pipes, as soon as the driver ends."""
        self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _take(self, message: dict[str, Any]) -> None:
        if message["state"] == "cold":
            _log.warning("the warm-up of a Spark process failed: %s", message["error"])
        elif message["state"] == "stage":
            self._on_stage(message["stage"])
        elif message["state"] in ("ready", "running"):
            self._become(message["state"])
        elif message["state"] == "finished":
            # All that the job has written is before the second mark of each pipe.
            with self._changed:
                self._changed.wait_for(lambda: min(self._marks.values()) >= 2 * self.jobs, 10)
                self.error, self._over = message["error"], True
                self._become("settling")

    def _become(self, state: State) -> None:
        with self._changed:
            tell = state == "ready" or (state == "ended" and self.state in ("starting", "settling"))
            self.state = state
            self._changed.notify_all()
        if tell:
            self._on_ready(self)


def run_script(
    script: Path | bytes,
    arguments: tuple[str, ...],
    process: SparkProcess,
    *,
    py_files: Mapping[str, bytes] | None = None,
    credentials: Mapping[str, str] | None = None,
    on_line: OnLine = lambda stream, line: None,
) -> tuple[float, str | None]:
    """Run a script bare in a Spark process; return its seconds, and None or why it failed."""
    content = script if isinstance(script, bytes) else script.read_bytes()
    job = SparkJob(
        script=content, arguments=arguments, py_files=py_files or {}, credentials=credentials or {}
    )
    start = time.monotonic()
    error = process.run(job, on_line)
    return time.monotonic() - start, error


def _ending(code: int) -> str:
    if code < 0:
        return f"the Spark process was killed by signal {-code} ({signal.Signals(-code).name})"
    return f"the Spark process ended with exit code {code} before the script did"


def _group(group: int) -> list[int]:
    """The thread ids of a process group; empty where there is no /proc."""
    threads = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # pid (name) state parent group ...; the name may hold spaces and brackets.
            if int(status.read_text().rpartition(")")[2].split()[2]) == group:
                threads += [int(task.name) for task in (status.parent / "task").iterdir()]
    return threads


def _schedule(pid: int, policy: str) -> bool:
    """Set the scheduling policy of a thread; unlike a nice value, a user may take SCHED_IDLE back."""
    try:
        os.sched_setscheduler(pid, getattr(os, policy), os.sched_param(0))
    except (AttributeError, OSError):
        return False
    return True
