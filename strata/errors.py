"""The one error type that a user sees."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

_SHOWN = 12


class StrataError(Exception):
    """A fault that the user can fix: what is wrong, where, and the remedy.

    Args:
        message: what is wrong, one sentence without a full stop.
        file: the file the fault is in, if there is one.
        line: the 1-based line in that file.
        remedy: what to do about it, an imperative sentence without a full stop.
        exit_code: the command's exit code.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        remedy: str | None = None,
        exit_code: int = 1,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = str(file) if file is not None else None
        self.line = line
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        place = ""
        if self.file is not None:
            place = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: "
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{place}{self.message}{remedy}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the remedy for a name that is not among those that are known."""
    names = sorted(known)
    if close := difflib.get_close_matches(name, names, n=1):
        return f"did you mean {close[0]}?"
    return f"there are {', '.join(names[:_SHOWN]) or 'none'}{' and more' if len(names) > _SHOWN else ''}"
