"""Names of operations and errors, as botocore describes the services."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from strata.errors import StrataError, did_you_mean

# The prefix of a service's actions → botocore's name of it; the services that the embedded AWS serves.
SERVICES = {
    name: name
    for name in (
        "cloudwatch", "dynamodb", "events", "glue", "iam", "kms", "lambda", "logs", "s3", "sns", "sqs", "sts",
    )
} | {"states": "stepfunctions", "scheduler": "scheduler"}  # fmt: skip
# S3's reference has its operations by the names of the API, and its errors not in the model.
_STATUS = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "PreconditionFailed": 412,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "SlowDown": 503,
    "TooManyRequestsException": 429,
}
# What each service answers when it is asked too often; the others say ThrottlingException.
_THROTTLING = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "iam": "Throttling",
    "lambda": "TooManyRequestsException",
    "s3": "SlowDown",
    "sns": "Throttled",
    "sqs": "RequestThrottled",
    "sts": "Throttling",
}


def require(operation: str, others: Iterable[str]) -> None:
    """Refuse an operation that AWS does not have.

    Args:
        operation: `service:Operation`.
        others: what is known beside AWS's operations.

    Raises:
        StrataError: it is not known.
    """
    service = operation.partition(":")[0]
    own = [other for other in others if other.startswith(f"{service}:")]
    if service not in SERVICES:
        known = sorted({*SERVICES, *(other.partition(":")[0] for other in others)})
        raise StrataError(f"unknown service `{service}`", remedy=did_you_mean(service, known))
    names = [f"{service}:{known}" for known in _model(service).operation_names]
    if operation not in names:
        raise StrataError(f"unknown operation `{operation}`", remedy=did_you_mean(operation, [*names, *own]))


def status(service: str, operation: str, code: str) -> int:
    """Return the HTTP status of an error."""
    if code in _STATUS:
        return _STATUS[code]
    # Services describe few of their own faults, and call all of them so.
    usual = 500 if "Internal" in code else 400
    for shape in _model(service).operation_model(operation).error_shapes:
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            return int(error.get("httpStatusCode", usual))
    return usual


def throttling(service: str) -> str:
    """Return the error code by which a service says that it is asked too often."""
    return _THROTTLING.get(service, "ThrottlingException")


@functools.cache
def _model(service: str) -> Any:
    # 0.1 s, which only those pay who use it.
    import botocore.session

    return botocore.session.get_session().get_service_model(SERVICES[service])
