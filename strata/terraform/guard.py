"""Run one command so that nothing of it is left when its owner dies (a script; standard library only).

`python guard.py GRACE COMMAND...` starts COMMAND in a process group of its own, passes on what it writes, and
reads its own standard input: when that ends or says anything, because the owner asks for the end or has died
(even by `kill -9`), the group gets one SIGINT, as from Ctrl-C, so that Terraform can save its state and
release its lock; what is still there after GRACE seconds is killed. Exits as COMMAND did (128 + n after
signal n).

A process of its own, because neither a Python `finally` nor Linux's parent-death signal can do this: the
first does not run after `kill -9`, the second does not reach Terraform's providers and leaves the state
locked.
"""

import contextlib
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
LAST_WORDS_SECONDS = 1.0


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
    # The command writes to this process and not to its owner: after the owner's death a line on the way out,
    # such as "Interrupt received", would end Terraform by SIGPIPE with its lock held.
    output, output_writer = os.pipe()
    child = os.fork()
    if child == 0:
        _become(command, output_writer)
    os.close(output_writer)
    with contextlib.suppress(OSError):
        # Both sides set the group, so that neither depends on which of them runs first.
        os.setpgid(child, child)
    watched = {wake, output, 0}
    status: int | None = None
    deadline: float | None = None
    while status is None or output in watched:
        if status is None:
            ended, found = os.waitpid(child, os.WNOHANG)
            if ended:
                status = found
                # A provider that outlives its Terraform would keep the output, and its own port, open.
                _signal_group(child, signal.SIGKILL)
                continue
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select(watched, [], [], left if status is None else LAST_WORDS_SECONDS)
        if status is not None and not readable:
            # Only a process that has left the group can still hold the output.
            break
        if wake in readable:
            os.read(wake, 4096)
        if output in readable and not _pass_on(output):
            watched.discard(output)
        if deadline is None and (0 in readable or asked):
            watched.discard(0)
            _signal_group(child, signal.SIGINT)
            deadline = time.monotonic() + grace
        elif deadline is not None and time.monotonic() >= deadline:
            _signal_group(child, signal.SIGKILL)
            deadline += grace + 1
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _become(command: list[str], output: int) -> None:
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            import ctypes

            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _pass_on(output: int) -> bool:
    """Copy what is there; say whether more can come."""
    chunk = os.read(output, 65536)
    # The reader may have gone.
    with contextlib.suppress(OSError):
        rest = chunk
        while rest:
            rest = rest[os.write(1, rest) :]
    return bool(chunk)


def _signal_group(group: int, number: int) -> None:
    # PermissionError is macOS's word for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
