"""A Lambda execution environment: one process, kept warm, that runs one invocation at a time."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from strata.cloud.aws.lambda_.runtime.libraries import link_libraries

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# What AWS's Python runtimes carry beside the standard library.
_RUNTIME_LIBRARIES = ("boto3",)
# The time that AWS gives a function to load, apart from its timeout.
_INIT_SECONDS = 10.0
_lock = threading.Lock()


@dataclass(frozen=True)
class Function:
    """One version of a function's code and configuration.

    Args:
        name, version, handler, memory: as Lambda knows them; memory in MB.
        timeout: seconds per invocation.
        code: the zip.
        layers: the layers' zips, the first at the bottom.
        environment: the variables of every process that runs it.
    """

    name: str
    version: str
    handler: str
    memory: int
    timeout: float
    code: bytes
    layers: tuple[bytes, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class FunctionInvocation:
    """The result of an invocation.

    `payload` is JSON, the handler's result or an error's description; `log` holds its lines, REPORT last.
    """

    payload: bytes
    error: bool
    log: tuple[str, ...]


class ExecutionEnvironment:
    """A process that has loaded, or is loading, a function.

    Args:
        function: what it runs.
        folder: where zips are unpacked, shared by the environments of a cloud.
        on_line: gets each line for the function's log.
        variables: of this environment alone: the role's keys, the log stream.
    """

    def __init__(
        self,
        function: Function,
        folder: Path,
        on_line: Callable[[str], None],
        variables: Mapping[str, str],
    ) -> None:
        self.function = function
        self.started = time.monotonic()
        self._on_line = on_line
        self._log: list[str] = []
        self._temporary = folder / "tmp" / uuid.uuid4().hex
        self._temporary.mkdir(parents=True)
        task = unpack(folder, (function.code,))
        layers = [unpack(folder, function.layers) / "python"] if function.layers else []
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        layers = [layer / "lib" / version / "site-packages" for layer in layers] + layers
        control, control_end = os.pipe()
        options = {
            "control": control_end,
            "handler": function.handler,
            # The order of AWS's runtime: the function, its layers, and then the runtime's own libraries.
            "path": [str(path) for path in (task, *layers)],
            "libraries": [str(_libraries(folder))],
        }
        try:
            # -I and -S: no site-packages of Strata's own environment, no user site, no PYTHON* variables. The
            # bootstrap puts the three places above on the path, and nothing else.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_BOOTSTRAP), json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=task,
                env={
                    **function.environment,
                    **variables,
                    "LAMBDA_TASK_ROOT": str(task),
                    "TMPDIR": str(self._temporary),
                    "HOME": str(self._temporary),
                },
                pass_fds=(control_end,),
                start_new_session=True,
            )
        finally:
            os.close(control_end)
        self._changed = threading.Condition()
        self._messages: list[dict[str, Any]] = []
        self._init: float | None = None
        self._dead = False
        self._ends = 0
        self._end_mark = "\0"
        readers = [
            threading.Thread(target=self._read_lines, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in readers:
            reader.start()
        self._watcher = threading.Thread(
            target=self._watch, args=(os.fdopen(control, "r"), readers), daemon=True
        )
        self._watcher.start()

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take an invocation."""
        return not self._dead

    def invoke(
        self, event: str, *, request_id: str, function_arn: str, cut_off: float | None = None
    ) -> FunctionInvocation:
        """Run the handler with an event (JSON); its time is limited by the function's timeout.

        Args:
            event: the event.
            request_id: the invocation's id.
            function_arn: the function.
            cut_off: seconds after which it has timed out although its time is not over.
        """
        function = self.function
        self._log = []
        with self._changed:
            # A slow load eats into the timeout only after its own ten seconds.
            left = self.started + _INIT_SECONDS - time.monotonic()
            self._changed.wait_for(lambda: self._init is not None or self._dead, max(0.0, left))
            init, self._init = self._init, None if self._init is None else -1.0
            self._ends, self._end_mark = 0, f"\0END {request_id}"
        self._write(f"START RequestId: {request_id} Version: {function.version}")
        start = time.monotonic()
        limit = function.timeout if cut_off is None else min(cut_off, function.timeout)
        self._send(
            {
                "event": event,
                "request_id": request_id,
                "function_arn": function_arn,
                "deadline": time.time() + function.timeout,
                "end": self._end_mark,
            }
        )
        with self._changed:
            answered = self._changed.wait_for(lambda: self._messages or self._dead, limit)
            answer = self._messages.pop() if self._messages else None
        seconds = time.monotonic() - start
        if answer is None:
            fault = self._fault(request_id, timed_out=not answered)
            answer = {"payload": json.dumps(fault), "error": True, "memory": function.memory}
            self.stop()
            self._write(fault["errorMessage"])
        else:
            with self._changed:
                self._changed.wait_for(lambda: self._ends == 2 or self._dead, 1)
        self._write(f"END RequestId: {request_id}")
        self._write(_report(request_id, seconds, function.memory, answer["memory"], init))
        return FunctionInvocation(
            payload=str(answer["payload"]).encode(),
            error=bool(answer["error"]),
            log=tuple(self._log),
        )

    def stop(self) -> None:
        """End the process and wait until nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.join()

    def _fault(self, request_id: str, *, timed_out: bool) -> dict[str, Any]:
        if timed_out:
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            text = f"{moment}Z {request_id} Task timed out after {self.function.timeout:.2f} seconds"
            return {"errorType": "Sandbox.Timedout", "errorMessage": text}
        code = self._process.wait()
        reason = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        text = f"RequestId: {request_id} Error: Runtime exited with error: {reason}"
        return {"errorType": "Runtime.ExitError", "errorMessage": text}

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):  # it has just died, and the watcher says how
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def _write(self, line: str) -> None:
        self._log.append(line)
        self._on_line(line)

    def _read_lines(self, stream: IO[bytes]) -> None:
        with stream:
            for raw in stream:
                line = raw.decode(errors="replace").rstrip("\n")
                if line == self._end_mark:
                    with self._changed:
                        self._ends += 1
                        self._changed.notify_all()
                elif line:
                    self._write(line)

    def _watch(self, control: IO[str], readers: Sequence[threading.Thread]) -> None:
        with control:
            for line in control:
                message = json.loads(line)
                with self._changed:
                    if "init" in message:
                        self._init = message["init"]
                    else:
                        self._messages.append(message)
                    self._changed.notify_all()
        # What the function started must not outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in readers:
            reader.join(5)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        shutil.rmtree(self._temporary, ignore_errors=True)
        with self._changed:
            self._dead = True
            self._changed.notify_all()


def unpack(folder: Path, zips: Sequence[bytes]) -> Path:
    """Return a folder with the zips unpacked one over the other, made once per content.

    Raises zipfile.BadZipFile if one is not a zip.
    """
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in zips)).hexdigest()
    target = folder / "unpacked" / digest
    with _lock:
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for content in zips:
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(partial)
            partial.rename(target)
    return target


def _libraries(folder: Path) -> Path:
    target = folder / "libraries"
    with _lock:
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            link_libraries(partial, _RUNTIME_LIBRARIES).rename(target)
    return target


def _report(request_id: str, seconds: float, size: int, used: int, init: float | None) -> str:
    duration = seconds * 1000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration:.2f} ms",
        f"Billed Duration: {int(duration) + 1} ms",
        f"Memory Size: {size} MB",
        f"Max Memory Used: {used} MB",
    ]
    if init is not None and init >= 0:
        fields.append(f"Init Duration: {init:.2f} ms")
    return "\t".join(fields)
