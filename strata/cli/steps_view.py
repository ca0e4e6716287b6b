"""The live table of one object's way through the platform."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from strata.pipeline import Step

_EXPECTED = (
    "S3 event",
    "Claim",
    "Clean",
    "Curate",
    "Refresh",
    "Reconcile",
    "RecordSuccess",
)
_WHAT = {
    "S3 event": "S3 event → EventBridge rule → execution started",
    "Claim": "claim the object (DynamoDB)",
    "Clean": "Glue job clean (Spark)",
    "Curate": "Glue job curate (Spark)",
    "Refresh": "refresh the external table (Lambda → Snowflake)",
    "Reconcile": "reconcile row counts (Lambda → Snowflake)",
    "RecordSuccess": "record success (DynamoDB)",
    "RecordFailure": "record the failure (DynamoDB)",
    "Notify": "notify (SNS)",
}
_STYLES = {"succeeded": "green", "failed": "bold red", "running": "cyan", "": "dim"}


class StepTable:
    """Shows the steps of one object: redrawn in place on a terminal, one line per ended step elsewhere.

    Args:
        console: where to.
        title: what is followed.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._steps: dict[str, Step] = {}
        self._since: dict[str, float] = {}
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4)

    def __enter__(self) -> StepTable:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def on_step(self, step: Step) -> None:
        """Take one step's change."""
        self._since.setdefault(step.name, time.monotonic())
        self._steps[step.name] = step
        if not self._console.is_terminal and step.status != "running":
            what = _WHAT.get(step.name, step.name)
            self._console.print(
                f"  {what:<50} {step.status:<10} {step.seconds or 0:6.2f} s", style=_STYLES[step.status]
            )

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", title_style="bold")
        table.add_column("step")
        table.add_column("status")
        table.add_column("seconds", justify="right")
        extra = [name for name in self._steps if name not in _EXPECTED]
        for name in (*_EXPECTED, *extra):
            step = self._steps.get(name)
            status = step.status if step else ""
            seconds = "" if step is None else f"{self._seconds(step):.2f}"
            table.add_row(_WHAT.get(name, name), status, seconds, style=_STYLES[status])
        return table

    def _seconds(self, step: Step) -> float:
        return step.seconds if step.seconds is not None else time.monotonic() - self._since[step.name]
