"""The jobs for a whole curated table: read, transform, write, report."""

from __future__ import annotations

import uuid

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glue_jobs import summary
from glue_jobs.arguments import TableArguments
from glue_jobs.contract import Column, Contract, ddl
from glue_jobs.frames import writer
from glue_jobs.storage import Document, JobStorage, TableLayout


def summarize(spark: SparkSession, arguments: TableArguments, contract: Contract) -> Document:
    """Writes the data set's part of the table `daily_summary`.

    The part is one object, which S3 replaces at once: readers see the old one or the new one.
    """
    layout, storage = TableLayout(arguments), JobStorage(spark)
    columns = ddl([*contract.curated, Column(contract.date.name, "date"), Column("object", "string")])
    # A table that never had a row has no folder.
    there = storage.folders(layout.curated)
    curated = (
        spark.read.schema(columns).parquet(layout.curated) if there else spark.createDataFrame([], columns)
    )
    work = f"{layout.work}/daily_summary-{uuid.uuid4().hex}"
    try:
        writer(summary.transform(contract, curated).coalesce(1)).parquet(work)
        (part,) = storage.files(work)
        totals = F.expr("count(*)"), F.expr("coalesce(sum(row_count), 0)")
        counted = spark.read.schema(ddl(summary.SUMMARY)).parquet(work).agg(*totals).first()
        storage.copy(f"{work}/{part}", layout.summary)
    finally:
        storage.delete(work)
    days, rows = counted if counted is not None else (0, 0)
    return {"dataset": arguments.dataset, "days": int(days), "rows_read": int(rows)}
