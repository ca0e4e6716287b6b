"""The main job, step by step."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from strata.cloud.endpoints import Endpoints
from strata.demo import data
from strata.demo.checks import Check, Counts, counts_of, execution_check
from strata.errors import StrataError
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.platform.pipeline import Execution, ExecutionStep
from strata.platform.warehouse import Answer, ask, connect

_DATASET = "flights"
ANSWER_TITLE = "flights and mean arrival delay per carrier"


class StepSink(Protocol):
    """What shows the steps of one object."""

    def on_step(self, step: ExecutionStep) -> None: ...

    def on_wait(self, execution: str) -> None: ...


@dataclass
class Report:
    """What the main job found.

    `executions` by key; `seconds` per phase; `answer` is flights and mean arrival delay per carrier;
    `quarantined` the refused rows with source line and reason.
    """

    executions: dict[str, Execution] = field(default_factory=dict)
    counts: list[Counts] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: Answer([], []))
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether there was something to check and all of it holds."""
        return bool(self.checks) and all(check.holds for check in self.checks)


def run_files(
    endpoints: Endpoints,
    platform: Platform,
    show: Callable[[str], AbstractContextManager[StepSink]],
    scratch: Path,
) -> Report:
    """Upload the reference data and two files, follow their executions, and check the answers.

    Args:
        endpoints: the embedded cloud.
        platform: the applied environment.
        show: title -> what shows one object's steps.
        scratch: a folder for the input files.
    """
    report = Report()
    # Not there yet where the checkout's path is too long for child processes to have their TMPDIR in it.
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        for path in data.reference(Path(folder)):
            pipeline.put(endpoints, platform.raw_bucket, f"reference/{path.name}", path.read_bytes())
        files = [data.january(Path(folder)), data.late_file(Path(folder))]
        for file in files:
            key = file.key
            started = time.monotonic()
            with show(f"s3://{platform.raw_bucket}/{key}") as view:
                uploaded = pipeline.put(endpoints, platform.raw_bucket, key, file.path.read_bytes())
                execution = pipeline.follow(
                    endpoints, platform.state_machine_arn, uploaded, view.on_step, view.on_wait
                )
            report.executions[key] = execution
            report.seconds[key] = time.monotonic() - started
            report.checks.append(execution_check(key, execution))
            if execution.status != "SUCCEEDED":
                return report
    _ask_everything(endpoints, platform, report)
    for counts, file in zip(report.counts, files, strict=True):
        report.checks += counts.checks()
        found = (counts.read, counts.quarantined, counts.duplicates)
        expected = (file.rows_read, file.rows_quarantined, file.rows_duplicate)
        report.checks.append(
            Check(
                f"{counts.key}: {file.rows_read:,} rows in the file, of which {file.rows_quarantined} are "
                f"broken and {file.rows_duplicate} duplicates",
                found == expected,
            )
        )
    broken = sorted(
        (file.key, line.source_line, line.reason)
        for file in files
        for line in file.broken
        if line.reason != "duplicate"
    )
    found_rows = sorted((row["key"], row["source_line"], row["reason"]) for row in report.quarantined)
    report.checks.append(
        Check(
            f"the quarantine names each broken row's line and reason ({len(found_rows)} rows)",
            found_rows == broken,
        )
    )
    return report


def _ask_everything(endpoints: Endpoints, platform: Platform, report: Report) -> None:
    table = platform.table(_DATASET).sql
    with connect(endpoints, role=platform.reader_role, warehouse=platform.warehouse) as connection:
        for key in report.executions:
            object_id = pipeline.object_id(platform.raw_bucket, key)
            clean = _json_object(endpoints, platform, f"reports/{_DATASET}/object={object_id}/clean.json")
            curate = _json_object(endpoints, platform, f"reports/{_DATASET}/object={object_id}/curate.json")
            visible = ask(connection, f"SELECT COUNT(*) FROM {table} WHERE OBJECT = '{object_id}'")
            report.counts.append(counts_of(key, clean, curate, int(visible.rows[0][0])))
            prefix = f"quarantine/{_DATASET}/object={object_id}/"
            for row in _json_lines(endpoints, platform, prefix):
                report.quarantined.append({"key": key, **row})
        total = int(ask(connection, f"SELECT COUNT(*) FROM {table}").rows[0][0])
        report.answer = ask(
            connection,
            "SELECT CARRIER, AIRLINE_NAME AS AIRLINE, COUNT(*) AS FLIGHTS, "
            "ROUND(AVG(ARR_DELAY), 2) AS MEAN_ARRIVAL_DELAY "
            f"FROM {table} GROUP BY CARRIER, AIRLINE_NAME ORDER BY FLIGHTS DESC, CARRIER",
        )
    answered = sum(int(row[2]) for row in report.answer.rows)
    expected = sum(counts.curated for counts in report.counts)
    report.checks.append(
        Check(
            f"the external table shows every object's rows ({total:,} = {expected:,} = {answered:,})",
            total == expected == answered,
        )
    )


def _json_object(endpoints: Endpoints, platform: Platform, key: str) -> dict[str, Any]:
    s3 = pipeline.client(endpoints, "s3")
    try:
        body = s3.get_object(Bucket=platform.processed_bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise StrataError(f"the report s3://{platform.processed_bucket}/{key} is missing") from None
    value = json.loads(body)
    assert isinstance(value, dict)
    return value


def _json_lines(endpoints: Endpoints, platform: Platform, prefix: str) -> Iterator[dict[str, Any]]:
    s3 = pipeline.client(endpoints, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=platform.processed_bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            if item["Key"].endswith(".json"):
                body = s3.get_object(Bucket=platform.processed_bucket, Key=item["Key"])["Body"].read()
                yield from (json.loads(line) for line in body.splitlines() if line.strip())
