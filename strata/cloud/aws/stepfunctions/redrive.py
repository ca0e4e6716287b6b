"""RedriveExecution: an execution that failed, was stopped or timed out goes on from where it was.

Rules: Step Functions Developer Guide, "Restarting state machine executions with redrive", and what AWS was
recorded to answer. The definition, role and input are those of the start. Imported only when it is needed.
"""

from __future__ import annotations

import datetime
import threading
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions import status_events
from strata.cloud.aws.stepfunctions.progress import place_of, put_at
from strata.cloud.aws.stepfunctions.redrives import redrives_of

_PERIOD = datetime.timedelta(days=14)
# A Parallel or Map state that failed so begins again, also what had succeeded in it.
_ANEW = ("States.DataLimitExceeded",)
_REDRIVING = threading.Lock()


class ExecutionNotRedrivable(AWSError):
    """The execution cannot be redriven."""

    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


class ValidationException(AWSError):
    """The execution is one that only its Map Run redrives."""

    TYPE = "ValidationException"
    STATUS = 400


def refusal(execution: Any) -> str:
    """Return why an execution cannot be redriven, in AWS's words; empty if it can."""
    status = execution.status
    if status not in ("FAILED", "ABORTED", "TIMED_OUT"):
        return f"Execution is {status} and cannot be redriven"
    if moto.now() - execution.stop_date > _PERIOD:
        return "Execution redrivable period exceeded"
    return ""


def redrive_execution(response: Any) -> datetime.datetime:
    """Carry out RedriveExecution for the request that a response answers; return the redrive's date.

    Raises:
        ExecutionNotRedrivable: the execution runs, has succeeded, or ended too long ago.
        ValidationException: it is a Map Run's child, which its parent redrives.
    """
    arn, token = moto.parameter(response, "executionArn"), moto.parameter(response, "clientToken")
    if "/" in arn:
        raise ValidationException("Labeled Execution ARNs are not supported for this API")
    execution = response.stepfunction_backend.describe_execution(arn)
    redrives = redrives_of(execution)
    with _REDRIVING:
        if token in redrives.tokens:
            return redrives.tokens[token]
        if reason := refusal(execution):
            raise ExecutionNotRedrivable(f"Execution {arn} invalid for redrive as: {reason}")
        date = resume(execution).date
        if token:
            redrives.tokens[token] = date
    status_events.tell(execution, "RUNNING")
    execution.exec_worker.start()
    return date


class Resumed(ExecutionWorker):
    """A worker that goes on with an execution; `date` is the redrive's."""

    def __init__(self, execution: Any, program: Any = None) -> None:
        super().__init__(*moto.made_with(execution))
        self.date = redrives_of(execution).add()
        self._program = program
        self.env: Any = self._get_evaluation_environment()
        self._continue(execution.exec_worker.env, redrives_of(execution).count, anew=execution.error in _ANEW)

    def _continue(self, old: Any, count: int, *, anew: bool) -> None:
        env = self.env
        put_at(env, place_of(old).resumed(anew=anew))
        env.map_run_record_pool_manager = old.map_run_record_pool_manager
        context = env.states.context_object.context_object_data["Execution"]
        context["RedriveCount"] = count
        context["RedriveTime"] = iso_8601_datetime_with_milliseconds(self.date)
        last = moto.continue_history(env.event_manager, old.event_manager)
        env.event_history_context.source_event_id = last
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionRedriven,
            event_details={"executionRedrivenEventDetails": {"redriveCount": count}},
        )

    def _execution_logic(self) -> None:
        program = self._program or self._get_evaluation_entrypoint()
        self._program = None
        program.eval(self.env)
        self._execution_communication.terminated()


def resume(execution: Any, program: Any = None) -> Resumed:
    """Make an execution run again; return its worker, which is not started.

    Args:
        execution: one of moto's that has ended.
        program: what it evaluates; None: its machine's definition.
    """
    worker = Resumed(execution, program)
    execution.exec_worker = worker
    execution.stop_date = execution.error = execution.cause = execution.output = None
    execution.exec_status = ExecutionStatus.RUNNING
    return worker
