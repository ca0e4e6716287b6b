"""A raw file as lines that know their number in the source.

Spark reads a file in blocks, several to a partition and in no promised order, so a line's number is not in
its row. It is put together of the block's offset, which Spark's own metadata column tells, and the line's
place within the block. No row passes through Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs.formats import ORDINARY, Format
from glue_jobs.records import records
from glue_jobs.storage import literal

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class SourceLines:
    """A file's first line and its data lines.

    Attributes:
        header: line 1 without a byte-order mark.
        rows: how many data lines there are; blank lines at the end are none.
        frame: the data lines: `source_line` (the header is 1) and `line`, without its line end. Bytes that
            are not UTF-8 have become U+FFFD.
    """

    header: str
    rows: int
    frame: DataFrame


def read(spark: SparkSession, uri: str, agreed: Format = ORDINARY) -> SourceLines | None:
    """Reads a text file in UTF-8, lines ended by LF or CR LF; None if it has no line with anything in it."""
    decoded = "decode(CAST(value AS BINARY), 'UTF-8')"
    ended = f"trim(TRAILING '\\r' FROM {decoded})"
    lines = (
        # Only LF ends a line, as in an editor: Spark's default also splits at a lone CR.
        spark.read.option("lineSep", "\n")
        .text(literal(uri))
        .selectExpr(
            f"{decoded if agreed.multi_line else ended} AS line",
            "_metadata.file_block_start AS block",
            "monotonically_increasing_id() AS position",
        )
    )
    blocks = (
        lines.groupBy("block")
        .agg(
            F.expr("min(position) AS first"),
            F.expr("count(*) AS lines"),
            F.expr("max(IF(trim(BOTH ' \\r' FROM line) = '', NULL, position)) AS last_filled"),
            F.expr("min_by(IF(block = 0, left(line, 100000), NULL), position) AS header"),
        )
        .collect()
    )
    before = 0  # lines in the blocks before
    last = 0  # number of the last line with anything in it
    shift: dict[int, int] = {}  # block -> what makes a position a line number
    for block in sorted(blocks, key=itemgetter("block")):
        shift[block["block"]] = before + 1 - block["first"]
        if block["last_filled"] is not None:
            last = block["last_filled"] + shift[block["block"]]
        before += block["lines"]
    if last == 0:
        return None
    shifts = ", ".join(f"{block}L, {number}L" for block, number in shift.items())
    numbered = lines.selectExpr(f"position + map({shifts})[block] AS source_line", "line")
    frame = numbered.where(f"source_line BETWEEN 2 AND {last}")
    header = next(block["header"] for block in blocks if block["block"] == 0)
    header = header.removesuffix("\r").removeprefix(BYTE_ORDER_MARK)
    if agreed.multi_line:
        frame = records(frame, agreed)
        return SourceLines(header=header, rows=frame.count(), frame=frame)
    return SourceLines(header=header, rows=last - 1, frame=frame)
