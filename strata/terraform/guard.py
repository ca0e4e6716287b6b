"""Run one command so that nothing of it is left when its owner dies (run as a script, standard library only).

`python guard.py GRACE COMMAND...` starts COMMAND in a process group of its own and reads its own standard input:
when that ends or says anything, because the owner asks for the end or has died (even by `kill -9`), the group gets
one SIGINT, as from Ctrl-C, so that Terraform can save its state and release its lock; what is still there
after GRACE seconds is killed. Exits as COMMAND did (128 + n after signal n).

A process of its own, because neither a Python `finally` nor Linux's parent-death signal can do this: the first
does not run after `kill -9`, the second does not reach Terraform's providers and leaves the state locked.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command in `arguments` (grace seconds first); return its exit code."""
    grace, command = float(arguments[0]), arguments[1:]
    wake, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    asked: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        _become(command)
    with contextlib.suppress(OSError):
        # Both sides set the group, so that neither depends on which of them runs first.
        os.setpgid(child, child)
    deadline: float | None = None
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if deadline is not None and time.monotonic() >= deadline:
            _signal_group(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        watched = [wake] if deadline is not None else [wake, 0]
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select(watched, [], [], timeout)
        if wake in readable:
            os.read(wake, 4096)
        if deadline is None and (0 in readable or asked):
            _signal_group(child, signal.SIGINT)
            deadline = time.monotonic() + grace
    # A provider that outlives its Terraform would hold the output pipe and the port it talks to.
    _signal_group(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _become(command: list[str]) -> None:
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
