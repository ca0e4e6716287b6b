"""The job `curate`: clean rows with the names that the reference tables know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contract import Contract
from glue_jobs.rules import text_sql


@dataclass(frozen=True)
class ObjectOrigin:
    """The version of the raw object that rows come from; every curated row carries it (D12)."""

    object_id: str
    key: str
    sequencer: str


@dataclass(frozen=True)
class CurateInputs:
    """What `curate` works on.

    Attributes:
        clean: the contract's columns, its partition date and `source_line`.
        references: the contract's reference tables by name.
        origin: the version of the object that the rows come from.
    """

    clean: DataFrame
    references: Mapping[str, DataFrame]
    origin: ObjectOrigin


@dataclass(frozen=True)
class CurateOutputs:
    """`curated`: the contract's curated columns, then the partition columns."""

    curated: DataFrame


def transform(contract: Contract, inputs: CurateInputs) -> CurateOutputs:
    """Joins to the left, so that no row is lost where a reference lacks its key (D13)."""
    origin = inputs.origin
    rows = inputs.clean.alias("rows")
    values = {column.name: f"rows.`{column.name}`" for column in contract.columns}
    values |= {"object_id": text_sql(origin.object_id), "object_key": text_sql(origin.key)}
    values |= {"sequencer": text_sql(origin.sequencer), "source_line": "rows.source_line"}
    for reference in contract.references:
        for join in reference.joins:
            alias = f"{reference.name}_of_{join.column}"
            table = inputs.references[reference.name].hint("broadcast").alias(alias)
            rows = rows.join(table, F.expr(f"rows.`{join.column}` = {alias}.`{reference.key}`"), "left")
            values |= {added: f"{alias}.`{column}`" for added, column in join.adds.items()}
    date = contract.date.name
    curated = rows.selectExpr(
        *(f"CAST({values[column.name]} AS {column.type}) AS `{column.name}`" for column in contract.curated),
        f"rows.`{date}`",
        f"{text_sql(origin.object_id)} AS object",
    )
    # One task holds all rows of a date, so that each partition gets one file.
    return CurateOutputs(curated=curated.repartition(date))
