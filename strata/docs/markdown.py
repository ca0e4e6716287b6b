"""Pieces of Markdown that the reference pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, "" if it has no rows.

    Args:
        head: the names of the columns.
        rows: the cells of each row, as Markdown; a line end or a bar in one is kept as text.
    """
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines]) + "\n"


def code(text: str) -> str:
    """Return a text as code within a line, whatever backticks it has; "" stays."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"


def block(text: str, kind: str = "text") -> str:
    """Return a block of code."""
    return f"```{kind}\n{text.strip()}\n```\n"


def page(title: str, parts: Iterable[str]) -> str:
    """Return a page, with a word that it is generated.

    Args:
        title: its heading.
        parts: paragraphs, headings, tables and blocks; empty ones are left out.
    """
    head = [f"# {title}", "Generated from the code by `strata docs reference`; a test compares both."]
    return "\n\n".join(part.strip() for part in (*head, *parts) if part.strip()) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
