"""Puts, deletes, kills and a replay under one key of the whole platform: the table agrees with the bucket.

The suite plays one seed. All ten take some minutes: `pytest tests/pipeline/test_seeds.py --platform-seeds 10`.
"""

from __future__ import annotations

import csv
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strata.platform import pipeline
from tests.pipeline.conftest import Up

pytestmark = [pytest.mark.spark, pytest.mark.terraform]
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
Row = tuple[str, int, int]


@dataclass(frozen=True)
class Version:
    """What was put: its id, and the rows that the table shows of it."""

    id: str
    etag: str
    rows: list[Row]


@dataclass(frozen=True)
class Run:
    """One execution for the key."""

    arn: str
    status: str

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Key:
    """One key of the raw bucket, and what the platform does for it."""

    def __init__(self, up: Up, name: str, lines: list[str]) -> None:
        self.up = up
        self.name = name
        self.lines = lines
        self.s3, self.states = up.client("s3"), up.client("stepfunctions")
        self.versions: list[Version] = []
        self.events = 0
        self._mine: dict[str, bool] = {}

    def put(self, first: int, count: int) -> None:
        lines = [self.lines[0], *self.lines[first : first + count]]
        done = pipeline.put(self.up.endpoints, self.up.names.raw_bucket, self.name, "\n".join(lines).encode())
        rows = [
            (row["carrier"], int(row["flight"]), number)
            for number, row in enumerate(csv.DictReader(lines), 2)
        ]
        self.versions.append(Version(done.version_id, done.etag, rows))
        self.events += 1

    def delete(self, version: Version | None) -> None:
        named = {"VersionId": version.id} if version else {}
        self.s3.delete_object(Bucket=self.up.names.raw_bucket, Key=self.name, **named)
        self.events += 1

    def is_there(self, version: Version) -> bool:
        return version.id in [one["VersionId"] for one in self._listed()]

    def current(self) -> Version | None:
        """The version that the bucket shows."""
        latest = [one["VersionId"] for one in self._listed() if one["IsLatest"]]
        return next((version for version in self.versions if version.id in latest), None)

    def _listed(self) -> list[dict[str, Any]]:
        listed = self.s3.list_object_versions(Bucket=self.up.names.raw_bucket, Prefix=self.name)
        return list(listed.get("Versions", []))

    def runs(self) -> list[Run]:
        """The key's executions, the oldest first."""
        found = []
        pages = self.states.get_paginator("list_executions").paginate(
            stateMachineArn=self.up.names.state_machine_arn
        )
        for one in [one for page in pages for one in page["executions"]][::-1]:
            arn = one["executionArn"]
            if arn not in self._mine:
                event = json.loads(self.states.describe_execution(executionArn=arn)["input"])
                self._mine[arn] = event["key"] == self.name
            if self._mine[arn]:
                found.append(Run(arn, one["status"]))
        return found

    def outcome(self, run: Run) -> str:
        """The last state of an execution that ended by itself, else its status."""
        if run.status not in ("SUCCEEDED", "FAILED"):
            return run.status
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=run.arn)
        events = [event for page in pages for event in page["events"]]
        return str(
            [one["stateEnteredEventDetails"]["name"] for one in events if "stateEnteredEventDetails" in one][
                -1
            ]
        )

    def wait(self, until: Callable[[list[Run]], bool]) -> list[Run]:
        deadline = time.monotonic() + 600
        while not until(runs := self.runs()):
            assert time.monotonic() < deadline, (
                f"{self.events} events, executions: {[run.status for run in runs]}"
            )
            time.sleep(0.5)
        return runs

    def replay(self, since: datetime) -> None:
        """Replay the archives' events from then on."""
        events = self.up.client("events")
        for name in ("raw-deletions", "raw-objects"):
            archive = events.describe_archive(ArchiveName=f"strata-{name}-dev")
            events.start_replay(
                ReplayName=f"{name}-{self.name.partition('/')[2].partition('.')[0]}",
                EventSourceArn=archive["ArchiveArn"],
                EventStartTime=since,
                EventEndTime=datetime.now(UTC),
                Destination={"Arn": archive["EventSourceArn"]},
            )


def test_the_table_agrees_with_the_bucket(up: Up, root: Path, platform_seed: int) -> None:
    rng = random.Random(platform_seed)
    lines = (root / "docs/examples/flights.csv").read_text().splitlines()
    key = Key(up, f"flights/seed-{platform_seed}.csv", lines)
    since = datetime.now(UTC).replace(microsecond=0)  # events have whole seconds
    contents = [(1, 40), (41, 30), (71, 20)]
    killed = set()
    for _ in range(rng.randint(3, 4)):
        key.put(*rng.choice(contents))
        time.sleep(rng.choice([0.1, 0.1, 1, 4]))
        choice = rng.random()
        running = [run for run in key.runs() if not run.ended]
        if choice < 0.35 and running:
            arn = rng.choice(running).arn
            key.states.stop_execution(executionArn=arn)
            killed.add(arn)
        elif choice < 0.5 and any(map(key.is_there, key.versions)):
            key.delete(rng.choice([version for version in key.versions if key.is_there(version)]))
        elif choice < 0.6:
            key.delete(None)
    count = key.events
    key.wait(lambda runs: len(runs) == count and all(run.ended for run in runs))
    key.replay(since)
    runs = key.wait(lambda runs: len(runs) == 2 * count and all(run.ended for run in runs))

    outcomes = [(run, key.outcome(run)) for run in runs]
    story = f"{[(v.id, len(v.rows), key.is_there(v)) for v in key.versions]} {outcomes}"
    object_id = pipeline.object_id(up.names.raw_bucket, key.name)
    rows: list[Any] = [
        (row["CARRIER"], row["FLIGHT"], row["SOURCE_LINE"])
        for row in up.rows(
            f"SELECT CARRIER, FLIGHT, SOURCE_LINE FROM FLIGHTS WHERE OBJECT = '{object_id}' ORDER BY SOURCE_LINE"
        )
    ]
    shown = key.current()
    assert rows == ([] if shown is None else shown.rows), story
    for run, outcome in outcomes:
        if outcome == "ABORTED":
            assert run.arn in killed, story
        else:
            assert outcome in ("RecordSuccess", "Duplicate", "Superseded"), story
