"""The targets of EventBridge rules, each invoked with the permission that AWS asks for.

A state machine is started in the name of the target's role, which must trust events.amazonaws.com and be
allowed states:StartExecution on it; a queue, a topic and a Lambda function must admit events.amazonaws.com
by their own policies. Any other target is refused by name.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.utils import unix_time_millis
from moto.events.models import events_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions import responses as stepfunctions_responses

from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.resource_policies import refusal
from strata.iam import Principal

_EVENTS = "events.amazonaws.com"


class TargetError(Exception):
    """A delivery that failed: with AWS's error code, and whether another try makes sense."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


class DeliveryOrigin(Protocol):
    """Where a delivery comes from."""

    rule_arn: str
    account_id: str
    region: str
    event: Mapping[str, Any]


def invoke(target: Mapping[str, Any], text: str, origin: DeliveryOrigin) -> None:
    """Hand the text over to the target.

    Raises:
        TargetError: it was refused, or the embedded cloud knows no such target.
    """
    arn = target["Arn"]
    service = arn.split(":")[2]
    if service == "states":
        _start_execution(target, text, origin)
    elif service == "lambda":
        _invoke_function(arn, text, origin.rule_arn)
    elif service == "sqs":
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        _send_message(arn, text, None, origin.rule_arn, group)
    elif service == "sns":
        _publish(arn, text, origin.rule_arn)
    elif service == "logs":
        _log_event(arn, text, origin.account_id)
    elif service == "events" and arn.split(":")[5].startswith("event-bus/"):
        _forward(target, origin)
    else:
        raise TargetError("NO_RESOURCE", f"the embedded cloud does not deliver events to {arn}")


def send_dead_letter(queue_arn: str, body: str, attributes: Mapping[str, str], rule_arn: str) -> None:
    """Send an undeliverable event to its dead-letter queue.

    Raises:
        TargetError: the queue does not exist or its policy does not admit the rule.
    """
    _send_message(
        queue_arn,
        body,
        {
            name: {"DataType": "Number" if name == "RETRY_ATTEMPTS" else "String", "StringValue": value}
            for name, value in attributes.items()
        },
        rule_arn,
        None,
    )


def _as_role(target: Mapping[str, Any], action: str, origin: DeliveryOrigin) -> None:
    context = {"aws:sourcearn": origin.rule_arn, "aws:sourceaccount": origin.account_id}
    role_arn = target.get("RoleArn") or ""
    try:
        role = identity.check_trust(role_arn, "sts:AssumeRole", Principal(service=_EVENTS), context, _EVENTS)
    except identity.AccessDenied as error:
        raise TargetError("FAILED_TO_ASSUME_ROLE", error.message) from None
    try:
        identity.check_role_permission(role, action, target["Arn"])
    except identity.AccessDenied as error:
        raise TargetError("NO_PERMISSIONS", error.message) from None


def _start_execution(target: Mapping[str, Any], text: str, origin: DeliveryOrigin) -> None:
    _as_role(target, "states:StartExecution", origin)
    _, _, _, region, account_id, *_ = target["Arn"].split(":")
    name = f"{origin.event['id']}_{uuid.uuid4()}"
    backend = stepfunctions_responses.get_backend(account_id, region)
    try:
        backend.start_execution(target["Arn"], name, text)
    except (ServiceException, JsonRESTError) as error:
        code = str(getattr(error, "error_type", "") or getattr(error, "code", ""))
        gone = "DoesNotExist" in code or "DoesNotExist" in type(error).__name__
        raise TargetError("NO_RESOURCE" if gone else "INVALID_PARAMETER", str(error.message)) from None


def _allow(document: Any, action: str, resource: str, rule_arn: str) -> None:
    """Raise TargetError unless a resource's policy admits EventBridge on behalf of the rule."""
    denied = refusal(document, action, resource, service=_EVENTS, source_arn=rule_arn)
    if denied:
        raise TargetError("NO_PERMISSIONS", denied)


def _send_message(
    queue_arn: str, body: str, attributes: dict[str, Any] | None, rule_arn: str, group_id: str | None
) -> None:
    _, _, _, region, account_id, name = queue_arn.split(":")
    backend = sqs_backends[account_id][region]
    queue = backend.queues.get(name)
    if queue is None:
        raise TargetError("NO_RESOURCE", f"the queue {queue_arn} does not exist")
    _allow(queue.policy, "sqs:SendMessage", queue_arn, rule_arn)
    backend.send_message(name, body, message_attributes=attributes, group_id=group_id)


def _publish(topic_arn: str, message: str, rule_arn: str) -> None:
    _, _, _, region, account_id, _ = topic_arn.split(":")
    backend = sns_backends[account_id][region]
    topic = backend.topics.get(topic_arn)
    if topic is None:
        raise TargetError("NO_RESOURCE", f"the topic {topic_arn} does not exist")
    _allow(topic.policy, "sns:Publish", topic_arn, rule_arn)
    backend.publish(message, arn=topic_arn)


def _invoke_function(function_arn: str, text: str, rule_arn: str) -> None:
    _, _, _, region, account_id, _, name, *_ = function_arn.split(":")
    backend = lambda_backends[account_id][region]
    try:
        function = backend.get_function(function_arn)
    except Exception as error:  # moto's own "unknown function" error classes share no base but this one
        raise TargetError("NO_RESOURCE", f"the function {function_arn} does not exist: {error}") from None
    statements = function.policy.statements if function.policy else []
    _allow({"Statement": statements}, "lambda:InvokeFunction", function_arn, rule_arn)
    backend.invoke(name, None, text, {"X-Amz-Invocation-Type": "Event"}, {})


def _log_event(group_arn: str, text: str, account_id: str) -> None:
    region = group_arn.split(":")[3]
    name = group_arn.split(":log-group:")[1].removesuffix(":*")
    backend = logs_backends[account_id][region]
    if name not in backend.groups:
        raise TargetError("NO_RESOURCE", f"the log group {group_arn} does not exist")
    stream = str(uuid.uuid4())
    backend.create_log_stream(name, stream)
    backend.put_log_events(name, stream, [{"timestamp": int(unix_time_millis()), "message": text}])


def _forward(target: Mapping[str, Any], origin: DeliveryOrigin) -> None:
    _, _, _, region, account_id, resource = target["Arn"].split(":")
    bus = events_backends[account_id][region].event_buses.get(resource.removeprefix("event-bus/"))
    if bus is None:
        raise TargetError("NO_RESOURCE", f"the event bus {target['Arn']} does not exist")
    _as_role(target, "events:PutEvents", origin)
    for rule in list(bus.rules.values()):
        rule.send_to_targets(origin.event)  # type: ignore[arg-type]
