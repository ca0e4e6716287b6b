"""One key under events, kills and replays: the planned state machine over real claims and versions.

moto's interpreter evaluates one state at a time and the test says whose turn it is, so that a seed is one
order of everything: of states, of what jobs write, of puts and deletes between any two of them.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.stepfunctions.parser.api import HistoryEventType, StateMachineType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_glue,
    state_task_service_lambda,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, ExecutionData, StateMachineData
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

from glue_jobs.main import run
from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.gateway.untracked import Untracked
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.s3.events import S3Events
from strata.cloud.aws.s3.versions import Sequencer
from strata.cloud.aws.stepfunctions.language import Language
from strata.cloud.aws.stepfunctions.sdk_tasks import as_api, as_states
from strata.faults import FaultRegistry

from .jobs import Processed, Table, install, one_client

ACCOUNT, REGION = "123456789012", "eu-west-1"
RAW = f"strata-raw-test-{ACCOUNT}"
PROCESSED = f"strata-processed-test-{ACCOUNT}"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:strata-pipeline-test"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/strata-stepfunctions-test"


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no `finally` either."""


@dataclass(frozen=True)
class Put:
    """A version or a deletion, and its event."""

    number: int
    body: bytes
    event: dict[str, Any]

    @property
    def sequencer(self) -> str:
        return str(self.event["sequencer"])

    @property
    def etag(self) -> str:
        return str(self.event["etag"])


@dataclass
class Execution:
    """One execution of the machine for a put's event."""

    arn: str
    put: Put
    env: Any
    status: str = "RUNNING"
    visited: list[str] = field(default_factory=list)
    crashed: bool = False
    # Of its job, until it is ended.
    steps_left: int | None = None

    @property
    def end(self) -> str:
        """The last state for one that ended by itself, else its status."""
        return self.visited[-1] if self.status in ("SUCCEEDED", "FAILED") else self.status


