"""Values and ends of ranges in the rules of a contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

Value = str | int | float | Decimal | date | datetime


@dataclass(frozen=True)
class Bound:
    """An end of a range."""

    value: Value
    exclusive: bool = False


@dataclass(frozen=True)
class Span:
    """How long a text is, or how many rows a file has, both ends included; `most` may be None."""

    least: int = 0
    most: int | None = None

    def __contains__(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


def value_of(kind: str, written: object) -> Value:
    """A value of a document as one of a column's type.

    Args:
        kind: the type by Spark's name.
        written: what the document says.

    Raises:
        ValueError: it is not of that type; the message says what would be.
    """
    if kind == "string":
        if isinstance(written, str):
            return written
        raise ValueError("write a text, in quotes")
    if kind in ("date", "timestamp"):
        return _moment(kind, written)
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError("write a number")
    text = str(written)
    if kind in ("int", "bigint"):
        limit = 2 ** (31 if kind == "int" else 63)
        number = _decimal(text)
        if number % 1 or not -limit <= number < limit:
            raise ValueError(f"write a whole number of type {kind}")
        return int(number)
    if kind == "double":
        return float(_decimal(text))
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if found is None:
        raise ValueError("leave it out")
    digits, scale = int(found[1]), int(found[2])
    exact = _decimal(text).normalize()
    if -int(exact.as_tuple().exponent) > scale or abs(exact) >= 10 ** (digits - scale):
        raise ValueError(f"write a number of type {kind}")
    return exact


def sql(kind: str, value: Value) -> str:
    """A value of a type as SQL."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        text = value.isoformat()
    literal = _literal(text)
    return literal if kind == "string" else f"CAST({literal} AS {kind})"


def _literal(text: str) -> str:
    """A string literal, raw where it can be: Spark matches each character of others against the rest."""
    for quote in "'\"":
        if "\\" in text and quote not in text:
            return f"r{quote}{text}{quote}"
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def shown(value: Value) -> str:
    """A value as a message has it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        raise ValueError("write a number")
    return Decimal(text)


def _moment(kind: str, written: object) -> date | datetime:
    example = "'2026-01-31'" if kind == "date" else "'2026-01-31T12:00:00Z'"
    try:
        if (
            kind == "date"
            and isinstance(written, str)
            and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", written)
        ):
            return date.fromisoformat(written)
        if kind == "timestamp" and isinstance(written, str) and "T" in written:
            moment = datetime.fromisoformat(written)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"write it in quotes as {example}")


def text_sql(value: str) -> str:
    """A text as SQL, whatever quotes and backslashes it holds."""
    return sql("string", value)
