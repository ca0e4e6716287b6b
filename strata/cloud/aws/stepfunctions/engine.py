"""Corrects moto's engine for the Amazon States Language; imported only when it is needed.

What moto does otherwise than AWS, and what is done here:
- tasks call a server on port 5000 with made-up keys: they call this server as the state machine's role;
- `.sync` of Glue ends in an AttributeError, and a stopped run counts as a success: the task waits for the run
  and fails with it;
- a task that times out, or an execution that is stopped, leaves its Glue run running: it is stopped;
- the wait before a retry cannot be interrupted: it ends when the execution does;
- waits and times are those of this machine: they are those of the cloud's clock;
- a stop just before a wait goes unseen: the wait sees it;
- a task that fails after its execution was stopped makes a failure of the stop;
- executions write no log (`execution_log` does);
- the context object has no `RedriveCount`;
- an execution reads SUCCEEDED before its output is there.
"""

from __future__ import annotations

import datetime
import json
import threading
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.service import Service, replaces
from strata.cloud.client import client_of
from strata.cloud.clock import Clock
from strata.iam import Principal

_STATES = "states.amazonaws.com"
_SESSION_SECONDS = 3600
# A Glue run is looked at when one has ended, and this often: its role may lose its rights meanwhile.
_LOOK_SECONDS = 5.0
_NOT_SUCCEEDED = frozenset({"FAILED", "TIMEOUT", "ERROR", "STOPPED", "EXPIRED"})


@dataclass
class _ExecutionCredentials(StateCredentials):
    """The role of a task, with the state machine in whose name it is assumed."""

    state_machine_arn: str = ""


class Signal(threading.Event):
    """An event that stays set until a wait has seen it: moto's setters clear theirs at once."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, and clear it."""
        seen = super().wait(timeout)
        super().clear()
        return seen

    def clear(self) -> None:
        """Leave it set."""


class Engine(Service):
    """moto's engine, calling this cloud as each machine's role."""

    def __init__(
        self, context: CloudContext, identities: Identity, observe: Callable[[Any], None] = lambda _: None
    ) -> None:
        super().__init__()
        self._clock = context.clock
        self._glue_ends = context.glue_ends
        self._clients = _Clients(context, identities, observe)

    def start(self) -> None:
        """Correct the engine."""
        super().start()
        for name in moto.task_clients():
            self.set(name, self._clients.get)
        for name in moto.TIMED_MODULES:
            self.set(name, _datetime_module(self._clock))
        self.set(moto.THREADING_OF_ENVIRONMENT, types.SimpleNamespace(**{**vars(threading), "Event": Signal}))
        self.set(moto.GLUE_ABNORMAL_STATES, _NOT_SUCCEEDED)
        self.set(moto.GLUE_TERMINAL_STATES, _NOT_SUCCEEDED | {"SUCCEEDED"})

    def client(self, env: Any, service: str) -> Any:
        """Return the client of a service with the keys of an execution's role."""
        details = env.aws_execution_details
        credentials = _ExecutionCredentials(role_arn=details.role_arn, state_machine_arn=_machine_arn(env))
        return self._clients.get(details.region, service, credentials)

    @replaces(moto.EVAL_CREDENTIALS, wraps=True)
    def eval_credentials(self, evaluate: Any, task: Any, env: Any) -> _ExecutionCredentials:
        credentials = evaluate(task, env)
        return _ExecutionCredentials(role_arn=credentials.role_arn, state_machine_arn=_machine_arn(env))

    @replaces(moto.NEW_ENVIRONMENT, wraps=True)
    def new_environment(self, make: Any, worker: Any) -> Any:
        environment = make(worker)
        if environment.is_standard_workflow():
            environment.states.context_object.context_object_data["Execution"]["RedriveCount"] = 0
        return environment

    @replaces(moto.AFTER_TASK, wraps=True)
    def after_task(self, after: Any, task: Any, env: Any, *more: Any, **named: Any) -> None:
        if env.is_running():  # a task that timed out or was stopped has not succeeded
            after(task, env, *more, **named)

    @replaces(moto.SET_ERROR, wraps=True)
    def set_error(self, set_error: Any, env: Any, error: Any) -> None:
        # What was stopped or timed out in the middle of a task stays so, however the task ends.
        if not isinstance(env.program_state(), ProgramStopped | ProgramTimedOut):
            set_error(env, error)

    @replaces(moto.AWAIT_GLUE_RUN)
    def await_glue_run(
        self,
        task: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: Any,
        state_credentials: Any,
    ) -> None:
        """Wait for the Glue run that a task has started; stop it if the task is over before."""
        run = env.stack[-1]
        resolve = moto.glue_resolver(
            task, env, resource_runtime_part, normalised_parameters, state_credentials
        )
        ends = self._glue_ends
        while env.is_running():
            count = ends.count
            ended = resolve()
            if ended:
                env.stack.append(ended)
                return
            ends.wait(count, _LOOK_SECONDS, env.is_running)
        client = moto.glue_client(task, resource_runtime_part, state_credentials)
        client.batch_stop_job_run(JobName=run["JobName"], JobRunIds=[run["JobRunId"]])
        env.stack.append(run)

    @replaces(moto.RETRY)
    def retry(self, retrier: Any, env: Any) -> None:
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
        self._clock.wait(env.stack.pop(), env.program_state_event, env.is_running)
        env.stack.append(RetrierOutcome.Executed)

    @replaces(moto.WAIT_INTERVAL)
    def wait(self, function: Any, env: Any, wait_seconds: float) -> None:
        """A Wait state: as moto's, but by the cloud's clock."""
        self._clock.wait(wait_seconds, env.program_state_event, env.is_running)

    @replaces(moto.REFLECT_STATUS)
    def reflect_status(self, communication: Any) -> None:
        execution = communication.execution
        env = execution.exec_worker.env
        state = env.program_state()
        execution.stop_date = self._clock.now()
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


