"""Mends moto's engine for the Amazon States Language; imported only when it is needed.

What moto does otherwise than AWS, and what is done here:
- tasks call a server on port 5000 with made-up keys: they call this server as the state machine's role;
- `.sync` of Glue ends in an AttributeError, and a stopped run counts as a success: the task waits for the run
  and fails with it;
- a task that times out, or an execution that is stopped, leaves its Glue run running: it is stopped;
- the wait before a retry cannot be interrupted: it ends when the execution does;
- a task that fails after its execution was stopped makes a failure of the stop;
- executions write no log (`execution_log` does);
- an execution reads SUCCEEDED before its output is there.
"""

from __future__ import annotations

import datetime
import json
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_glue
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam import identity
from strata.cloud.aws.patches import Patches
from strata.cloud.aws.stepfunctions import execution_log
from strata.cloud.aws.stepfunctions import sdk_tasks as asl_sdk
from strata.iam import Principal

_patches = Patches()
_STATES = "states.amazonaws.com"
_SESSION_SECONDS = 3600
# A Glue run's end is seen this soon; AWS's own polling is slower, and the pipeline's latency would suffer.
_POLL_SECONDS = 0.1
_NOT_SUCCEEDED = frozenset({"FAILED", "TIMEOUT", "ERROR", "STOPPED", "EXPIRED"})


@dataclass
class _ExecutionCredentials(StateCredentials):
    """The role of a task, with the state machine in whose name it is taken on."""

    state_machine_arn: str = ""


def install(context: CloudContext) -> None:
    """Patch moto's engine."""
    clients = _Clients(context)
    for name, module in list(sys.modules.items()):
        # The function is imported by name into each service's module.
        if name.startswith("moto.stepfunctions.parser.") and "boto_client_for" in vars(module):
            _patches.attribute(module, "boto_client_for", clients.get)
    eval_state_credentials = StateTask._eval_state_credentials

    def eval_credentials(task: Any, env: Any) -> _ExecutionCredentials:
        credentials = eval_state_credentials(task, env)
        machine_arn = env.states.context_object.context_object_data["StateMachine"]["Id"]
        return _ExecutionCredentials(role_arn=credentials.role_arn, state_machine_arn=machine_arn)

    _patches.attribute(StateTask, "_eval_state_credentials", eval_credentials)
    glue = state_task_service_glue
    _patches.attribute(glue, "_JOB_RUN_STATE_ABNORMAL_TERMINAL_VALUE", _NOT_SUCCEEDED)
    _patches.attribute(glue, "_JOB_RUN_STATE_TERMINAL_VALUES", _NOT_SUCCEEDED | {"SUCCEEDED"})
    _patches.attribute(glue.StateTaskServiceGlue, "_eval_integration_pattern", _await_run)
    after_eval_execution = StateTaskService._after_eval_execution

    def succeeded(task: Any, env: Any, *more: Any, **named: Any) -> None:
        if env.is_running():  # what ends after its task has timed out or been stopped is no success
            after_eval_execution(task, env, *more, **named)

    _patches.attribute(StateTaskService, "_after_eval_execution", succeeded)
    _patches.attribute(retrier_decl.RetrierDecl, "_eval_body", _retry)
    set_error = Environment.set_error

    def set_error_of_running(env: Any, error: Any) -> None:
        # What was stopped or timed out in the middle of a task stays so, however the task ends.
        if not isinstance(env.program_state(), ProgramStopped | ProgramTimedOut):
            set_error(env, error)

    _patches.attribute(Environment, "set_error", set_error_of_running)
    asl_sdk.install(_patches)
    execution_log.install(_patches)
    _patches.attribute(BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect_status)


def uninstall() -> None:
    """Undo `install`."""
    _patches.undo()


