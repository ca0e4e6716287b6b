"""The event of a Glue run's end, without Spark: the end is what these tests make it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.events import api as events
from strata.cloud.aws.glue.run import Run, RunFailedError, RunRequest
from strata.cloud.aws.run_ends import RunEnds

REQUEST = RunRequest("job", "arn:aws:glue:eu-west-1:111122223333:job/job", "role", "s3://b/s.py", {}, 5)
UNUSED: Any = None


def refuse(run: Run) -> None:
    raise RunFailedError("the script cannot be read")


@pytest.mark.parametrize(
    ("may_start", "stopped", "expected"),
    [
        (refuse, None, ("FAILED", "ERROR", "the script cannot be read")),
        (lambda run: None, "STOPPED", ("STOPPED", "INFO", "Job run stopped")),
        (lambda run: None, "TIMEOUT", ("TIMEOUT", "WARN", "Job run timed out")),
        (lambda run: None, None, ("SUCCEEDED", "INFO", "Job run succeeded")),
    ],
)
def test_the_end_of_a_run_is_told(
    monkeypatch: pytest.MonkeyPatch, may_start: Any, stopped: str | None, expected: tuple[str, ...]
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(events, "publish", lambda *where, **event: told.append((where, event)))
    monkeypatch.setattr(Run, "_run", lambda run: None)
    context: Any = SimpleNamespace(glue_ends=RunEnds())
    run = Run(REQUEST, context, UNUSED, UNUSED, may_start)
    if stopped:
        run.stop(stopped)
    run.start()
    run.join(10)
    ((where, event),) = told
    assert where == ("111122223333", "eu-west-1")
    assert (event["source"], event["detail_type"]) == ("aws.glue", "Glue Job State Change")
    state, severity, message = expected
    assert event["detail"] == {
        "jobName": "job",
        "severity": severity,
        "state": state,
        "jobRunId": run.id,
        "message": message,
    }
