"""Step Functions: the API actions that moto lacks, over its own engine (`engine` corrects that one).

Importing moto's state language takes half a second, so it is loaded when Step Functions is first asked for.
"""

from __future__ import annotations

import copy
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import InvalidName, ResourceNotFound, StateMachineDoesNotExist
from moto.stepfunctions.models import StateMachineVersion
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.responses import StepFunctionResponse

from strata.checkout.imports import uncollected
from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.cloudwatch.metrics import Metrics
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.service import Service, action, replaces

# An execution begins within milliseconds; this long only on a machine that is out of breath.
_START_SECONDS = 60


class StateMachineAlreadyExists(AWSError):
    """The name is taken by a state machine of another shape."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400


class InvalidDefinition(AWSError):
    """The definition is not valid; moto's own class of this name loses its name on the way to the client."""

    TYPE = "InvalidDefinition"
    STATUS = 400


class StepFunctions(Service):
    """The actions of Step Functions; the state language is loaded with the first."""

    name = "stepfunctions"

    def __init__(self, context: CloudContext, identities: Identity, metrics: Metrics) -> None:
        super().__init__()
        self._context = context
        self._metrics = metrics
        self._identity = identities
        self._loading = threading.Lock()
        self._loaded: list[Service] = []

    def stop(self) -> None:
        """Stop what was loaded, too."""
        with self._loading:
            super().stop()
            while self._loaded:
                self._loaded.pop().stop()

    def unfinished(self) -> str:
        """Name an execution that runs."""
        running = [execution.exec_arn for execution in _executions() if execution.exec_status == "RUNNING"]
        return f"the execution {running[0]} runs" if running else ""

    @replaces(moto.STEPFUNCTIONS_BACKEND, wraps=True)
    def backend(self, get_backend: Callable[[str, str], Any], account: str, region: str) -> Any:
        with self._loading:
            if not self._loaded:
                self._load()
        return get_backend(account, region)

    def _load(self) -> None:
        moto.postpone_batch()
        with uncollected():
            self._start_parts()

    def _start_parts(self) -> None:
        from strata.cloud.aws.stepfunctions.ended import Ended
        from strata.cloud.aws.stepfunctions.engine import Engine
        from strata.cloud.aws.stepfunctions.execution_log import ExecutionLog
        from strata.cloud.aws.stepfunctions.language import Language
        from strata.cloud.aws.stepfunctions.map_fields import Fields
        from strata.cloud.aws.stepfunctions.map_runs import MapRuns
        from strata.cloud.aws.stepfunctions.nested import Nested
        from strata.cloud.aws.stepfunctions.progress import Progress
        from strata.cloud.aws.stepfunctions.sdk_tasks import SdkTasks
        from strata.cloud.aws.stepfunctions.status_events import StatusEvents
        from strata.cloud.aws.stepfunctions.task_metadata import TaskMetadata

        metadata = TaskMetadata()
        engine = Engine(self._context, self._identity, metadata.observe)
        events = StatusEvents(self._context.clock, self._metrics)
        maps = (Fields(), Progress(), MapRuns(engine.client))
        parts = (metadata, SdkTasks(), Nested(), *maps, ExecutionLog(), events, Ended(), _Machines())
        for part in (engine, Language(), *parts):
            self._loaded.append(part)
            part.start()

    @action("stepfunctions", "DescribeExecution", wraps=True)
    def describe_execution(
        self, describe: Callable[[StepFunctionResponse], ActionResult], response: StepFunctionResponse
    ) -> ActionResult:
        described = describe(response)
        from strata.cloud.aws.stepfunctions.executions import complete

        result: Any = described.result
        execution: Any = response.stepfunction_backend.describe_execution(
            moto.parameter(response, "executionArn")
        )
        complete(result, execution)
        return described

    @action("stepfunctions", "DescribeStateMachine", wraps=True)
    def describe_state_machine(
        self, describe: Callable[[StepFunctionResponse], ActionResult], response: StepFunctionResponse
    ) -> ActionResult:
        described = describe(response)
        result: Any = described.result
        result["loggingConfiguration"] = {
            "level": "OFF",
            "includeExecutionData": False,
            **result["loggingConfiguration"],
        }
        return described

    @action("stepfunctions", "SendTaskFailure")
    def send_task_failure(self, response: StepFunctionResponse) -> EmptyResult:
        """As moto's, which drops the cause."""
        token, error, cause = (moto.parameter(response, name) for name in ("taskToken", "error", "cause"))
        backend: Any = response.stepfunction_backend
        backend.send_task_failure(token, error=error, cause=cause)
        return EmptyResult()

    @action("stepfunctions", "GetExecutionHistory", wraps=True)
    def get_execution_history(
        self, get: Callable[[StepFunctionResponse], ActionResult], response: StepFunctionResponse
    ) -> ActionResult:
        from strata.cloud.aws.stepfunctions import executions

        found: Any = get(response).result
        return ActionResult(executions.history(response, found["events"]))

    @action("stepfunctions", "ListExecutions", wraps=True)
    def list_executions(
        self, list_all: Callable[[StepFunctionResponse], ActionResult], response: StepFunctionResponse
    ) -> ActionResult:
        backend: Any = response.stepfunction_backend
        from strata.cloud.aws.stepfunctions import executions

        if moto.parameter(response, "mapRunArn"):
            return ActionResult(executions.list_children(response))
        if moto.parameter(response, "redriveFilter"):
            raise executions.ValidationException("redriveFilter goes only with mapRunArn")
        machine = backend.describe_state_machine(moto.parameter(response, "stateMachineArn"))
        if machine.type == "EXPRESS":
            raise executions.StateMachineTypeNotSupported(
                "This operation is not supported by this type of state machine"
            )
        listed = list_all(response)
        result: Any = listed.result
        # Once for all items: looking for one takes as long as there are executions.
        by_arn = {execution.execution_arn: execution for execution in list(machine.executions)}
        for item in result["executions"]:
            told = executions.list_item(by_arn[item["executionArn"]])
            item.update({name: value for name, value in told.items() if name != "stateMachineArn"})
        return listed

    @action("stepfunctions", "RedriveExecution")
    def redrive_execution(self, response: StepFunctionResponse) -> ActionResult:
        assert response.stepfunction_backend is not None  # asking for it loads the language
        from strata.cloud.aws.stepfunctions.redrive import redrive_execution

        return ActionResult({"redriveDate": redrive_execution(response)})

    @action("stepfunctions", "StartSyncExecution")
    def start_sync_execution(self, response: StepFunctionResponse) -> ActionResult:
        backend, arn = response.stepfunction_backend, moto.parameter(response, "stateMachineArn")
        from strata.cloud.aws.stepfunctions.sync import run_express

        version, _ = _revision(backend, arn)
        return ActionResult(run_express(response, version or backend.describe_state_machine(arn)))

    @action("stepfunctions", "StopExecution")
    def stop_execution(self, response: StepFunctionResponse) -> ActionResult:
        execution: Any = response.stepfunction_backend.describe_execution(
            moto.parameter(response, "executionArn")
        )
        stop_date = execution.stop_date or moto.now()
        if execution.status == "RUNNING":
            _await_start(execution)
            execution.stop(
                stop_date=stop_date,
                error=moto.parameter(response, "error"),
                cause=moto.parameter(response, "cause"),
            )
        return ActionResult({"stopDate": stop_date})

    @action("stepfunctions", "ValidateStateMachineDefinition")
    def validate_definition(self, response: StepFunctionResponse) -> ActionResult:
        assert response.stepfunction_backend is not None  # asking for it loads the language
        from strata.cloud.aws.stepfunctions.definition import diagnose

        found = diagnose(moto.parameter(response, "definition"))
        limit = moto.int_parameter(response, "maxResults") or 100
        return ActionResult(
            {
                "result": "FAIL" if found else "OK",
                "diagnostics": found[:limit],
                "truncated": len(found) > limit,
            }
        )

    @action("stepfunctions", "TestState")
    def test_state(self, response: StepFunctionResponse) -> ActionResult:
        assert response.stepfunction_backend is not None  # asking for it loads the language
        from strata.cloud.aws.stepfunctions.single_state import evaluate_state

        return ActionResult(evaluate_state(response))


