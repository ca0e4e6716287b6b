"""Step Functions: the API actions that moto lacks, over its own engine (`asl` mends that one).

Importing moto's state language takes two seconds, so it is loaded when Step Functions is first asked for.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import moto.stepfunctions.responses as stepfunctions_responses
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import InvalidName, StateMachineDoesNotExist
from moto.stepfunctions.models import StateMachine, StateMachineVersion
from moto.stepfunctions.responses import StepFunctionResponse

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.patches import Patches

_patches = Patches()
_loading = threading.Lock()
_starting = threading.RLock()
# An execution begins within milliseconds; this long only on a machine that is out of breath.
_START_SECONDS = 60
_loaded = False


class StateMachineAlreadyExists(AWSError):
    """The name is taken by a state machine of another shape."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400


class InvalidDefinition(AWSError):
    """The definition is none; moto's own class of this name loses its name on the way to the client."""

    TYPE = "InvalidDefinition"
    STATUS = 400


def install(context: CloudContext) -> None:
    """Patch moto's Step Functions."""
    get_backend = stepfunctions_responses.get_backend
    describe_execution = StepFunctionResponse.describe_execution
    list_executions = StepFunctionResponse.list_executions

    def loaded_backend(account: str, region: str) -> Any:
        _load(context)
        return get_backend(account, region)

    def described_execution(response: StepFunctionResponse) -> ActionResult:
        described = describe_execution(response)
        result: Any = described.result
        execution = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
        if execution.stop_date is not None and result["status"] != "RUNNING":
            result["stopDate"] = execution.stop_date
        if result["status"] == "SUCCEEDED":
            result["output"] = json.dumps(execution.output, ensure_ascii=False)
        return described

    def listed_executions(response: StepFunctionResponse) -> ActionResult:
        listed = list_executions(response)
        result: Any = listed.result
        for item in result["executions"]:
            execution = response.stepfunction_backend.describe_execution(item["executionArn"])
            if execution.stop_date is not None and item["status"] != "RUNNING":
                item["stopDate"] = execution.stop_date
        return listed

    _patches.attribute(stepfunctions_responses, "get_backend", loaded_backend)
    for name, action in {
        "describe_execution": described_execution,
        "list_executions": listed_executions,
        "stop_execution": _stop_execution,
        "validate_state_machine_definition": _validate_definition_action,
        "publish_state_machine_version": _publish_version,
        "list_state_machine_versions": _list_versions,
        "delete_state_machine_version": _delete_version,
    }.items():
        _patches.attribute(StepFunctionResponse, name, action)


def uninstall() -> None:
    """Undo `install`."""
    global _loaded
    with _loading:
        _patches.undo()
        if _loaded:
            from strata.cloud.aws.stepfunctions import engine as asl

            asl.uninstall()
            _loaded = False


def _load(context: CloudContext) -> None:
    global _loaded
    with _loading:
        if _loaded:
            return
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend

        from strata.cloud.aws.stepfunctions import engine as asl
        from strata.cloud.aws.stepfunctions.definition import diagnose

        asl.install(context)
        start_execution = StepFunctionsParserBackend.start_execution
        create_state_machine = StepFunctionsParserBackend.create_state_machine

        def named_start_execution(
            backend: Any,
            state_machine_arn: str,
            name: str | None = None,
            execution_input: str | None = None,
            trace_header: str | None = None,
        ) -> Any:
            if name:
                backend._validate_name(name)
            elif name == "":
                raise InvalidName("Invalid Name: ''")
            # Two starts with one name must not both find it free.
            with _starting:
                name = name or str(uuid.uuid4())
                return start_execution(backend, state_machine_arn, name, execution_input, trace_header)  # type: ignore[arg-type]

        def checked_create_state_machine(
            backend: Any, name: str, definition: str, roleArn: str, **more: Any
        ) -> Any:
            existing = backend._revision_by_name(name)
            machine = create_state_machine(backend, name, definition, roleArn, **more)
            if existing is machine and (machine.definition, machine.roleArn) != (definition, roleArn):
                raise StateMachineAlreadyExists(f"State Machine Already Exists: '{machine.arn}'")
            return machine

        def validate(definition: str) -> None:
            found = diagnose(definition)
            if found:
                faults = ", ".join(f"{d['code']}: {d['message']} at {d['location']}" for d in found)
                raise InvalidDefinition(f"Invalid State Machine Definition: '{faults}'")

        _patches.attribute(StepFunctionsParserBackend, "start_execution", named_start_execution)
        _patches.attribute(StepFunctionsParserBackend, "create_state_machine", checked_create_state_machine)
        _patches.attribute(StepFunctionsParserBackend, "_validate_definition", staticmethod(validate))
        _loaded = True


