"""A dataset's data contract: what a raw file must hold, and what the curated table will.

`odcs.py` makes it of its document; everything else of a data set follows from it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glue_jobs.errors import RefusedObject
from glue_jobs.formats import DELIMITERS, ORDINARY, Format, delimiter_name
from glue_jobs.rules import Bound, Span, Value

ANY_NUMBER = Span()
QUOTED_CHARACTERS = 120  # how much of a strange first line an error shows


@dataclass(frozen=True)
class Column:
    """A column of a raw file, of a reference or of the curated table.

    Attributes:
        name: its name in every table.
        type: Spark's name: string, int, bigint, decimal(p,s), double, boolean, date or timestamp.
        nullable: whether a value may be missing.
        header: its name in a raw file's first line; None: `name`.
        format: how a date or timestamp is written, a pattern of Java's DateTimeFormatter; None: ISO 8601.
        zone: the time zone of timestamps that are written without one; None: each is written with its own.
        pattern: the regular expression that a whole string must match.
        least, most: the ends of the range that a value must be in.
        length: how many characters a string must have.
        allowed: the only values; empty: any.
        unique: whether no two lines of a file may have the same value.
    """

    name: str
    type: str
    nullable: bool = True
    header: str | None = None
    format: str | None = None
    zone: str | None = None
    pattern: str | None = None
    least: Bound | None = None
    most: Bound | None = None
    length: Span | None = None
    allowed: tuple[Value, ...] = ()
    unique: bool = False

    @property
    def raw_name(self) -> str:
        """Its name in a raw file."""
        return self.header or self.name

    @property
    def has_rules(self) -> bool:
        """Whether more than its type is said of a value."""
        plain = Column(self.name, self.type, self.nullable, self.header, self.format, self.zone)
        return self != plain


@dataclass(frozen=True)
class Join:
    """A look-up in a reference.

    Attributes:
        column: the dataset's column that holds the reference's key.
        adds: curated column -> the reference's column.
        reason: rows whose key the reference lacks are quarantined with it; without one they stay, with nulls.
    """

    column: str
    adds: Mapping[str, str]
    reason: str | None = None


@dataclass(frozen=True)
class ReferenceTable:
    """A small table beside the dataset, `reference/<name>.csv` of the raw bucket."""

    name: str
    columns: tuple[Column, ...]
    key: str
    joins: tuple[Join, ...]
    null_token: str = ""

    def type_of(self, column: str) -> str:
        """The type of one of its columns."""
        return next(found.type for found in self.columns if found.name == column)


@dataclass(frozen=True)
class PartitionDate:
    """The date that rows are partitioned by.

    Attributes:
        name: the partition's column. It is one of the dataset's own if that is a date.
        of: the date or timestamp column that it is taken from; a timestamp's date is the one in UTC.
        parts: instead of `of`, a year, a month and a day column.
        within_a_day_of: for `parts`, the timestamp it must agree with; local dates are at most a day away.
    """

    name: str
    of: str | None = None
    parts: tuple[str, ...] = ()
    within_a_day_of: str | None = None


@dataclass(frozen=True)
class Contract:
    """The whole contract of one dataset.

    Attributes:
        dataset: its name.
        null_tokens: the texts that stand for a missing value in a raw file, beside the empty one.
        columns: a raw file's columns, in order.
        key: the columns that tell two rows apart.
        date: the date to partition by.
        references: the tables to look names up in.
        rows: how many data lines a file may have.
        unique: columns that are unique together, beside those that are alone.
        format: how a raw file is written.
        version: its own, of three numbers.
        freshness_hours: within how many hours new rows must come; None: whenever they come.
    """

    dataset: str
    null_tokens: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    date: PartitionDate
    references: tuple[ReferenceTable, ...]
    rows: Span = ANY_NUMBER
    unique: tuple[tuple[str, ...], ...] = ()
    format: Format = ORDINARY
    version: str = ""
    freshness_hours: int | None = None

    @property
    def unique_columns(self) -> list[tuple[str, ...]]:
        """All columns, alone or together, whose values no two lines of a file may share."""
        return [*((column.name,) for column in self.columns if column.unique), *self.unique]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    @property
    def types(self) -> list[str]:
        """The types of the columns."""
        return [column.type for column in self.columns]

    @property
    def header(self) -> list[str]:
        """The header that a raw file must have."""
        return [column.raw_name for column in self.columns]

    @property
    def dated_names(self) -> list[str]:
        """The names of the columns, and of the partition where it is none of them."""
        return self.names if self.date.name in self.names else [*self.names, self.date.name]

    @property
    def judged_schema(self) -> str:
        """Schema, as DDL, of what `clean` writes and `curate` reads."""
        types = {column.name: column.type for column in self.columns}
        place = [Column(name, "bigint") for name in ("_block", "_position")]
        dated = [Column(name, types.get(name, "date")) for name in self.dated_names]
        return ddl([*place, *dated, *(Column(name, "string") for name in ("_reason", "_detail", "_row"))])

    @property
    def curated(self) -> tuple[Column, ...]:
        """The curated table's columns in order, the partition columns left out."""
        own = [Column(column.name, column.type) for column in self.columns if column.name != self.date.name]
        added = [
            Column(name, reference.type_of(column))
            for reference in self.references
            for join in reference.joins
            for name, column in join.adds.items()
        ]
        return (*own, *added, *ORIGIN)

    def check_rows(self, rows: int) -> None:
        """Compares the number of a file's data lines with the contract.

        Raises:
            RefusedObject: there are too few or too many.
        """
        if rows not in self.rows:
            raise RefusedObject("row_count", f"the file has {rows} rows, the contract says {self.rows}")

    def check_header(self, header: str) -> None:
        """Compares a file's first line with the contract.

        Raises:
            RefusedObject: it is not text, or has another delimiter, other columns, or another order.
        """
        shown = header[:QUOTED_CHARACTERS] + ("…" if len(header) > QUOTED_CHARACTERS else "")
        if not header.replace("\t", " ").isprintable() or "\ufffd" in header:
            raise RefusedObject("not_csv", f"the first line is not text: {shown!r}")
        found = self._split(header, self.format.delimiter)
        if found == self.header:
            return
        for other in DELIMITERS:
            columns = self._split(header, other)
            if columns == self.header or len(found) == 1 < len(columns):
                named = delimiter_name(other), delimiter_name(self.format.delimiter)
                detail = f"the columns are separated by {named[0]}, the contract says {named[1]}"
                raise RefusedObject("other_delimiter", detail)
        missing = [name for name in self.header if name not in found]
        unknown = [name for name in found if name not in self.header]
        if missing or unknown:
            differences = [f"{len(missing)} missing ({', '.join(missing)})"] if missing else []
            if unknown:
                names = ", ".join(unknown)[:QUOTED_CHARACTERS]
                differences.append(f"{len(unknown)} unknown ({names})")
            raise RefusedObject("other_columns", f"not the contract's header: {'; '.join(differences)}")
        raise RefusedObject("other_columns", f"the header's columns are out of order or repeated: {shown!r}")

    def _split(self, header: str, delimiter: str) -> list[str]:
        return next(csv.reader([header], delimiter=delimiter, quotechar=self.format.quote), [])


# What every curated row says about where it comes from.
ORIGIN = (
    Column("object_id", "string"),
    Column("object_key", "string"),
    Column("sequencer", "string"),
    Column("source_line", "bigint"),
)


def ddl(columns: Sequence[Column]) -> str:
    """Spark's DDL of some columns; nullability is checked row by row, not by the reader."""
    return ", ".join(f"`{column.name}` {column.type}" for column in columns)
