"""Identifiers as the real provider reads and writes them: parts as they stand, whose case it never folds."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from strata.cloud.snowflake.grammar import quote, quote_path


def parts(text: str) -> tuple[str, ...]:
    """The parts of an identifier, without the quotes that some of them have.

    Raises:
        ValueError: the text is not an identifier.
    """
    if text.count('"') % 2:
        raise ValueError(f"unable to read identifier: {text}, err = unbalanced quotes")
    return tuple(next(csv.reader([text], delimiter="."), ()))


def bare(text: str) -> str:
    """An object's name, which may be written in quotes."""
    return text[1:-1] if len(text) > 1 and text.startswith('"') and text.endswith('"') else text


def qualified(text: str) -> str:
    """A qualified name with every part in quotes."""
    return quote_path(parts(text))


def encoded(path: Sequence[str]) -> str:
    """The id of an object: its name, or the quoted parts of its path."""
    return path[0] if len(path) == 1 else quote_path(tuple(path))


__all__ = ["bare", "encoded", "parts", "qualified", "quote", "quote_path"]
