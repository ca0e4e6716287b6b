"""The small reference tables beside a dataset: airlines, airports, planes."""

from __future__ import annotations

import csv
from collections import Counter

from pyspark.sql import DataFrame, SparkSession

from glue_jobs.contract import Contract, ReferenceTable, ddl
from glue_jobs.errors import JobError
from glue_jobs.storage import JobStorage, ObjectLayout, literal


def read(
    spark: SparkSession, storage: JobStorage, layout: ObjectLayout, contract: Contract
) -> dict[str, DataFrame]:
    """Reads the contract's reference tables.

    A key held twice would multiply rows in a join, so it is refused before anything is written.

    Raises:
        JobError: a file is missing, has other columns than the contract says, or holds a key twice.
    """
    tables = {}
    for reference in contract.references:
        uri = layout.reference(reference.name)
        _check(uri, storage.text(uri), reference)
        reader = spark.read.schema(ddl(reference.columns)).option("header", True).option("escape", '"')
        reader = reader.option("nullValue", reference.null_token).option("mode", "FAILFAST")
        tables[reference.name] = reader.csv(literal(uri))
    return tables


def _check(uri: str, text: str | None, reference: ReferenceTable) -> None:
    if text is None:
        raise JobError(f"the reference file {uri} is not there")
    rows = csv.reader(text.splitlines())
    names = [column.name for column in reference.columns]
    header = next(rows, [])
    if header != names:
        raise JobError(f"the reference file {uri} has the columns {','.join(header)}, not {','.join(names)}")
    place = names.index(reference.key)
    for key, count in Counter(row[place] for row in rows if len(row) > place).items():
        if count > 1:
            raise JobError(f"the reference file {uri} holds the {reference.key} {key!r} {count} times")
