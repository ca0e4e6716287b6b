"""The live table of units while Terraform applies, plans or destroys."""

from __future__ import annotations

import threading
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

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
_ENDED = frozenset({"applied", "planned", "destroyed", "failed", "skipped"})


class UnitTable:
    """Show unit events: a table redrawn in place on a terminal, a line per ended or locked unit elsewhere.

    Args:
        console: where to print.
        units: paths of the units, in the order of the table.
    """

    def __init__(self, console: Console, units: list[str]) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._events = {unit: UnitEvent(unit, "waiting", 0, 0.0) for unit in units}
        self._shown: set[str] = set()
        self._live = Live(self._table(), console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> UnitTable:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.update(self._table(), refresh=True)
            self._live.stop()

    def on_event(self, event: UnitEvent) -> None:
        """Take one event; called from the runner's threads."""
        with self._lock:
            self._events[event.unit] = event
            if self._console.is_terminal:
                self._live.update(self._table())
            elif event.state == "locked" and event.unit not in self._shown:
                self._shown.add(event.unit)
                self._console.print(f"{event.unit:<36} {_state(event)}", style="yellow", soft_wrap=True)
            elif event.state in _ENDED:
                self._console.print(_line(event), style=_STYLES[event.state], soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title="units", title_justify="left", title_style="bold")
        table.add_column("unit")
        table.add_column("state")
        table.add_column("resources", justify="right")
        table.add_column("seconds", justify="right")
        for event in self._events.values():
            seconds = f"{event.seconds:.1f}" if event.state != "waiting" else ""
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
