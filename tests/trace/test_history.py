"""Visits of states out of histories: retries, failures, ends without an exit, tasks that run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from strata.trace.history import visits

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def event(seconds: float, kind: str, **details: Any) -> dict[str, Any]:
    name = f"{kind[0].lower()}{kind[1:]}EventDetails"
    for state in ("Entered", "Exited"):
        if kind.endswith(f"State{state}"):
            name = f"state{state}EventDetails"
    return {"type": kind, "timestamp": AT + timedelta(seconds=seconds), name: details}


ENTERED = event(0, "TaskStateEntered", name="Clean", input='{"a": 1}')
SCHEDULED = event(1, "TaskScheduled", resourceType="glue", resource="startJobRun.sync")
SUBMITTED = event(2, "TaskSubmitted", output='{"JobRunId": "jr_1", "JobName": "clean"}')
FAILED = event(5, "TaskFailed", error="States.TaskFailed", cause='{"Id": "jr_1", "JobName": "clean"}')


def test_a_task_that_runs() -> None:
    (visit,) = visits([ENTERED, SCHEDULED, SUBMITTED])
    assert (visit.status, visit.seconds, visit.input, visit.output) == ("running", None, {"a": 1}, None)
    assert (visit.job, visit.job_run, visit.attempts) == ("clean", "jr_1", 1)


def test_a_second_try_that_succeeds_is_no_failure() -> None:
    again = [event(8, "TaskScheduled", resourceType="glue", resource="startJobRun.sync")]
    again += [event(9, "TaskStateExited", name="Clean", output='"done"')]
    (visit,) = visits([ENTERED, SCHEDULED, FAILED, *again])
    assert (visit.status, visit.attempts, visit.error, visit.output) == ("succeeded", 2, "", "done")
    assert visit.seconds == 9


def test_a_failure_that_a_catch_takes() -> None:
    left = event(6, "TaskStateExited", name="Clean", output="{}")
    (visit,) = visits([ENTERED, SCHEDULED, FAILED, left])
    assert (visit.status, visit.error, visit.job_run) == ("caught", "States.TaskFailed", "jr_1")


def test_a_failure_that_ends_the_execution() -> None:
    end = event(7, "ExecutionFailed", error="E", cause="why")
    (visit,) = visits([ENTERED, SCHEDULED, FAILED, end])
    assert (visit.status, visit.seconds, visit.error) == ("failed", 7, "States.TaskFailed")


def test_an_execution_that_was_stopped_or_timed_out_in_a_state() -> None:
    for kind, error in (("ExecutionAborted", "Aborted"), ("ExecutionTimedOut", "TimedOut")):
        (visit,) = visits([ENTERED, SCHEDULED, event(4, kind)])
        assert (visit.status, visit.seconds, visit.error) == ("failed", 4, error)


def test_a_state_that_is_visited_twice() -> None:
    first = [event(0, "WaitStateEntered", name="Await"), event(3, "WaitStateExited", name="Await")]
    second = [event(4, "WaitStateEntered", name="Await"), event(9, "WaitStateExited", name="Await")]
    found = visits([*first, *second])
    assert [(visit.name, visit.type, visit.seconds) for visit in found] == [
        ("Await", "Wait", 3),
        ("Await", "Wait", 5),
    ]


def test_input_that_is_not_json_stays_text() -> None:
    (visit,) = visits([event(0, "PassStateEntered", name="P", input="{not json")])
    assert visit.input == "{not json"
