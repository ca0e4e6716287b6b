"""Identifiers as the real provider reads and writes them, without folding their case."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from strata.cloud.snowflake.grammar import quote, quote_path


def parts(text: str) -> tuple[str, ...]:
    """Split an identifier into its parts, without quotes.

    Raises:
        ValueError: the text is not an identifier.
    """
    if text.count('"') % 2:
        raise ValueError(f"unable to read identifier: {text}, err = unbalanced quotes")
    return tuple(next(csv.reader([text], delimiter="."), ()))


def bare(text: str) -> str:
    """Return a name without its quotes."""
    return text[1:-1] if len(text) > 1 and text.startswith('"') and text.endswith('"') else text


def qualified(text: str) -> str:
    """Return a qualified name with every part in quotes."""
    return quote_path(parts(text))


def encoded(path: Sequence[str]) -> str:
    """Return the id of an object: its name, or the quoted parts of its path."""
    return path[0] if len(path) == 1 else quote_path(tuple(path))


__all__ = ["bare", "encoded", "parts", "qualified", "quote", "quote_path"]
