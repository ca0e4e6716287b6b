"""Where commands write: facts to standard output, progress and errors to standard error."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

# What would act on a terminal or turn the text's direction round; a key or a value may hold any of it.
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Wider than any line: nothing has to fit a screen where there is none.
_UNWRAPPED = 100_000
# A column that is folded to fewer characters cannot be read.
_NARROWEST = 9
# Of a column, its two spaces and its line.
_FRAME = 3


def width_of(stream: TextIO) -> int | None:
    """Return the width that lines are wrapped at; None is the terminal's own."""
    return None if stream.isatty() else _UNWRAPPED


# rich drops colours if the stream is not a terminal or NO_COLOR is set.
out = Console(highlight=False, width=width_of(sys.stdout))
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print a JSON document without colours or wrapping."""
    print(json.dumps(value, indent=2, default=str))


def table(title: str | None, columns: list[str], rows: list[list[Any]]) -> Table:
    """Return a table, with columns of numbers aligned to the right."""
    result = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        result.add_column(_text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        result.add_row(*(_cell(value) for value in row))
    return result


def fitted(columns: list[str], rows: list[list[Any]], console: Console) -> RenderableType:
    """Return a table, or one block per row where a table of that many columns is wider than the console."""
    whole = table(None, columns, rows)
    wide = Measurement.get(console, console.options.update(width=_UNWRAPPED), whole).maximum
    if wide <= console.width or len(columns) * (_NARROWEST + _FRAME) + 1 <= console.width:
        return whole
    blocks: list[RenderableType] = []
    for number, row in enumerate(rows, 1):
        block = Table.grid(padding=(0, 2))
        block.add_column(style="bold", overflow="fold", max_width=console.width // 2)
        block.add_column(overflow="fold")
        for name, value in zip(columns, row, strict=True):
            block.add_row(_text(name), _cell(value))
        blocks += [Rule(f"row {number}", align="left", style="dim"), block]
    return Group(*blocks)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.2f}")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    return _text(str(value))


def _text(value: str) -> Text:
    """Return text that can neither move the cursor nor break the box around it."""
    return Text(ACTIVE.sub("\ufffd", value.expandtabs(4)))
