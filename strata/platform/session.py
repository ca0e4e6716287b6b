"""The embedded cloud as a process of its own, and the record of which command runs it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from strata.checkout.child_environment import cloud_environment
from strata.checkout.file_lock import held, is_held
from strata.checkout.files import write_private
from strata.cloud import WARM_PROCESSES
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError

# It ends itself within 2.5 s of being reported; after this it is killed.
_STOP_SECONDS = 15.0
# How often a wait is reported of.
_REPORT_SECONDS = 20.0
# A command that only looks for a session holds its lock for an instant.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Running:
    """A session that is alive: the command's process id, its environment, and where its cloud listens."""

    pid: int
    environment: str
    endpoints: Endpoints


class PlatformSession:
    """One embedded cloud for one environment, held by this process.

    Args:
        root: the checkout's folder.
        environment: the environment of the live tree that the cloud is for.
        account_id: twelve digits.
        region: an AWS region's name.
        aws_port, snowflake_port: TCP ports on the loopback address, 0 for free ones.
        warm_processes: how many Spark processes are kept warm for Glue.
        on_waiting: reported now and then that the start goes on.

    Raises:
        StrataError: on entering, if a session of this checkout is running or the cloud does not start.
    """

    def __init__(
        self,
        root: Path,
        environment: str,
        *,
        account_id: str,
        region: str,
        aws_port: int = 0,
        snowflake_port: int = 0,
        warm_processes: int = WARM_PROCESSES,
        on_waiting: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.root = root
        self.environment = environment
        self.directory = run_directory(root)
        self._arguments = {
            "--directory": str(self.directory),
            "--account-id": account_id,
            "--region": region,
            "--aws-port": str(aws_port),
            "--snowflake-port": str(snowflake_port),
            "--warm-processes": str(warm_processes),
        }
        self._on_waiting = on_waiting
        self._process: subprocess.Popen[str] | None = None
        self._lock = contextlib.ExitStack()
        self.endpoints: Endpoints

    def __enter__(self) -> PlatformSession:
        other = find_running(self.root)
        if other is not None:
            raise StrataError(
                f"a session of this checkout is running already (process {other.pid}, "
                f"environment {other.environment})",
                remedy="use it, or stop it with `strata down`",
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        what = "the start of a session of this checkout"
        self._lock.enter_context(held(_lock(self.root), what, _LOOK_SECONDS))
        try:
            # A session that was killed has left it.
            _record(self.root).unlink(missing_ok=True)
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        log = self.directory / "cloud.log"
        command = [sys.executable, "-m", "strata.cloud"]
        for name, value in self._arguments.items():
            command += [name, value]
        with log.open("w") as stderr:
            # A session of its own: Ctrl-C reaches this process only, which then stops things in order.
            self._process = subprocess.Popen(
                command,
                cwd=self.root,
                env=cloud_environment(self.root / ".strata"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
        self.endpoints = self._wait_until_ready(self._process, log)
        self._write_record()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the cloud and everything it started; does nothing the second time."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
            _record(self.root).unlink(missing_ok=True)
        self._lock.close()

    def is_alive(self) -> bool:
        """Whether the cloud's process still runs."""
        return self._process is not None and self._process.poll() is None

    def _wait_until_ready(self, process: subprocess.Popen[str], log: Path) -> Endpoints:
        """Wait for the endpoints, however long a busy machine takes: the process prints them, or ends."""
        assert process.stdout is not None
        began = time.monotonic()
        while not select.select([process.stdout], [], [], _REPORT_SECONDS)[0]:
            self._on_waiting(
                f"the embedded cloud is starting for {time.monotonic() - began:.0f} s; see {log}"
            )
        endpoints = Endpoints.first(process.stdout)
        if endpoints is not None:
            return endpoints
        process.wait()
        # Not always the last line: a thread that was at work may speak after it.
        errors = [text for text in log.read_text().splitlines() if text.startswith("error: ")]
        if errors:
            raise StrataError(errors[-1].removeprefix("error: "))
        raise StrataError(
            f"the embedded cloud ended with exit code {process.returncode}", remedy=f"see {log}"
        )

    def _write_record(self) -> None:
        record = {
            "pid": os.getpid(),
            "environment": self.environment,
            "endpoints": self.endpoints.model_dump(),
        }
        # The record holds this start's Snowflake password.
        write_private(_record(self.root), json.dumps(record))


def run_directory(root: Path) -> Path:
    """The folder of the running session's files."""
    return root / ".strata" / "run"


def _record(root: Path) -> Path:
    return run_directory(root) / "session.json"


def _lock(root: Path) -> Path:
    """Held for as long as a session lives: its record alone may be that of one that was killed."""
    return run_directory(root) / "session.lock"


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        process.send_signal(signal.SIGTERM)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def find_running(root: Path) -> Running | None:
    """The session that runs in this checkout, if one does."""
    if not is_held(_lock(root)):
        return None
    try:
        record = json.loads(_record(root).read_text())
        return Running(
            int(record["pid"]), str(record["environment"]), Endpoints.model_validate(record["endpoints"])
        )
    except (OSError, ValueError, KeyError):
        return None


def require_running(root: Path) -> Running:
    """The session that runs in this checkout.

    Raises:
        StrataError: none does.
    """
    running = find_running(root)
    if running is None:
        raise StrataError("the embedded cloud is not running", remedy="start it with `strata up`")
    return running


def end_running(root: Path, on_waiting: Callable[[str], None] = lambda message: None) -> bool:
    """End the session that runs in this checkout, as Ctrl-C in its terminal would, and wait for its end.

    It may have a Terraform to interrupt, which ends what it has begun.

    Args:
        root: the checkout's folder.
        on_waiting: reported now and then that it has not ended.

    Returns:
        False if none was running.
    """
    running = find_running(root)
    if running is None:
        return False
    # Not SIGINT: a shell's background processes ignore it.
    os.kill(running.pid, signal.SIGTERM)
    began = reported = time.monotonic()
    while find_running(root) == running:
        now = time.monotonic()
        if now - reported >= _REPORT_SECONDS:
            reported = now
            on_waiting(f"process {running.pid} has been stopping for {now - began:.0f} s")
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does, so that nothing is left behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
