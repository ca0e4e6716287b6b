"""The executions that a distributed Map starts: each has an ARN, a history and a context of its own.

Shapes: what AWS was recorded to answer of the children of a Map Run.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.stepfunctions.models import StateMachineInstance
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions.execution_log import child_session
from strata.cloud.aws.stepfunctions.map_fields import MapFields
from strata.cloud.aws.stepfunctions.redrive import resume
from strata.cloud.aws.stepfunctions.redrives import redrives_of

PENDING, PENDING_REDRIVE = "PENDING", "PENDING_REDRIVE"
UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


class Child(Execution):
    """An execution of a Map Run; `status` is PENDING until it runs, `items` says how many items it has."""

    def __init__(self, env: Any, run: Any, fields: MapFields, given: Any, items: int) -> None:
        details, context = env.aws_execution_details, env.states.context_object.context_object_data
        machine_arn, label = run.map_state_machine_arn, run.map_state_machine_arn.rpartition("/")[2]
        name = str(uuid.uuid4())
        kind = "execution" if fields.kind == "STANDARD" else "express"
        if kind == "express":
            name = f"{name}:{uuid.uuid4()}"
        machine: Any = StateMachineInstance(
            arn=machine_arn,
            name=context["StateMachine"]["Name"],
            definition=fields.definition,
            roleArn=details.role_arn,
        )
        machine.sm_type = machine.type = fields.kind
        arn = f"{machine_arn.replace(':stateMachine:', f':{kind}:')}:{name}"
        super().__init__(
            name=name,
            sm_type=fields.kind,  # type: ignore[arg-type]
            role_arn=details.role_arn,
            exec_arn=arn,
            account_id=details.account,
            region_name=details.region,
            state_machine=machine,
            start_date=moto.now(),
            cloud_watch_logging_session=child_session(
                env.cloud_watch_logging_session, arn, name, redrives_of(self)
            ),
            activity_store={},
            input_data=to_json_str(given, separators=(",", ":")),
        )
        self.exec_status = None
        self.earlier_status: ExecutionStatus | None = None
        self.map_run_arn, self.label, self.items = run.map_run_arn, label, items

    @property
    def status(self) -> str:
        if self.exec_status:
            return str(self.exec_status.value)
        return PENDING if self.exec_worker is None else PENDING_REDRIVE

    def await_redrive(self) -> None:
        """Wait for another attempt."""
        self.earlier_status, self.exec_status = self.exec_status, None

    def give_up(self) -> None:
        """Wait no longer: the status is that of the last attempt, if there was one."""
        self.exec_status = self.earlier_status

    def run(self, program: Any) -> None:
        """Evaluate the child's program, or go on with it if it has failed before."""
        if self.exec_worker is not None and self.sm_type == "STANDARD":
            moto.run_worker(resume(self, program))
            return
        if self.exec_worker is not None:  # an Express child starts anew
            redrives_of(self).add()
            self.stop_date = self.error = self.cause = None
        self.start_date = moto.now()
        self.exec_status = ExecutionStatus.RUNNING
        self.exec_worker = _Worker(self, program)
        moto.run_worker(self.exec_worker)

    def abort(self, cause: str) -> None:
        """Stop the child; what it does at this moment comes to nothing."""
        now = moto.now()
        self.stop(now, None, cause)
        self.exec_status, self.stop_date, self.cause = ExecutionStatus.ABORTED, now, cause

    def stop(self, stop_date: datetime.datetime, error: str | None, cause: str | None) -> None:
        if self.exec_worker is not None and self.exec_worker.env is not None:
            super().stop(stop_date, error, cause)

    def result(self, transformation: str) -> list[Any]:
        """Return what the child adds to the results of its Map Run, as the writer's Transformation says."""
        if self.status == PENDING:
            return [{"Input": self._input(), "InputDetails": {"Included": True}, "Status": PENDING}]
        if self.status != "SUCCEEDED" or transformation == "NONE":
            return [self._metadata()]
        output: Any = self.output
        return output if transformation == "FLATTEN" and isinstance(output, list) else [output]

    def redrive_status(self) -> tuple[str, str]:
        """Return whether the Map Run redrives the child, and if not, why."""
        if self.status in UNSUCCESSFUL:
            return "REDRIVABLE_BY_MAP_RUN", ""
        return "NOT_REDRIVABLE", f"Execution is {self.status} and cannot be redriven"

    def _input(self) -> str:
        return to_json_str(self.input_data, separators=(",", ":"))

    def _metadata(self) -> dict[str, Any]:
        status, reason = self.redrive_status()
        redrives = redrives_of(self)
        output = to_json_str(self.output, separators=(",", ":")) if self.status == "SUCCEEDED" else None
        found = {
            "Cause": self.cause,
            "Error": self.error,
            "ExecutionArn": self.exec_arn,
            "Input": self._input(),
            "InputDetails": {"Included": True},
            "Name": self.name,
            "Output": output,
            "OutputDetails": {"Included": True},
            "RedriveCount": redrives.count,
            "StartDate": _text(self.start_date),
            "StateMachineArn": self.state_machine.arn,
            "Status": self.status,
            "StopDate": _text(self.stop_date),
        }
        if self.sm_type == "STANDARD":
            found["RedriveDate"], found["RedriveStatus"] = _text(redrives.date), status
            found["RedriveStatusReason"] = reason or None
        return {name: found[name] for name in sorted(found) if found[name] is not None}


def _text(moment: datetime.datetime | None) -> str | None:
    return iso_8601_datetime_with_milliseconds(moment) if moment else None


class _Worker(SyncExecutionWorker):
    """Evaluates a child in the thread that starts it; its program is the Map's, parsed already."""

    def __init__(self, child: Child, program: Any) -> None:
        super().__init__(*moto.made_with(child))
        self._program = program

    def _get_evaluation_entrypoint(self) -> Any:
        program, self._program = self._program, None
        return program