def _validate_definition_action(response: StepFunctionResponse) -> ActionResult:
    assert response.stepfunction_backend is not None  # asking for it loads the language
    from strata.cloud.aws.stepfunctions.definition import diagnose

    found = diagnose(response._get_param("definition"))
    limit = response._get_int_param("maxResults") or 100
    return ActionResult(
        {
            "result": "FAIL" if found else "OK",
            "diagnostics": found[:limit],
            "truncated": len(found) > limit,
        }
    )


def _stop_execution(response: StepFunctionResponse) -> ActionResult:
    from moto.core.utils import utcnow

    execution: Any = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
    stop_date = execution.stop_date or utcnow()
    if execution.status == "RUNNING":
        _await_start(execution)
        execution.stop(
            stop_date=stop_date, error=response._get_param("error"), cause=response._get_param("cause")
        )
    return ActionResult({"stopDate": stop_date})


def _await_start(execution: Any) -> None:
    """Wait until an execution's thread evaluates its first state: moto loses a stop that comes before.

    Raises:
        RuntimeError: it never does.
    """
    until = time.monotonic() + _START_SECONDS
    while True:
        environment = getattr(execution.exec_worker, "env", None)
        if environment is not None and environment._program_state is not None:
            return
        if time.monotonic() > until:
            raise RuntimeError(f"the execution did not begin within {_START_SECONDS} s")
        time.sleep(0.005)


def _machine(response: StepFunctionResponse, arn: str) -> StateMachine:
    machine = response.stepfunction_backend.describe_state_machine(arn)
    if isinstance(machine, StateMachineVersion):
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return machine


def _publish_version(response: StepFunctionResponse) -> ActionResult:
    machine = _machine(response, response._get_param("stateMachineArn"))
    latest = machine.latest_version
    # AWS: publishing an unchanged revision again gives the version that exists.
    if latest is None or (latest.definition, latest.roleArn) != (machine.definition, machine.roleArn):
        machine.publish(response._get_param("description"))
        latest = machine.latest_version
    assert latest is not None
    return ActionResult({"creationDate": latest.creation_date, "stateMachineVersionArn": latest.arn})


def _list_versions(response: StepFunctionResponse) -> ActionResult:
    machine = _machine(response, response._get_param("stateMachineArn"))
    versions = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
        for _, version in sorted(machine.versions.items(), reverse=True)
    ]
    start = int(response._get_param("nextToken") or 0)
    end = start + (response._get_int_param("maxResults") or 100)
    result: dict[str, Any] = {"stateMachineVersions": versions[start:end]}
    if end < len(versions):
        result["nextToken"] = str(end)
    return ActionResult(result)


def _delete_version(response: StepFunctionResponse) -> EmptyResult:
    arn, _, number = response._get_param("stateMachineVersionArn").rpartition(":")
    machine = _machine(response, arn)
    removed = machine.versions.pop(int(number), None)
    if removed is not None and machine.latest_version is removed:
        machine.latest_version = machine.versions[max(machine.versions)] if machine.versions else None
    return EmptyResult()
