"""A copy of the checkout that mutants are written to, and child processes that run its tests."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TIMED_OUT = -1
# Packages of the checkout: a child takes them from the copy.
OWN = ("strata", "tests", "glue_jobs", "lambda_functions", "conftest", "__main__", "__mp_main__")


class Scratch:
    """A copy of the repository's files.

    Args:
        folder: the copy.
        log: where the children's output goes.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self._log = log
        self._stamp = int(time.time())

    @contextlib.contextmanager
    def written(self, file: str, text: str) -> Iterator[None]:
        """Keep another text in a file for a while."""
        path = self.folder / file
        before, times = path.read_bytes(), path.stat()
        try:
            path.write_text(text, encoding="utf-8")
            # Compiled code is looked up by time and size; two mutants may be written within a second.
            self._stamp += 1
            os.utime(path, (self._stamp, self._stamp))
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def child(self, work: Callable[[], int], seconds: float) -> int:
        """Run work in a forked process, in the copy.

        The fork saves each mutant the imports of the packages that this process has loaded.

        Args:
            work: what to run; it returns the exit code.
            seconds: the time it has.

        Returns:
            Its exit code; TIMED_OUT if it was stopped.
        """
        process = os.fork()
        if process == 0:
            self._enter(work)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                self._end(process)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        self._end(process)
        os.waitpid(process, 0)
        return TIMED_OUT

    def _enter(self, work: Callable[[], int]) -> None:
        code = 70
        try:
            os.setsid()
            os.chdir(self.folder)
            # What this process has read with is the checkout's own code, without the fault.
            for name in [name for name in sys.modules if is_own(name) and not name.startswith("__")]:
                del sys.modules[name]
            # The copy before the checkout, here and in processes that tests start.
            sys.path[0] = os.environ["PYTHONPATH"] = str(self.folder)
            with self._log.open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            code = work()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    @staticmethod
    def _end(process: int) -> None:
        """Stop what a child has left behind; its processes share its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)


def is_own(module: str) -> bool:
    """Whether a module is the checkout's."""
    return module.partition(".")[0] in OWN
