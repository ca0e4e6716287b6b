"""The HTTP request being served, as a call of an AWS API: service, operation, parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

# Where botocore, the signature and IAM call a service differently.
_MODELS = {"awslambda": "lambda", "monitoring": "cloudwatch", "states": "stepfunctions"}
_PREFIXES = {"awslambda": "lambda", "monitoring": "cloudwatch", "stepfunctions": "states"}


@dataclass(frozen=True)
class ApiCall:
    """One call: `service` is the prefix of IAM's actions."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    account_id: str
    region: str
    partition: str

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource of this service, account and region."""
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account_id}:{resource}"


def service_of_request(default: str) -> str:
    """Return the service that the request is signed for; `default` if it is not signed."""
    scope = re.search(r"Credential=[^,]+/([\w-]+)/aws4_request", request.headers.get("Authorization", ""))
    return scope[1] if scope else default


def region_of_request(default: str) -> str:
    """Return the region that the request is signed for; `default` if it is not signed."""
    scope = re.search(r"Credential=[^/]+/\d{8}/([\w-]+)/", request.headers.get("Authorization", ""))
    return scope[1] if scope else default


def model_name(service: str) -> str:
    """Return botocore's name of a service."""
    return _MODELS.get(service, service)


def action_prefix(service: str) -> str:
    """Return the prefix of a service's actions in policies."""
    return _PREFIXES.get(service, service)


def operation_of_request(service: str) -> str:
    """Return the name of the request's API operation, or its method and path if it has none."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if "Action" in request.values:
        return str(request.values["Action"])
    try:
        operation, _ = get_service_router(model_name(service)).match(Request(request.environ.copy()))
        return str(operation.name)
    except (HTTPException, NotImplementedError, ValueError, KeyError, LookupError):
        return f"{request.method} {request.path}"


def parameters_of_request(service: str) -> dict[str, Any]:
    """Return the parameters of the request's operation; none if the service has no such operation.

    Read as moto reads them, from path, query, headers and body; the body stays readable.
    """
    model = get_service_model(model_name(service))
    try:
        name = operation_of_request(service)
        operation = model.operation_model(name)
        # Only REST protocols keep parameters in the path.
        in_path: dict[str, Any] = {}
        if not request.headers.get("X-Amz-Target") and "Action" not in request.values:
            _, in_path = get_service_router(model_name(service)).match(Request(request.environ.copy()))
    except Exception:  # no operation by that name: moto will say so in the service's own words
        return {}
    protocol = determine_request_protocol(model, request.content_type)
    parsed = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return dict(parsed)
