"""What a schedule's target is called with: a templated target by its ARN, a universal one by its operation.

Rules: EventBridge Scheduler User Guide, "Using templated targets" and "Using universal targets". Every call
is made with the keys of the schedule's role, so that policies of both sides count.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
# "Unsupported actions" of the User Guide.
_READS = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup",
    "discover", "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList",
    "testMigration", "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip
# Services whose name in the SDK for Java is not botocore's.
_SERVICES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}


class InvalidTargetError(ValueError):
    """AWS refuses the target; the message says why."""


class UnknownTargetError(ValueError):
    """AWS may know the target, and the embedded cloud does not; the message names it."""


class Call(NamedTuple):
    """A call of an AWS API: botocore's names of the service and the method."""

    service: str
    method: str
    parameters: dict[str, Any]


def check(target: Mapping[str, Any]) -> None:
    """Refuse a target that no schedule can have, or that the embedded cloud cannot call.

    Raises:
        InvalidTargetError: AWS refuses it.
        UnknownTargetError: the embedded cloud does not know it.
    """
    arn = str(target["Arn"])
    queue = (target.get("DeadLetterConfig") or {}).get("Arn") or ""
    if queue.endswith(".fifo"):
        raise InvalidTargetError("A FIFO queue cannot be the dead-letter queue of a schedule.")
    text = target.get("Input")
    if arn.startswith(_UNIVERSAL) or arn.split(":")[2] in ("lambda", "states", "events"):
        try:
            json.loads(text or "{}")
        except ValueError:
            raise InvalidTargetError("Target Input must be well-formed JSON.") from None
    if arn.split(":")[2] == "events" and not target.get("EventBridgeParameters"):
        raise InvalidTargetError("EventBridgeParameters is required for an event bus.")
    if arn.endswith(".fifo") and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise InvalidTargetError("MessageGroupId is required for a FIFO queue.")
    call_of(target, text or "{}", "")


def call_of(target: Mapping[str, Any], text: str, aws_url: str) -> Call:
    """Return the call of a target with a text.

    Raises:
        InvalidTargetError: it is not one of AWS's.
        UnknownTargetError: the embedded cloud does not know it.
    """
    arn = str(target["Arn"])
    if arn.startswith(_UNIVERSAL):
        return _universal(arn, text)
    parts = arn.split(":")
    service = parts[2] if len(parts) > 5 else ""
    if service == "lambda":
        return Call("lambda", "invoke", {"FunctionName": arn, "InvocationType": "Event", "Payload": text})
    if service == "sqs":
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        return message(arn, text, aws_url, {"MessageGroupId": group} if group else {})
    if service == "sns":
        return Call("sns", "publish", {"TopicArn": arn, "Message": text})
    if service == "states":
        return Call("stepfunctions", "start_execution", {"stateMachineArn": arn, "input": text})
    if service == "events":
        named = target.get("EventBridgeParameters") or {}
        entry = {"EventBusName": arn, "Detail": text, **{k: named.get(k) for k in ("DetailType", "Source")}}
        return Call("events", "put_events", {"Entries": [entry]})
    raise UnknownTargetError(f"The embedded cloud invokes no schedule's target {arn}")


def message(queue_arn: str, body: str, aws_url: str, more: Mapping[str, Any]) -> Call:
    """Return the call that sends a message to a queue."""
    account, name = queue_arn.split(":")[4:6]
    return Call(
        "sqs", "send_message", {"QueueUrl": f"{aws_url}/{account}/{name}", "MessageBody": body, **more}
    )


def _universal(arn: str, text: str) -> Call:
    named, _, action = arn.removeprefix(_UNIVERSAL).partition(":")
    if action.startswith(_READS):
        raise InvalidTargetError(f"{arn} is not supported: {action} only reads.")
    service = _SERVICES.get(named.lower(), named.lower())
    operations = _operations(service)
    if operations is None:
        raise UnknownTargetError(f"The embedded cloud knows no service {named} of the target {arn}")
    if action.lower() not in operations:
        raise InvalidTargetError(f"{arn} is not an operation of {named}.")
    return Call(service, operations[action.lower()], dict(json.loads(text)))


@functools.cache
def _operations(service: str) -> dict[str, str] | None:
    """Return the method of each operation of a service, by the operation's name in lower case."""
    # Reading botocore's descriptions takes a while, and most clouds have no schedule.
    import botocore.session
    from botocore import xform_name
    from botocore.exceptions import UnknownServiceError

    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    return {name.lower(): xform_name(name) for name in model.operation_names}
