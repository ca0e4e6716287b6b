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
) -> Iterator[None]:
    """Hold a lock file; another thread of this process is kept out too.

    Args:
        path: the file.
        what: what is worked on, for the error.
        wait: for how many seconds to wait for another process that holds it.
        on_waiting: called with that process when the wait begins.

    Raises:
        StrataError: another process held it all that time.
    """
    with path.open("a+") as file:
        deadline = time.monotonic() + wait
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                file.seek(0)
                holder = f"process {file.read().strip() or 'unknown'}"
                if time.monotonic() < deadline:
                    if not told:
                        on_waiting(holder)
                        told = True
                    time.sleep(_POLL_SECONDS)
                    continue
                raise StrataError(f"{holder} is working on {what}", remedy="wait until it ends") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a process, this one included, holds the lock file."""
    try:
        with path.open() as file:
            # Shared: two that only look do not see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
