"""What each execution tells as it starts and ends: an event of a standard one, and metrics.

Shapes: Step Functions Developer Guide, "Events from Step Functions", and what AWS was recorded to send;
"Monitoring Step Functions metrics using CloudWatch".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.backend.test_state.execution import TestStateExecution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.cloudwatch.metrics import Metric, Metrics
from strata.cloud.aws.events import api as events
from strata.cloud.aws.service import Service, replaces
from strata.cloud.aws.stepfunctions.redrives import redrives_of
from strata.cloud.clock import Clock

_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


class StatusEvents(Service):
    """moto's executions, told to EventBridge and CloudWatch."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        super().__init__()
        self._clock = clock
        self._metrics = metrics

    @replaces(moto.START_OF_EXECUTION, wraps=True)
    def start_told(self, start: Callable[[Any], None], execution: Any) -> None:
        self._tell(execution, "RUNNING")
        start(execution)

    @replaces(moto.REFLECT_STATUS, wraps=True)
    def end_told(self, reflect: Callable[[Any], None], communication: Any) -> None:
        reflect(communication)
        self._tell(communication.execution, communication.execution.exec_status.value)

    def _tell(self, execution: Any, status: str) -> None:
        if hasattr(execution, "map_run_arn") or isinstance(execution, TestStateExecution):
            return
        self._record(execution, _METRICS[status], 1.0)
        if status != "RUNNING":
            milliseconds = (execution.stop_date - execution.start_date).total_seconds() * 1000
            self._record(execution, "ExecutionTime", milliseconds, unit="Milliseconds")
        tell(execution, status)

    def _record(self, execution: Any, name: str, value: float, unit: str = "Count") -> None:
        dimensions = (("StateMachineArn", execution.state_machine.arn),)
        metric = Metric(execution.account_id, execution.region_name, "AWS/States", name, dimensions)
        self._metrics.record(metric, value, self._clock.now(), unit)


def tell(execution: Any, status: str) -> None:
    """Publish the status of a standard execution that is not the child of a Map Run."""
    if execution.sm_type == "EXPRESS" or hasattr(execution, "map_run_arn"):
        return
    redrives = redrives_of(execution)
    succeeded, stays = status == "SUCCEEDED", status in ("RUNNING", "SUCCEEDED")
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": json.dumps(execution.input_data),
        "output": json.dumps(execution.output) if succeeded else None,
        "stateMachineVersionArn": getattr(execution.state_machine, "version_arn", None),
        "stateMachineAliasArn": getattr(execution.state_machine, "alias_arn", None),
        "redriveCount": redrives.count,
        "redriveDate": _milliseconds(redrives.date),
        "redriveStatus": "NOT_REDRIVABLE" if stays else "REDRIVABLE",
        "redriveStatusReason": f"Execution is {status} and cannot be redriven" if stays else None,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    events.publish(
        execution.account_id,
        execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution.exec_arn],
        detail=detail,
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