class World:
    """A key, its versions, its claim, its executions and its rows."""

    def __init__(self, engine: Engine, *, versioned: bool = True, ending: str = ".csv") -> None:
        self._engine = engine
        self._numbers = itertools.count(1)
        engine.world = self
        self.bucket = RAW if versioned else f"{RAW}-plain"
        self.versioned = versioned
        self.key = f"flights/{next(engine.keys)}{ending}"
        self.object_id = hashlib.sha256(f"{self.bucket}/{self.key}".encode()).hexdigest()
        self.processed = Processed(engine.s3, lambda: self.tick(may_die=True))
        self.table = Table(self.processed, f"s3://{PROCESSED}/curated/flights")
        self.puts: list[Put] = []
        self.deletions: list[Put] = []
        self.executions: dict[str, Execution] = {}
        self.notified: list[dict[str, Any]] = []
        self.at_work: list[Execution] = []
        # What the job was deployed with.
        self.generation = "1"
        # Called between any two steps of a job.
        self.between: Callable[[], None] = lambda: None

    def put(self, body: bytes, sequencer: str | None = None) -> Put:
        """Put a version; its event waits for `deliver`."""
        answer = self._engine.s3.put_object(Bucket=self.bucket, Key=self.key, Body=body)
        number = self._next_number()
        event = {
            "bucket": self.bucket,
            "key": self.key,
            "etag": answer["ETag"].strip('"'),
            "version_id": answer.get("VersionId", ""),
            "size": len(body),
            "sequencer": sequencer or f"{number:04X}",
            "event_id": str(number),
            "time": "2026-01-01T00:00:00Z",
        }
        self.puts.append(Put(number, body, event))
        return self.puts[-1]

    def delete(self, put: Put | None = None, sequencer: str | None = None) -> Put:
        """Delete a version, or put a delete marker; without versions, delete the object.

        Returns:
            The deletion, which has no bytes; its event waits for `deliver`.
        """
        version = {"VersionId": put.event["version_id"]} if put is not None and self.versioned else {}
        answer = self._engine.s3.delete_object(Bucket=self.bucket, Key=self.key, **version)
        number = self._next_number()
        event = {
            "type": "Object Deleted",
            "bucket": self.bucket,
            "key": self.key,
            "version_id": answer.get("VersionId", ""),
            "sequencer": sequencer or f"{number:04X}",
            "event_id": str(number),
            "time": "2026-01-01T00:00:00Z",
        }
        self.deletions.append(Put(number, b"", event))
        return self.deletions[-1]

    def current(self) -> Put | None:
        """The put whose bytes the key has now."""
        try:
            found = self._engine.s3.head_object(Bucket=self.bucket, Key=self.key)
        except self._engine.s3.exceptions.ClientError:
            return None
        if self.versioned:
            (put,) = [put for put in self.puts if put.event["version_id"] == found["VersionId"]]
            return put
        return [put for put in self.puts if f'"{put.etag}"' == found["ETag"]][-1]

    def _next_number(self) -> int:
        return len(self.puts) + len(self.deletions) + 1

    def put_reference(self, name: str, body: bytes) -> None:
        """Put a file below `reference/`."""
        self._engine.s3.put_object(Bucket=self.bucket, Key=f"reference/{name}", Body=body)

    def is_there(self, put: Put) -> bool:
        """Whether the bucket still has what the put's event names."""
        version = {"VersionId": put.event["version_id"]} if self.versioned else {}
        try:
            found = self._engine.s3.head_object(Bucket=self.bucket, Key=self.key, **version)
        except self._engine.s3.exceptions.ClientError:
            return False
        return str(found["ETag"]).strip('"') == put.etag

    def deliver(self, put: Put) -> Execution:
        """Start an execution for the put's event."""
        name = f"{put.number}-{next(self._numbers)}"
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{self.object_id[:8]}-{name}"
        execution = Execution(arn, put, self._engine.environment(arn, name, put.event))
        self.executions[arn] = execution
        return execution

    def step(self, execution: Execution) -> None:
        """Let an execution evaluate one state."""
        env = execution.env
        execution.visited.append(env.next_state_name)
        self.at_work.append(execution)
        try:
            self._engine.program._get_state(env.next_state_name).eval(env)
            env.stack.clear()
            env.heap.clear()
            # moto keeps each thread, and with it the execution.
            moto.forget_ended_threads()
            if isinstance(env.program_state(), ProgramEnded):
                execution.status = "SUCCEEDED"
        except FailureEventException:
            execution.status = "FAILED"
        except Killed:
            pass
        finally:
            self.at_work.pop()

    def finish(self, execution: Execution) -> str:
        """Let an execution run to its end; return its last state."""
        for _ in range(200):
            if execution.status != "RUNNING":
                return execution.end
            self.step(execution)
        raise AssertionError(f"{execution.arn} does not end: {execution.visited[-12:]}")

    def kill(self, execution: Execution) -> None:
        """Stop an execution, and with it the job that it waits for."""
        execution.status = "ABORTED"

    def tick(self, *, may_die: bool) -> None:
        """A moment between two steps of the job at work."""
        execution = self.at_work[-1]
        if execution.status != "ABORTED":
            self.between()
        if may_die and execution.status == "ABORTED":
            raise Killed
        if may_die and (execution.crashed or execution.steps_left == 0):
            raise MemoryError("the worker ran out of memory")
        if may_die and execution.steps_left is not None:
            execution.steps_left -= 1

    def claim(self) -> dict[str, Any]:
        """The claim's attributes."""
        return dict(self._engine.claims.get_item(Key={"object_id": self.object_id}).get("Item", {}))

    def rows(self) -> list[tuple[str, str]]:
        """What the table shows of the object: day and flight."""
        return [(day, flight) for day, flight, _ in self.table.rows(self.object_id)]

    def copies(self) -> list[str]:
        """The working copies that are left."""
        prefix = f"work/flights/object={self.object_id}/"
        listed = self._engine.s3.list_objects_v2(Bucket=PROCESSED, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def describe(self) -> str:
        """What happened, for a test that fails."""
        puts = [
            f"put {put.number} {put.sequencer} {put.etag[:6]} there={self.is_there(put)}" for put in self.puts
        ]
        runs = [
            f"{one.arn.rpartition(':')[2]} of {one.put.number}: {one.end} {' '.join(one.visited)}"
            for one in self.executions.values()
        ]
        rows = self.table.rows(self.object_id)
        return "\n".join([f"versioned={self.versioned}", *puts, *runs, f"{rows}", f"{self.claim()}"])


class Engine:
    """The program and the services, shared by all worlds of a test module."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.program: Any = AmazonStateLanguageParser.parse(json.dumps(definition))[0]
        self.keys = itertools.count(1)
        self.world: World
        self.faults = FaultRegistry()
        self.s3: Any = boto3.client("s3", REGION)
        for bucket in (RAW, f"{RAW}-plain", PROCESSED):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Enabled"})
        self.dynamodb: Any = boto3.client("dynamodb", REGION)
        self.claims = boto3.resource("dynamodb", REGION).create_table(
            TableName="strata-claims-test",
            KeySchema=[{"AttributeName": "object_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "object_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for operation in ("HeadObject", "CopyObject"):
            self.s3.meta.events.register(
                f"before-call.s3.{operation}", lambda **_: self._between_requests(may_die=False)
            )
        for operation in ("GetItem", "UpdateItem"):
            # Refused, or carried out and the answer lost.
            for moment in ("before", "after"):
                self.dynamodb.meta.events.register(
                    f"{moment}-call.dynamodb.{operation}", functools.partial(self._strike, operation, moment)
                )
        self.s3.meta.events.register(
            "before-call.s3.DeleteObject", lambda **_: self._between_requests(may_die=True)
        )

    def _between_requests(self, *, may_die: bool) -> None:
        if self.world.at_work:
            self.world.tick(may_die=may_die)

    def _strike(self, operation: str, moment: str, model: Any, parsed: Any = None, **named: Any) -> Any:
        fault = self.faults.strike(f"dynamodb:{operation}", moment) if self.world.at_work else None
        if fault is None:
            return None
        metadata = {"HTTPStatusCode": fault.status, "RequestId": "struck"}
        failed = {"Error": {"Code": fault.error, "Message": "struck"}, "ResponseMetadata": metadata}
        if moment == "before":
            return SimpleNamespace(status_code=fault.status), failed
        parsed.clear()
        parsed.update(failed)
        named["http_response"].status_code = fault.status
        return None

    def environment(self, arn: str, name: str, event: dict[str, Any]) -> Any:
        now = datetime.datetime.now(tz=datetime.UTC).isoformat()
        context = ContextObjectData(
            Execution=ExecutionData(Id=arn, Input=event, Name=name, RoleArn=ROLE, StartTime=now),
            StateMachine=StateMachineData(Id=MACHINE, Name="strata-pipeline-test"),
        )
        env = Environment(
            aws_execution_details=AWSExecutionDetails(account=ACCOUNT, region=REGION, role_arn=ROLE),
            execution_type=StateMachineType.STANDARD,
            context=context,
            event_history_context=EventHistoryContext.of_program_start(),
            cloud_watch_logging_session=None,
            activity_store={},
        )
        env.next_state_name = self.program.start_at.start_at_name
        return env


class _InlineThread:
    """moto evaluates a task in a thread because of its timeout; here it takes no time."""

    def __init__(self, target: Callable[[], None], daemon: bool = False) -> None:
        self._target = target

    def start(self) -> None:
        self._target()

    def is_alive(self) -> bool:
        return False


def _failure(env: Any, error: str, cause: str) -> FailureEventException:
    name: Any = (
        StatesErrorName(StatesErrorNameType.StatesTaskFailed)
        if error == "States.TaskFailed"
        else CustomErrorName(error)
    )
    details = TaskFailedEventDetails(error=error, cause=cause, resource="", resourceType="")
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


@contextmanager
def engine_of(definition: dict[str, Any]) -> Iterator[Engine]:
    """An engine for a planned definition."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        context = CloudContext(ACCOUNT, REGION, directory=Path())
        services = (Untracked(), S3Events(Identity(context), context.channels, Sequencer()), Language())
        for service in services:
            service.start()
        try:
            engine = Engine(definition)
            _patch(patch, engine)
            yield engine
        finally:
            for service in services:
                service.stop()


def _patch(patch: pytest.MonkeyPatch, engine: Engine) -> None:
    functions = install(patch, lambda: engine.world)
    one_client(patch, {"s3": engine.s3, "dynamodb": engine.dynamodb})

    def refuse(env: Any, operation: str, prefix: str, about: str = "") -> None:
        """Let a fault refuse a task's call."""
        if (fault := engine.faults.strike(operation, about)) is not None:
            raise _failure(env, f"{prefix}.{fault.error}", "struck")

    def glue(task: Any, env: Any, normalised_parameters: dict[str, Any], **_: Any) -> None:
        refuse(env, "glue:StartJobRun", "Glue", normalised_parameters["JobName"])
        ended = engine.faults.strike("glue:JobRun", normalised_parameters["JobName"])
        world = engine.world
        # Seconds count as steps of the job here.
        world.at_work[-1].steps_left = None if ended is None else int(ended.seconds)
        arguments = normalised_parameters["Arguments"]
        job_run = {"Id": "jr_1", "JobName": normalised_parameters["JobName"], "Arguments": arguments}
        try:
            run(
                normalised_parameters["JobName"].split("-")[1],
                [word for name, value in arguments.items() for word in (name, value)],
            )
        except Exception as error:
            # As a Glue run's error reads: the class and the message.
            said = f"{type(error).__module__}.{type(error).__qualname__}: {error}"
            stopped = ended is not None and ended.effect == "stop"
            failed = job_run | {"JobRunState": "STOPPED" if stopped else "FAILED", "ErrorMessage": said}
            raise _failure(env, "States.TaskFailed", json.dumps(failed)) from None
        finally:
            world.at_work[-1].steps_left = None
        env.stack.append(job_run | {"JobRunState": "SUCCEEDED"})

    def invoke(task: Any, env: Any, normalised_parameters: dict[str, Any], **_: Any) -> None:
        name = normalised_parameters["FunctionName"].rpartition(":")[2].split("-")[1]
        refuse(env, "lambda:Invoke", "Lambda", name)
        if engine.faults.strike("snowflake:Connection", name) is not None:
            raise _failure(env, "OperationalError", "250001: could not connect to Snowflake")
        timeout = engine.faults.strike("lambda:Invocation", name)
        try:
            answer = functions[name](json.loads(normalised_parameters["Payload"]), None)
        except Exception as error:
            raise _failure(env, type(error).__name__, str(error)) from None
        if timeout is not None:
            # Its work is done, but the caller gets no answer.
            raise _failure(env, "Sandbox.Timedout", "Task timed out after 900.00 seconds")
        env.stack.append({"Payload": answer})

    def publish(task: Any, env: Any, normalised_parameters: dict[str, Any], **_: Any) -> None:
        refuse(env, "sns:Publish", "SNS")
        message = normalised_parameters["Message"]
        engine.world.notified.append(json.loads(message) if isinstance(message, str) else message)
        env.stack.append({"MessageId": "m"})

    def call_sdk(task: Any, env: Any, normalised_parameters: dict[str, Any], **_: Any) -> None:
        service, action = task._get_boto_service_name(), task._get_boto_service_action()
        operation = "".join(part.capitalize() for part in action.split("_"))
        prefix = {"stepfunctions": "states"}.get(service, service)
        refuse(env, f"{prefix}:{operation}", {"states": "Sfn"}.get(prefix, prefix.capitalize()))
        if service == "s3":
            operation = engine.s3.meta.service_model.operation_model(
                engine.s3.meta.method_to_api_mapping[action]
            )
            answer = getattr(engine.s3, action)(**as_api(normalised_parameters, operation.input_shape))
            env.stack.append(as_states(answer, operation.output_shape))
            return
        if service == "glue":
            flights = {"generation": engine.world.generation, "references": ["airlines", "planes"]}
            generations = {"--generations": json.dumps({"flights": flights})}
            arguments = generations if engine.world.generation else {}
            env.stack.append({"Job": {"DefaultArguments": arguments}})
            return
        found = engine.world.executions.get(normalised_parameters["ExecutionArn"])
        if found is None:
            raise _failure(env, "Sfn.ExecutionDoesNotExistException", "")
        env.stack.append({"Status": found.status})

    for service, function in (
        (state_task_service_glue.StateTaskServiceGlue, glue),
        (state_task_service_lambda.StateTaskServiceLambda, invoke),
        (state_task_service_sns.StateTaskServiceSns, publish),
        (state_task_service_aws_sdk.StateTaskServiceAwsSdk, call_sdk),
    ):
        patch.setattr(service, "_eval_service_task", function)
    patch.setattr(
        state_task_service_glue.StateTaskServiceGlue, "_eval_integration_pattern", lambda *_, **__: None
    )
    patch.setattr(state_task_service_aws_sdk.StateTaskServiceAwsSdk, "_normalise_parameters", lambda *_: None)
    patch.setattr(state_task_service_aws_sdk.StateTaskServiceAwsSdk, "_normalise_response", lambda *_: None)
    patch.setattr(state_task_service_dynamodb, "boto_client_for", lambda **named: engine.dynamodb)
    # Half of an execution's time goes into reading the same paths again.
    patch.setattr(json_path, "parse", functools.cache(json_path.parse))
    patch.setattr(execute_state, "Thread", _InlineThread)
    patch.setattr(retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: None))
    patch.setattr(WaitFunction, "_wait_interval", lambda *_, **__: None)
