"""Query requests: one runs a statement, and another may abort it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.session import SnowflakeSession

T = TypeVar("T")
# Seconds between two interrupts of one statement.
_AGAIN = 0.05
# A timer is a thread, and Snowflake's default of two days would start one for each statement.
_UNTIMED = 24 * 60 * 60


def canceled() -> SqlError:
    """Return the error of a statement that its client has aborted."""
    return SqlError("SQL execution canceled", code=604, sqlstate="57014")


class QueryRequests:
    """The requests that run or wait, by their id."""

    def __init__(self) -> None:
        self._running: dict[str, _Request] = {}

    def run(self, request_id: str, session: SnowflakeSession, work: Callable[[], T], timeout: float) -> T:
        """Run `work` in a session, one statement at a time.

        Args:
            request_id: the id by which it can be aborted.
            session: the session.
            work: runs the statement.
            timeout: seconds after which it is aborted; 0 for none, and a day or more is not watched.

        Raises:
            SqlError: the statement fails, is aborted, or takes too long.
        """
        request = _Request(session)
        self._running[request_id] = request
        try:
            with session.lock, request.current(timeout):
                return work()
        except SqlError as error:
            if request.timed_out:
                raise SqlError(
                    f"Statement reached its statement or warehouse timeout of {timeout:.0f} second(s) "
                    "and was canceled.",
                    code=630,
                    sqlstate="57014",
                ) from None
            if request.aborted:
                raise canceled() from None
            raise error
        finally:
            self._running.pop(request_id, None)

    def abort(self, request_id: str) -> None:
        """Abort a request; one that has ended is left alone."""
        request = self._running.get(request_id)
        if request is not None:
            request.abort()

    def abort_all(self) -> None:
        """Abort every request."""
        for request in list(self._running.values()):
            request.abort()


class _Request:
    def __init__(self, session: SnowflakeSession) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._current = False
        self.aborted = self.timed_out = False

    def abort(self) -> None:
        self.aborted = True
        self._interrupt()

    def _interrupt(self) -> None:
        """Interrupt the engine until the statement has ended: what it does not run yet, it does not stop."""
        with self._lock:
            if not self._current:
                return
            duckdb_of(self._session.connection).interrupt()
        again = threading.Timer(_AGAIN, self._interrupt)
        again.daemon = True
        again.start()

    def _time_out(self) -> None:
        self.timed_out = True
        self.abort()

    @contextmanager
    def current(self, timeout: float) -> Iterator[None]:
        timer = threading.Timer(timeout, self._time_out) if 0 < timeout < _UNTIMED else None
        with self._lock:
            if self.aborted:
                raise canceled()
            self._current = True
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            with self._lock:
                self._current = False
