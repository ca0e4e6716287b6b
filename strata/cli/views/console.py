"""Where commands write: facts to standard output, progress and errors to standard error."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

# What would act on a terminal or turn the text's direction round; a key or a value may hold any of it.
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Wider than any line: nothing has to fit a screen where there is none.
_UNWRAPPED = 100_000


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
        result.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        result.add_row(*(_cell(value) for value in row))
    return result


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.2f}")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    return Text(str(value))
