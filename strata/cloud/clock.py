"""The time of one embedded cloud: this machine's, and as much later as was asked for.

Whatever comes due in the cloud comes due here. A service that has a timetable follows the clock; an
execution that waits, waits here. `advance` goes from one due moment to the next, so that an hourly schedule
is invoked three times in three hours, each time at its own time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from strata.errors import StrataError

# A rule or an alarm that is made meanwhile is looked at this soon.
_LOOK_SECONDS = 1.0
_SHORTEST = timedelta(milliseconds=1)
_NONE = timedelta(0)
_log = logging.getLogger(__name__)


class Timed:
    """What has moments of its own."""

    def next_due(self, now: datetime) -> datetime | None:
        """Return the next moment at which something is due; None if nothing is."""
        raise NotImplementedError

    def run_due(self, now: datetime) -> None:
        """Do what is due at a moment, each thing at most once, whatever was missed."""
        raise NotImplementedError

    def settle(self) -> None:
        """Wait for what `run_due` has begun, before the clock is moved further."""


class Clock:
    """Goes as this machine's clock goes, and can be moved forward."""

    def __init__(self) -> None:
        self._ahead = _NONE
        self._followers: list[Timed] = []
        self._waits: dict[threading.Event, float] = {}
        # Held while what is due is done: by the clock's thread, or by whoever moves the clock.
        self._doing = threading.RLock()
        self._poked = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def now(self) -> datetime:
        """Return the cloud's time, in UTC."""
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        """Return seconds that only differences make sense of; they include those that were skipped."""
        return time.monotonic() + self._ahead.total_seconds()

    @property
    def ahead(self) -> timedelta:
        """How much later than this machine it is."""
        return self._ahead

    def start(self) -> None:
        """Do what is due in a thread, until `stop`."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="cloud-clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Do nothing more; a second call does nothing."""
        self._stopped = True
        self.poke()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def follow(self, follower: Timed) -> None:
        """Do what is due of a service from now on."""
        with self._doing:
            self._followers.append(follower)

    def leave(self, follower: Timed) -> None:
        """Do nothing more of a service."""
        with self._doing:
            if follower in self._followers:
                self._followers.remove(follower)

    def poke(self) -> None:
        """Look now for what is due: something may be due sooner than before."""
        self._poked.set()

    def wait(self, seconds: float, event: threading.Event, goes_on: Callable[[], bool]) -> None:
        """Wait until seconds have passed by this clock, or until something does not go on.

        Args:
            seconds: how long.
            event: what is set when this may have changed; only this caller waits for it.
            goes_on: whether to wait on.
        """
        until = self.monotonic() + seconds
        self._waits[event] = until
        try:
            while goes_on() and (left := until - self.monotonic()) > 0:
                # The clock may have gone on before it knew of this wait.
                event.wait(min(left, _LOOK_SECONDS))
                event.clear()
        finally:
            self._waits.pop(event, None)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward, and do on the way what comes due; return the new time.

        Raises:
            StrataError: the time is negative.
        """
        if by < _NONE:
            raise StrataError("the clock does not go back", remedy="give a time of 0 or more")
        with self._doing:
            target = self._ahead + by
            while (due := self._next_due()) is not None:
                # What is due again at once must not keep the clock from going on.
                ahead = self._ahead + max(due - self.now(), _SHORTEST)
                if ahead > target:
                    break
                self._be_ahead(ahead)
            self._be_ahead(target)
        return self.now()

    def catch_up(self, ahead: timedelta) -> None:
        """Be as far ahead of this machine as another clock was, without doing what came due in between."""
        with self._doing:
            self._ahead = max(self._ahead, ahead)

    def _be_ahead(self, ahead: timedelta) -> None:
        self._ahead = ahead
        now = self.monotonic()
        for event, until in list(self._waits.items()):
            if until <= now:
                event.set()
        self._run_due()
        for follower in list(self._followers):
            follower.settle()

    def _next_due(self) -> datetime | None:
        now = self.now()
        found = [it.next_due(now) for it in self._followers]
        left = [until - self.monotonic() for until in list(self._waits.values())]
        found += [now + timedelta(seconds=seconds) for seconds in left if seconds > 0]
        return min((due for due in found if due is not None), default=None)

    def _run_due(self) -> None:
        now = self.now()
        for follower in list(self._followers):
            try:
                follower.run_due(now)
            except Exception:
                # The others go on.
                _log.exception("what was due could not be done")

    def _run(self) -> None:
        while not self._stopped:
            with self._doing:
                self._run_due()
                due = self._next_due()
            left = (due - self.now()).total_seconds() if due else _LOOK_SECONDS
            self._poked.wait(min(max(left, 0.01), _LOOK_SECONDS))
            self._poked.clear()
