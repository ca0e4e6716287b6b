"""Lines put together to records where a contract lets quoted fields hold line ends.

Whether a line begins within a field depends on all lines before it. Each line is one of four functions of
that: it ends inside, it ends outside, it changes nothing, or it turns the one into the other. The last line
that decides, and how many turn after it, say where a line begins.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.csv_fields import without_quoted
from glue_jobs.formats import Format
from glue_jobs.rules import text_sql

# A quote that is never closed takes the lines up to the next quote along: never more than these at once.
LONGEST = 1_000


def records(lines: DataFrame, agreed: Format) -> DataFrame:
    """Records with the number of their first line, and their lines joined by LF.

    Args:
        lines: `source_line` and `line`, a CR at its end left on.
    """
    quote = agreed.quote
    within = f"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+"
    # A field begins with a quote, and the quotes after it are doubled: it goes on in the next line.
    opens = text_sql(f"(^|[{agreed.delimiter}]){quote}{within}$")
    # What is left of a line after the field that it began in.
    ends = text_sql(f"^{within}{quote}")
    rest = f"substring(line, length(regexp_extract(line, {ends}, 0)) + 1)"
    order = "OVER (ORDER BY source_line)"
    placed = (
        lines.selectExpr(
            "*",
            f"{without_quoted('line', agreed)} RLIKE {opens} AS from_outside",
            f"IF(line RLIKE {ends}, {without_quoted(rest, agreed)} RLIKE {opens}, true) AS from_inside",
        )
        .selectExpr(
            "*",
            f"sum(IF(from_outside AND NOT from_inside, 1, 0)) {order} AS turns",
        )
        .selectExpr(
            "*",
            "last(IF(from_outside = from_inside, named_struct('inside', from_outside, 'turns', turns), NULL),"
            f" true) {order} AS decided",
        )
        .selectExpr(
            "source_line",
            "line",
            "coalesce(decided.inside, false) != ((turns - coalesce(decided.turns, 0)) % 2 = 1) AS ends",
        )
        .selectExpr("source_line", "line", f"lag(ends, 1, false) {order} AS begins_inside")
        .selectExpr("source_line", "line", f"max(IF(begins_inside, NULL, source_line)) {order} AS first")
    )
    parts = "array_sort(collect_list(struct(source_line, line)))"
    text = f"array_join(transform({parts}, part -> part.line), '\n')"
    return (
        placed.selectExpr("*", f"first + {LONGEST} * ((source_line - first) div {LONGEST}) AS begun")
        .groupBy("begun")
        .agg(F.expr(f"trim(TRAILING '\r' FROM {text}) AS line"))
        .selectExpr("begun AS source_line", "line")
    )
