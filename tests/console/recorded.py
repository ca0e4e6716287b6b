"""A source of the console that needs no platform: recorded traces, many executions, and hostile values."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from strata.console.index import RunIndex
from strata.console.models import (
    Column,
    Contract,
    DataSet,
    Graph,
    GraphNode,
    Outcome,
    Quarantine,
    QuarantinedRow,
    Reprocess,
    Result,
    RunPage,
    TracePage,
    UnitFacts,
    UnitsPage,
)
from strata.errors import StrataError
from strata.pages.layout import Shape, layered
from strata.trace.models import SparkStage, Trace

AT = datetime(2026, 1, 2, tzinfo=UTC)
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:pipeline"
RUNS = 10_000
MARKUP = "flights/<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>.csv"
# Without a slash, as a name of an execution is.
IMAGE = "again<img src=x onerror=\"document.title='broken'\">"
BACKWARDS = "flights/\u202egnp.exe\u2066.csv"
LONG = "flights/" + "long-name-" * 90 + ".csv"
HOSTILE = (MARKUP, BACKWARDS, LONG)


class States:
    """Step Functions with many executions: newest first, the last three of hostile keys, one in ten failed."""

    def __init__(self, count: int = RUNS) -> None:
        self.count = count
        self.described = 0

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        for first in range(self.count, 0, -1000):
            numbers = range(first, max(0, first - 1000), -1)
            yield {"executions": [self._listed(number) for number in numbers]}

    def _listed(self, number: int) -> dict[str, Any]:
        began = AT + timedelta(seconds=number)
        status = "FAILED" if number % 10 == 0 else "SUCCEEDED"
        found = {"executionArn": f"arn:{number}", "name": f"run-{number:05}", "status": status}
        return {**found, "startDate": began, "stopDate": began + timedelta(seconds=7)}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.described += 1
        number = int(executionArn.removeprefix("arn:"))
        place = self.count - number
        key = HOSTILE[place] if place < len(HOSTILE) else f"flights/{number:05}.csv"
        found = self._listed(number)
        return {**found, "input": json.dumps({"bucket": "raw", "key": key, "version_id": "v"})}


class Recorded:
    """The source.

    Args:
        traces: what executions have, by name; every other has the first one's under its own name and key.
    """

    def __init__(self, traces: dict[str, TracePage]) -> None:
        self.traces = traces
        self.states = States()
        self.index = RunIndex(self.states, MACHINE)
        self.fault: Exception | None = None
        self.asked: list[str] = []
        self.again: list[str] = []
        self.ended = 0
        self.changes = 0
        self.empty = False
        self.slow = 0.0

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def environments(self) -> list[str]:
        self._check()
        return ["dev", "staging"]

    def revision(self, environment: str) -> str:
        self._check()
        return f"{self.changes}"

    def flow(self, environment: str) -> Graph:
        self._check()
        time.sleep(self.slow)
        nodes = [
            GraphNode(
                id="b",
                kind="bucket",
                label="S3 raw",
                detail=f"{self.changes} objects",
                state="ok",
                href="#/trace",
            ),
            GraphNode(
                id="r", kind="rule", label=MARKUP, detail="2 undelivered", state="bad", facts={"rule": MARKUP}
            ),
            GraphNode(id="m", kind="machine", label="pipeline", detail="4 runs, 1 failed", state="warn"),
        ]
        drawing = layered(["b", "r", "m"], [("b", "r"), ("r", "m")], Shape(width=144, height=44, margin=4))
        return Graph.drawn(drawing, nodes)

    def runs(self, environment: str, text: str, status: str, offset: int, limit: int) -> RunPage:
        self._check()
        if self.empty:
            return RunPage(total=0, matched=0, counts={}, runs=[], loading=False)
        return self.index.page(text, status, offset, limit)

    def load(self) -> None:
        """Read all executions."""
        self.index.look()
        while self.index.loading:
            self.index.look()

    def trace(self, environment: str, name: str) -> TracePage:
        self._check()
        if name in self.traces:
            return self.traces[name]
        run, runs = self.index.find(name)
        first = next(iter(self.traces.values()))
        trace = first.trace.model_copy(update={"run": run, "runs": runs, "event": {"key": run.key}})
        return first.model_copy(update={"trace": trace})

    def datasets(self, environment: str) -> list[DataSet]:
        self._check()
        return [] if self.empty else [_dataset()]

    def quarantine(self, environment: str, dataset: str, reason: str, text: str, limit: int) -> Quarantine:
        self._check()
        rows = [one for one in _lines() if not reason or one.reason == reason]
        return Quarantine(total=len(rows), rows=rows[:limit])

    def quarantine_lines(self, environment: str, dataset: str) -> Iterator[str]:
        self._check()
        for line in _lines():
            yield f"{line.model_dump_json()}\n"

    def process_again(self, environment: str, dataset: str, reason: str) -> Reprocess:
        self._check()
        self.again.append(f"{environment} {dataset} {reason}")
        self.ended = 0
        return self.processing(environment, IMAGE)

    def processing(self, environment: str, name: str) -> Reprocess:
        """Another object has ended each time, the last of three failed."""
        self._check()
        assert name == IMAGE
        ended = self.ended
        self.ended = min(ended + 1, 3)
        status = "SUCCEEDED" if ended == 3 else "RUNNING"
        failed = int(ended == 3)
        return Reprocess(name=name, status=status, found=3, succeeded=ended - failed, failed=failed, error="")

    def query(self, environment: str, sql: str) -> Result:
        self._check()
        self.asked.append(sql)
        if "nowhere" in sql:
            raise StrataError("Snowflake: Object 'NOWHERE' does not exist", remedy="name a table")
        return Result(columns=["A", MARKUP], rows=[["1", None], [MARKUP, "2"]], cut=False, seconds=0.12)

    def units(self, environment: str) -> UnitsPage:
        self._check()
        names = ["live/dev/s3", "live/dev/glue"]
        nodes = [
            GraphNode(id=name, kind="unit", label=name.rpartition("/")[2], detail="3 resources", state="ok")
            for name in names
        ]
        drawing = layered(names, [(names[0], names[1])], Shape())
        units = [
            UnitFacts(
                path=name,
                component=name.rpartition("/")[2],
                state="applied",
                serial=1,
                resources=3,
                after=[],
                outputs=["names"],
            )
            for name in names
        ]
        change = {"address": "aws_s3_bucket.raw", "type": "aws_s3_bucket", "actions": ["update"]}
        change |= {
            "changed": ["tags"],
            "values": [["tags", '{"a": 1}', MARKUP], ["key", None, "(sensitive value)"]],
        }
        plan = {
            "planned_at": AT.isoformat(),
            "changes": {"update": 1},
            "units": {names[0]: {"changes": {"update": 1}, "resources": [change], "outputs": []}},
        }
        return UnitsPage(graph=Graph.drawn(drawing, nodes), units=units, plan=None if self.empty else plan)


def _lines() -> list[QuarantinedRow]:
    rows = [QuarantinedRow(key=key, line=2, reason="bad_date", detail="x", row=MARKUP) for key in HOSTILE]
    return [*rows, QuarantinedRow(key="flights/a.csv", line=0, reason="other_columns", detail="y", row="")]


def _dataset() -> DataSet:
    outcomes = [
        Outcome(
            key=key,
            status="SUCCEEDED",
            finished_at=AT.isoformat(),
            read=5,
            clean=3,
            quarantined=1,
            duplicate=1,
            visible=3,
        )
        for key in HOSTILE
    ]
    column = Column(name="id", type="int", required=True, key=True, description=MARKUP)
    contract = Contract(version="1.0.0", file="glue_jobs/contracts/flights.odcs.yaml", description=MARKUP, columns=[column], format="csv")  # fmt: skip
    return DataSet(
        name="flights",
        table="LAKE.CURATED.FLIGHTS",
        contract=contract,
        hours=24,
        fresh_rows=0,
        objects=3,
        rows={"read": 15, "clean": 9, "quarantined": 3, "duplicate": 3, "visible": 9},
        reasons={"bad_date": 3},
        outcomes=outcomes,
    )


STAGE = SparkStage(
    id=3, name=MARKUP, status="COMPLETE", tasks=4, failed_tasks=1, seconds=2.5, records_read=12345, records_written=7
)  # fmt: skip


def named(trace: Trace, name: str) -> Trace:
    """A trace under a short name of its execution, whose jobs had one stage."""
    run = trace.run.model_copy(update={"name": name})
    others = [one.model_copy(update={"name": name}) if one.arn == run.arn else one for one in trace.runs]
    jobs = [job.model_copy(update={"stages": [STAGE]}) for job in trace.jobs]
    return trace.model_copy(update={"run": run, "runs": others, "jobs": jobs})
