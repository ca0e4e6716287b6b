"""Line numbers are those of the file, in however many parts Spark reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from glue_jobs import lines, odcs, verdicts
from glue_jobs.formats import ORDINARY

from .documents import column, document, table

pytestmark = pytest.mark.spark

CONTRACT = odcs.from_document(
    document(table("small", [column("day", "date", required=True, primaryKey=True, partitioned=True)]))
)
LONG = [f"line {number} " + "x" * (number * 37 % 300) for number in range(2, 2_001)]


@pytest.mark.parametrize(
    ("content", "expected"),
    {
        "one data line": ("h\na\n", {2: "a"}),
        "no end of line": ("h\na", {2: "a"}),
        "CR LF": ("h\r\na\r\nb\r\n", {2: "a", 3: "b"}),
        "a lone CR ends no line": ("h\na\rb\n", {2: "a\rb"}),
        "blank lines at the end are none": ("h\na\n\n \n\n", {2: "a"}),
        "a blank line between is one": ("h\na\n\nb\n", {2: "a", 3: "", 4: "b"}),
        "byte-order mark": ("\ufeffh\na\n", {2: "a"}),
        "header only": ("h\n", {}),
        "many blocks": ("\n".join(["h", *LONG]) + "\n", dict(enumerate(LONG, start=2))),
    }.values(),
)
def test_lines_and_their_numbers(
    spark: SparkSession, tmp_path: Path, content: str, expected: dict[int, str]
) -> None:
    path = tmp_path / "a [1] {x}*.csv"
    path.write_bytes(content.encode())
    # newSession: the setting must not reach other tests. 16 KiB make some twenty blocks of the long file.
    session = spark.newSession()
    session.conf.set("spark.sql.files.maxPartitionBytes", "16384")
    session.conf.set("spark.sql.files.openCostInBytes", "1")
    source = lines.read(session, f"file://{path}", ORDINARY)
    # As written by `clean`, but that every line is kept whole.
    judged = source.frame.selectExpr(
        "_block", "_position", "DATE'2026-01-01' AS day", "'any' AS _reason", "line AS _row"
    ).localCheckpoint()
    numbers, counts = verdicts.number(CONTRACT, source, judged)
    collected = [(row["source_line"], row["_row"]) for row in numbers.of(judged).collect()]
    assert dict(collected) == expected
    assert len(collected) == len(expected)
    assert counts.reasons == ({"any": len(expected)} if expected else {})
    if len(expected) > 1_000:
        assert source.frame.rdd.getNumPartitions() > 5


def test_blocks_count_on_from_those_before() -> None:
    blocks = [
        # start in the source, first position, lines, last position with anything in it
        lines.Block(200, 20, 3, None),
        lines.Block(0, 7, 4, 9),
        lines.Block(100, 1, 2, 2),
    ]
    # Lines 1 to 4 are positions 7 to 10, lines 5 and 6 positions 1 and 2, lines 7 to 9 positions 20 to 22.
    assert lines.shifts_of(blocks) == ({0: -6, 100: 4, 200: -13}, 6, 9)


@pytest.mark.parametrize("content", ["", "\n", "\n  \n\r\n", "\ufeff\n"])
def test_nothing_but_blank_lines_is_nothing(spark: SparkSession, tmp_path: Path, content: str) -> None:
    path = tmp_path / "blank.csv"
    path.write_text(content)
    assert lines.is_blank(spark, f"file://{path}")
    path.write_text(f"{content}x\n")
    assert not lines.is_blank(spark, f"file://{path}")
