"""What `strata status` and `strata query` print on a terminal of 80 columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from strata.cli.commands.status import _latest
from strata.cli.views.console import fitted, table

KEY = "flights/2026/01/" + "a-key-as-long-as-a-novel-" * 12 + ".csv"
ARABIC = "\u0645\u0631\u062d\u0628\u0627" * 30
FRAMES = "┏┡└│┃"


def lines(shown: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def assert_whole(shown: list[str]) -> None:
    """Each line of a box is as wide as its first one, and none is wider than 80."""
    boxes = [line for line in shown if line[:1] in FRAMES and line[:1]]
    assert {cell_len(line) for line in boxes} == {cell_len(boxes[0])}
    assert max(map(cell_len, shown)) <= 80


@pytest.mark.parametrize(
    "value", [KEY, ARABIC, "漢字" * 60, "a\tb" * 40, "two\nlines", "\x1b[2J\u202eevil", "[bold]x[/bold]", ""]
)
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_a_table_fits_80_columns_whatever_it_holds(value: str, columns: int) -> None:
    shown = lines(fitted([f"C{n}" for n in range(columns)], [[value] * columns], Console(width=80)))
    assert_whole(shown)
    assert not any(mark in "".join(shown) for mark in "\x1b\u202e\t")


def test_nothing_of_a_long_value_is_lost() -> None:
    shown = lines(fitted(["KEY", "ROWS"], [[KEY, 7]], Console(width=80)))
    assert "".join(line.split("│")[1].strip() for line in shown if line.startswith("│")) == KEY


def test_many_columns_become_a_block_per_row() -> None:
    columns = [f"COLUMN_{n}" for n in range(20)]
    rows: list[list[Any]] = [[f"{row}-{n}-" + "x" * 20 for n in range(20)] for row in (1, 2)]
    shown = lines(fitted(columns, rows, Console(width=80)))
    assert len(shown) == 42
    assert shown[0].startswith("row 1 ───")
    assert shown[1].split() == ["COLUMN_0", "1-0-" + "x" * 20]
    assert shown[21].startswith("row 2 ───")
    assert shown[41].split() == ["COLUMN_19", "2-19-" + "x" * 20]
    assert max(map(cell_len, shown)) <= 80


def test_a_long_value_folds_within_its_block() -> None:
    columns = ["A_NAME_" * 20, *(f"C{n}" for n in range(20))]
    shown = lines(fitted(columns, [[KEY] * 21], Console(width=80)))
    assert max(map(cell_len, shown)) <= 80


def test_many_narrow_columns_stay_a_table() -> None:
    shown = lines(fitted([f"N{n}" for n in range(12)], [[1] * 12], Console(width=80)))
    assert_whole(shown)
    assert len(shown) == 5


def test_a_wide_console_shows_the_table() -> None:
    columns = [f"COLUMN_{n}" for n in range(20)]
    shown = lines(fitted(columns, [["x" * 20] * 20], Console(width=1000)), 1000)
    assert len(shown) == 5


def test_the_latest_executions_fit() -> None:
    executions = [
        {
            "name": "flights-" + "0123456789abcdef" * 4,
            "key": KEY,
            "status": status,
            "started": "2026-03-01T12:00:00+00:00",
            "seconds": 1234.5,
        }
        for status in ("SUCCEEDED", "TIMED_OUT")
    ]
    shown = lines(_latest(executions))
    assert_whole(shown)
    # What one compares line by line stays on one line.
    for part in ("SUCCEEDED", "TIMED_OUT", "03-01 12:00:00", "1,234.50"):
        assert any(part in line for line in shown), part


def test_units_and_freshness_fit() -> None:
    unit = "live/a-long-name-of-an-environment/" + "component-" * 8
    assert_whole(lines(table("units", ["unit", "state", "resources", "serial"], [[unit, "applied", 12, 3]])))
    dataset = "a_data_set_" * 12
    assert_whole(
        lines(table("freshness", ["data set", "hours", "new rows", "state"], [[dataset, 24, 0, "stale"]]))
    )
