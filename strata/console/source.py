"""What the console asks; the running platform answers it, and in tests what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from strata.console.models import DataSet, Graph, Quarantine, Reprocess, Result, RunPage, TracePage, UnitsPage


class Source(Protocol):
    """One platform; every method raises StrataError for what the user can mend."""

    def environments(self) -> list[str]:
        """The environments, the running one first."""
        ...

    def revision(self, environment: str) -> str:
        """A text that changes whenever something that a page shows has changed."""
        ...

    def flow(self, environment: str) -> Graph:
        """The whole platform."""
        ...

    def runs(self, environment: str, text: str, status: str, offset: int, limit: int) -> RunPage:
        """Executions, the newest first."""
        ...

    def trace(self, environment: str, name: str) -> TracePage:
        """The trace of an execution by its name."""
        ...

    def datasets(self, environment: str) -> list[DataSet]:
        """The data sets."""
        ...

    def quarantine(self, environment: str, dataset: str, reason: str, text: str, limit: int) -> Quarantine:
        """Lines in the quarantine of a data set."""
        ...

    def quarantine_lines(self, environment: str, dataset: str) -> Iterator[str]:
        """All of them, each as a line of JSON."""
        ...

    def process_again(self, environment: str, dataset: str, reason: str) -> Reprocess:
        """Process the objects of a data set again."""
        ...

    def processing(self, environment: str, name: str) -> Reprocess:
        """How far that is, by the name that its start returned."""
        ...

    def query(self, environment: str, sql: str) -> Result:
        """Run a statement as the platform's reader."""
        ...

    def units(self, environment: str) -> UnitsPage:
        """The live tree."""
        ...
