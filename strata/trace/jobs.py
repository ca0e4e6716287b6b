"""The runs of Glue jobs that an execution started."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from strata.cloud.aws.glue.spark.job_arguments import log_names, stages_stream
from strata.trace.models import JobRun, SparkStage, StateRun

LINES = 200


def read(glue: Any, logs: Any, visits: list[StateRun]) -> list[JobRun]:
    """Ask Glue and the logs for the run of each state that started one.

    Args:
        glue, logs: clients.
        visits: the states.
    """
    return [_read(glue, logs, visit) for visit in visits if visit.job_run]


def _read(glue: Any, logs: Any, visit: StateRun) -> JobRun:
    try:
        run = glue.get_job_run(JobName=visit.job, RunId=visit.job_run)["JobRun"]
    except ClientError as error:
        return JobRun(
            id=visit.job_run, job=visit.job, state=visit.name, status="unknown", error=_message(error)
        )
    printed, spark, stream = log_names(run.get("Arguments", {}), visit.job_run)
    output, omitted = _lines(logs, printed, stream)
    errors, more = _lines(logs, spark, stream)
    stages, _ = _lines(logs, printed, stages_stream(stream))
    started, completed = run.get("StartedOn"), run.get("CompletedOn")
    return JobRun(
        id=visit.job_run,
        job=visit.job,
        state=visit.name,
        status=run["JobRunState"],
        started=started,
        seconds=(completed - started).total_seconds() if started and completed else None,
        error=run.get("ErrorMessage", ""),
        log_group=printed,
        output=output,
        errors=errors,
        omitted=omitted + more,
        stages=[SparkStage.model_validate_json(line) for line in stages],
    )


def _lines(logs: Any, group: str, stream: str) -> tuple[list[str], int]:
    """The last lines of a stream, and how many come before them; none if it was never written to."""
    found: list[str] = []
    token: str | None = None
    try:
        while True:
            more = {"nextToken": token} if token else {}
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
            found += [event["message"].rstrip("\n") for event in page["events"]]
            if page["nextForwardToken"] == token or not page["events"]:
                break
            token = page["nextForwardToken"]
    except ClientError:
        return [], 0
    lines = [line for message in found for line in message.split("\n")]
    return lines[-LINES:], max(0, len(lines) - LINES)


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", error))
