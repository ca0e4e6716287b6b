"""Data sets as the console shows them: counts of their objects, and lines of the quarantine with their keys."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.console import datasets
from strata.errors import StrataError
from strata.platform import reprocess
from strata.platform.freshness import Freshness

RECONCILED = {"rows_read": 5, "rows_clean": 3, "rows_quarantined": 2, "rows_duplicate": 0, "rows_visible": 3}
CLAIMS = [
    {
        "object_id": "1",
        "key": "flights/a.csv",
        "status": "SUCCEEDED",
        "finished_at": "2026-01-01T00:00:00+00:00",
        "reconciliation": json.dumps(RECONCILED | {"reasons": {"bad_date": 2}}),
    },
    {
        "object_id": "2",
        "key": "flights/b.csv",
        "status": "FAILED",
        "finished_at": "2026-01-02T00:00:00+00:00",
    },
    {"object_id": "3", "key": "flights/c.csv", "status": "IN_PROGRESS", "reconciliation": "not json"},
    {
        "object_id": "4",
        "key": "flights_of_others/a.csv",
        "status": "SUCCEEDED",
        "reconciliation": json.dumps(RECONCILED),
    },
    {"object_id": "5"},
]
FILES = {
    "quarantine/flights/object=1/part.json": '{"source_line": 2, "reason": "bad_date", "detail": "x", "row": "<b>"}\n'
    '\n{"source_line": 3, "reason": "missing_column"}\n',
    "quarantine/flights/object=9/part.json": '{"source_line": 7, "reason": "bad_date", "row": "of an object without claim"}\n',
    "quarantine/flights/object=1/_SUCCESS": "",
    "quarantine/objects/object=2/b.csv": "a,b\n",
    "quarantine/objects/object=2/reason.json": '{"key": "flights/b.csv", "reason": "other_columns", "detail": "y"}',
    "quarantine/objects/object=8/reason.json": '{"key": "others/b.csv", "reason": "other_columns", "detail": "y"}',
}  # fmt: skip


class Bucket:
    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = [{"Key": key, "Size": len(text)} for key, text in FILES.items() if key.startswith(Prefix)]
        return [{"Contents": found}, {}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(FILES[Key].encode())}


@pytest.fixture
def environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One whose claims and files are the ones above, and whose only data set is the checkout's."""
    monkeypatch.setattr(datasets.freshness, "read", lambda endpoints: [Freshness("flights", 24, 0)])
    platform = SimpleNamespace(processed_bucket="p", table=lambda name: f"LAKE.CURATED.{name.upper()}")
    return SimpleNamespace(
        root=root,
        claims=lambda: CLAIMS,
        workspace=SimpleNamespace(endpoints=None),
        platform=platform,
        client=lambda service: Bucket(),
    )


def test_a_data_set_is_its_own_objects(environment: Any) -> None:
    (flights,) = datasets.read(environment)
    assert (flights.objects, flights.table, flights.hours, flights.fresh_rows) == (
        3,
        "LAKE.CURATED.FLIGHTS",
        24,
        0,
    )
    assert flights.rows == {"read": 5, "clean": 3, "quarantined": 2, "duplicate": 0, "visible": 3}
    assert flights.reasons == {"bad_date": 2}
    # The newest first; what did not get so far has no counts.
    assert [(one.key, one.status, one.read) for one in flights.outcomes] == [
        ("flights/b.csv", "FAILED", None),
        ("flights/a.csv", "SUCCEEDED", 5),
        ("flights/c.csv", "IN_PROGRESS", None),
    ]
    keys = [column.name for column in flights.contract.columns if column.key]
    assert keys == ["carrier", "flight", "time_hour"]
    assert flights.contract.format == "csv"


def test_a_data_set_that_is_not_applied(environment: Any) -> None:
    def missing(name: str) -> str:
        raise StrataError("0 external tables are called FLIGHTS, of none")

    environment.platform.table = missing
    (flights,) = datasets.read(environment)
    assert (flights.table, flights.fault) == ("", "0 external tables are called FLIGHTS, of none")


