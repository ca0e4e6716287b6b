"""Tables fit a terminal; in a pipe or a file each row is one line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from strata.cli.views.console import out, table, width_of

LONG = "s3://strata-raw-dev-111122223333/" + "flights/" * 20 + "a.csv"


@pytest.mark.parametrize(("terminal", "whole"), [(True, False), (False, True)])
@pytest.mark.parametrize("title", [None, "objects"])
def test_a_row_is_wrapped_for_a_terminal_only(terminal: bool, whole: bool, title: str | None) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    console = Console(file=stream, highlight=False, no_color=True, width=width_of(stream))
    console.print(table(title, ["object", "rows"], [[LONG, 1], ["short", 2]]))
    console.print("word " * 40 + "end")
    lines = stream.getvalue().splitlines()
    assert any(LONG in line for line in lines) == whole
    assert (
        any("word word end" in line and line.startswith("word") and len(line) > 190 for line in lines)
        == whole
    )
    if whole:
        assert len(lines) == (1 if title else 0) + 6 + 1
        assert max(map(len, lines)) < 250


def test_standard_output_is_no_terminal_here(capsys: pytest.CaptureFixture[str]) -> None:
    out.print(table(None, ["object"], [[LONG]]))
    assert LONG in capsys.readouterr().out
