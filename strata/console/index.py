"""The executions of a state machine, remembered: each is described once, then again only while it runs."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from strata.console.models import RunPage
from strata.errors import StrataError
from strata.trace.find import described, listed
from strata.trace.models import Run

# So many executions are described at one look, so that the newest show at once.
_AT_ONCE = 200
# Two that start at once may be listed one before the other, and later the other way round.
_KNOWN, _PAGE = 50, 100


class RunIndex:
    """The executions of one machine.

    Args:
        states: a client of Step Functions.
        machine_arn: the machine.
    """

    def __init__(self, states: Any, machine_arn: str) -> None:
        self._states = states
        self._arn = machine_arn
        self._runs: dict[str, Run] = {}
        self._unread: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._revision = 0

    @property
    def loading(self) -> bool:
        """Whether some are known by their names only."""
        return bool(self._unread)

    def look(self) -> int:
        """Ask for what is new, and return a number that has changed if something has.

        One look at a time; who comes meanwhile takes what is known, unless nothing is yet.
        """
        if self._looking.acquire(blocking=not self._runs):
            try:
                self._list()
                for run in self._due():
                    self._keep(described(self._states, run))
            finally:
                self._looking.release()
        return self._revision

    def _list(self) -> None:
        """List from the newest on, until enough in a row are known: those before them are too."""
        known, new = 0, {}
        for run in listed(self._states, self._arn, *([_PAGE] if self._runs else [])):
            if run.arn in self._runs or run.arn in self._unread:
                known += 1
                if known == _KNOWN:
                    break
            else:
                known = 0
                new[run.arn] = run
        # All or none: a list that broke off would hide those that it did not come to.
        with self._lock:
            self._unread |= new

    def _due(self) -> list[Run]:
        """The executions to describe now: those that run, and the newest of those that never were."""
        with self._lock:
            running = [run for run in self._runs.values() if run.status == "RUNNING"]
            newest = sorted(self._unread.values(), key=lambda run: run.started, reverse=True)
        return [*running, *newest[:_AT_ONCE]]

    def _keep(self, run: Run) -> None:
        with self._lock:
            self._unread.pop(run.arn, None)
            if self._runs.get(run.arn) != run:
                self._runs[run.arn] = run
                self._revision += 1

    def page(self, text: str, status: str, offset: int, limit: int) -> RunPage:
        """A page of the list: those whose keys or names hold the text, the newest first."""
        with self._lock:
            found = sorted(self._runs.values(), key=lambda run: run.started, reverse=True)
            total = len(self._runs) + len(self._unread)
        wanted = text.casefold()
        matching = [run for run in found if wanted in run.key.casefold() or run.name.startswith(text)]
        counts: Counter[str] = Counter(run.status for run in matching)
        if status:
            matching = [run for run in matching if run.status == status]
        return RunPage(
            total=total,
            matched=len(matching),
            counts=dict(counts),
            runs=matching[offset : offset + limit],
            loading=self.loading,
        )

    def counts(self) -> Counter[str]:
        """How many there are by status."""
        with self._lock:
            return Counter(run.status for run in self._runs.values())

    def find(self, name: str) -> tuple[Run, list[Run]]:
        """An execution by its name, and all of the same key, the newest first.

        Raises:
            StrataError: there is none.
        """
        with self._lock:
            found = [run for run in (*self._runs.values(), *self._unread.values()) if run.name == name]
            if not found:
                raise StrataError(f"no execution is called {name}", remedy="choose one of the list")
            run = found[0]
            place = (run.bucket, run.key)
            same = [one for one in self._runs.values() if (one.bucket, one.key) == place and run.key]
        return run, sorted(same or [run], key=lambda one: one.started, reverse=True)