class _Machines(Service):
    """The actions that moto's engine itself carries out, and its check of a definition."""

    def __init__(self) -> None:
        super().__init__()
        self._naming = threading.RLock()
        self._started = threading.local()

    @action("stepfunctions", "StartExecution", wraps=True)
    def start_execution(
        self,
        start: Callable[..., Any],
        backend: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Any:
        if name:
            moto.check_execution_name(backend, name)
        elif name == "":
            raise InvalidName("Invalid Name: ''")
        name = name or str(uuid.uuid4())
        version, alias_arn = _revision(backend, state_machine_arn)
        # Two starts with one name must not both find it free.
        with self._naming:
            if version is None:
                return start(backend, state_machine_arn, name, execution_input, trace_header)
            # moto starts what it finds by the machine's ARN, and its executions are kept there.
            machine = copy.copy(backend.describe_state_machine(version.source_arn))
            for field in ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration"):
                setattr(machine, field, getattr(version, field))
            machine.version_arn, machine.alias_arn = version.arn, alias_arn
            self._started.machine = machine
            try:
                return start(backend, version.source_arn, name, execution_input, trace_header)
            finally:
                del self._started.machine

    @replaces(moto.DESCRIBE_MACHINE, wraps=True)
    def describe_machine(self, describe: Callable[..., Any], backend: Any, arn: str) -> Any:
        return getattr(self._started, "machine", None) or describe(backend, arn)

    @replaces(moto.MAKING_OF_EXECUTION, wraps=True)
    def make_running(self, make: Callable[..., None], execution: Any, *given: Any, **named: Any) -> None:
        """Make an execution that runs: moto lists it before it gives it a status; it knows no Express one."""
        if getattr(named.get("state_machine"), "type", "") == "EXPRESS":
            arn = str(named["exec_arn"])
            if ":execution:" in arn:
                named["exec_arn"] = f"{arn.replace(':execution:', ':express:')}:{uuid.uuid4()}"
            named["sm_type"] = named["state_machine"].sm_type = "EXPRESS"
        make(execution, *given, **named)
        execution.exec_status = ExecutionStatus.RUNNING

    @replaces(moto.HISTORY_OF_EXECUTION, wraps=True)
    def history(self, history: Callable[[Any], Any], execution: Any) -> Any:
        """Return the events; none while the execution has no thread yet."""
        return history(execution) if execution.exec_worker else {"events": []}

    @action("stepfunctions", "CreateStateMachine", wraps=True)
    def create_state_machine(
        self,
        create: Callable[..., Any],
        backend: Any,
        name: str,
        definition: str,
        roleArn: str,
        **more: Any,
    ) -> Any:
        with self._naming:
            existing = moto.machine_of_name(backend, name)
            machine = create(backend, name, definition, roleArn, **more)
        if existing is machine and (machine.definition, machine.roleArn) != (definition, roleArn):
            raise StateMachineAlreadyExists(f"State Machine Already Exists: '{machine.arn}'")
        return machine

    @replaces(moto.VALIDATE_DEFINITION)
    def validate(self, definition: str) -> None:
        from strata.cloud.aws.stepfunctions.definition import diagnose

        found = diagnose(definition)
        if found:
            faults = ", ".join(f"{d['code']}: {d['message']} at {d.get('location', 'null')}" for d in found)
            raise InvalidDefinition(f"Invalid State Machine Definition: '{faults}'")


def _revision(backend: Any, arn: str) -> tuple[StateMachineVersion | None, str | None]:
    """Return the version that an ARN names, itself or by an alias, and the ARN of that alias."""
    qualifier = arn.rpartition(":")[2]
    if arn.count(":") < 7:
        return None, None
    if qualifier.isnumeric():
        return backend.describe_state_machine(arn), None
    try:
        routes = backend.describe_state_machine_alias(arn).routing_configuration
    except ResourceNotFound:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'") from None
    (route,) = random.choices(routes, [route["weight"] for route in routes])
    return backend.describe_state_machine(route["stateMachineVersionArn"]), arn


def _await_start(execution: Any) -> None:
    """Wait until an execution's thread evaluates its first state: moto loses a stop that comes before.

    Raises:
        RuntimeError: it never does.
    """
    until = time.monotonic() + _START_SECONDS
    while True:
        environment = getattr(execution.exec_worker, "env", None)
        if environment is not None and moto.has_begun(environment):
            return
        if time.monotonic() > until:
            raise RuntimeError(f"the execution did not begin within {_START_SECONDS} s")
        time.sleep(0.005)


def _executions() -> Iterator[Any]:
    """Every execution of every account and region."""
    for backends in moto.all_backends():
        if backends.service_name == "stepfunctions":
            for regions in backends.values():
                for backend in regions.values():
                    for machine in backend.state_machines:
                        yield from machine.executions
