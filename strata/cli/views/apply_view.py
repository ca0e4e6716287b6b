"""The live table of units while Terraform applies, plans or destroys."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from strata.cli.durations import Durations
from strata.cli.views.waiting import Clock, Estimate, WaitingBar
from strata.terraform.events import UnitEvent

_STYLES = {
    "waiting": "dim",
    "locked": "yellow",
    "init": "cyan",
    "plan": "cyan",
    "apply": "cyan",
    "applied": "green",
    "planned": "green",
    "destroyed": "green",
    "failed": "bold red",
    "skipped": "yellow",
}
_GOOD = frozenset({"applied", "planned", "destroyed"})
_ENDED = _GOOD | {"failed", "skipped"}


class UnitTable:
    """Show unit events: a table redrawn in place on a terminal, a line per ended or locked unit elsewhere.

    Args:
        console: where to print.
        units: paths of the units, in the order of the table.
        durations: of the command, for the estimate under the table.
        clock: the time in seconds.
    """

    def __init__(
        self, console: Console, units: list[str], durations: Durations, clock: Clock = time.monotonic
    ) -> None:
        self._console = console
        self._durations = durations
        self._clock = clock
        self._began = clock()
        self._lock = threading.RLock()
        self._events = {unit: UnitEvent(unit, "waiting", 0, 0.0) for unit in units}
        # When each event came: the seconds go on between two of them.
        self._since = dict.fromkeys(units, self._began)
        self._shown: set[str] = set()
        self._parallel = f"{len(units)} units at once"
        last = durations.last()
        self._estimate = Estimate(units, last, last.get(self._parallel, 1.0))
        self._bar = WaitingBar("", clock)
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=4)

    def __enter__(self) -> UnitTable:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
        self._keep()

    def _keep(self) -> None:
        """Remember what ended well; how many ran at once only if all did."""
        good = {one.unit: one.seconds for one in self._events.values() if one.state in _GOOD}
        passed = self._clock() - self._began
        if len(good) == len(self._events) and passed > 0:
            self._durations.keep(good | {self._parallel: sum(good.values()) / passed})
        elif good:
            self._durations.keep(good)

    def refresh(self) -> None:
        """Draw now."""
        self._live.refresh()

    def on_event(self, event: UnitEvent) -> None:
        """Take one event; called from the runner's threads."""
        with self._lock:
            self._events[event.unit] = event
            self._since[event.unit] = self._clock()
            if self._console.is_terminal:
                return
            if event.state == "locked" and event.unit not in self._shown:
                self._shown.add(event.unit)
                self._console.print(f"{event.unit:<36} {_state(event)}", style="yellow", soft_wrap=True)
            elif event.state in _ENDED:
                self._console.print(_line(event), style=_STYLES[event.state], soft_wrap=True)

    def _picture(self) -> Group:
        with self._lock:
            ended = {one.unit for one in self._events.values() if one.state in _ENDED}
            running = {
                one.unit: self._seconds(one)
                for one in self._events.values()
                if one.state not in _ENDED and one.state != "waiting"
            }
            return Group(self._table(), self._bar.show(*self._estimate.of(ended, running)))

    def _seconds(self, event: UnitEvent) -> float:
        passed = 0.0 if event.state in _ENDED else self._clock() - self._since[event.unit]
        return event.seconds + passed

    def _table(self) -> Table:
        table = Table(title="units", title_justify="left", title_style="bold")
        table.add_column("unit", overflow="fold")
        table.add_column("state")
        table.add_column("resources", justify="right")
        table.add_column("seconds", justify="right")
        for event in self._events.values():
            seconds = f"{self._seconds(event):.1f}" if event.state != "waiting" else ""
            table.add_row(
                event.unit, _state(event), str(event.resources or ""), seconds, style=_STYLES[event.state]
            )
        return table


def _state(event: UnitEvent) -> str:
    return f"waiting for {event.message}" if event.state == "locked" else event.state


def _line(event: UnitEvent) -> str:
    # The reason of a failure is printed once, at the end.
    message = "" if event.state in ("failed", "skipped") else f"  {event.message}"
    return (
        f"{event.unit:<36} {event.state:<10} {event.resources:>4} resources {event.seconds:6.1f} s{message}"
    )
