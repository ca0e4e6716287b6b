"""The thin main that both jobs share: arguments, session, read, transform, write, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

from glue_jobs import clean, contract, curate, lines
from glue_jobs.arguments import JobArguments, parse
from glue_jobs.contract import Contract
from glue_jobs.errors import BrokenInvariant, JobError, RefusedObject
from glue_jobs.storage import Document, Layout, Storage, literal

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Spark's default is INT96, which is deprecated and which other readers take for local time.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


def run(name: str, argv: Sequence[str] | None = None) -> Document:
    """Runs a job.

    Args:
        name: `clean` or `curate`.
        argv: the arguments without the script's name; `sys.argv` if not given.

    Returns:
        The report that was written.

    Raises:
        JobError: the arguments are wrong, the object was refused, an input is missing or rows went astray.
    """
    arguments = parse(sys.argv[1:] if argv is None else argv)
    agreed = contract.load(arguments.dataset)
    spark = SparkSession.builder.appName(f"{name} {arguments.key}").getOrCreate()
    for setting, value in SETTINGS.items():
        spark.conf.set(setting, value)
    report = JOBS[name](spark, arguments, agreed)
    print(f"{name} {arguments.source}: " + ", ".join(f"{k} {v}" for k, v in report.items() if k.startswith("rows_")))
    return report


def clean_object(spark: SparkSession, arguments: JobArguments, agreed: Contract) -> Document:
    """Judges the raw object's lines and writes clean rows, quarantined rows and, last, `clean.json`.

    Raises:
        RefusedObject: the file as a whole is not of the contract. It is copied to the quarantine with
            `reason.json`; what an earlier version left is not touched.
        JobError: the object or a reference file is missing, or a newer version has been cleaned already.
        BrokenInvariant: rows read are not clean + quarantined + duplicate.
    """
    layout, storage = Layout(arguments), Storage(spark)
    _refuse_older(storage, layout, arguments, "clean")
    try:
        source = _read_source(spark, storage, arguments, agreed)
    except RefusedObject as refusal:
        _quarantine_object(storage, layout, arguments, refusal)
        raise
    references = _read_references(spark, storage, layout, agreed)
    outputs = clean.transform(agreed, clean.Inputs(source.frame, references))
    outputs.judged.cache()
    tally = {row["reason"]: row["rows"] for row in outputs.tally.collect()}
    rows_clean = tally.pop(None, 0)
    rows_duplicate = tally.pop(clean.DUPLICATE, 0)
    rows_quarantined = sum(tally.values())
    if source.rows != rows_clean + rows_quarantined + rows_duplicate:
        raise BrokenInvariant(
            f"{source.rows} rows read are not {rows_clean} clean + {rows_quarantined} quarantined"
            f" + {rows_duplicate} duplicate"
        )
    _writer(outputs.clean).mode("overwrite").parquet(layout.clean)
    if rows_quarantined:
        _writer(outputs.quarantined.coalesce(1)).mode("overwrite").json(layout.quarantined_rows)
    else:
        storage.delete(layout.quarantined_rows)
    outputs.judged.unpersist()
    # The quarantine shows what is still to be put right: this version is readable, so an earlier refusal is over.
    storage.delete(layout.quarantined_object)
    report = _version(arguments) | {
        "rows_read": source.rows,
        "rows_clean": rows_clean,
        "rows_quarantined": rows_quarantined,
        "rows_duplicate": rows_duplicate,
        "reasons": dict(sorted(tally.items())),
    }
    storage.write(layout.report("clean"), report)
    return report


def curate_object(spark: SparkSession, arguments: JobArguments, agreed: Contract) -> Document:
    """Writes the clean rows of this object into the curated table and, last, the commit marker `curate.json`.

    Raises:
        JobError: `clean` has not finished for this very version, a reference file is missing or holds a key
            twice, or a newer version has been curated already.
    """
    layout, storage = Layout(arguments), Storage(spark)
    previous = _refuse_older(storage, layout, arguments, "curate")
    cleaned = storage.read(layout.report("clean"))
    if cleaned is None or cleaned | _version(arguments) != cleaned:
        raise JobError(f"clean has not finished for {arguments.source} with ETag {arguments.etag}")
    references = _read_references(spark, storage, layout, agreed)
    rows = spark.read.schema(agreed.clean_schema).parquet(layout.clean)
    origin = curate.Origin(arguments.object_id, arguments.key, arguments.sequencer)
    curated = curate.transform(agreed, curate.Inputs(rows, references, origin)).curated.cache()
    date = agreed.date.name
    per_date = {str(row[date]): row["count"] for row in curated.groupBy(date).count().collect()}
    rows_curated = sum(per_date.values())
    if rows_curated != cleaned["rows_clean"]:
        raise _lost_or_multiplied(cleaned["rows_clean"], rows_curated, references, agreed)
    partitions = [f"{date}={day}" for day in sorted(per_date)]
    # Written down before the first row is: should this run die, the next version knows what it left behind.
    started = storage.read(layout.report("curate.started")) or {}
    written = {*partitions, *started.get("partitions", [])}
    storage.write(layout.report("curate.started"), _version(arguments) | {"partitions": sorted(written)})
    if partitions:
        writer = _writer(curated).option("partitionOverwriteMode", "dynamic").partitionBy(date, "object")
        writer.mode("overwrite").parquet(layout.curated)
    curated.unpersist()
    stale = sorted({*written, *previous.get("partitions", [])} - set(partitions))
    for partition in stale:
        storage.delete(layout.curated_partition(partition))
    report = _version(arguments) | {
        "rows_curated": rows_curated,
        "partitions": partitions,
        # Kept from version to version: a refresh that failed must still tell the external table of the old ones.
        "removed": sorted({*stale, *previous.get("removed", [])} - set(partitions)),
    }
    storage.write(layout.report("curate"), report)
    storage.delete(layout.report("curate.started"))
    return report


JOBS: dict[str, Callable[[SparkSession, JobArguments, Contract], Document]] = {
    "clean": clean_object,
    "curate": curate_object,
}


def _version(arguments: JobArguments) -> Document:
    """What says in every report which version of which object it is of."""
    return {
        "object_id": arguments.object_id,
        "bucket": arguments.raw_bucket,
        "key": arguments.key,
        "etag": arguments.etag,
        "sequencer": arguments.sequencer,
    }


def _refuse_older(storage: Storage, layout: Layout, arguments: JobArguments, name: str) -> Document:
    """The report of the version before, empty if there is none.

    Raises:
        JobError: that version is the newer one. The state machine's claim sees to the order; a run that outlived
            its lease, or one started by hand, must not undo newer data either.
    """
    previous = storage.read(layout.report(name)) or {}
    before, now = previous.get("sequencer", ""), arguments.sequencer
    # S3 compares sequencers as text after padding the shorter one with zeros on the right.
    width = max(len(before), len(now))
    if before.ljust(width, "0") > now.ljust(width, "0"):
        raise JobError(f"{arguments.source} was overtaken: sequencer {before} is newer than {now}")
    return previous


def _read_source(
    spark: SparkSession, storage: Storage, arguments: JobArguments, agreed: Contract
) -> lines.SourceLines:
    size = storage.size(arguments.source)
    if size is None:
        raise JobError(f"{arguments.source} is not there")
    if PurePosixPath(arguments.key).name.startswith(("_", ".")):
        raise RefusedObject("hidden_name", "Spark does not read files whose names begin with '_' or '.'")
    if size == 0:
        raise RefusedObject("empty_file", "the file has no bytes")
    source = lines.read(spark, arguments.source)
    if source is None:
        raise RefusedObject("empty_file", "the file has blank lines only")
    agreed.check_header(source.header)
    return source


def _quarantine_object(
    storage: Storage, layout: Layout, arguments: JobArguments, refusal: RefusedObject
) -> None:
    """Copies the refused object; `reason.json` is last, so that it never stands without the file."""
    storage.delete(layout.quarantined_object)
    name = PurePosixPath(arguments.key).name
    storage.copy(arguments.source, f"{layout.quarantined_object}/{name}")
    reason = _version(arguments) | {"reason": refusal.reason, "detail": refusal.detail}
    storage.write(f"{layout.quarantined_object}/reason.json", reason)


def _read_references(
    spark: SparkSession, storage: Storage, layout: Layout, agreed: Contract
) -> dict[str, DataFrame]:
    """The contract's reference tables; a header of other columns or a bad value fails the job when it is read."""
    tables = {}
    for reference in agreed.references:
        uri = layout.reference(reference.name)
        if storage.size(uri) is None:
            raise JobError(f"the reference file {uri} is not there")
        reader = spark.read.schema(contract.ddl(reference.columns)).option("header", True)
        reader = reader.option("enforceSchema", False).option("mode", "FAILFAST").option("escape", '"')
        tables[reference.name] = reader.option("nullValue", agreed.null_values[-1]).csv(literal(uri))
    return tables


def _lost_or_multiplied(
    rows_clean: int, rows_curated: int, references: dict[str, DataFrame], agreed: Contract
) -> JobError:
    """The error for rows that curating lost or multiplied; only a key held twice can do the latter."""
    for reference in agreed.references:
        keys = references[reference.name].groupBy(reference.key).count().where("count > 1")
        if twice := keys.where(f"{reference.key} IS NOT NULL").first():
            return JobError(f"the reference file {reference.name}.csv holds {twice[0]!r} {twice[1]} times")
    return BrokenInvariant(f"{rows_curated} rows curated are not {rows_clean} rows clean")


def _writer(frame: DataFrame) -> DataFrameWriter:
    """A writer that leaves data files only; a report, not `_SUCCESS`, says that a job has finished."""
    return frame.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
