"""Rows of sample data as files of each format, and the faults that a format can have."""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from glue_jobs import times
from glue_jobs.contract import Column, Contract
from glue_jobs.rules import Value
from glue_jobs.shapes import shape_of

# The values of a row in the contract's order; None is missing.
Fields = list[Value | None]


class SampleWriter(ABC):
    """Writes rows in a contract's format."""

    suffix: ClassVar[str]

    def __init__(self, contract: Contract, random: Random) -> None:
        self.contract = contract
        self.random = random

    @abstractmethod
    def row(self, fields: Fields) -> Any:
        """A good row."""

    @abstractmethod
    def spoilt(self, fields: Fields) -> Any:
        """A good row with one fault put in."""

    @abstractmethod
    def file(self, rows: Sequence[Any]) -> bytes:
        """The file of some rows."""

    def place_of(self, name: str) -> int:
        return self.contract.names.index(name)

    @property
    def key_place(self) -> int:
        """A column that must have a value."""
        return self.place_of(self.contract.key[0])

    @property
    def date_place(self) -> int:
        """A column of the partition."""
        return self.place_of(self.contract.date.of or self.contract.date.parts[0])


class CsvWriter(SampleWriter):
    """Writes CSV."""

    suffix = "csv"

    def row(self, fields: Fields) -> str:
        return self._line(self._texts(fields))

    def spoilt(self, fields: Fields) -> str:
        texts = self._texts(fields)
        spoilers: list[Callable[[], str]] = [
            lambda: self._line([*texts, "one too many"]),
            lambda: f"a{self.contract.format.quote}{self._line(texts)}",
            lambda: self._line(_with(texts, self.key_place, "")),
            lambda: self._line(_with(texts, self.date_place, "never")),
            lambda: self._line(texts[:-1]),
        ]
        return self.random.choice(spoilers)()

    def file(self, rows: Sequence[str]) -> bytes:
        text = "".join([self._line(self.contract.header), *rows])
        return text.encode(self.contract.format.encoding)

    def _texts(self, fields: Fields) -> list[str]:
        missing = ["", *self.contract.null_tokens]
        return [
            self.random.choice(missing) if value is None else text_of(column, value)
            for column, value in zip(self.contract.columns, fields, strict=True)
        ]

    def _line(self, texts: Sequence[str]) -> str:
        written = self.contract.format
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=written.delimiter, quotechar=written.quote, lineterminator="\n")
        writer.writerow(texts)
        return buffer.getvalue()


class JsonWriter(SampleWriter):
    """Writes JSON lines."""

    suffix = "jsonl"

    def row(self, fields: Fields) -> str:
        return self._line(self._members(fields))

    def spoilt(self, fields: Fields) -> str:
        members = self._members(fields)
        titles = self.contract.header
        key, day = titles[self.key_place], titles[self.date_place]
        spoilers: list[Callable[[], str]] = [
            lambda: self._line(members | {"one too many": "1"}),
            lambda: self._line(members)[:-2] + "\n",
            lambda: self._line(members | {key: "null"}),
            lambda: self._line(members | {day: '"never"'}),
            lambda: self._line({title: text for title, text in members.items() if title != key}),
            lambda: self._line(members | {key: "[1]"}),
        ]
        return self.random.choice(spoilers)()

    def file(self, rows: Sequence[str]) -> bytes:
        return "".join(rows).encode(self.contract.format.encoding)

    def _members(self, fields: Fields) -> dict[str, str]:
        members: dict[str, str] = {}
        for title, column, value in zip(self.contract.header, self.contract.columns, fields, strict=True):
            if value is None:
                members |= self.random.choice([{}, {title: "null"}])
                continue
            text = text_of(column, value)
            bare = shape_of(column) is not None and not isinstance(value, date)
            members[title] = text if bare else json.dumps(text, ensure_ascii=False)
        return members

    def _line(self, members: dict[str, str]) -> str:
        inner = ", ".join(
            f"{json.dumps(title, ensure_ascii=False)}: {text}" for title, text in members.items()
        )
        return f"{{{inner}}}\n"


class ParquetWriter(SampleWriter):
    """Writes Parquet; a value of another type cannot be in a column, so that faults are missing values."""

    suffix = "parquet"

    def row(self, fields: Fields) -> Fields:
        return fields

    def spoilt(self, fields: Fields) -> Fields:
        return _with(fields, self.random.choice([self.key_place, self.date_place]), None)

    def file(self, rows: Sequence[Fields]) -> bytes:
        import pyarrow as pa
        from pyarrow import parquet

        kinds = {
            "int": pa.int32(),
            "bigint": pa.int64(),
            "double": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", "UTC"),
            "string": pa.string(),
        }
        arrays = []
        for place, column in enumerate(self.contract.columns):
            kind = kinds.get(column.type)
            if kind is None:
                kind = pa.decimal128(*map(int, column.type[8:-1].split(",")))
            arrays.append(pa.array([row[place] for row in rows], kind))
        buffer = io.BytesIO()
        parquet.write_table(pa.table(arrays, names=self.contract.header), buffer)
        return buffer.getvalue()


WRITERS: dict[str, type[SampleWriter]] = {"csv": CsvWriter, "json": JsonWriter, "parquet": ParquetWriter}


def text_of(column: Column, value: Value | None) -> str:
    """A value as the column has it in a text file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        if column.zone is not None:
            value = value.astimezone(ZoneInfo(column.zone))
        if column.format is None:
            local = value.replace(tzinfo=None).isoformat()
            return local if column.zone is not None else f"{local}Z"
    if isinstance(value, date):
        return value.isoformat() if column.format is None else times.written(column.format, value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _with(fields: list[Any], place: int, value: Any) -> list[Any]:
    return [*fields[:place], value, *fields[place + 1 :]]
