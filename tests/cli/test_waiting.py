"""What a command shows while one waits: a bar and an estimate from the last run, or plain lines."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from strata.cli.durations import Durations
from strata.cli.views import steps_view
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.waiting import Estimate, Wait, in_words
from strata.errors import StrataError
from strata.platform.pipeline import ExecutionStep
from strata.terraform.events import UnitEvent

TITLE = "starting the cloud"


class Clock:
    """A time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def terminal() -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None, legacy_windows=False)


def said(console: Console) -> str:
    """The last picture, without what moves the cursor."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rpartition("\x1b[2K")[2]


def test_a_first_wait_shows_its_title_at_once_and_then_the_seconds(tmp_path: Path) -> None:
    console, clock = terminal(), Clock()
    with Wait(console, TITLE, Durations(tmp_path, "up"), clock) as wait:
        assert TITLE in said(console)
        clock.now += 12
        wait.refresh()
        assert said(console).split() == [*TITLE.split(), "12", "s"]


def test_the_next_wait_estimates_from_the_last(tmp_path: Path) -> None:
    console, clock = terminal(), Clock()
    with Wait(terminal(), TITLE, Durations(tmp_path, "up"), clock):
        clock.now += 80
    with Wait(console, TITLE, Durations(tmp_path, "up"), clock) as wait:
        clock.now += 20
        wait.refresh()
        line = said(console)
        assert "20 s, about 1 min 00 s left" in line
        # A quarter of 24 characters.
        assert line.count("━") == 6
        clock.now += 70
        wait.refresh()
        assert "1 min 30 s, nearly done" in said(console)


def test_a_wait_that_failed_is_no_estimate(tmp_path: Path) -> None:
    durations, clock = Durations(tmp_path, "up"), Clock()
    wait = Wait(terminal(), TITLE, durations, clock)
    wait.__enter__()
    clock.now += 3
    wait.__exit__(StrataError, StrataError("no port"), None)
    assert durations.last() == {}


def test_outside_a_terminal_a_wait_is_one_line(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    with Wait(console, "loading [x]", Durations(tmp_path, "up"), Clock()):
        pass
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "loading [x]\n"


@pytest.mark.parametrize(
    ("ended", "running", "parallel", "expected"),
    [
        # Of 10 + 20 + 30 s, all are left.
        (set(), {}, 1, (0.0, 60.0)),
        (set(), {}, 2, (0.0, 30.0)),
        # However many run at once, c takes its 30 s.
        (set(), {}, 9, (0.0, 30.0)),
        ({"a"}, {"b": 5.0}, 1, (0.25, 45.0)),
        ({"a", "b", "c"}, {}, 1, (1.0, 0.0)),
        # b takes longer than the last time: 1 % of it is left.
        ({"a", "c"}, {"b": 500.0}, 1, (1 - 0.2 / 60, 0.2)),
    ],
)
def test_what_is_left_is_reckoned_from_the_last_run(
    ended: set[str], running: dict[str, float], parallel: float, expected: tuple[float, float]
) -> None:
    estimate = Estimate(["a", "b", "c"], {"a": 10.0, "b": 20.0, "c": 30.0, "gone": 99.0}, parallel)
    assert estimate.of(ended, running) == pytest.approx(expected)


def test_a_new_part_is_as_long_as_the_others() -> None:
    assert Estimate(["a", "b", "new"], {"a": 10.0, "b": 20.0}).of(set(), {}) == (0.0, 45.0)


def test_without_a_last_run_nothing_is_estimated() -> None:
    assert Estimate(["a"], {}).of(set(), {"a": 5.0}) == (None, 0.0)


def test_units_are_estimated_each_and_together(tmp_path: Path) -> None:
    durations, clock = Durations(tmp_path, "apply"), Clock()
    units = ["live/dev/a", "live/dev/b"]
    with UnitTable(terminal(), units, durations, clock) as view:
        clock.now += 10
        view.on_event(UnitEvent(units[0], "applied", 1, 10.0))
        view.on_event(UnitEvent(units[1], "applied", 1, 10.0))
    assert durations.last() == {"live/dev/a": 10.0, "live/dev/b": 10.0, "2 units at once": 2.0}
    console = terminal()
    with UnitTable(console, units, durations, clock) as view:
        assert "live/dev/b" in said(console) or "live/dev/b" in console.file.getvalue()  # type: ignore[attr-defined]
        view.on_event(UnitEvent(units[0], "apply", 0, 1.0))
        clock.now += 4
        view.refresh()
        picture = console.file.getvalue()  # type: ignore[attr-defined]
        # The seconds go on without a new event; 5 of a's 10 and all of b's are left, both at once.
        assert " 5.0 " in picture
        assert "4 s, about 10 s left" in picture


def test_a_unit_that_failed_keeps_its_last_seconds(tmp_path: Path) -> None:
    durations, clock = Durations(tmp_path, "apply"), Clock()
    durations.keep({"live/dev/a": 7.0, "live/dev/b": 8.0})
    with UnitTable(terminal(), ["live/dev/a", "live/dev/b"], durations, clock) as view:
        clock.now += 1
        view.on_event(UnitEvent("live/dev/a", "failed", 0, 0.5))
        view.on_event(UnitEvent("live/dev/b", "applied", 0, 0.25))
    assert durations.last() == {"live/dev/a": 7.0, "live/dev/b": 0.25}


def test_the_steps_of_an_object_are_estimated(tmp_path: Path) -> None:
    durations = Durations(tmp_path, "put")
    with steps_view.StepTable(terminal(), "s3://raw/a", durations) as view:
        view.on_step(ExecutionStep("Clean", "succeeded", 30.0))
        view.on_step(ExecutionStep("Curate", "failed", 1.0))
    assert durations.last() == {"Clean": 30.0}
    console = terminal()
    with steps_view.StepTable(console, "s3://raw/a", durations):
        pass
    # Seven steps, and each is taken to be as long as the one that is known.
    assert "about 3 min 30 s left" in console.file.getvalue()  # type: ignore[attr-defined]


def test_commands_keep_their_seconds_apart(tmp_path: Path) -> None:
    Durations(tmp_path, "up").keep({"a": 1.0})
    Durations(tmp_path, "apply").keep({"a": 2.0, "b": 3.0})
    Durations(tmp_path, "apply").keep({"a": 4.0})
    assert Durations(tmp_path, "up").last() == {"a": 1.0}
    assert Durations(tmp_path, "apply").last() == {"a": 4.0, "b": 3.0}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"up": 1}', '{"up": {"a": "x"}}', "\xff"])
def test_a_damaged_file_of_seconds_is_no_fault(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".strata" / "durations.json"
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    assert Durations(tmp_path, "up").last() == {}
    Durations(tmp_path, "up").keep({"a": 1.0})
    assert Durations(tmp_path, "up").last() == {"a": 1.0}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (605, "10 min 05 s")]
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert in_words(seconds) == text
