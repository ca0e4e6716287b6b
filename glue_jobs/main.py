"""The thin main that all jobs share: arguments, session, read, transform, write, report."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from glue_jobs import (
    clean,
    curate,
    jvm_names,
    lines,
    metrics,
    odcs,
    parquet_fields,
    references,
    source,
    tables,
    verdicts,
)
from glue_jobs.arguments import DELETED, JobArguments, TableArguments, is_older, parse, parse_table
from glue_jobs.contract import Contract
from glue_jobs.errors import BrokenInvariant, JobError, RefusedObject
from glue_jobs.formats import BYTE_ORDER_MARK, compression_of
from glue_jobs.frames import distinct, observed, values, writer
from glue_jobs.partitions import staged
from glue_jobs.storage import Document, JobStorage, ObjectLayout

FIRST_LINE = 100_000  # how many bytes of a first line are looked at
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # A date that only Spark 2 would have read is a bad date, not the end of the job.
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    # Spark's default is INT96, which is deprecated and which other readers take for local time.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Spark's default refuses the whole file for one day before 1582-10-15, or one moment before 1900.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # Java compiles no longer method: one for all steps of a wide contract would be interpreted, at three
    # times the CPU. Beyond it, Spark makes a method of each step.
    "spark.sql.codegen.hugeMethodLimit": "8000",
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
    with metrics.publisher(arguments.metrics_namespace) as publish:
        report = JOBS[name](arguments, agreed)
        publish(name, agreed.dataset, report)
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
    begun = time.monotonic()
    # S3 copies while Spark starts.
    with source.copied(arguments, ObjectLayout(arguments).copies) as copy, ExitStack() as leftovers:
        return _clean_copy(_session("clean", arguments.key), arguments, agreed, copy, leftovers, begun)


def _clean_copy(
    spark: SparkSession,
    arguments: JobArguments,
    agreed: Contract,
    copy: Callable[[], str],
    leftovers: ExitStack,
    begun: float,
) -> Document:
    layout, storage = ObjectLayout(arguments), JobStorage(spark)
    _refuse_older(storage, layout, arguments)
    uri = copy()
    try:
        is_folder = arguments.key.endswith("/") and not storage.size(uri)
        if is_folder:
            # What S3's console puts where somebody creates a folder: it is not a file, and has no rows.
            types = dict(zip(agreed.header, agreed.types, strict=True)) if not agreed.format.is_text else {}
            raw = lines.nothing(spark, types)
        else:
            raw, types = _read_source(spark, storage, uri, agreed, leftovers)
        found = references.read(spark, storage, layout, agreed)
        observation, rows = observed(raw.frame, rows="count(*)")
        inputs = clean.CleanInputs(rows, found, types)
        with parquet_fields.refused_if_broken(agreed):
            writer(clean.transform(agreed, inputs)).mode("overwrite").parquet(layout.judged)
        judged = spark.read.schema(agreed.judged_schema).parquet(layout.judged)
        numbers, counts = verdicts.number(agreed, raw, judged)
        lines_read = values(observation)["rows"]
        _equal("lines read", lines_read, "lines judged", numbers.judged)
        rows_read = lines_read - numbers.others
        if not is_folder:
            agreed.check_rows(rows_read)
    except RefusedObject as refusal:
        storage.delete(layout.clean)
        _quarantine_object(storage, layout, arguments, uri, refusal)
        raise
    numbered = numbers.of(judged)
    tally, dates = Counter(counts.reasons), counts.dates
    rows_clean = tally.pop(None, 0)
    repeats, repeated = _write_repeated(spark, storage, layout, agreed, numbered)
    if repeats is not None:
        tally.update(repeated)
        rows_clean, dates = verdicts.totals(agreed, verdicts.clean_rows(agreed, numbered, repeats))
    rows_duplicate = tally.pop(clean.DUPLICATE, 0)
    rows_quarantined = sum(tally.values())
    storage.delete(layout.quarantined_rows)
    if rows_quarantined:
        observation, faulty = observed(verdicts.faulty_rows(numbered, repeats).coalesce(1), rows="count(*)")
        writer(faulty).mode("overwrite").json(layout.quarantined_rows)
        _equal("lines quarantined", values(observation)["rows"], "lines found faulty", rows_quarantined)
    reasons = {reason: tally[reason] for reason in clean.reasons(agreed) if tally[reason]}
    _equal(
        "lines quarantined", rows_quarantined, "lines with a reason of the contract", sum(reasons.values())
    )
    accounted = rows_clean + rows_quarantined + rows_duplicate
    _equal("rows read", rows_read, "clean + quarantined + duplicate", accounted)
    # The quarantine shows what is still to fix: this version is readable, an earlier refusal is over.
    _clear_refusal(storage, layout, arguments)
    report = _version(arguments) | {
        "contract": agreed.version,
        "generation": arguments.generation,
        "seconds": _since(begun),
        "rows_read": rows_read,
        "rows_clean": rows_clean,
        "rows_quarantined": rows_quarantined,
        "rows_duplicate": rows_duplicate,
        "reasons": reasons,
        "dates": dates,
        "numbers": numbers.document,
        "repeated": repeats is not None,
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
    begun = time.monotonic()
    spark = _session("curate", arguments.key)
    layout, storage = ObjectLayout(arguments), JobStorage(spark)
    previous = _refuse_older(storage, layout, arguments)
    cleaned = storage.read(layout.report("clean"))
    if cleaned is None or cleaned | _version(arguments) != cleaned:
        raise JobError(
            f"clean has not finished for version {arguments.version_id} of {arguments.source} "
            f"with ETag {arguments.etag}"
        )
    found = references.read(spark, storage, layout, agreed)
    rows = clean_rows(spark, layout, agreed, cleaned)
    origin = curate.ObjectOrigin(arguments.object_id, arguments.key, arguments.sequencer)
    outputs = curate.transform(agreed, curate.CurateInputs(rows, found, origin))
    date = agreed.date.name
    partitions = [f"{date}={day}" for day in cleaned["dates"]]
    # Written down before the first row is: should this run die, the next version knows what it left behind.
    started = storage.read(layout.report("curate.started")) or {}
    touched = {*partitions, *started.get("partitions", [])}
    storage.write(layout.report("curate.started"), _version(arguments) | {"partitions": sorted(touched)})
    observation, curated = observed(outputs.curated, rows="count(*)", dates=distinct(date))
    with staged(arguments) as staging:
        # The object's folder first: Spark moves one folder with all files in it.
        writer(curated, flat=False).partitionBy("object", date).parquet(staging.uri)
        written = values(observation)
        _equal("rows curated", written["rows"], "rows clean", cleaned["rows_clean"])
        _equal("dates curated", written["dates"], "dates clean", cleaned["dates"])
        staging.publish()
    stale = sorted({*touched, *previous.get("partitions", [])} - set(partitions))
    for partition in stale:
        storage.delete(layout.curated_partition(partition))
    report = _version(arguments) | {
        "seconds": _since(begun),
        "rows_curated": written["rows"],
        "partitions": partitions,
        # Kept from version to version: after a failed refresh the table must still be told of the old ones.
        "removed": sorted({*stale, *previous.get("removed", [])} - set(partitions)),
    }
    storage.write(layout.report("curate"), report)
    storage.delete(layout.report("curate.started"))
    return report


def clean_rows(
    spark: SparkSession, layout: ObjectLayout, agreed: Contract, report: Mapping[str, Any]
) -> DataFrame:
    """The clean rows that a run of `clean` has left, as `curate` takes them.

    Args:
        spark: the session.
        layout: where the object's outputs are.
        agreed: the contract.
        report: of the run.
    """
    judged = spark.read.schema(agreed.judged_schema).parquet(layout.judged)
    repeats = spark.read.schema(verdicts.REPEATED).parquet(layout.repeated) if report["repeated"] else None
    return verdicts.clean_rows(agreed, verdicts.Numbers.read(report["numbers"]).of(judged), repeats)


def remove_object(arguments: JobArguments, _: Contract) -> Document:
    """Takes away what the jobs made of a deleted object; last, both reports say that it has no rows.

    Raises:
        JobError: a newer version has been curated already.
    """
    layout, storage = ObjectLayout(arguments), JobStorage(_session("remove", arguments.key))
    previous = _refuse_older(storage, layout, arguments)
    source.sweep(arguments)
    started = storage.read(layout.report("curate.started")) or {}
    touched = {*previous.get("partitions", []), *previous.get("removed", []), *started.get("partitions", [])}
    for partition in sorted(touched):
        storage.delete(layout.curated_partition(partition))
    for folder in (layout.cleaned, layout.quarantined_rows, layout.duplicates, layout.copies):
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
    jvm_names.remember(spark)
    for setting, value in SETTINGS.items():
        spark.conf.set(setting, value)
    return spark


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 1)


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
) -> tuple[lines.SourceRows, dict[str, str]]:
    """The rows of the file, and of Parquet the types of its columns."""
    if storage.size(uri) == 0:
        raise RefusedObject("empty_file", "the file has no bytes")
    written, head = agreed.format, storage.head(uri)
    if not written.is_text:
        written.check_kind(head)
        return parquet_fields.read(spark, uri, agreed)
    compression = compression_of(uri, head)
    written.check_text(head if compression is None else storage.head(uri, compression))
    text = uri
    if compression is not None or written.encoding != "UTF-8":
        # Spark splits what is neither packed nor of wide characters.
        # Beside the copy, so that what a killed run leaves is swept with it.
        text = f"{uri}.text"
        leftovers.callback(storage.delete, text)
        storage.to_plain_text(uri, text, compression, written.encoding)
    if text != uri or b"\n" not in head:
        head = storage.head(text, size=FIRST_LINE)
    begun = head.decode("utf-8", "replace").removeprefix(BYTE_ORDER_MARK)
    header = begun.partition("\n")[0].removesuffix("\r")
    if not header.strip(" \r") and lines.is_blank(spark, text):
        raise RefusedObject("empty_file", "the file has blank lines only")
    if written.has_header:
        agreed.check_header(header)
    else:
        written.check_json(begun)
    return lines.read(spark, text, written), {}


def _write_repeated(
    spark: SparkSession, storage: JobStorage, layout: ObjectLayout, agreed: Contract, numbered: DataFrame
) -> tuple[DataFrame | None, dict[str, int]]:
    """Writes which rows repeat others, once for `curate` and once for people.

    Returns:
        The rows, None if there are none, and how many there are by reason.
    """
    storage.delete(layout.duplicates)
    found = verdicts.repeated(agreed, numbered)
    if found is None:
        return None, {}
    counts = {reason: f"count_if(_reason = '{reason}')" for reason in verdicts.REASONS}
    observation, found = observed(found, **counts)
    writer(found).mode("overwrite").parquet(layout.repeated)
    repeats = spark.read.schema(verdicts.REPEATED).parquet(layout.repeated)
    duplicates = repeats.where(f"_reason = '{clean.DUPLICATE}'").selectExpr(
        "source_line", "_detail AS detail"
    )
    writer(duplicates.coalesce(1)).mode("overwrite").json(layout.duplicates)
    return repeats, values(observation)


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


def _equal(left_name: str, left: object, right_name: str, right: object) -> None:
    if left != right:
        raise BrokenInvariant(f"{left_name} ({left}) are not {right_name} ({right})")
