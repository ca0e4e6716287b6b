"""The job `daily_summary`: what each day of a curated table holds."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contract import Column, Contract

# The columns of the table, whose partition is the data set; live/_components/glue.hcl has them, too.
SUMMARY = (
    Column("day", "date"),
    Column("row_count", "bigint"),
    Column("key_count", "bigint"),
    Column("object_count", "bigint"),
)


def transform(contract: Contract, curated: DataFrame) -> DataFrame:
    """Counts rows, keys and objects of each day; a key that several objects have rows of is one key.

    Args:
        contract: of the data set.
        curated: its curated table.
    """
    key = ", ".join(f"`{name}`" for name in contract.key)
    return (
        curated.groupBy(F.expr(f"`{contract.date.name}` AS day"))
        .agg(
            F.expr("count(*) AS row_count"),
            F.expr(f"count(DISTINCT struct({key})) AS key_count"),
            F.expr("count(DISTINCT object_id) AS object_count"),
        )
        .orderBy("day")
    )
