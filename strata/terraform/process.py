"""Child processes that can be stopped, and that stop when this process dies."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from strata.errors import StrataError

GRACE_SECONDS = 20.0
_GUARD = Path(__file__).with_name("guard.py")


class CancelledError(Exception):
    """The command was stopped, or not started, because its run was cancelled."""


class ProcessGroup:
    """The children of one run: each under `guard.py`, all stopped together.

    Args:
        grace: seconds a child has between the interrupt and being killed.
    """

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called: no child is started any more."""
        return self._stopped

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> int:
        """Run a command to its end, giving each line of its output and errors to `on_line`; return its code.

        Raises:
            CancelledError: the group was stopped before or while it ran.
            StrataError: the command cannot be started.
        """
        # -I and -S: the guard needs nothing of the project, and starts in 15 ms this way.
        guarded = [sys.executable, "-I", "-S", str(_GUARD), str(self._grace), *command]
        with self._lock:
            if self._stopped:
                raise CancelledError
            try:
                child = subprocess.Popen(
                    guarded,
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    # Ctrl-C in the terminal must reach Terraform once, from the guard, not twice.
                    start_new_session=True,
                )
            except OSError as error:
                # Most likely E2BIG: one TF_VAR_* of 128 KiB or more, which Terragrunt cannot pass either.
                raise StrataError(f"{command[0]} cannot be started: {error.strerror}") from error
            self._running.add(child)
        assert child.stdout is not None
        try:
            for line in child.stdout:
                on_line(line.rstrip("\n"))
            code = child.wait()
        finally:
            _ask_to_stop(child)
            # To the end, also after an error in `on_line`: what it does at its end belongs to it.
            for _ in child.stdout:
                pass
            child.wait()
            child.stdout.close()
            with self._lock:
                self._running.discard(child)
        if self._stopped:
            raise CancelledError
        return code

    def stop(self) -> None:
        """Interrupt every running child and start no other; `run` returns once its child is gone."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                _ask_to_stop(child)


def _ask_to_stop(child: subprocess.Popen[str]) -> None:
    # A byte and not only the end of the pipe: a process forked meanwhile could hold a copy of its other end.
    with contextlib.suppress(OSError, ValueError):
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.close()