class _Clients:
    """The boto3 clients of tasks: one per service, region and role session, as making one is slow."""

    def __init__(self, context: CloudContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], tuple[float, identity.Credentials]] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def get(self, region: str, service: str, state_credentials: StateCredentials) -> Any:
        """Return a client of this server with the keys of the task's role."""
        region = region or self._context.region
        with self._lock:
            keys = self._session(
                state_credentials.role_arn, getattr(state_credentials, "state_machine_arn", "")
            )
            key = (service, region, keys.access_key_id)
            if key not in self._clients:
                self._clients[key] = boto3.session.Session().client(
                    service,
                    region_name=region,
                    endpoint_url=self._context.aws_url,
                    aws_access_key_id=keys.access_key_id,
                    aws_secret_access_key=keys.secret_access_key,
                    aws_session_token=keys.session_token,
                    config=Config(
                        parameter_validation=False,
                        retries={"total_max_attempts": 1},
                        connect_timeout=10,
                        # A Lambda function may take 15 minutes; a task's own timeout is the engine's affair.
                        read_timeout=905,
                        max_pool_connections=50,
                        proxies={},
                    ),
                )
            return self._clients[key]

    def _session(self, role_arn: str, machine_arn: str) -> identity.Credentials:
        known = self._sessions.get((role_arn, machine_arn))
        if known and known[0] > time.monotonic():
            context = {"aws:sourcearn": machine_arn, "aws:sourceaccount": machine_arn.split(":")[4]}
            principal = Principal(service=_STATES)
            identity.check_trust(role_arn, "sts:AssumeRole", principal, context, _STATES)
            return known[1]
        keys = identity.assume_role(
            role_arn,
            service=_STATES,
            source_arn=machine_arn,
            session_name="states",
            duration=_SESSION_SECONDS,
        )
        if machine_arn:
            self._sessions[role_arn, machine_arn] = (time.monotonic() + _SESSION_SECONDS / 2, keys)
        return keys


def _await_run(
    task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Wait for the Glue run that a task has started; stop it if the task is over before."""
    run = env.stack[-1]
    resolve = task._build_sync_resolver(env, resource_runtime_part, normalised_parameters, state_credentials)
    while env.is_running():
        ended = resolve()
        if ended:
            env.stack.append(ended)
            return
        time.sleep(_POLL_SECONDS)
    client = task._get_glue_client(resource_runtime_part, state_credentials)
    client.batch_stop_job_run(JobName=run["JobName"], JobRunIds=[run["JobRunId"]])
    env.stack.append(run)


def _retry(retrier: Any, env: Any) -> None:
    """One retrier's answer to an error: as moto's, but the wait ends with the execution."""
    retrier.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    retrier.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (
        retrier.interval_seconds,
        retrier.backoff_rate,
        retrier.max_delay_seconds,
        retrier.jitter_strategy,
    ):
        part.eval(env=env)
    until = time.monotonic() + env.stack.pop()
    while env.is_running() and (remaining := until - time.monotonic()) > 0:
        env.program_state_event.wait(min(remaining, 1))
    env.stack.append(RetrierOutcome.Executed)


def _reflect_status(communication: Any) -> None:
    execution = communication.execution
    env = execution.exec_worker.env
    state = env.program_state()
    execution.stop_date = datetime.datetime.now(tz=datetime.UTC)
    if isinstance(state, ProgramEnded):
        # Through JSON: boto3 puts datetimes into a task's result.
        execution.output = json.loads(to_json_str(env.states.get_input()))
        status = ExecutionStatus.SUCCEEDED
    elif isinstance(state, ProgramStopped):
        execution.error, execution.cause = state.error, state.cause
        status = ExecutionStatus.ABORTED
    elif isinstance(state, ProgramTimedOut):
        status = ExecutionStatus.TIMED_OUT
    elif isinstance(state, ProgramError):
        fault = state.error or {}
        execution.error, execution.cause = fault.get("error"), fault.get("cause")
        status = ExecutionStatus.FAILED
    else:
        raise RuntimeError(f"the execution ended in {type(state).__name__}")
    execution.exec_status = status
