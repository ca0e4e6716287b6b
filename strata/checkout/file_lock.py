"""Locks between the processes of a checkout: a locked file, which the kernel frees when its holder ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from strata.errors import StrataError

_POLL_SECONDS = 0.1


@contextlib.contextmanager
def held(
    path: Path, what: str, wait: float, on_waiting: Callable[[str], None] = lambda holder: None
) -> Iterator[int]:
    """Hold a lock file, against other threads of this process too.

    Yields its descriptor: a child process that inherits it holds the lock until it ends, too.

    Args:
        path: the file.
        what: what the lock protects, for the error.
        wait: how many seconds to wait for another process that holds it.
        on_waiting: called with that process when the wait begins.

    Raises:
        StrataError: another process held it for that long.
    """
    with path.open("a+") as file:
        deadline = time.monotonic() + wait
        notified = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                file.seek(0)
                holder = f"process {file.read().strip() or 'unknown'}"
                if time.monotonic() < deadline:
                    if not notified:
                        on_waiting(holder)
                        notified = True
                    time.sleep(_POLL_SECONDS)
                    continue
                raise StrataError(f"{what} is locked by {holder}", remedy="wait until it ends") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def is_held(path: Path) -> bool:
    """Return whether a process, this one included, holds the lock file."""
    try:
        with path.open() as file:
            # Shared: two that only look do not see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
