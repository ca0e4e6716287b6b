"""StartSyncExecution: an Express execution that the caller waits for. Imported only when it is asked for."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.parser.backend.execution import SyncExecution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions.executions import StateMachineTypeNotSupported

# AWS bills by 100 ms and 64 MB; how much memory AWS would need is not known here.
_BILLED_MILLISECONDS, _BILLED_MEGABYTES = 100, 64


def run_express(response: Any, revision: Any) -> dict[str, Any]:
    """Carry out StartSyncExecution for the request that a response answers.

    Args:
        revision: the machine or version that is run.

    Raises:
        InvalidExecutionInput: the input is not JSON.
        StateMachineTypeNotSupported: the machine is not an Express one.
    """
    if revision.type != "EXPRESS":
        raise StateMachineTypeNotSupported("This operation is not supported by this type of state machine")
    backend, name = response.stepfunction_backend, moto.parameter(response, "name") or str(uuid.uuid4())
    moto.check_execution_name(backend, name)
    given = moto.parameter(response, "input") or "{}"
    try:
        json.loads(given)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from None
    machine = copy.copy(revision)
    machine.arn, machine.sm_type = getattr(revision, "source_arn", revision.arn), revision.type
    express = machine.arn.replace(":stateMachine:", ":express:")
    execution = SyncExecution(
        name=name,
        sm_type=revision.type,
        role_arn=machine.roleArn,
        exec_arn=f"{express}:{name}:{uuid.uuid4()}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=machine,
        start_date=moto.now(),
        cloud_watch_logging_session=None,
        input_data=given,
        activity_store={},
        trace_header=moto.parameter(response, "traceHeader"),
    )
    execution.start()
    told: Any = execution.to_start_sync_execution_output()
    return {**told, "input": given, "billingDetails": _billing(execution)}


def _billing(execution: Any) -> dict[str, int]:
    milliseconds = (execution.stop_date - execution.start_date).total_seconds() * 1000
    units = -(-milliseconds // _BILLED_MILLISECONDS)
    return {
        "billedDurationInMilliseconds": int(max(units, 1) * _BILLED_MILLISECONDS),
        "billedMemoryUsedInMB": _BILLED_MEGABYTES,
    }