@pytest.mark.parametrize(
    ("reason", "text", "limit", "total", "found"),
    [
        (
            "",
            "",
            10,
            4,
            [("flights/a.csv", 2), ("flights/a.csv", 3), ("9", 7), ("flights/b.csv", 0)],
        ),
        ("bad_date", "", 10, 2, [("flights/a.csv", 2), ("9", 7)]),
        ("", "WITHOUT claim", 10, 1, [("9", 7)]),
        ("", "flights/A", 1, 2, [("flights/a.csv", 2)]),
        ("other_columns", "<b>", 10, 0, []),
    ],
)
def test_lines_of_the_quarantine(
    environment: Any, reason: str, text: str, limit: int, total: int, found: list[tuple[str, int]]
) -> None:
    page = datasets.quarantine(environment, "flights", reason, text, limit)
    assert (page.total, [(row.key, row.line) for row in page.rows]) == (total, found)


def test_a_data_set_that_is_not_there(environment: Any) -> None:
    with pytest.raises(StrataError) as caught:
        datasets.quarantine(environment, "flihgts", "", "", 10)
    assert str(caught.value) == "no data set flihgts (did you mean flights?)"


class Machine:
    """Step Functions with one execution of the machine, whose Map has two pages."""

    def __init__(self) -> None:
        self.started: list[Any] = []

    def get_paginator(self, name: str) -> Any:
        pages = {"list_executions": {"executions": []}, "list_map_runs": {"mapRuns": [{"mapRunArn": "a"}, {"mapRunArn": "b"}]}}  # fmt: skip
        return SimpleNamespace(paginate=lambda **_: [pages[name]])

    def start_execution(self, **given: Any) -> Any:
        self.started.append(given)
        return {"executionArn": "arn:aws:states:eu-west-1:1:execution:again:one"}

    def describe_execution(self, executionArn: str) -> Any:
        assert executionArn == "arn:aws:states:eu-west-1:1:execution:again:one"
        return {"status": "FAILED", "error": "States.Timeout", "cause": "too long"}

    def describe_map_run(self, mapRunArn: str) -> Any:
        counts = {"total": 2, "succeeded": 1, "failed": 0, "timedOut": 0, "aborted": 0}
        return {"itemCounts": counts | {"failed": int(mapRunArn == "b")}}


@pytest.mark.parametrize(
    ("reason", "selection"),
    [("", {"prefix": "flights/"}), ("bad_date", {"prefix": "flights/", "reason": "bad_date"})],
)
def test_a_data_set_is_processed_again(
    environment: Any, monkeypatch: pytest.MonkeyPatch, reason: str, selection: dict[str, str]
) -> None:
    machine = Machine()
    environment.name = "dev"
    environment.platform.reprocess_arn = "arn:aws:states:eu-west-1:1:stateMachine:again"
    environment.client = lambda service: machine
    monkeypatch.setattr(reprocess, "client", lambda endpoints, service: machine)
    again = datasets.process_again(environment, "flights", reason)
    (given,) = machine.started
    assert given["stateMachineArn"] == "arn:aws:states:eu-west-1:1:stateMachine:again"
    assert json.loads(given["input"]) == selection
    assert (again.name, again.status, again.error) == ("one", "FAILED", "States.Timeout too long")
    assert (again.found, again.succeeded, again.failed) == (4, 2, 1)


def test_what_cannot_be_processed_again(environment: Any) -> None:
    environment.name = "dev"
    environment.platform.reprocess_arn = None
    with pytest.raises(StrataError, match="no data set flihgts"):
        datasets.process_again(environment, "flihgts", "")
    with pytest.raises(StrataError, match="live/dev/stepfunctions has no machine that reprocesses"):
        datasets.process_again(environment, "flights", "")
