"""A dataset's data contract: what a raw file must hold, and what the curated table will."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from glue_jobs.errors import JobError, RefusedObject

QUOTED_CHARACTERS = 120  # how much of a strange first line an error shows


@dataclass(frozen=True)
class Column:
    """A column; `type` is Spark's name: int, bigint, double, string, timestamp or date."""

    name: str
    type: str
    nullable: bool = True


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


@dataclass(frozen=True)
class PartitionDate:
    """The date that rows are partitioned by, made of a year, a month and a day column.

    Attributes:
        name: the new column.
        parts: the three columns.
        within_a_day_of: the timestamp in UTC it must agree with; local dates are at most a day away.
    """

    name: str
    parts: tuple[str, str, str]
    within_a_day_of: str


@dataclass(frozen=True)
class Contract:
    """The whole contract of one dataset.

    Attributes:
        dataset: its name.
        null_value: the text that stands for a missing value in a raw file, beside the empty one.
        columns: a raw file's columns, in order.
        key: the columns that tell two rows apart.
        date: the date to partition by.
        references: the tables to look names up in.
        curated: the external table's columns in order, the partition columns left out.
    """

    dataset: str
    null_value: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    date: PartitionDate
    references: tuple[ReferenceTable, ...]
    curated: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The header that a raw file must have."""
        return [column.name for column in self.columns]

    @property
    def clean_schema(self) -> str:
        """Schema, as DDL, of what `clean` writes and `curate` reads."""
        return ddl([*self.columns, Column(self.date.name, "date"), Column("source_line", "bigint")])

    def check_header(self, header: str) -> None:
        """Compares a file's first line with the contract.

        Raises:
            RefusedObject: it is not text, or has other columns, or the same in another order.
        """
        shown = header[:QUOTED_CHARACTERS] + ("…" if len(header) > QUOTED_CHARACTERS else "")
        if not header.replace("\t", " ").isprintable() or "\ufffd" in header:
            raise RefusedObject("not_csv", f"the first line is not text: {shown!r}")
        found = next(csv.reader([header], strict=False), [])
        if found == self.names:
            return
        missing = [name for name in self.names if name not in found]
        unknown = [name for name in found if name not in self.names]
        if missing or unknown:
            differences = [f"{len(missing)} missing ({', '.join(missing)})"] if missing else []
            if unknown:
                names = ", ".join(unknown)[:QUOTED_CHARACTERS]
                differences.append(f"{len(unknown)} unknown ({names})")
            raise RefusedObject("other_columns", f"not the contract's header: {'; '.join(differences)}")
        raise RefusedObject("other_columns", f"the header's columns are out of order or repeated: {shown!r}")


def load(dataset: str) -> Contract:
    """Reads `contracts/<dataset>.json` of this package, from a folder or from Glue's zip.

    Raises:
        JobError: the data set has no contract.
    """
    folder = resources.files("glue_jobs") / "contracts"
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(".json")]
    known = sorted(name.removesuffix(".json") for name in files)
    if dataset not in known:
        raise JobError(f"the data contract {dataset!r} does not exist; known: {', '.join(known)}")
    return from_document(json.loads((folder / f"{dataset}.json").read_text(encoding="utf-8")))


def from_document(document: Mapping[str, Any]) -> Contract:
    """Makes a contract of its parsed JSON document."""
    date = document["date"]
    year, month, day = date["from"]
    return Contract(
        dataset=document["dataset"],
        null_value=document["null_value"],
        columns=_columns(document["columns"]),
        key=tuple(document["key"]),
        date=PartitionDate(date["name"], (year, month, day), date["within_a_day_of"]),
        references=tuple(
            ReferenceTable(
                name=reference["name"],
                columns=_columns(reference["columns"]),
                key=reference["key"],
                joins=tuple(Join(**join) for join in reference["joins"]),
            )
            for reference in document["references"]
        ),
        curated=_columns(document["curated"]),
    )


def ddl(columns: Sequence[Column]) -> str:
    """Spark's DDL of some columns; nullability is checked row by row, not by the reader."""
    return ", ".join(f"`{column.name}` {column.type}" for column in columns)


def _columns(documents: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(**document) for document in documents)