def _datetime_module(clock: Clock) -> Any:
    """Return the module `datetime` as it is where this clock is the time."""

    class Now(datetime.datetime):
        """The class whose `now` is the clock's."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return clock.now().astimezone(tz) if tz else clock.now().replace(tzinfo=None)

    return types.SimpleNamespace(**{**vars(datetime), "datetime": Now})


def _machine_arn(env: Any) -> str:
    """Return the ARN of an execution's state machine; a Map Run's children are of their parent's."""
    found: str = env.states.context_object.context_object_data["StateMachine"]["Id"]
    return found.partition("/")[0]


class _Clients:
    """The boto3 clients of tasks: one per service, region and role session, as making one is slow."""

    def __init__(self, context: CloudContext, identities: Identity, observe: Callable[[Any], None]) -> None:
        self._observe = observe
        self._context = context
        self._identity = identities
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
                self._clients[key] = client_of(
                    service,
                    self._context.aws_url,
                    region,
                    keys.environment(),
                    Config(
                        parameter_validation=False,
                        retries={"total_max_attempts": 1},
                        connect_timeout=10,
                        # A Lambda function may take 15 minutes; a task's own timeout is the engine's affair.
                        read_timeout=905,
                        max_pool_connections=50,
                        proxies={},
                    ),
                )
                self._observe(self._clients[key])
            return self._clients[key]

    def _session(self, role_arn: str, machine_arn: str) -> identity.Credentials:
        known = self._sessions.get((role_arn, machine_arn))
        if known and known[0] > time.monotonic():
            context = {"aws:sourcearn": machine_arn, "aws:sourceaccount": machine_arn.split(":")[4]}
            principal = Principal(service=_STATES)
            identity.check_trust(role_arn, "sts:AssumeRole", principal, context, _STATES)
            return known[1]
        keys = self._identity.assume_role(
            role_arn,
            service=_STATES,
            source_arn=machine_arn,
            session_name="states",
            duration=_SESSION_SECONDS,
        )
        if machine_arn:
            self._sessions[role_arn, machine_arn] = (time.monotonic() + _SESSION_SECONDS / 2, keys)
        return keys
