"""Runs Lambda functions: keeps their execution environments, warm ones first, and ends them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections import defaultdict
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError, ServiceException

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam.identity import Credentials, Identity
from strata.cloud.aws.lambda_.runtime.environment import ExecutionEnvironment, Function, FunctionInvocation
from strata.cloud.aws.log_stream import LogStream
from strata.cloud.client import embedded_client
from strata.faults.fault import INVOCATION

# The role's keys last an hour; AWS too retires an environment after some time.
_MAX_AGE = 2700.0
# AWS waits a minute before the first retry of an asynchronous invocation and two before the second.
RETRY_DELAYS = (60.0, 120.0)


class TooManyRequestsException(JsonRESTError):
    """All reserved executions of a function are in use."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class FunctionRunner:
    """The execution environments of one embedded cloud."""

    def __init__(self, context: CloudContext, identities: Identity) -> None:
        self.context = context
        self._identity = identities
        self._folder = context.directory / "lambda"
        self._lock = threading.Lock()
        self._idle: dict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._running: dict[str, int] = defaultdict(int)
        self._all: set[ExecutionEnvironment] = set()
        self._later: list[str] = []
        self._stopped = threading.Event()

    def prepare(self, function: LambdaFunction) -> None:
        """Start an environment for the function's present version, in the background."""
        self.discard(function)

        def start() -> None:
            # A fault shows again, and to the caller, when the function is invoked.
            with contextlib.suppress(ServiceException):
                environment = self._environment(function)
                with self._lock:
                    self._idle[function.function_arn].append(environment)

        threading.Thread(target=start, name=f"lambda-{function.function_name}", daemon=True).start()

    def discard(self, function: LambdaFunction) -> None:
        """End the idle environments of a function."""
        with self._lock:
            environments = self._idle.pop(function.function_arn, [])
        for environment in environments:
            self._end(environment)

    def invoke(self, function: LambdaFunction, event: str, request_id: str) -> FunctionInvocation:
        """Run one invocation in a warm environment, or else in a new one."""
        arn = function.function_arn
        with self._lock:
            limit = function.reserved_concurrency
            if limit is not None and self._running[arn] >= int(limit):
                raise TooManyRequestsException
            self._running[arn] += 1
        try:
            environment = self._take(function)
            fault = self.context.faults.strike(INVOCATION, arn)
            invocation = environment.invoke(
                event, request_id=request_id, function_arn=arn, cut_off=fault.seconds if fault else None
            )
            if environment.alive and environment.function == self._version(function):
                with self._lock:
                    self._idle[arn].append(environment)
            else:
                self._end(environment)
            return invocation
        finally:
            with self._lock:
                self._running[arn] -= 1

    def invoke_later(self, function: LambdaFunction, event: str, request_id: str) -> None:
        """Run an asynchronous invocation, with AWS's retries, in the background."""

        def run() -> None:
            try:
                retried()
            finally:
                self._later.remove(function.function_name)

        def retried() -> None:
            config = function.event_invoke_config[0].config if function.event_invoke_config else {}
            for delay in (0.0, *RETRY_DELAYS[: config.get("MaximumRetryAttempts", 2)]):
                if self._stopped.wait(delay):
                    return
                with contextlib.suppress(ServiceException):  # throttled, or the role is gone
                    if not self.invoke(function, event, request_id).error:
                        return
            self._to_dead_letters(function, event, request_id)

        self._later.append(function.function_name)
        threading.Thread(target=run, name=f"lambda-{function.function_name}", daemon=True).start()

    def asynchronous(self) -> list[str]:
        """Return the names of functions whose asynchronous invocations have not ended."""
        return list(self._later)

    def role_credentials(self, role_arn: str, function_arn: str, session_name: str) -> Credentials:
        """Assume a function's role as Lambda does; raises AccessDenied."""
        return self._identity.assume_role(
            role_arn,
            service="lambda.amazonaws.com",
            source_arn=function_arn,
            session_name=session_name,
            region=function_arn.split(":")[3],
        )

    def stop(self) -> None:
        """End every environment."""
        self._stopped.set()
        with self._lock:
            environments, self._all = list(self._all), set()
        for environment in environments:
            environment.stop()

    def _take(self, function: LambdaFunction) -> ExecutionEnvironment:
        wanted = self._version(function)
        while True:
            with self._lock:
                idle = self._idle[function.function_arn]
                environment = idle.pop() if idle else None
            if environment is None:
                return self._environment(function)
            fresh = time.monotonic() - environment.started < _MAX_AGE
            if fresh and environment.function == wanted and environment.alive:
                return environment
            self._end(environment)

    def _environment(self, function: LambdaFunction) -> ExecutionEnvironment:
        version = self._version(function)
        today = time.strftime("%Y/%m/%d", time.gmtime())
        stream = f"{today}/[{version.version}]{uuid.uuid4().hex}"
        log = LogStream(function.account_id, function.region, function.logs_group_name, stream)
        environment = ExecutionEnvironment(
            version,
            self._folder,
            log.write,
            {**self._credentials(function), "AWS_LAMBDA_LOG_STREAM_NAME": stream},
        )
        with self._lock:
            if not self._stopped.is_set():
                self._all.add(environment)
                return environment
        environment.stop()
        return environment

    def _end(self, environment: ExecutionEnvironment) -> None:
        environment.stop()
        with self._lock:
            self._all.discard(environment)

    def _credentials(self, function: LambdaFunction) -> dict[str, str]:
        name = function.function_name
        return self.role_credentials(function.role, function.function_arn, name).environment()

    def _version(self, function: LambdaFunction) -> Function:
        backend = get_backend(function.account_id, function.region)
        layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
        reserved = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": function.handler or "",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            # Not of AWS: where the embedded clouds are.
            "AWS_ENDPOINT_URL": self.context.aws_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.context.snowflake_environment,
        }
        return Function(
            name=function.function_name,
            version=str(function.version),
            handler=function.handler or "",
            memory=int(function.memory_size),
            timeout=float(function.timeout),
            code=function.code_bytes,
            layers=tuple(layer.code_bytes for layer in layers if layer is not None),
            environment={**function.environment_vars, **reserved},
        )

    def _to_dead_letters(self, function: LambdaFunction, event: str, request_id: str) -> None:
        target = extras(function).get("DeadLetterConfig", {}).get("TargetArn", "")
        if not target:
            return
        _, _, service, region, account_id, name = target.split(":")
        client = embedded_client(service, self.context.aws_url, region, self._credentials(function))
        attributes = {"RequestID": {"DataType": "String", "StringValue": request_id}}
        if service == "sqs":
            url = f"{self.context.aws_url}/{account_id}/{name}"
            client.send_message(QueueUrl=url, MessageBody=event, MessageAttributes=attributes)
        else:
            client.publish(TopicArn=target, Message=event, MessageAttributes=attributes)


def extras(function: LambdaFunction) -> dict[str, Any]:
    """Return the fields of a function's configuration that moto does not keep."""
    kept: dict[str, Any] = vars(function).setdefault("strata_extras", {})
    return kept
