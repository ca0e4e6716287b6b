"""How long files and groups of tests take: stored by one run, so that later ones begin with the longest."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import PositiveInt, TypeAdapter, ValidationError

# What is shorter leaves no worker idle for long, wherever it comes.
SHORTEST_SECONDS = 20
_HEADER = "# Written by `pytest --store-durations`: seconds of files and groups of tests, from 20 s on.\n"
_DURATIONS = TypeAdapter(dict[str, PositiveInt])


def read_durations(file: Path) -> dict[str, int]:
    """Read the stored seconds of each file or group; nothing where none are stored.

    Raises:
        pytest.UsageError: the file does not hold durations.
    """
    try:
        return _DURATIONS.validate_python(tomllib.loads(file.read_text(encoding="utf-8")), strict=True)
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise pytest.UsageError(
            f"{file} does not hold durations: {error}\ndelete it; pytest --store-durations writes a new one"
        ) from error


def write_durations(file: Path, measured: Mapping[str, float]) -> None:
    """Store what was measured; a file or group that was not measured keeps its duration."""
    kept = {name: seconds for name, seconds in read_durations(file).items() if name not in measured}
    long = {name: round(seconds) for name, seconds in measured.items() if seconds >= SHORTEST_SECONDS}
    ordered = sorted((kept | long).items(), key=lambda entry: (-entry[1], entry[0]))
    # A JSON string is a TOML string.
    lines = [f"{json.dumps(name, ensure_ascii=False)} = {seconds}\n" for name, seconds in ordered]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_HEADER + "".join(lines), encoding="utf-8")


class DurationRecorder:
    """A plugin that stores the durations of a run that passes.

    Args:
        file: where they are stored.
        units: gives the file or group of each node id that ran.
    """

    def __init__(self, file: Path, units: Callable[[], Mapping[str, str]]) -> None:
        self._file = file
        self._units = units
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._stored = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Set-up and tear-down count: a shared fixture is often the longest part.
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        # A test that failed may have ended early.
        if exitstatus != pytest.ExitCode.OK:
            return
        units = self._units()
        measured: defaultdict[str, float] = defaultdict(float)
        for node_id, seconds in self._seconds.items():
            measured[units[node_id]] += seconds
        write_durations(self._file, measured)
        self._stored = True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        told = f"stored in {self._file}" if self._stored else "not stored: the run did not pass"
        terminalreporter.write_line(f"durations {told}")
