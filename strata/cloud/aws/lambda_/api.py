"""Lambda: functions that run from their uploaded zip, without Docker.

moto keeps functions and layers; here an invocation runs the handler in a Python process that sees only the
function's zip, its layers and what AWS's runtime carries, with the credentials of the function's role. The
process starts when the function is created or updated, and stays warm for the next invocation.
"""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, after_this_request, has_request_context
from moto.awslambda.exceptions import InvalidParameterValueException, UnknownFunctionException
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction, lambda_backends
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey, s3_backends

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.lambda_.runner import FunctionRunner, extras
from strata.cloud.aws.service import Service, action, replaces

# They run on the Python of Strata's own environment, which is one of them.
_RUNTIMES = ("python3.11", "python3.12")
# Fields that moto does not keep.
_EXTRA = ("DeadLetterConfig", "LoggingConfig")


class InvalidRequestContentException(JsonRESTError):
    """The payload is not JSON."""

    code = 400

    def __init__(self, error: ValueError) -> None:
        super().__init__("InvalidRequestContentException", f"Could not parse request body into json: {error}")


class Lambda(Service):
    """The functions of one embedded cloud, run by processes of its own."""

    name = "lambda"

    def __init__(self, context: CloudContext, identities: Identity) -> None:
        super().__init__()
        self._context = context
        self._identity = identities
        self._runner: FunctionRunner

    def start(self) -> None:
        """Run functions from now on."""
        self._runner = FunctionRunner(self._context, self._identity)
        super().start()

    def stop(self) -> None:
        """End every function's processes."""
        super().stop()
        self._runner.stop()

    def unfinished(self) -> str:
        """Name a function whose asynchronous invocation goes on, or is to be tried again."""
        names = self._runner.asynchronous()
        return f"an asynchronous invocation of the function {names[0]} goes on" if names else ""

    def load(self, state: Any) -> None:
        """Start an environment for each function that was loaded."""
        for account in lambda_backends.values():
            for backend in account.values():
                for function in backend.list_functions():
                    self._runner.prepare(function)

    @action("lambda", "CreateFunction", wraps=True)
    def create_function(
        self, original: Callable[..., Any], backend: LambdaBackend, spec: dict[str, Any]
    ) -> LambdaFunction:
        _check(spec)
        name = spec["FunctionName"].rpartition(":")[2]
        arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}"
        self._check_role(spec["Role"], arn)
        function: LambdaFunction = original(backend, spec)
        _keep(function, spec)
        self._runner.prepare(function)
        return function

    @action("lambda", "DeleteFunction", wraps=True)
    def delete_function(
        self,
        original: Callable[..., Any],
        backend: LambdaBackend,
        function_name: str,
        qualifier: str | None = None,
    ) -> None:
        function = backend.get_function(function_name, qualifier)
        original(backend, function_name, qualifier)
        self._runner.discard(function)

    @action("lambda", "UpdateFunctionCode", wraps=True)
    def update_function_code(
        self, original: Callable[..., Any], function: LambdaFunction, updated_spec: dict[str, Any]
    ) -> dict[str, Any]:
        if updated_spec.get("Architectures"):
            function.architectures = updated_spec["Architectures"]
        original(function, updated_spec)
        return self._changed(function)

    @action("lambda", "UpdateFunctionConfiguration", wraps=True)
    def update_function_configuration(
        self, original: Callable[..., Any], function: LambdaFunction, updates: dict[str, Any]
    ) -> dict[str, Any]:
        _check(updates)
        if "Role" in updates:
            self._check_role(updates["Role"], function.function_arn)
        if "Environment" in updates:
            updates = {**updates, "Environment": {"Variables": {}, **updates["Environment"]}}
        original(function, updates)
        if "TracingConfig" in updates:
            function.tracing_config = updates["TracingConfig"]
        if "KMSKeyArn" in updates:
            function.kms_key_arn = updates["KMSKeyArn"]
        if "EphemeralStorage" in updates:
            function.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        _keep(function, updates)
        return self._changed(function)

    @action("lambda", "GetFunctionConfiguration", wraps=True)
    def get_function_configuration(
        self, original: Callable[..., Any], function: LambdaFunction, on_create: bool = False
    ) -> dict[str, Any]:
        configuration: dict[str, Any] = original(function, on_create)
        logging = {"LogFormat": "Text", "LogGroup": function.logs_group_name}
        kept = extras(function)
        configuration["LoggingConfig"] = {**logging, **kept.get("LoggingConfig", {})}
        if kept.get("DeadLetterConfig", {}).get("TargetArn"):
            configuration["DeadLetterConfig"] = kept["DeadLetterConfig"]
        return configuration

    @action("lambda", "PutFunctionEventInvokeConfig")
    def put_function_event_invoke_config(
        self, backend: LambdaBackend, function_name: str, config: dict[str, Any]
    ) -> dict[str, Any]:
        # moto appends, and then answers with the first.
        function = backend.get_function(function_name)
        function.event_invoke_config = [
            EventInvokeConfig(function.function_arn, function.last_modified, config)
        ]
        return function.event_invoke_config[0].response()

    @action("lambda", "Invoke")
    def invoke(
        self, function: LambdaFunction, body: str | bytes, request_headers: Any, response_headers: Any
    ) -> str | bytes:
        headers = {name.lower(): value for name, value in dict(request_headers).items()}
        event = (body.decode() if isinstance(body, bytes) else body) or "{}"
        try:
            json.loads(event)
        except ValueError as error:
            raise InvalidRequestContentException(error) from None
        request_id = str(uuid.uuid4())
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        if has_request_context():
            _answer_with_id(request_id)
        if kind == "DryRun":
            return ""
        if kind == "Event":
            self._runner.invoke_later(function, event, request_id)
            return ""
        try:
            invocation = self._runner.invoke(function, event, request_id)
        except ServiceException as error:
            raise (
                error
                if isinstance(error, JsonRESTError)
                else InvalidParameterValueException(
                    f"The role defined for the function cannot be assumed by Lambda: {error.message}"
                )
            ) from None
        response_headers["x-amz-executed-version"] = str(function.version)
        if invocation.error:
            response_headers["x-amz-function-error"] = "Unhandled"
        # The last 4 KB, as AWS returns them; moto drops them unless the caller asked for the tail.
        log = "\n".join(invocation.log).encode()[-4096:]
        response_headers["x-amz-log-result"] = base64.b64encode(log).decode()
        return invocation.payload

    @replaces(moto.INVOKE_BY_NAME, wraps=True)
    def invoke_by_name(
        self, invoke: Callable[..., Any], backend: LambdaBackend, name: str, qualifier: str | None, *more: Any
    ) -> Any:
        """Invoke a function; of a missing one name the version that is meant, as AWS does here only."""
        try:
            backend.get_function(name, qualifier)
        except UnknownFunctionException as error:
            arn = error.message.removeprefix("Function not found: ")
            raise UnknownFunctionException(f"{arn}:$LATEST" if arn.count(":") == 6 else arn) from None
        return invoke(backend, name, qualifier, *more)

    @replaces(moto.SET_FUNCTION_CODE, wraps=True)
    def set_function_code(
        self, original: Callable[..., Any], function: LambdaFunction, updated_spec: dict[str, Any]
    ) -> None:
        if updated_spec is not function.code and "S3Bucket" in updated_spec:
            # moto would read the newest version of the key, and take a missing one for no bytes.
            stored = self.code_in_s3(function.account_id, function.partition, updated_spec)
            updated_spec = {**updated_spec, "ZipFile": base64.b64encode(stored.value)}
        original(function, updated_spec)
        try:
            zipfile.ZipFile(io.BytesIO(function.code_bytes)).close()
        except zipfile.BadZipFile:
            raise InvalidParameterValueException(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from None

    @replaces(moto.CODE_IN_S3)
    def code_in_s3(self, account_id: str, partition: str, data: Mapping[str, Any]) -> FakeKey:
        """Return the object that is the code of a function or layer, in the version that is asked for."""
        version = data.get("S3ObjectVersion")
        try:
            stored = s3_backends[account_id][partition].get_object(
                data["S3Bucket"], data["S3Key"], version_id=version
            )
        except MissingBucket:
            raise _not_in_s3("NoSuchBucket", "The specified bucket does not exist") from None
        if stored is not None:
            return stored
        if version:
            raise _not_in_s3("NoSuchVersion", "The specified version does not exist.")
        raise _not_in_s3("NoSuchKey", "The specified key does not exist.")

    def _check_role(self, role_arn: str, function_arn: str) -> None:
        try:
            self._runner.role_credentials(role_arn, function_arn, "check")
        except ServiceException:
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda."
            ) from None

    def _changed(self, function: LambdaFunction) -> dict[str, Any]:
        function.last_modified = iso_8601_datetime_with_nanoseconds()
        self._runner.prepare(function)
        return function.get_configuration()


