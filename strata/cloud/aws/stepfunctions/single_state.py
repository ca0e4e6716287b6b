"""TestState: one state of a definition, evaluated by itself; imported only when it is asked for."""

from __future__ import annotations

import json
import uuid
from typing import Any, cast

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import InspectionLevel
from moto.stepfunctions.parser.backend.state_machine import TestStateMachine
from moto.stepfunctions.parser.backend.test_state.execution import TestStateExecution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions.definition import diagnose_state
from strata.cloud.aws.stepfunctions.map_diagnostics import Found

# Of the request: what a test of a state may also be given.
_NOT_HERE = ("context", "mock", "stateConfiguration", "stateName", "variables")
_FIELDS_NOT_HERE = ("Catch", "Retry")
_TYPES_NOT_HERE = ("Map", "Parallel")


class InvalidDefinition(AWSError):
    """The state is not valid."""

    TYPE = "InvalidDefinition"
    STATUS = 400


class InvalidExecutionInput(AWSError):
    """The input is not JSON."""

    TYPE = "InvalidExecutionInput"
    STATUS = 400


def evaluate_state(response: Any) -> dict[str, Any]:
    """Carry out TestState for the request that a response answers.

    Raises:
        InvalidDefinition: the state is not valid, or it is one that is not tested here.
        InvalidExecutionInput: the input is not JSON.
    """
    definition, given = moto.parameter(response, "definition"), moto.parameter(response, "input") or "{}"
    role_arn = moto.parameter(response, "roleArn") or ""
    not_here = [name for name in _NOT_HERE if moto.parameter(response, name) is not None]
    level = moto.parameter(response, "inspectionLevel")
    if level not in (None, InspectionLevel.INFO):
        # moto keeps no data of most steps.
        not_here.append(f"inspectionLevel {level}")
    _require_valid(definition, not_here)
    try:
        json.loads(given)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Input: '{error}'") from None
    backend = response.stepfunction_backend
    state = _state(definition)
    # moto would wait for the state that follows.
    following = state.pop("Next", None)
    definition = json.dumps(state if following is None else {**state, "End": True})
    name = f"TestState-{uuid.uuid4()}"
    place = f"arn:{backend.partition}:states:{backend.region_name}:{backend.account_id}"
    machine: Any = TestStateMachine(
        name=name, arn=f"{place}:stateMachine:{name}", definition=definition, role_arn=role_arn
    )
    # What moto's executions log and tell is of machines that it keeps.
    machine.loggingConfiguration = {}
    execution = TestStateExecution(
        name=name,
        role_arn=role_arn,
        exec_arn=f"{place}:execution:{name}:{name}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=machine,
        start_date=moto.now(),
        input_data=cast(Any, given),
        activity_store={},
    )
    execution.start()
    found = dict(execution.to_test_state_output(InspectionLevel.INFO))
    if found["status"] == "SUCCEEDED" and following and "nextState" not in found:
        found["nextState"] = following
    return found


def _require_valid(definition: str, not_here: list[str]) -> None:
    state = _state(definition)
    not_here = [*not_here, *(name for name in _FIELDS_NOT_HERE if name in state)]
    if state.get("Type") in _TYPES_NOT_HERE:
        not_here.append(f"a state of type {state['Type']}")
    if not_here:
        raise InvalidDefinition(f"The embedded cloud tests no state with: {', '.join(not_here)}")
    found: Found = diagnose_state(definition)
    if found:
        faults = ", ".join(f"{d['code']}: {d['message']} at {d.get('location', 'null')}" for d in found)
        raise InvalidDefinition(f"Invalid State Machine Definition: '{faults}'")


def _state(definition: str) -> dict[str, Any]:
    """Return the state of a definition; an empty one if it is not JSON, of which the validator tells."""
    try:
        state = json.loads(definition)
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}
