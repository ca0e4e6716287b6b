"""The ends of Glue runs, for whoever waits for one in the same cloud."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# A stop of who waits is seen this soon.
_STEP_SECONDS = 0.1


class RunEnds:
    """Counts the runs that have ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    def add(self) -> None:
        """Count one more; its state can be read already."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, count: int, seconds: float, still: Callable[[], bool]) -> None:
        """Wait until more runs have ended than `count`, for some seconds at most.

        Args:
            count: how many had ended before the caller looked at its run.
            seconds: the longest wait.
            still: whether the caller still waits.
        """
        until = time.monotonic() + seconds
        with self._changed:
            while self._count == count and still() and time.monotonic() < until:
                self._changed.wait(_STEP_SECONDS)
