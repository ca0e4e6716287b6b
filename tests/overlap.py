"""Threads that meet, or that a lock keeps apart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Overlap:
    """A place that threads pass; the first waits there for a second, in vain where a lock keeps that out.

    Attributes:
        visits: how many have come.
        most: how many were there at once.
    """

    def __init__(self) -> None:
        self.visits = self.most = 0
        self._inside = 0
        self._lock = threading.Lock()
        self._met = threading.Event()

    def visit(self) -> None:
        """Pass the place."""
        with self._lock:
            self.visits += 1
            self._inside += 1
            self.most = max(self.most, self._inside)
            if self._inside > 1:
                self._met.set()
        self._met.wait(0.1)
        with self._lock:
            self._inside -= 1


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls in a thread each; return what they return, or raise what the first raises."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]
