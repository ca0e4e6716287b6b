"""The job `curate`: clean rows with the names that the reference tables know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contract import Contract


@dataclass(frozen=True)
class Origin:
    """The version of the raw object that rows come from; every curated row carries it (D12)."""

    object_id: str
    key: str
    sequencer: str


@dataclass(frozen=True)
class Inputs:
    """`clean` as in `Contract.clean_schema`; `references` the contract's reference tables by name."""

    clean: DataFrame
    references: Mapping[str, DataFrame]
    origin: Origin


@dataclass(frozen=True)
class Outputs:
    """`curated`: the contract's curated columns, then the partition columns."""

    curated: DataFrame


def transform(contract: Contract, inputs: Inputs) -> Outputs:
    """Joins to the left, so that no row is lost where a reference lacks its key (D13)."""
    rows = inputs.clean.alias("rows")
    names = {column.name: F.col(f"rows.{column.name}") for column in contract.columns}
    for reference in contract.references:
        table = inputs.references[reference.name]
        for join in reference.joins:
            alias = f"{reference.name}_of_{join.column}"
            rows = rows.join(
                F.broadcast(table).alias(alias),
                F.col(f"rows.{join.column}") == F.col(f"{alias}.{reference.key}"),
                "left",
            )
            names |= {added: F.col(f"{alias}.{column}") for added, column in join.adds.items()}
    names["object_id"] = F.lit(inputs.origin.object_id)
    names["object_key"] = F.lit(inputs.origin.key)
    names["sequencer"] = F.lit(inputs.origin.sequencer)
    names["source_line"] = F.col("rows.source_line")
    curated = rows.select(
        *(names[column.name].cast(column.type).alias(column.name) for column in contract.curated),
        F.col(f"rows.{contract.date.name}").alias(contract.date.name),
        F.lit(inputs.origin.object_id).alias("object"),
    )
    # One task holds all rows of a date, so that each partition gets one file.
    return Outputs(curated=curated.repartition(F.col(contract.date.name)))
