"""What is known of a file's rows once each was judged and written: their numbers, and which repeat others.

The raw file is read once. Numbers, counts, duplicates and uniqueness come of a few columns of the judged
rows, which are Parquet; where no two rows share a key, one hash of each says so, and nothing else is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.clean import DUPLICATE
from glue_jobs.clean_rules import NOT_UNIQUE, SHOWN, fault, when
from glue_jobs.contract import Contract
from glue_jobs.lines import Block, SourceRows, number_sql, shifts_of

# Schema, as DDL, of the rows that repeat others.
REPEATED = "source_line bigint, _reason string, _detail string, _row string"
# Of rows that repeat others.
REASONS = (DUPLICATE, NOT_UNIQUE)
_BLANK = "trim(BOTH ' \\r' FROM _row) = ''"


@dataclass(frozen=True)
class Numbers:
    """What makes numbers in the source of blocks and positions.

    Attributes:
        shifts: block -> what is added to a position.
            Empty where positions are numbers already.
        first, last: the numbers of the first and the last row; others are a header, or blank lines at the
            end.
        others: how many others were judged.
        judged: how many rows were judged, others among them.
    """

    shifts: Mapping[int, int]
    first: int = 0
    last: int = 0
    others: int = 0
    judged: int = 0

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Numbers:
        """What `document` made."""
        shifts = {int(block): shift for block, shift in document["shifts"].items()}
        return cls(shifts, document["first"], document["last"])

    @property
    def document(self) -> dict[str, Any]:
        """What a report keeps."""
        return {"shifts": self.shifts, "first": self.first, "last": self.last}

    def of(self, judged: DataFrame) -> DataFrame:
        """The judged rows with `source_line` instead of block and position, without the others."""
        kept = [f"`{name}`" for name in judged.columns if name not in ("_block", "_position")]
        if not self.shifts:
            return judged.selectExpr("_position AS source_line", *kept)
        return judged.selectExpr(number_sql(self.shifts), *kept).where(
            f"source_line BETWEEN {self.first} AND {self.last}"
        )


@dataclass(frozen=True)
class Counts:
    """How many rows have which fault, None standing for none, and the partition dates of the clean ones."""

    reasons: Mapping[str | None, int]
    dates: list[str]


@dataclass(frozen=True)
class _Group:
    block: int
    reason: str | None
    first: int
    lines: int
    last_filled: int | None
    dates: list[date]


def number(contract: Contract, source: SourceRows, judged: DataFrame) -> tuple[Numbers, Counts]:
    """Counts the judged rows, and finds what makes numbers of their places."""
    groups = list(_groups(contract, judged))
    if source.numbered:
        return Numbers({}, judged=sum(group.lines for group in groups)), _counts(groups)
    by_block: dict[int, list[_Group]] = {}
    for group in groups:
        by_block.setdefault(group.block, []).append(group)
    shifts, last, judged_lines = shifts_of(_block(start, found) for start, found in by_block.items())
    first = 2 if source.has_header else 1
    numbers = Numbers(shifts, first, last, first - 1 + judged_lines - last, judged_lines)
    if not numbers.others:
        return numbers, _counts(groups)
    if source.has_header and numbers.others == 1:
        # The header was judged as a row, the first of the first block.
        header = min(by_block[min(by_block)], key=attrgetter("first"))
        return numbers, _counts(groups, {header.reason: 1})
    # Blank lines at the end were judged as well.
    rest = judged.where(_outside(numbers)).groupBy("_reason").count().collect()
    return numbers, _counts(groups, {row["_reason"]: row["count"] for row in rest})


def _block(start: int, groups: list[_Group]) -> Block:
    filled = [group.last_filled for group in groups if group.last_filled is not None]
    first, lines = min(group.first for group in groups), sum(group.lines for group in groups)
    return Block(start, first, lines, max(filled, default=None))


def _outside(numbers: Numbers) -> str:
    """Condition: a judged line is the header, or a blank line at the end."""
    conditions = []
    for block, shift in numbers.shifts.items():
        low, high = numbers.first - shift, numbers.last - shift
        conditions.append(f"_block = {block} AND NOT _position BETWEEN {low} AND {high}")
    return " OR ".join(f"({condition})" for condition in conditions) or "false"


def _groups(contract: Contract, judged: DataFrame) -> Iterator[_Group]:
    found = judged.groupBy("_block", "_reason").agg(
        F.expr("min(_position) AS first"),
        F.expr("count(*) AS lines"),
        # A clean row has no text, and is not blank.
        F.expr(f"max(IF({_BLANK}, NULL, _position)) AS last_filled"),
        F.expr(f"collect_set(IF(_reason IS NULL, `{contract.date.name}`, NULL)) AS dates"),
    )
    for row in found.collect():
        yield _Group(
            row["_block"], row["_reason"], row["first"], row["lines"], row["last_filled"], row["dates"]
        )


def _counts(groups: list[_Group], outside: Mapping[str | None, int] | None = None) -> Counts:
    reasons: Counter[str | None] = Counter()
    for group in groups:
        reasons[group.reason] += group.lines
    reasons.subtract(outside or {})
    dates = sorted({day.isoformat() for group in groups for day in group.dates})
    return Counts({reason: count for reason, count in reasons.items() if count}, dates)


def totals(contract: Contract, rows: DataFrame) -> tuple[int, list[str]]:
    """How many rows there are, and their partition dates."""
    row: Any = rows.agg(
        F.expr("count(*) AS n"), F.expr(f"collect_set(`{contract.date.name}`) AS dates")
    ).first()
    return row["n"], sorted(day.isoformat() for day in row["dates"])


def repeated(contract: Contract, numbered: DataFrame) -> DataFrame | None:
    """The clean rows that repeat an earlier one's key, or a value that is to be unique.

    Args:
        contract: the contract.
        numbered: the judged rows with their numbers.

    Returns:
        `source_line`, `_reason`, `_detail` and `_row`; None if there are none.
    """
    rows = numbered.where("_reason IS NULL")
    sets = [contract.key, *contract.unique_columns]
    hashes = [f"{_hash(names)} AS _hash_{number}" for number, names in enumerate(sets)]
    # Rows that share a hash may still differ; the values themselves decide below.
    shared = [
        rows.selectExpr(f"{_hash(names)} AS _shared_{number}")
        .where(f"_shared_{number} IS NOT NULL")
        .groupBy(f"_shared_{number}")
        .agg(F.expr("count(*) AS n"))
        .where("n > 1")
        .drop("n")
        for number, names in enumerate(sets)
    ]
    suspected = [number for number, hashed in enumerate(shared) if not hashed.isEmpty()]
    if not suspected:
        return None
    suspects = rows.selectExpr("*", *hashes)
    for number in suspected:
        matching = F.expr(f"_hash_{number} = _shared_{number}")
        suspects = suspects.join(shared[number], matching, "left")
    found = " OR ".join(f"_shared_{number} IS NOT NULL" for number in suspected)
    return _compared(contract, suspects.where(found))


def _hash(names: tuple[str, ...]) -> str:
    values = ", ".join(f"`{name}`" for name in names)
    return f"IF({_any_null(names)}, NULL, xxhash64({values}))"


def _any_null(names: tuple[str, ...]) -> str:
    return " OR ".join(f"`{name}` IS NULL" for name in names)


def _compared(contract: Contract, rows: DataFrame) -> DataFrame:
    """Which of some rows repeat others; of all that share a value with one of them, all are among them."""
    names = contract.names
    key = ", ".join(f"`{name}`" for name in contract.key)
    whole = ", ".join(f"`{name}`" for name in names)
    first = (
        f"first_value(struct(source_line, {whole})) OVER (PARTITION BY {key} ORDER BY source_line) AS _first"
    )
    others = ", ".join(
        f"IF(`{name}` <=> _first.`{name}`, NULL, '{name}')" for name in names if name not in contract.key
    )
    differing = f"concat_ws(', ', array({others}))" if others else "''"
    detail = (
        "concat('line ', _first.source_line, ' has the same key',"
        f" IF({differing} = '', ' and values', concat(' and another ', {differing})))"
    )
    kept = ["source_line", "_row", *(f"`{name}`" for name in names)]
    judged = rows.selectExpr(*kept, first).selectExpr(
        *kept, f"IF(_first.source_line < source_line, {fault(DUPLICATE, detail)}, NULL) AS _fault"
    )
    if contract.unique_columns:
        # Duplicates are compared with nothing.
        firsts, cases = [], []
        for number, unique in enumerate(contract.unique_columns):
            values = ", ".join(f"`{name}`" for name in unique)
            compared = f"_fault IS NULL AND NOT ({_any_null(unique)})"
            # The others are groups of their own, so that they make no hot partition.
            group = ", ".join(f"IF({compared}, `{name}`, NULL)" for name in unique)
            firsts.append(
                f"min(source_line) OVER (PARTITION BY {group}, IF({compared}, NULL, source_line))"
                f" AS _first_{number}"
            )
            shown = f"left(concat_ws(', ', {values}), {SHOWN})"
            said = (
                f"""concat("{", ".join(unique)}: '", {shown}, "' is in line ", _first_{number}, " already")"""
            )
            cases.append(when(f"_first_{number} < source_line", NOT_UNIQUE, said))
        judged = judged.selectExpr("*", *firsts).selectExpr(
            "source_line", "_row", f"coalesce(_fault, CASE {' '.join(cases)} END) AS _fault"
        )
    return judged.where("_fault IS NOT NULL").selectExpr(
        "source_line", "_fault.reason AS _reason", "_fault.detail AS _detail", "_row"
    )


def clean_rows(contract: Contract, numbered: DataFrame, repeats: DataFrame | None) -> DataFrame:
    """The rows that are clean, with the contract's columns, its partition date and `source_line`."""
    names = [*contract.dated_names, "source_line"]
    rows = numbered.where("_reason IS NULL").selectExpr(*(f"`{name}`" for name in names))
    if repeats is None:
        return rows
    return rows.join(repeats.select("source_line"), "source_line", "left_anti").select(*names)


def faulty_rows(numbered: DataFrame, repeats: DataFrame | None) -> DataFrame:
    """The rows that are quarantined: `source_line`, `reason`, `detail` and the whole row as `row`."""
    shown = ("source_line", "_reason AS reason", "_detail AS detail", "_row AS row")
    rows = numbered.where("_reason IS NOT NULL").selectExpr(*shown)
    if repeats is None:
        return rows
    return rows.unionByName(repeats.where(f"_reason <> '{DUPLICATE}'").selectExpr(*shown))
