"""The WSGI application: moto's, with a clear answer where moto has none.

An action that moto does not implement makes moto's server answer 500 (or 404 for an unknown path), which
AWS clients retry until they seem to hang, or take for "not found". Here it is a 501 that names service and
action: no AWS client retries 501.
"""

from __future__ import annotations

import json
import logging
import traceback
import uuid
from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from flask import Flask, Response, request
from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request as WsgiRequest

from strata.cloud import snapshot as snapshots
from strata.cloud.aws import recorded_calls
from strata.cloud.aws.api_call import model_name, operation_of_request, service_of_request
from strata.cloud.aws.gateway import faults, time
from strata.cloud.aws.gateway.retries import FAULT_HEADER, AnswerOnce
from strata.cloud.aws.gateway.services import Services
from strata.cloud.aws.iam import decisions
from strata.cloud.aws.iam.authorization import AuthorizationError
from strata.cloud.aws.service import PartNotImplementedError
from strata.cloud.clock_client import PATH as CLOCK_PATH
from strata.cloud.github import issuer as github_oidc
from strata.faults.client import PATH as FAULTS_PATH

_log = logging.getLogger(__name__)
_CHANGED = " during iteration"
_TRIES = 50


def create_application(services: Services) -> AnswerOnce:
    """Return the application that serves every AWS service."""
    return AnswerOnce(_Dispatcher(services))


class _Dispatcher(DomainDispatcherApplication):
    """Sends requests to AWS's services and to GitHub's issuer of tokens.

    It knows a host's service the second time: moto tries the patterns of all services at each request.
    """

    def __init__(self, services: Services) -> None:
        super().__init__(lambda service: _service_application(service, services))
        self._services = services
        self.get_backend_for_host = lru_cache(1024)(super().get_backend_for_host)  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO", "").startswith(github_oidc.PREFIX):
            return self._services.issuer.answer(WsgiRequest(environ))(environ, start_response)
        if environ.get("PATH_INFO", "") == recorded_calls.PATH:
            return self._services.calls.answer()(environ, start_response)
        if environ.get("PATH_INFO", "") == decisions.PATH:
            answer = decisions.RECORDED.answer(environ["REQUEST_METHOD"])
            return answer(environ, start_response)
        if environ.get("PATH_INFO", "") == FAULTS_PATH:
            answer = faults.answer(self._services.faults, WsgiRequest(environ))
            return answer(environ, start_response)
        if environ.get("PATH_INFO", "") == CLOCK_PATH:
            answer = time.answer(self._services.clock, WsgiRequest(environ))
            return answer(environ, start_response)
        if environ.get("PATH_INFO", "") == snapshots.PATH:
            asked = WsgiRequest(environ)
            status, content = self._services.snapshot.answer(asked.method, asked.get_data())
            return Response(content, status, mimetype="application/octet-stream")(environ, start_response)
        return super().__call__(environ, start_response)


def _service_application(service: Any, services: Services) -> Flask:
    application = create_backend_app(service)
    application.debug = False
    application.config["PROPAGATE_EXCEPTIONS"] = False
    application.register_error_handler(Exception, _fault_answer(str(service)))
    application.before_request(lambda: _refusal(str(service), services))
    application.after_request(_hide_key_id)
    application.dispatch_request = partial(_dispatch, application.dispatch_request)  # type: ignore[method-assign]
    return application


def _dispatch(dispatch: Callable[..., Any], *arguments: Any) -> Any:
    """Serve the request, again if another one changed what this one was just going through.

    moto goes through its dictionaries before it changes them, so that nothing is done twice.
    """
    for _ in range(_TRIES):
        try:
            return dispatch(*arguments)
        except RuntimeError as error:
            if not str(error).endswith(_CHANGED) or _has_unread_body():
                raise
    return dispatch(*arguments)


def _has_unread_body() -> bool:
    """Whether a second try would find the body gone: S3 reads it as a stream."""
    return request.method in ("PUT", "POST") and service_of_request("s3") == "s3"


def _refusal(service: str, services: Services) -> Response | None:
    """The answer to a request that the caller's policies do not allow, or that a fault strikes."""
    services.calls.note(service)
    try:
        if service in ("s3", "s3bucket_path"):
            services.s3_access.check()
        else:
            services.authorizer.check(service)
    except AuthorizationError as refusal:
        name = service_of_request(service)
        return _error(name, _access_code(name, refusal.code), refusal.message, refusal.status)
    fault = faults.fault_of_request(services.faults, service)
    if fault is None:
        return None
    response = _error(
        service_of_request(service), fault.error, f"{fault.name} of `strata faults` struck", fault.status
    )
    response.headers[FAULT_HEADER] = fault.name
    return response


def _access_code(service: str, code: str) -> str:
    """What a service calls the error."""
    if code == "InvalidAccessKeyId" and service != "s3":
        return (
            "InvalidClientTokenId"
            if _protocol(service) in ("query", "ec2")
            else "UnrecognizedClientException"
        )
    if code != "AccessDenied" or service == "s3" or _protocol(service) in ("query", "ec2", "rest-xml"):
        return "AuthorizationError" if (code, service) == ("AccessDenied", "sns") else code
    return "AccessDeniedException"


def _hide_key_id(response: Response) -> Response:
    # S3A repeats an object's KMS key when it renames it, and its SDK (Java, version 1) refuses to send a
    # key's id over plain HTTP. The bucket's default encryption gives the copy the same key anyway.
    if "aws-sdk-java/1." in request.headers.get("User-Agent", ""):
        response.headers.pop("x-amz-server-side-encryption-aws-kms-key-id", None)
    return response


def _fault_answer(service: str) -> Callable[[Exception], Response]:
    def answer(error: Exception) -> Response:
        name = service_of_request(service)
        action = operation_of_request(name)
        if isinstance(error, HTTPException) and error.code not in (404, 405):
            return Response(error.get_body(), error.code, error.get_headers())
        if isinstance(error, HTTPException | NotImplementedError):
            code = "NotImplemented"
            message = f"The embedded cloud does not implement {name}:{action}"
            if isinstance(error, PartNotImplementedError):
                message += f": {error}"
        else:
            code = "EmbeddedCloudFault"
            place = traceback.extract_tb(error.__traceback__)[-1]
            message = (
                f"The embedded cloud failed in {name}:{action} with {type(error).__name__}: {error} "
                f"({place.name}, line {place.lineno})"
            )
            _log.warning(message, exc_info=error)
        return _error(name, code, message)

    return answer


def _protocol(service: str) -> str:
    try:
        return str(determine_request_protocol(get_service_model(model_name(service)), request.content_type))
    except Exception:
        # Only the shape of an error message hangs on this, and JSON names both fields for any reader.
        return "json"


def _error(service: str, code: str, message: str, status: int = HTTPStatus.NOT_IMPLEMENTED) -> Response:
    """The error in the shape the service's clients read."""
    # Without an id, moto's state machines fail in reading the error.
    headers = {"X-Amzn-ErrorType": code, "X-Amzn-RequestId": str(uuid.uuid4())}
    protocol = _protocol(service)
    if service != "s3" and ("json" in protocol or "cbor" in protocol):
        return Response(
            json.dumps({"__type": code, "message": message, "Message": message}),
            status,
            headers,
            content_type="application/json",
        )
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
    return Response(body, status, headers, content_type="text/xml")
