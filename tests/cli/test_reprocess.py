"""`strata reprocess`: what the machine is given, which execution is followed, and what the exit says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cli.app import run
from strata.cli.commands import reprocess as command
from strata.errors import StrataError
from strata.platform import reprocess
from strata.platform.reprocess import ObjectCounts, Reprocessing
from strata.platform.session import Running
from strata.platform.workspace import Workspace
from tests.endpoints import nowhere

CLOUD = nowhere("111111111111")
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:strata-reprocess-dev"


class States:
    """Step Functions with the executions of one machine."""

    def __init__(self, running: dict[str, dict[str, str]]) -> None:
        self.running = running
        self.started: list[Any] = []

    def get_paginator(self, name: str) -> Any:
        assert name == "list_executions"
        page = {"executions": [{"executionArn": arn} for arn in self.running]}
        return SimpleNamespace(paginate=lambda **_: [page])

    def describe_execution(self, executionArn: str) -> Any:
        return {"input": json.dumps(self.running[executionArn])}

    def start_execution(self, stateMachineArn: str, input: str) -> Any:
        self.started.append((stateMachineArn, json.loads(input)))
        return {"executionArn": "new"}


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        ({}, ("new", True)),
        ({"a": {}, "b": {"prefix": "flights/"}}, ("b", False)),
        ({"a": {"prefix": "flights/", "since": "2026-01-01"}}, ("new", True)),
    ],
)
def test_an_execution_for_the_same_objects_is_followed(
    monkeypatch: pytest.MonkeyPatch, running: dict[str, dict[str, str]], expected: tuple[str, bool]
) -> None:
    states = States(running)
    monkeypatch.setattr(reprocess, "client", lambda endpoints, service: states)
    assert reprocess.start(CLOUD, MACHINE, {"prefix": "flights/"}) == expected
    assert states.started == ([(MACHINE, {"prefix": "flights/"})] if expected[1] else [])


@pytest.mark.parametrize(
    ("options", "selection"),
    [
        ({}, {}),
        ({"dataset": "trips"}, {"prefix": "trips/"}),
        ({"prefix": "trips/2026"}, {"prefix": "trips/2026"}),
        ({"dataset": "trips", "prefix": "trips/2026"}, {"prefix": "trips/2026"}),
        ({"reason": "bad_date"}, {"reason": "bad_date"}),
        ({"since": datetime(2026, 3, 1, 12)}, {"since": "2026-03-01T12:00:00"}),
    ],
)
def test_the_options_select_objects(options: dict[str, Any], selection: dict[str, str]) -> None:
    given: dict[str, Any] = dict.fromkeys(("prefix", "dataset", "reason", "since"))
    assert command._selection(**(given | options)) == selection


def test_a_prefix_of_another_data_set_is_refused() -> None:
    with pytest.raises(StrataError, match="the prefix 'flights/a' is not of the data set trips"):
        command._selection("flights/a", "trips", None, None)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--dataset", "fligts"], 1, "error: no data set fligts (did you mean flights?)"),
        (["--dataset", "x"], 1, "error: no data set x (there are flights)"),
        (["--since", "yesterday"], 2, "'yesterday' is not a time: write 2026-03-01 or 2026-03-01T12:00:00"),
        (["--since", "2026-13-01"], 2, "'2026-13-01' is not a time"),
    ],
)
def test_what_selects_nothing_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.setattr(command, "require_running", lambda root: pytest.fail("it was looked for a cloud"))
    assert run(["reprocess", *arguments]) == code
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert says in said
    assert "Value error" not in said


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01T12:30:05", datetime(2026, 3, 1, 12, 30, 5)),
    ],
)
def test_a_time_is_read(text: str, time: datetime) -> None:
    assert command._time(text) == time


@pytest.mark.parametrize(
    ("status", "failed", "code", "says"),
    [
        ("SUCCEEDED", 0, 0, ""),
        ("SUCCEEDED", 2, 1, "error: 2 of 5 objects failed"),
        ("ABORTED", 0, 1, "error: execution ABORTED"),
        (None, 0, 1, "has no machine that reprocesses"),
    ],
)
def test_the_exit_code_says_how_it_ended(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str | None,
    failed: int,
    code: int,
    says: str,
) -> None:
    done = Reprocessing("arn", status or "", ObjectCounts(5, 5 - failed, failed))
    monkeypatch.setattr(command, "require_running", lambda root: Running(1, "dev", CLOUD))
    platform = SimpleNamespace(reprocess_arn=MACHINE if status else None)
    monkeypatch.setattr(Workspace, "platform", lambda _: platform)
    monkeypatch.setattr(Workspace, "endpoints", CLOUD)
    monkeypatch.setattr(command.reprocess, "start", lambda *_: ("arn", True))
    monkeypatch.setattr(command.reprocess, "follow", lambda *_: done)
    assert run(["reprocess", "--json"]) == code
    said = capsys.readouterr()
    assert says in said.err
    if status:
        assert json.loads(said.out) == {
            "arn": "arn", "status": status, "error": "", "cause": "", "new": True,
            "objects": {"found": 5, "succeeded": 5 - failed, "failed": failed},
        }  # fmt: skip


def test_the_counts_are_of_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {
        "a": {"total": 100, "succeeded": 97, "failed": 1, "timedOut": 1, "aborted": 1, "running": 0},
        "b": {"total": 5, "succeeded": 2, "failed": 0, "timedOut": 0, "aborted": 0, "running": 3},
    }
    states = SimpleNamespace(
        get_paginator=lambda name: SimpleNamespace(
            paginate=lambda **_: [{"mapRuns": [{"mapRunArn": arn}]} for arn in runs]
        ),
        describe_map_run=lambda mapRunArn: {"itemCounts": runs[mapRunArn]},
        describe_execution=lambda executionArn: {"status": "ABORTED", "startDate": datetime.now(UTC)},
    )
    monkeypatch.setattr(reprocess, "client", lambda endpoints, service: states)
    seen: list[ObjectCounts] = []
    done = reprocess.follow(CLOUD, "arn", seen.append)
    assert done == Reprocessing("arn", "ABORTED", ObjectCounts(105, 99, 3))
    assert seen == [ObjectCounts(105, 99, 3)]
