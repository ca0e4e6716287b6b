"""Following an execution, whose history and description are written one after the other."""

from __future__ import annotations

import itertools
import subprocess
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from strata import pipeline
from strata.errors import StrataError
from tests.pipeline.conftest import wait_for

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DROPPED = pipeline.PutObject("raw", "flights/a.csv", "abc", "v2", AT)
INPUT = '{"bucket": "raw", "key": "flights/a.csv", "etag": "abc", "version_id": "%s"}'
RUNNING = {"status": "RUNNING", "input": INPUT % "v2"}
OVER = {**RUNNING, "status": "SUCCEEDED", "output": '{"rows": 1}', "stopDate": AT + timedelta(seconds=7)}


class States:
    """Step Functions with executions whose history is whole from the start."""

    arns = ("arn:one",)

    def __init__(self, *descriptions: dict[str, Any]) -> None:
        self._descriptions = itertools.chain(descriptions[:-1], itertools.repeat(descriptions[-1]))

    def list_executions(self, **_: Any) -> dict[str, Any]:
        return {"executions": [{"executionArn": arn, "startDate": AT} for arn in self.arns]}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return next(self._descriptions)

    def get_paginator(self, _: str) -> States:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"events": [{"type": "ExecutionSucceeded", "timestamp": AT}]}]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is a second later."""
    clock = SimpleNamespace(monotonic=itertools.count().__next__, sleep=lambda seconds: None)
    monkeypatch.setattr(pipeline, "time", clock)


def test_a_process_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with (
        subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, text=True) as silent,
        pytest.raises(AssertionError, match="ended with -9 before 'up'"),
    ):
        wait_for(silent, "up", seconds=0)


def test_an_execution_described_as_running_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first answer is for the search by the object.
    states = States(RUNNING, RUNNING, RUNNING, OVER)
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: states)
    execution = pipeline.follow(None, "arn:machine", DROPPED)  # type: ignore[arg-type]
    assert (execution.status, execution.seconds, execution.output) == ("SUCCEEDED", 7.0, {"rows": 1})


def test_the_same_content_put_before_has_an_execution_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    states = States({**OVER, "input": INPUT % "v1"}, RUNNING, OVER)
    states.arns = ("arn:other", "arn:one")
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: states)
    assert pipeline.follow(None, "arn:machine", DROPPED).arn == "arn:one"  # type: ignore[arg-type]


def test_one_that_never_is_over_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: States(RUNNING))
    with pytest.raises(StrataError, match="execution one did not end in 9 s"):
        pipeline.follow(None, "arn:machine", DROPPED, timeout=9)  # type: ignore[arg-type]
