"""Runs each command in a fork of this process, which has imported what commands import: half a second less for each.

Run by `python -m tests.warm.server SOCKET`, until its standard input ends. A command is a process as any other, with
the arguments, environment, folder and streams of its client. It is killed when its client dies. What it does not have
is a start of its own: tests of signals, of imports and of the installed program run that program (`Checkout.start`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys

# Nothing of `strata.cli`, which looks at the terminal and at COLUMNS when it is imported.
_PRELOADED = (
    *("boto3", "botocore.config", "botocore.session", "networkx", "pydantic", "rich.markdown", "rich.table"),
    *("strata.live", "strata.platform.pipeline", "strata.platform.session", "strata.platform.workspace"),
    *("strata.terraform.environment_plan", "typer.main", "yaml"),
)


def preload() -> None:
    """Import what commands import.

    Raises:
        RuntimeError: something of it has started a thread, which a fork would not have.
    """
    for name in _PRELOADED:
        importlib.import_module(name)
    ci = importlib.import_module("strata.ci")
    for module in pkgutil.walk_packages(ci.__path__, "strata.ci."):
        importlib.import_module(module.name)
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("an import has started a thread")
    gc.collect()
    gc.freeze()


def serve(path: str) -> tuple[list[str], dict[bytes, bytes]] | None:
    """Fork for each client; return what to run in a fork, and None in this process at its end."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        readable, _, _ = select.select([listener, 0], [], [])
        if 0 in readable:
            return None
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _command(connection)
        connection.close()


def _command(connection: socket.socket) -> tuple[list[str], dict[bytes, bytes]]:
    """Take a client's question; return it in a fork that has the client's streams, and wait here for its end."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    size, body = int.from_bytes(head, "big"), bytearray()
    while len(body) < size:
        body += connection.recv(size - len(body))
    arguments, environ, folder = marshal.loads(bytes(body))
    child = os.fork()
    if child == 0:
        connection.close()
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        return arguments, environ
    for stream in (*streams, 0, 1, 2):
        os.close(stream)
    ended = os.pidfd_open(child)
    readable, _, _ = select.select([ended, connection], [], [])
    if ended not in readable:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        with contextlib.suppress(OSError):
            connection.send(bytes([os.WEXITSTATUS(status)]))
    os._exit(0)


def main() -> None:
    """Serve; in a fork, run a command as its program would."""
    preload()
    asked = serve(sys.argv[1])
    if asked is None:
        return
    arguments, environ = asked
    os.environb.clear()
    os.environb.update(environ)
    sys.argv = arguments
    if arguments[0] == "strata":
        from strata.cli import main as strata

        strata()
    else:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
