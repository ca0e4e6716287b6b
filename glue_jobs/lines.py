"""A raw text file as lines that know their place in the source.

Spark reads a file in blocks, several to a partition and in no promised order, so a line's number is not in
its row. What is: the block, which Spark's own metadata column tells, and a position that grows within it.
Once every line is judged, the blocks' sizes make numbers of both (`verdicts.py`), and the file is read once.
No row passes through Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs.formats import BYTE_ORDER_MARK, Format
from glue_jobs.records import records
from glue_jobs.storage import literal
from glue_jobs.text_fields import DECODED


@dataclass(frozen=True)
class SourceRows:
    """What a file holds, as it was read.

    Attributes:
        frame: `_block`, `_position` and `line`; of Parquet the file's columns instead of `line`. Of a line
            nothing but its end is gone; bytes that are not UTF-8 are still there.
        has_header: whether the first line is not a row.
        numbered: whether `_position` is the number in the source already; the header is left out then.
    """

    frame: DataFrame
    has_header: bool
    numbered: bool = False


def read(spark: SparkSession, uri: str, written: Format) -> SourceRows:
    """Reads a text file, lines ended by LF or CR LF."""
    lines = (
        # Only LF ends a line, as in an editor: Spark's default also splits at a lone CR.
        spark.read.option("lineSep", "\n")
        .text(literal(uri))
        .selectExpr(
            "_metadata.file_block_start AS _block",
            "monotonically_increasing_id() AS _position",
            "value AS line",
        )
    )
    if written.multi_line:
        numbered = _numbered(lines.selectExpr("_block", "_position", f"{DECODED.format('line')} AS line"))
        frame = records(numbered, written)
        return SourceRows(frame.selectExpr("0L AS _block", "source_line AS _position", "line"), False, True)
    ended = "IF(endswith(line, '\\r'), trim(TRAILING '\\r' FROM line), line)"
    return SourceRows(lines.selectExpr("_block", "_position", f"{ended} AS line"), written.has_header)


def nothing(spark: SparkSession, columns: Mapping[str, str]) -> SourceRows:
    """No rows.

    Args:
        spark: the session.
        columns: of Parquet, the file's columns and their types.
    """
    empty = [f"CAST(NULL AS {kind}) AS `{name}`" for name, kind in columns.items()]
    frame = spark.range(0).selectExpr("0L AS _block", "id AS _position", *(empty or ["'' AS line"]))
    return SourceRows(frame, has_header=False, numbered=True)


@dataclass(frozen=True)
class Block:
    """What of a block makes numbers of its positions.

    Attributes:
        start: where it begins in the file.
        first: the least position.
        lines: how many lines it holds.
        last_filled: the position of the last line with anything in it; None if there is none.
    """

    start: int
    first: int
    lines: int
    last_filled: int | None


def shifts_of(blocks: Iterable[Block]) -> tuple[dict[int, int], int, int]:
    """What makes a number in the source of a position.

    Returns:
        block -> what is added to a position; the number of the last line with anything in it; how many lines
        there are.
    """
    shifts: dict[int, int] = {}
    before = last = 0
    for block in sorted(blocks, key=attrgetter("start")):
        shifts[block.start] = before + 1 - block.first
        if block.last_filled is not None:
            last = block.last_filled + shifts[block.start]
        before += block.lines
    return shifts, last, before


def number_sql(shifts: Mapping[int, int]) -> str:
    """SQL: the number in the source of a row with a block and a position."""
    pairs = ", ".join(f"{block}L, {shift}L" for block, shift in shifts.items())
    return f"_position + map({pairs})[_block] AS source_line"


def is_blank(spark: SparkSession, uri: str) -> bool:
    """Whether no line of a file has anything in it."""
    lines = spark.read.option("lineSep", "\n").text(literal(uri))
    return lines.where(f"trim(BOTH ' \\r{BYTE_ORDER_MARK}' FROM value) <> ''").isEmpty()


def _numbered(lines: DataFrame) -> DataFrame:
    """The lines with their numbers, from the second to the last one with anything in it."""
    blocks = (
        lines.groupBy("_block")
        .agg(
            F.expr("min(_position) AS first"),
            F.expr("count(*) AS lines"),
            F.expr("max(IF(trim(BOTH ' \\r' FROM line) = '', NULL, _position)) AS last_filled"),
        )
        .collect()
    )
    shifts, last, _ = shifts_of(Block(*block) for block in blocks)
    return lines.selectExpr(number_sql(shifts), "line").where(f"source_line BETWEEN 2 AND {last}")
