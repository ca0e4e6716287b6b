"""Progress without any package: one line per step, rewritten in place on a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class SetupStep:
    """One line of progress; used as a context manager."""

    def __init__(self, title: str, name: str) -> None:
        self._prefix = f"{title}: {name}"
        self._result = ""
        self._live = sys.stdout.isatty()
        self._started = 0.0

    def note(self, text: str) -> None:
        """Show what the step is doing now; on a terminal only."""
        if self._live:
            print(f"\r\033[K{self._prefix} … {text}", end="", flush=True)

    def done(self, text: str) -> None:
        """Set the result in the line of the finished step."""
        self._result = text

    def __enter__(self) -> SetupStep:
        self._started = time.monotonic()
        self.note("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.monotonic() - self._started
        start = "\r\033[K" if self._live else ""
        if kind is not None:
            print(f"{start}{self._prefix}: stopped after {seconds:.1f} s", flush=True)
            return
        result = f" ({self._result})" if self._result else ""
        print(f"{start}{self._prefix}{result} {seconds:.1f} s", flush=True)


class Progress:
    """The steps of one command.

    Args:
        title: what each line starts with.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._started = time.monotonic()

    def step(self, name: str) -> SetupStep:
        """Return a new step, a context manager."""
        return SetupStep(self._title, name)

    def summary(self) -> None:
        """Print the total."""
        print(f"{self._title}: ready in {time.monotonic() - self._started:.1f} s", flush=True)