def _not_in_s3(code: str, message: str) -> InvalidParameterValueException:
    text = f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    return InvalidParameterValueException(text)


def _answer_with_id(request_id: str) -> None:
    """Let the answer being made name its invocation: moto gives every answer an id of its own."""

    def named(response: Response) -> Response:
        response.headers["x-amzn-requestid"] = request_id
        return response

    after_this_request(named)


def _check(spec: dict[str, Any]) -> None:
    if spec.get("PackageType", "Zip") != "Zip":
        raise InvalidParameterValueException(
            f"PackageType {spec['PackageType']} is not implemented by the embedded Lambda (only Zip)"
        )
    if "Runtime" in spec and spec["Runtime"] not in _RUNTIMES:
        raise InvalidParameterValueException(
            f"Runtime {spec['Runtime']} is not implemented by the embedded Lambda "
            f"(only {', '.join(_RUNTIMES)})"
        )
    used = {
        "VpcConfig": (spec.get("VpcConfig") or {}).get("SubnetIds"),
        "FileSystemConfigs": spec.get("FileSystemConfigs"),
        "SnapStart": (spec.get("SnapStart") or {}).get("ApplyOn", "None") != "None",
    }
    for name, value in used.items():
        if value:
            raise InvalidParameterValueException(f"{name} is not implemented by the embedded Lambda")


def _keep(function: LambdaFunction, spec: dict[str, Any]) -> None:
    extras(function).update({name: spec[name] for name in _EXTRA if name in spec})
    logging = spec.get("LoggingConfig", {})
    if logging.get("LogFormat", "Text") != "Text":
        raise InvalidParameterValueException("LogFormat JSON is not implemented by the embedded Lambda")
    function.logs_group_name = logging.get("LogGroup", function.logs_group_name)
