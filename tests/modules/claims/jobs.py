"""Spark and Snowflake at the size of a test: the jobs' and functions' own code runs over them.

A file is the contract's header and lines `<day>,<flight>`; the curated table is one row for each of them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from glue_jobs import main as jobs
from glue_jobs import odcs, verdicts
from glue_jobs.formats import HEAD
from glue_jobs.lines import SourceRows

FUNCTIONS = Path(__file__).parents[3] / "lambda_functions" / "snowflake_external_table"
HEADER = ",".join(odcs.load("flights").names)
Row = tuple[str, str]
Rows = list[Row]


def content(*rows: str) -> bytes:
    """A good file: each row as `<day>,<flight>`."""
    return "\n".join([HEADER, *rows, ""]).encode()


def rows_of(body: bytes) -> Rows:
    """A good file's rows, as the table shows them."""
    return sorted((line.split(",")[0], line.split(",")[1]) for line in body.decode().splitlines()[1:])


class Processed:
    """The processed bucket but for the working copies, which are in S3: objects by URI."""

    def __init__(self, s3: Any, tick: Callable[[], None]) -> None:
        self.objects: dict[str, Any] = {}
        self._s3 = s3
        self._tick = tick

    # As `glue_jobs.storage.JobStorage`.
    def size(self, uri: str) -> int | None:
        return len(self.bytes(uri))

    def head(self, uri: str, compression: str | None = None, size: int = HEAD) -> bytes:
        assert compression is None
        return self.bytes(uri)[:size]

    def read(self, uri: str) -> Any:
        self._tick()
        found = self.objects.get(uri)
        return json.loads(found) if found is not None else None

    def write(self, uri: str, document: dict[str, Any]) -> None:
        self._tick()
        self.objects[uri] = json.dumps(document)

    def copy(self, source: str, target: str) -> None:
        self._tick()
        self.objects[target] = self.bytes(source)

    def delete(self, uri: str) -> None:
        self._tick()
        for name in [name for name in self.objects if name == uri or name.startswith(f"{uri}/")]:
            del self.objects[name]

    def folders(self, uri: str) -> list[str]:
        below = [name.removeprefix(f"{uri}/") for name in self.objects if name.startswith(f"{uri}/")]
        return sorted({name.partition("/")[0] for name in below if "/" in name})

    def bytes(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def put_rows(self, uri: str, rows: Rows) -> None:
        """Replace a folder's rows, as Spark does: first the old ones go."""
        self.delete(uri)
        if rows:
            self._tick()
            self.objects[f"{uri}/part-0.parquet"] = rows

    def rows(self, uri: str) -> Rows:
        return [row for name, rows in self.objects.items() if name.startswith(f"{uri}/") for row in rows]


class Frame:
    """Rows that the jobs pass along; what they observe of them is counted here."""

    def __init__(self, rows: Rows, sequencer: str = "") -> None:
        self.rows = rows
        self.sequencer = sequencer

    def coalesce(self, _: int) -> Frame:
        return self

    def observed(self) -> dict[str, Any]:
        dates = sorted({f"2013-01-{day}" for day, _ in self.rows})
        counts = Counter({"rows_clean": len(self.rows), "rows": len(self.rows)})
        return {**dict.fromkeys(jobs.clean.reasons(odcs.load("flights")), 0), **counts} | {
            "rows_duplicate": 0,
            "dates": dates,
        }


class Writer:
    """Spark's writer: all of a folder, or the partitions that have rows."""

    def __init__(self, processed: Processed, frame: Frame) -> None:
        self._processed = processed
        self._frame = frame
        self._partitioned = False

    def mode(self, _: str) -> Writer:
        return self

    def partitionBy(self, *_: str) -> Writer:
        self._partitioned = True
        return self

    def parquet(self, uri: str) -> None:
        if not self._partitioned:
            self._processed.put_rows(uri, self._frame.rows)
            return
        origin: Any = self._frame
        for day in sorted({day for day, _ in origin.rows}):
            of_day = [(*row, origin.sequencer) for row in origin.rows if row[0] == day]
            folder = f"{uri}/object={origin.object_id}/flight_date=2013-01-{day}"
            self._processed.put_rows(folder, of_day)  # type: ignore[arg-type]


class Staging:
    """As `glue_jobs.partitions.Staging`: what the partitions had goes first, then each file comes."""

    def __init__(self, processed: Processed, uri: str, table: str) -> None:
        self.uri = uri
        self._processed, self._table = processed, table

    def publish(self) -> None:
        files = {}
        for name in [name for name in self._processed.objects if name.startswith(f"{self.uri}/")]:
            folder, partition, _ = name.removeprefix(f"{self.uri}/").split("/")
            files[f"{self._table}/{partition}/{folder}"] = self._processed.objects[name]
        for target in files:
            self._processed.delete(target)
        for target, rows in files.items():
            self._processed.put_rows(target, rows)

    def remove(self) -> None:
        self._processed.delete(self.uri)


class InlineExecutor:
    """Runs at once what another thread would run: the order is the test's."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> InlineExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class Table:
    """Snowflake's external table: the files that it was last told of, by partition."""

    def __init__(self, processed: Processed, folder: str) -> None:
        self._processed = processed
        self._folder = folder
        self.partitions: dict[str, list[tuple[str, str, str]]] = {}
        self._answer: tuple[int, int] = (0, 0)

    def rows(self, object_id: str) -> list[tuple[str, str, str]]:
        """The object's rows: day, flight and sequencer."""
        return sorted(
            row
            for partition, rows in self.partitions.items()
            if f"object={object_id}" in partition
            for row in rows
        )

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cursor(self) -> Table:
        return self

    def execute(self, statement: str, values: tuple[str, str] = ("", "")) -> None:
        if " REFRESH " in statement:
            partition = statement.split("'")[1].strip("/")
            self.partitions[partition] = list(self._processed.rows(f"{self._folder}/{partition}"))  # type: ignore[arg-type]
        else:
            sequencer, object_id = values
            rows = self.rows(object_id)
            self._answer = (len(rows), sum(row[2] == sequencer for row in rows))

    def fetchall(self) -> list[Any]:
        return []

    def fetchone(self) -> tuple[int, int]:
        return self._answer


def install(patch: pytest.MonkeyPatch, world: Callable[[], Any]) -> dict[str, Callable[..., Any]]:
    """Put Spark and Snowflake of the current world below jobs and functions; return the functions by name."""
    from glue_jobs import partitions, source

    def read_lines(_: Any, uri: str, form: Any) -> SourceRows:
        lines = world().processed.bytes(uri).decode().splitlines()
        rows = [(line.split(",")[0], line.split(",")[1]) for line in lines[1:]]
        return SourceRows(Frame(rows), has_header=True)  # type: ignore[arg-type]

    def is_blank(_: Any, uri: str) -> bool:
        return not any(world().processed.bytes(uri).decode().splitlines())

    def number(_: Any, source: Any, judged: Any) -> tuple[verdicts.Numbers, verdicts.Counts]:
        seen = judged.observed()
        counts = {None: seen["rows"]} if seen["rows"] else {}
        return verdicts.Numbers({}, judged=seen["rows"]), verdicts.Counts(counts, seen["dates"])

    def curated(_: Any, inputs: Any) -> Any:
        frame = Frame(inputs.clean.rows, inputs.origin.sequencer)
        frame.object_id = inputs.origin.object_id  # type: ignore[attr-defined]
        return SimpleNamespace(curated=frame)

    reader = SimpleNamespace(
        schema=lambda _: SimpleNamespace(parquet=lambda uri: Frame(world().processed.rows(uri)))
    )
    patch.setattr(jobs.lines, "is_blank", is_blank)
    patch.setattr(jobs.lines, "nothing", lambda *_: SourceRows(Frame([]), has_header=False))
    patch.setattr(jobs.verdicts, "number", number)
    patch.setattr(jobs.verdicts, "repeated", lambda *_: None)
    patch.setattr(jobs.verdicts, "clean_rows", lambda _, numbered, __: numbered)
    patch.setattr(verdicts.Numbers, "of", lambda _, judged: judged)
    patch.setattr(jobs, "_session", lambda *_: SimpleNamespace(read=reader))
    patch.setattr(jobs, "JobStorage", lambda _: world().processed)
    patch.setattr(jobs.lines, "read", read_lines)
    patch.setattr(jobs.references, "read", lambda *_: {})
    patch.setattr(jobs.clean, "transform", lambda _, inputs: inputs.rows)
    patch.setattr(jobs.curate, "transform", curated)
    patch.setattr(jobs, "observed", lambda frame, **_: (frame, frame))
    patch.setattr(jobs, "values", lambda frame: frame.observed())
    patch.setattr(jobs, "writer", lambda frame, **_: Writer(world().processed, frame))
    patch.setattr(partitions, "Staging", lambda uri, table: Staging(world().processed, uri, table))
    patch.setattr(source, "ThreadPoolExecutor", InlineExecutor)
    patch.setattr(jobs.metrics, "ThreadPoolExecutor", InlineExecutor)
    patch.setattr(jobs.metrics, "_client", lambda: SimpleNamespace(put_metric_data=lambda **_: None))

    patch.syspath_prepend(str(FUNCTIONS))
    names = ("connection", "refresh", "reconcile")
    for name in names:
        patch.delitem(sys.modules, name, raising=False)
    modules = {name: __import__(name) for name in names}
    for name in names:
        patch.delitem(sys.modules, name)

    class Reports:
        def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
            found = world().processed.objects[f"s3://{Bucket}/{Key}"]
            return {"Body": SimpleNamespace(read=lambda: found)}

    @contextmanager
    def session() -> Iterator[Table]:
        yield world().table

    patch.setattr(modules["connection"], "boto3", SimpleNamespace(client=lambda _: Reports()))
    patch.setenv("PROCESSED_BUCKET", "strata-processed-test-123456789012")
    for name in ("DATABASE", "SCHEMA", "TABLE"):
        patch.setenv(f"SNOWFLAKE_{name}", name)
    for name in ("refresh", "reconcile"):
        patch.setattr(modules[name], "session", session)
    return {name: modules[name].handler for name in ("refresh", "reconcile")}


def one_client(patch: pytest.MonkeyPatch, clients: dict[str, Any]) -> None:
    """Hand out one client for each service: to make one is slow."""
    from boto3.s3 import transfer

    patch.setattr(boto3, "client", lambda service, *_, **__: clients[service])
    config = transfer.TransferConfig
    patch.setattr(transfer, "TransferConfig", lambda **named: config(use_threads=False, **named))
