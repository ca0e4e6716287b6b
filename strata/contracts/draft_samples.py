"""Samples for drafts: CSV of any delimiter, JSON lines and Parquet, plain or packed, as columns of texts."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from glue_jobs.contract import Column
from glue_jobs.formats import COMPRESSIONS, DELIMITERS
from strata.errors import StrataError

ROWS = 10_000  # how many rows of a sample are read


@dataclass(frozen=True)
class SampleColumns:
    """What a sample holds.

    Attributes:
        titles: the names of its columns.
        values: the texts of each column; "" where there is nothing.
        format: what a contract says of how it is written, empty for ordinary CSV.
        types: the columns whose type the file itself tells.
        texts: the columns whose values are texts in the file, whatever they look like.
    """

    titles: list[str]
    values: list[list[str]]
    format: dict[str, str] = field(default_factory=dict)
    types: dict[str, Column] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        return len(self.values[0])


def read_sample(sample: Path) -> SampleColumns:
    """Read the first rows of a sample.

    Raises:
        StrataError: it is missing, has no rows, or is not CSV, JSON lines or Parquet.
    """
    if not sample.is_file():
        raise StrataError(
            "the sample is missing", file=sample, remedy="name a file of CSV, JSON lines or Parquet"
        )
    with sample.open("rb") as file:
        if file.read(4) == b"PAR1":
            return _parquet(sample)
    try:
        lines = _lines(sample)
    except UnicodeDecodeError:
        raise StrataError("the sample is not UTF-8", file=sample, remedy="save it as UTF-8") from None
    except (OSError, EOFError) as error:
        raise StrataError(
            f"the sample cannot be unpacked: {error}", file=sample, remedy="pack it again"
        ) from None
    if lines and lines[0].lstrip().startswith("{"):
        return _json(sample, lines)
    return _csv(sample, lines)


def _lines(sample: Path) -> list[str]:
    packed = next((name for end, name in COMPRESSIONS.items() if sample.name.lower().endswith(end)), None)
    if packed is None:
        with sample.open(encoding="utf-8-sig", newline="") as file:
            return list(islice(file, ROWS + 1))
    import pyarrow as pa

    with pa.input_stream(str(sample), compression=packed) as stream:
        return list(islice(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""), ROWS + 1))


def _csv(sample: Path, lines: Sequence[str]) -> SampleColumns:
    delimiter = _delimiter(lines)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise StrataError(f"the sample is not CSV: {error}", file=sample, remedy="correct it") from None
    filled = [row for row in rows[1:] if row]
    if not filled:
        raise StrataError(
            "the sample has no rows", file=sample, remedy="name a file with a header and some rows"
        )
    titles = rows[0]
    for number, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(titles):
            raise StrataError(
                f"the row has {len(row)} columns, the header {len(titles)}",
                file=sample,
                line=number,
                remedy="take the row out of the sample",
            )
    values = [[row[place] for row in filled] for place in range(len(titles))]
    return SampleColumns(titles, values, {} if delimiter == "," else {"delimiter": delimiter})


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the first line into most columns; a comma if nothing does."""
    first = lines[0] if lines else ""
    widths = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in DELIMITERS}
    return max(widths, key=lambda mark: widths[mark])


def _json(sample: Path, lines: Sequence[str]) -> SampleColumns:
    objects: list[dict[str, Any]] = []
    for number, line in enumerate(lines[:ROWS], start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_int=Decimal, parse_float=Decimal)
        except ValueError as error:
            raise StrataError(
                f"the line is not JSON: {error}", file=sample, line=number, remedy="take it out of the sample"
            ) from None
        nested = [name for name, value in found.items() if isinstance(value, dict | list)]
        if nested:
            raise StrataError(
                f"the field {nested[0]} holds an object or a list",
                file=sample,
                line=number,
                remedy="contracts describe single values: flatten it",
            )
        objects.append(found)
    titles = list(dict.fromkeys(title for found in objects for title in found))
    texts = {title for found in objects for title, value in found.items() if isinstance(value, str)}
    values = [[_text(found.get(title)) for found in objects] for title in titles]
    return SampleColumns(titles, values, {"type": "json"}, texts=frozenset(texts))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _parquet(sample: Path) -> SampleColumns:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(sample)
        batch = next(file.iter_batches(ROWS), None)
    except pa.ArrowException as error:
        raise StrataError(
            f"the sample is not Parquet: {error}", file=sample, remedy="write it again"
        ) from None
    if batch is None or not batch.num_rows:
        raise StrataError("the sample has no rows", file=sample, remedy="name a file with some rows")
    types = {}
    for arrow in file.schema_arrow:
        found = _column(str(arrow.type))
        if found is None:
            raise StrataError(
                f"the column {arrow.name} has the type {arrow.type}",
                file=sample,
                remedy="use a number, text, boolean, date, or a timestamp in micro- or milliseconds",
            )
        types[arrow.name] = found
    values = [[_text(value) for value in column.to_pylist()] for column in batch.columns]
    return SampleColumns(batch.schema.names, values, {"type": "parquet"}, types)


def _column(arrow: str) -> Column | None:
    """The column of one of Arrow's types; None where a contract has none for it."""
    decimal = re.fullmatch(r"decimal128\((\d+), (\d+)\)", arrow)
    if decimal:
        return Column("", f"decimal({decimal[1]},{decimal[2]})")
    kinds = {
        "int": ("int8", "int16", "int32", "uint8", "uint16"),
        "bigint": ("int64", "uint32"),
        "double": ("float", "double"),
        "string": ("string", "large_string"),
        "boolean": ("bool",),
        "date": ("date32[day]",),
    }
    for kind, names in kinds.items():
        if arrow in names:
            return Column("", kind)
    if re.fullmatch(r"timestamp\[[um]s, tz=.*\]", arrow):
        return Column("", "timestamp")
    return Column("", "timestamp", zone="Etc/UTC") if re.fullmatch(r"timestamp\[[um]s\]", arrow) else None
