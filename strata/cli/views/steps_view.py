"""The live table of an object's execution."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from strata.cli.durations import Durations
from strata.cli.views.waiting import Estimate, WaitingBar
from strata.platform.pipeline import ExecutionStep

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
    "RecordFolder": "record an empty folder (DynamoDB)",
    "RecordFailure": "record the failure (DynamoDB)",
    "Notify": "notify (SNS)",
}
_STYLES = {"succeeded": "green", "failed": "bold red", "running": "cyan", "": "dim"}


# How often a long step prints a line outside a terminal.
_LINE_SECONDS = 20.0


class StepTable:
    """Show the steps of one object: redrawn in place on a terminal, a line now and then elsewhere.

    Args:
        console: where to print.
        title: the object.
        durations: of the command, for the estimate under the table.
    """

    def __init__(self, console: Console, title: str, durations: Durations) -> None:
        self._console = console
        self._title = title
        self._steps: dict[str, ExecutionStep] = {}
        self._since: dict[str, float] = {}
        self._execution = ""
        self._printed = time.monotonic()
        self._durations = durations
        self._estimate = Estimate(list(_EXPECTED), durations.last())
        self._bar = WaitingBar("", lambda: time.monotonic())
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=4)

    def __enter__(self) -> StepTable:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        else:
            self._console.print(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
        good = {step.name: step.seconds for step in self._steps.values() if step.status == "succeeded"}
        if kind is None and good:
            self._durations.keep({name: seconds or 0.0 for name, seconds in good.items()})

    def on_step(self, step: ExecutionStep) -> None:
        """Take one step's change."""
        self._since.setdefault(step.name, time.monotonic())
        self._steps[step.name] = step
        if not self._console.is_terminal and step.status != "running":
            what = _WHAT.get(step.name, step.name)
            self._print(f"  {what:<50} {step.status:<10} {step.seconds or 0:6.2f} s", _STYLES[step.status])

    def on_wait(self, execution: str) -> None:
        """Take a wait without any change.

        Args:
            execution: name of the awaited execution; empty before it starts.
        """
        self._execution = execution
        if self._console.is_terminal or time.monotonic() - self._printed < _LINE_SECONDS:
            return
        running = [step for step in self._steps.values() if step.status == "running"]
        for step in running[-1:]:
            what = f"{_WHAT.get(step.name, step.name)}, execution {execution}".removesuffix(", execution ")
            self._print(f"  {what}: running for {self._seconds(step):.0f} s", _STYLES["running"])

    def _print(self, line: str, style: str) -> None:
        self._printed = time.monotonic()
        self._console.print(line, style=style, soft_wrap=True)

    def _picture(self) -> Group:
        steps = list(self._steps.values())
        ended = {step.name for step in steps if step.status in ("succeeded", "failed")}
        running = {step.name: self._seconds(step) for step in steps if step.name not in ended}
        return Group(self._table(), self._bar.show(*self._estimate.of(ended, running)))

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", title_style="bold")
        if self._execution:
            table.caption, table.caption_justify = f"execution {self._execution}", "left"
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

    def _seconds(self, step: ExecutionStep) -> float:
        return step.seconds if step.seconds is not None else time.monotonic() - self._since[step.name]
