"""The thin main that all jobs share: arguments, session, read, transform, write, report."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter, Observation, SparkSession
from pyspark.sql import functions as F

from glue_jobs import clean, curate, lines, odcs, references, source, tables
from glue_jobs.arguments import DELETED, JobArguments, TableArguments, is_older, parse, parse_table
from glue_jobs.contract import Contract
from glue_jobs.errors import BrokenInvariant, JobError, RefusedObject
from glue_jobs.formats import compression_of
from glue_jobs.storage import Document, JobStorage, ObjectLayout

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # A date that only Spark 2 would have read is a bad date, not the end of the job.
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    # Spark's default is INT96, which is deprecated and which other readers take for local time.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Spark's default refuses the whole file for one day before 1582-10-15, or one moment before 1900.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}


def run(name: str, argv: Sequence[str] | None = None, agreed: Contract | None = None) -> Document:
    """Runs a job.

    Args:
        name: `clean`, `curate` or `remove`, for one object, or `daily_summary`, for a table.
        argv: the arguments without the script's name; `sys.argv` if not given.
        agreed: the contract; the package's own of the data set if not given.

    Returns:
        The report that was written.

    Raises:
        JobError: the arguments are wrong, the version is gone, the object was refused, an input is missing or
            rows went astray.
    """
    words = sys.argv[1:] if argv is None else argv
    if name in TABLE_JOBS:
        table = parse_table(words)
        done = TABLE_JOBS[name](_session(name, table.dataset), table, agreed or odcs.load(table.dataset))
        print(f"{name} {table.dataset}: {json.dumps(done)}")
        return done
    arguments = parse(words)
    agreed = agreed or odcs.load(arguments.dataset)
    report = JOBS[name](arguments, agreed)
    counts = [f"{field} {value}" for field, value in report.items() if field.startswith("rows_")]
    version = f"version {arguments.version_id}, ETag {arguments.etag}"
    print(f"{name} {arguments.source} ({version}): {', '.join(counts)}")
    return report


def clean_object(arguments: JobArguments, agreed: Contract) -> Document:
    """Judges the raw object's lines and writes clean rows, quarantined rows and, last, `clean.json`.

    Raises:
        SupersededVersion: the version is gone. Nothing is written.
        RefusedObject: the file as a whole is not of the contract. It is copied to the quarantine with
            `reason.json`; what an earlier version left is not touched.
        JobError: a reference file is missing, or a newer version has been curated already.
        BrokenInvariant: rows read are not clean + quarantined + duplicate.
    """
    # S3 copies while Spark starts.
    with source.copied(arguments, ObjectLayout(arguments).copies) as copy, ExitStack() as leftovers:
        return _clean_copy(_session("clean", arguments.key), arguments, agreed, copy, leftovers)


def _clean_copy(
    spark: SparkSession,
    arguments: JobArguments,
    agreed: Contract,
    copy: Callable[[], str],
    leftovers: ExitStack,
) -> Document:
    layout, storage = ObjectLayout(arguments), JobStorage(spark)
    _refuse_older(storage, layout, arguments)
    uri = copy()
    try:
        raw = _read_source(spark, storage, uri, agreed, leftovers)
    except RefusedObject as refusal:
        _quarantine_object(storage, layout, arguments, uri, refusal)
        raise
    tables = references.read(spark, storage, layout, agreed)
    outputs = clean.transform(agreed, clean.CleanInputs(raw.frame, tables))
    # Counted while it is written: a line passes through the whole of the job once.
    reasons = clean.reasons(agreed)
    observation, judged = _observed(
        outputs.judged,
        rows_clean="count_if(_reason IS NULL)",
        rows_duplicate=f"count_if(_reason = '{clean.DUPLICATE}')",
        dates=_distinct(agreed.date.name, "_reason IS NULL"),
        **{reason: f"count_if(_reason = '{reason}')" for reason in reasons},
    )
    _writer(clean.clean_rows(agreed, judged)).mode("overwrite").parquet(layout.clean)
    tally = _values(observation)
    quarantined = {reason: tally[reason] for reason in reasons if tally[reason]}
    rows_quarantined = sum(quarantined.values())
    storage.delete(layout.quarantined_rows)
    if rows_quarantined:
        observation, faulty = _observed(outputs.quarantined.coalesce(1), rows="count(*)")
        _writer(faulty).mode("overwrite").json(layout.quarantined_rows)
        _equal("lines quarantined", _values(observation)["rows"], "lines found faulty", rows_quarantined)
    accounted = tally["rows_clean"] + rows_quarantined + tally["rows_duplicate"]
    _equal("rows read", raw.rows, "clean + quarantined + duplicate", accounted)
    # The quarantine shows what is still to fix: this version is readable, an earlier refusal is over.
    _clear_refusal(storage, layout, arguments)
    report = _version(arguments) | {
        "rows_read": raw.rows,
        "rows_clean": tally["rows_clean"],
        "rows_quarantined": rows_quarantined,
        "rows_duplicate": tally["rows_duplicate"],
        "reasons": quarantined,
        "dates": tally["dates"],
    }
    storage.write(layout.report("clean"), report)
    for folder in storage.folders(layout.cleaned):
        if is_older(folder.partition("=")[2], arguments.sequencer):
            storage.delete(f"{layout.cleaned}/{folder}")
    return report


def curate_object(arguments: JobArguments, agreed: Contract) -> Document:
    """Writes the clean rows of this object into the curated table and, last, the commit marker `curate.json`.

    Raises:
        JobError: `clean` has not finished for this very version, a reference file is missing or holds a key
            twice, or a newer version has been curated already.
    """
    spark = _session("curate", arguments.key)
    layout, storage = ObjectLayout(arguments), JobStorage(spark)
    previous = _refuse_older(storage, layout, arguments)
    cleaned = storage.read(layout.report("clean"))
    if cleaned is None or cleaned | _version(arguments) != cleaned:
        raise JobError(
            f"clean has not finished for version {arguments.version_id} of {arguments.source} "
            f"with ETag {arguments.etag}"
        )
    tables = references.read(spark, storage, layout, agreed)
    rows = spark.read.schema(agreed.clean_schema).parquet(layout.clean)
    origin = curate.ObjectOrigin(arguments.object_id, arguments.key, arguments.sequencer)
    outputs = curate.transform(agreed, curate.CurateInputs(rows, tables, origin))
    date = agreed.date.name
    partitions = [f"{date}={day}" for day in cleaned["dates"]]
    # Written down before the first row is: should this run die, the next version knows what it left behind.
    started = storage.read(layout.report("curate.started")) or {}
    touched = {*partitions, *started.get("partitions", [])}
    storage.write(layout.report("curate.started"), _version(arguments) | {"partitions": sorted(touched)})
    observation, curated = _observed(outputs.curated, rows="count(*)", dates=_distinct(date))
    writer = _writer(curated).option("partitionOverwriteMode", "dynamic").partitionBy(date, "object")
    writer.mode("overwrite").parquet(layout.curated)
    written = _values(observation)
    _equal("rows curated", written["rows"], "rows clean", cleaned["rows_clean"])
    _equal("dates curated", written["dates"], "dates clean", cleaned["dates"])
    stale = sorted({*touched, *previous.get("partitions", [])} - set(partitions))
    for partition in stale:
        storage.delete(layout.curated_partition(partition))
    report = _version(arguments) | {
        "rows_curated": written["rows"],
        "partitions": partitions,
        # Kept from version to version: after a failed refresh the table must still be told of the old ones.
        "removed": sorted({*stale, *previous.get("removed", [])} - set(partitions)),
    }
    storage.write(layout.report("curate"), report)
    storage.delete(layout.report("curate.started"))
    return report


def remove_object(arguments: JobArguments, _: Contract) -> Document:
    """Takes away what the jobs made of a deleted object; last, both reports say that it has no rows.

    Raises:
        JobError: a newer version has been curated already.
    """
    layout, storage = ObjectLayout(arguments), JobStorage(_session("remove", arguments.key))
    previous = _refuse_older(storage, layout, arguments)
    started = storage.read(layout.report("curate.started")) or {}
    touched = {*previous.get("partitions", []), *previous.get("removed", []), *started.get("partitions", [])}
    for partition in sorted(touched):
        storage.delete(layout.curated_partition(partition))
    for folder in (layout.cleaned, layout.quarantined_rows, layout.copies):
        storage.delete(folder)
    _clear_refusal(storage, layout, arguments)
    counts = dict.fromkeys(("rows_read", "rows_clean", "rows_quarantined", "rows_duplicate"), 0)
    empty: Document = {"reasons": {}, "dates": []}
    storage.write(layout.report("clean"), _version(arguments) | counts | empty)
    # The table must be told of what is gone, also by the next version if this refresh fails.
    report = _version(arguments) | {"rows_curated": 0, "partitions": [], "removed": sorted(touched)}
    storage.write(layout.report("curate"), report)
    storage.delete(layout.report("curate.started"))
    return report


JOBS: dict[str, Callable[[JobArguments, Contract], Document]] = {
    "clean": clean_object,
    "curate": curate_object,
    "remove": remove_object,
}
TABLE_JOBS: dict[str, Callable[[SparkSession, TableArguments, Contract], Document]] = {
    "daily_summary": tables.summarize,
}


def _session(name: str, what: str) -> SparkSession:
    spark = SparkSession.builder.appName(f"{name} {what}").getOrCreate()
    for setting, value in SETTINGS.items():
        spark.conf.set(setting, value)
    return spark


def _version(arguments: JobArguments) -> Document:
    """What says in every report which version of which object it is of."""
    return {
        "object_id": arguments.object_id,
        "bucket": arguments.raw_bucket,
        "key": arguments.key,
        "etag": arguments.etag,
        "version_id": arguments.version_id,
        "sequencer": arguments.sequencer,
    }


def _refuse_older(storage: JobStorage, layout: ObjectLayout, arguments: JobArguments) -> Document:
    """The commit marker of the version before, empty if there is none.

    Raises:
        JobError: that version is the newer one, and is there or a deletion. The state machine's claim sees to
            the order; a run that outlived its lease, or one started by hand, must not undo newer data either.
    """
    previous = storage.read(layout.report("curate")) or {}
    before, now = previous.get("sequencer", ""), arguments.sequencer
    if is_older(now, before) and (previous.get("etag") == DELETED or not source.is_gone(previous)):
        raise JobError(f"{arguments.source} was overtaken: sequencer {before} is newer than {now}")
    return previous


def _read_source(
    spark: SparkSession, storage: JobStorage, uri: str, agreed: Contract, leftovers: ExitStack
) -> lines.SourceLines:
    if storage.size(uri) == 0:
        raise RefusedObject("empty_file", "the file has no bytes")
    head = storage.head(uri)
    compression = compression_of(uri, head)
    agreed.format.check_text(head if compression is None else storage.head(uri, compression))
    text = uri
    if compression is not None or agreed.format.encoding != "UTF-8":
        # Spark splits what is neither packed nor of wide characters.
        # Beside the copy, so that what a killed run leaves is swept with it.
        text = f"{uri}.text"
        leftovers.callback(storage.delete, text)
        storage.to_plain_text(uri, text, compression, agreed.format.encoding)
    raw = lines.read(spark, text, agreed.format)
    if raw is None:
        raise RefusedObject("empty_file", "the file has blank lines only")
    agreed.check_header(raw.header)
    agreed.check_rows(raw.rows)
    return raw


def _quarantine_object(
    storage: JobStorage, layout: ObjectLayout, arguments: JobArguments, uri: str, refusal: RefusedObject
) -> None:
    """Copies the refused object; `reason.json` is last, so that it never stands without the file."""
    if not _clear_refusal(storage, layout, arguments):
        return
    name = PurePosixPath(arguments.key).name
    storage.copy(uri, f"{layout.quarantined_object}/{name}")
    reason = _version(arguments) | {"reason": refusal.reason, "detail": refusal.detail}
    storage.write(f"{layout.quarantined_object}/reason.json", reason)


def _clear_refusal(storage: JobStorage, layout: ObjectLayout, arguments: JobArguments) -> bool:
    """Takes an earlier refusal out of the quarantine; one of a newer version stays."""
    refusal = storage.read(f"{layout.quarantined_object}/reason.json") or {}
    if is_older(arguments.sequencer, refusal.get("sequencer", "")):
        return False
    storage.delete(layout.quarantined_object)
    return True


def _observed(frame: DataFrame, **aggregates: str) -> tuple[Observation, DataFrame]:
    """The frame with SQL aggregates over it, which the observation holds once the frame was written."""
    observation = Observation()
    values = ", ".join(f"'{name}', {aggregate}" for name, aggregate in aggregates.items())
    return observation, frame.observe(observation, F.expr(f"to_json(named_struct({values})) AS json"))


def _values(observation: Observation) -> dict[str, Any]:
    """The aggregates by name; as JSON, because an observation hands over no lists."""
    values: dict[str, Any] = json.loads(observation.get["json"])
    return values


def _distinct(column: str, condition: str = "true") -> str:
    """Aggregate: the distinct values in order."""
    return f"sort_array(collect_set(IF({condition}, CAST(`{column}` AS string), NULL)))"


def _equal(left_name: str, left: object, right_name: str, right: object) -> None:
    if left != right:
        raise BrokenInvariant(f"{left_name} ({left}) are not {right_name} ({right})")


def _writer(frame: DataFrame) -> DataFrameWriter:
    """A writer that leaves data files only; a report, not `_SUCCESS`, says that a job has finished."""
    return frame.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
