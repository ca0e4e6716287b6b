"""A bar with an estimate: what is waited for, since when, and how long it will take about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, Task, TextColumn
from rich.text import Text

from strata.cli.durations import Durations

Clock = Callable[[], float]
# A part that takes longer than the last time is nearly done, not done.
_NEARLY = 0.99
_BAR_WIDTH = 24


class WaitingBar:
    """A line that grows: title, bar, seconds, and the estimate of what is left.

    Args:
        title: what is waited for.
        clock: the time in seconds.
    """

    def __init__(self, title: str, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            _Bar(bar_width=_BAR_WIDTH),
            TextColumn("{task.fields[said]}", markup=False),
            auto_refresh=False,
            get_time=clock,
        )
        self._task = self._progress.add_task(title, total=None, said="")

    def show(self, done: float | None, left: float) -> RenderableType:
        """Return the line as it is now.

        Args:
            done: the share that is done, from 0 to 1; None without an estimate.
            left: how many seconds are left, about.
        """
        said = in_words(self._clock() - self._began)
        if done is None:
            self._progress.update(self._task, said=said)
        else:
            said += f", about {in_words(left)} left" if left >= 1 else ", nearly done" if done < 1 else ""
            self._progress.update(self._task, total=1.0, completed=done, said=said)
        return self._progress


class Estimate:
    """What is done and what is left of several parts, from the seconds that each took the last time.

    Args:
        names: the parts.
        last: name → seconds in the last run.
        parallel: how many run at once on average.
    """

    def __init__(self, names: list[str], last: Mapping[str, float], parallel: float = 1.0) -> None:
        known = [last[name] for name in names if name in last]
        # A part that is new is as long as the others are on average.
        usual = sum(known) / len(known) if known else 0.0
        self._expected = {name: last.get(name, usual) for name in names}
        self._parallel = max(parallel, 1.0)

    def of(self, ended: set[str], running: Mapping[str, float]) -> tuple[float | None, float]:
        """Return the share that is done, None without a last run, and the seconds that are left.

        Args:
            ended: the parts that have ended.
            running: part → its seconds so far.
        """
        total = sum(self._expected.values())
        if not total:
            return None, 0.0
        left = [
            max(seconds - running.get(name, 0.0), (1 - _NEARLY) * seconds)
            for name, seconds in self._expected.items()
            if name not in ended
        ]
        # However many run at once, the longest one has to end.
        return 1 - sum(left) / total, max(sum(left) / self._parallel, max(left, default=0.0))


class Wait:
    """Show one wait: a bar on a terminal, which is gone at its end; one line elsewhere.

    Args:
        console: where to print.
        title: what is waited for.
        durations: of the command.
        clock: the time in seconds.
        line: whether to print the line also without a terminal.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        durations: Durations,
        clock: Clock = time.monotonic,
        *,
        line: bool = True,
    ) -> None:
        self._console = console
        self._title = title
        self._durations = durations
        self._clock = clock
        self._as_line = line
        self._began = clock()
        self._bar = WaitingBar(title, clock)
        self._estimate = Estimate([title], durations.last())
        self._live = Live(get_renderable=self._line, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Wait:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        elif self._as_line:
            self._console.print(self._title, markup=False, soft_wrap=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
        if kind is None:
            self._durations.keep({self._title: self._clock() - self._began})

    def refresh(self) -> None:
        """Draw now."""
        self._live.refresh()

    def _line(self) -> RenderableType:
        return self._bar.show(*self._estimate.of(set(), {self._title: self._clock() - self._began}))


class _Bar(BarColumn):
    """No bar where nothing is known: one that only moves says nothing."""

    def render(self, task: Task) -> RenderableType:  # type: ignore[override]
        return Text("") if task.total is None else super().render(task)


def in_words(seconds: float) -> str:
    """Return `12 s` or `2 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
