"""Distributed Map: a run fails when more of its children fail than are tolerated; moto's succeeds.

Rule: Step Functions Developer Guide, "Setting failure thresholds for Distributed Map states". The children
that wait then do not start. moto's grammar takes no whole number as a percentage.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.exceptions import ResourceNotFound
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

_ERROR = "States.ExceedToleratedFailureThreshold"
_CAUSE = "The specified tolerated failure threshold was exceeded"
_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


class MapRuns(Service):
    """The thresholds of a run's failures."""

    @replaces(*moto.MAP_JOBS, wraps=True)
    def run_job(self, run: Callable[..., None], worker: Any, env: Any, job: Any) -> None:
        run(worker, env=env, job=job)
        record, items = moto.map_run_of(worker)
        if _is_exceeded(record, items):
            details: Any = {"mapRunFailedEventDetails": {"error": _ERROR, "cause": _CAUSE}}
            job.job_output = FailureEventException(
                FailureEvent(
                    env=env,
                    error_name=ErrorName(_ERROR),
                    event_type=HistoryEventType.MapRunFailed,
                    event_details=details,
                )
            )

    @replaces(moto.DESCRIBE_MAP_RUN)
    def describe(self, backend: Any, map_run_arn: str) -> Any:
        """Describe a run: moto fails on any execution that has not begun, and on a run that is not there."""
        for execution in backend._get_executions():
            runs = moto.map_runs_of(execution)
            if runs and (record := runs.get(map_run_arn)):
                return record.describe()
        raise ResourceNotFound(map_run_arn)

    @replaces(moto.LIST_MAP_RUNS)
    def list_runs(self, backend: Any, execution_arn: str) -> Any:
        runs = moto.map_runs_of(backend.describe_execution(execution_arn))
        return {"mapRuns": [record.list_item() for record in runs.get_all()] if runs else []}

    @replaces(moto.PARSE_DEFINITION, wraps=True)
    def parse(self, parse: Callable[[str], Any], definition: str) -> Any:
        return parse(_WHOLE_PERCENTAGE.sub(r"\1.0", definition))


def _is_exceeded(record: Any, items: int) -> bool:
    counter = record.item_counter
    failed = counter.failed.get() + counter.timed_out.get() + counter.aborted.get()
    count, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    # A threshold that is not given is 0, and only counts when the other one is not given either.
    by_count = failed > count if count or not percentage else False
    by_percentage = failed * 100 > percentage * items if percentage or not count else False
    return by_count or by_percentage
