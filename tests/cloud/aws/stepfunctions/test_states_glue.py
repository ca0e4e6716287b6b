"""Step Functions' task for Glue: it waits for the run, fails with it, and stops it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.aws.conftest import Aws, eventually, run

GLUE_TASK = {
    "Run": {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Parameters": {"JobName": "clean", "Arguments": {"--key.$": "$.key"}},
        "End": True,
    }
}


class GlueRuns:
    """Stands for the runs of Glue (they have tests of their own): each gets the state a test wants."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch, *states: str) -> None:
        from moto.glue.models import FakeJobRun
        from moto.glue.responses import GlueResponse

        left = list(states)
        self.stopped: list[str] = []
        runs = self

        def status(run: Any) -> str:
            return left.pop(0) if len(left) > 1 else left[0]

        def batch_stop_job_run(response: Any) -> str:
            runs.stopped += response._get_param("JobRunIds")
            return "{}"

        monkeypatch.setattr(FakeJobRun, "status", property(status, lambda run, value: None))
        monkeypatch.setattr(GlueResponse, "batch_stop_job_run", batch_stop_job_run, raising=False)
        aws.client("glue").create_job(
            Name="clean", Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"}
        )


def test_glue_run_that_succeeds(aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    GlueRuns(aws, monkeypatch, "STARTING", "RUNNING", "SUCCEEDED")
    ended = run(aws, GLUE_TASK, role, {"key": "k"})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["JobRunState"] == "SUCCEEDED"


@pytest.mark.parametrize("state", ["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"])
def test_glue_run_that_does_not_succeed(
    aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    GlueRuns(aws, monkeypatch, "RUNNING", state)
    ended = run(aws, GLUE_TASK, role, {"key": "k"})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["JobRunState"] == state
    history = aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    (failed,) = [e["taskFailedEventDetails"] for e in history["events"] if e["type"] == "TaskFailed"]
    assert (failed["resourceType"], failed["resource"]) == ("glue", "startJobRun.sync")
    assert json.loads(failed["cause"])["JobRunState"] == state


def test_task_that_times_out_stops_its_glue_run(aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = GlueRuns(aws, monkeypatch, "RUNNING")
    states = {"Run": {**GLUE_TASK["Run"], "TimeoutSeconds": 1}}
    ended = run(aws, states, role, {"key": "k"})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert len(eventually(lambda: runs.stopped)) == 1


def test_job_that_does_not_exist(aws: Aws, role: str) -> None:
    ended = run(aws, GLUE_TASK, role, {"key": "k"})
    assert (ended["status"], ended["error"]) == ("FAILED", "Glue.EntityNotFoundException")
