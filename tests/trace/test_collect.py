"""What a trace says of objects, from what a platform answered."""

from __future__ import annotations

import pytest

from strata.cloud.endpoints import Endpoints
from strata.platform import pipeline
from strata.platform.names import Platform, PlatformTable
from strata.trace import find
from strata.trace.collect import collect
from strata.trace.models import Trace
from tests.endpoints import nowhere
from tests.trace.recording import OBJECTS, Replay

PLATFORM = Platform(
    raw_bucket="strata-raw-dev-111122223333",
    processed_bucket="strata-processed-dev-111122223333",
    state_machine_arn="arn:aws:states:eu-west-1:111122223333:stateMachine:strata-pipeline-dev",
    reprocess_arn=None,
    external_tables=(PlatformTable("LAKE", "CURATED", "FLIGHTS"),),
    reader_role="READER",
    warehouse="MAIN",
    claims_table="strata-claims-dev",
)
MAIN = ["CheckKind", "CheckVersionId", "ReadGenerations", "FindGeneration", "Claim"]


def traced(name: str, monkeypatch: pytest.MonkeyPatch, visible: int = 39) -> Trace:
    """The trace of a recorded object; Snowflake shows this many rows."""
    replay = Replay(name)
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: replay.client(service))
    endpoints: Endpoints = nowhere("111122223333")
    runs = list(find.runs_of(replay.client("stepfunctions"), PLATFORM, OBJECTS[name]))
    return collect("dev", endpoints, PLATFORM, runs[0], runs, lambda dataset, object_id: visible)


def test_an_object_from_its_event_to_visible_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced("clean", monkeypatch)
    assert trace.uri == "s3://strata-raw-dev-111122223333/flights/dirty.csv"
    assert (trace.run.status, trace.failure) == ("SUCCEEDED", None)
    after = ["ChooseJob", "Clean", "Curate", "Refresh", "Reconcile", "RecordSuccess"]
    assert [visit.name for visit in trace.states] == MAIN + after
    assert {visit.status for visit in trace.states} == {"succeeded"}
    clean = next(visit for visit in trace.states if visit.name == "Clean")
    assert (clean.service, clean.action, clean.attempts) == ("glue", "startJobRun.sync", 1)
    assert clean.input["key"] == "flights/dirty.csv"
    assert clean.output["clean"]["run_id"] == clean.job_run
    assert clean.seconds is not None
    assert clean.seconds > 1


def test_what_its_rows_became(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced("clean", monkeypatch)
    rows = trace.rows
    assert (rows.read, rows.clean, rows.quarantined, rows.duplicate) == (44, 39, 1, 4)
    assert (rows.curated, rows.visible, rows.reasons) == (39, 39, {"missing_column": 1})
    assert trace.visible is not None
    assert (trace.visible.table, trace.visible.rows) == ("LAKE.CURATED.FLIGHTS", 39)
    assert (trace.refresh["statements"], trace.refresh["files"]) == (1, 1)
    assert [(one.line, one.reason) for one in trace.quarantined] == [
        *[(line, "duplicate") for line in (41, 42, 43, 44)],
        (45, "missing_column"),
    ]
    assert trace.quarantined[-1].row == "not,a,flight"
    kinds = [file.kind for file in trace.files]
    assert kinds == ["curated", "clean", "clean", "quarantine", "duplicates", "report", "report"]
    assert trace.files[0].key.startswith("curated/flights/flight_date=2013-02-01/object=")


def test_the_rule_and_why_it_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    objects, deletions = traced("clean", monkeypatch).rules
    assert (objects.name, objects.matches, objects.enabled) == ("strata-raw-objects-dev", True, True)
    assert objects.dead_letter_queue == "strata-raw-objects-dlq-dev"
    assert [(one.field, one.wanted, one.found, one.holds) for one in objects.conditions] == [
        ("detail.bucket.name", '"strata-raw-dev-111122223333"', "strata-raw-dev-111122223333", True),
        ("detail.object.key", 'wildcard "flights/*"', "flights/dirty.csv", True),
        ("detail-type", '"Object Created"', "Object Created", True),
        ("source", '"aws.s3"', "aws.s3", True),
    ]
    assert (deletions.name, deletions.matches) == ("strata-raw-deletions-dev", False)
    assert [one.field for one in deletions.conditions if not one.holds] == ["detail-type"]


def test_its_job_runs_with_log_and_report(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, curate = traced("clean", monkeypatch).jobs
    assert (clean.job, clean.state, clean.status) == ("strata-clean-dev", "Clean", "SUCCEEDED")
    assert clean.output[-1].endswith("rows_read 44, rows_clean 39, rows_quarantined 1, rows_duplicate 4")
    assert clean.report["rows_read"] == 44
    assert curate.report["rows_curated"] == 39
    assert clean.log_group == "/aws-glue/jobs/strata-pipeline-dev/output"


def test_a_refused_object_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced("refused", monkeypatch, visible=0)
    after = [
        "ChooseJob",
        "Clean",
        "CheckCause",
        "ReadRun",
        "ClassifyRun",
        "RecordFailure",
        "Notify",
        "Failed",
    ]
    assert [visit.name for visit in trace.states] == MAIN + after
    status = {visit.name: visit.status for visit in trace.states}
    assert (status["Clean"], status["Notify"], status["Failed"]) == ("caught", "succeeded", "failed")
    failure = trace.failure
    assert failure is not None
    assert failure.state == "Clean"
    assert failure.reason.startswith(
        "glue_jobs.errors.RefusedObject: other_columns: not the contract's header"
    )
    assert failure.command == "strata put FILE --key 'flights/wrong header <b>x</b>.csv'"
    assert trace.claim is not None
    assert (trace.claim.status, trace.claim.ours) == ("FAILED", True)
    assert [file.kind for file in trace.files] == ["refused", "refused"]
    assert trace.rows.read is None
    (job,) = trace.jobs
    assert job.status == "FAILED"
    assert "RefusedObject: other_columns" in job.error


def test_of_two_runs_the_newest_and_what_the_other_left(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced("duplicate", monkeypatch)
    assert len(trace.runs) == 2
    assert trace.run == trace.runs[0]
    assert trace.runs[0].started > trace.runs[1].started
    names = [visit.name for visit in trace.states]
    assert names == [*MAIN, "ReadClaim", "EvaluateClaim", "RefreshClaim", "Duplicate"]
    claim = trace.states[4]
    assert (claim.status, claim.error) == ("caught", "DynamoDB.ConditionalCheckFailedException")
    assert trace.claim is not None
    assert not trace.claim.ours
    # The reports are of the version before.
    assert (trace.rows.read, trace.jobs, trace.failure) == (None, [], None)


def test_snowflake_that_does_not_answer_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(dataset: str, object_id: str) -> int:
        raise ConnectionError("no answer")

    replay = Replay("clean")
    monkeypatch.setattr(pipeline, "client", lambda endpoints, service: replay.client(service))
    runs = list(find.runs_of(replay.client("stepfunctions"), PLATFORM, OBJECTS["clean"]))
    trace = collect("dev", nowhere("111122223333"), PLATFORM, runs[0], runs, broken)
    assert trace.visible is not None
    assert (trace.visible.rows, trace.visible.fault) == (None, "no answer")
    assert trace.rows.visible == 39
