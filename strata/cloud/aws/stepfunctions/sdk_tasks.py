"""AWS SDK integrations of the Amazon States Language in moto's engine.

A definition spells members as `ExecutionArn` whatever the service's own API does, and reads the answer in
the same spelling; moto hands both to boto3 as they are. Rule: Step Functions Developer Guide, "Learning to
use AWS service SDK integrations".
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

# AWS names the errors of a service after its client in the SDK for Java; others only begin with a capital.
_ERROR_PREFIXES = {
    "cloudwatchlogs": "CloudWatchLogs",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "secretsmanager": "SecretsManager",
}


class SdkTasks(Service):
    """moto's task for `aws-sdk:` resources."""

    @replaces(moto.SDK_ERROR_PREFIX)
    def error_prefix(self, service_name: str) -> str:
        known = _ERROR_PREFIXES.get(service_name.lower())
        return known or service_name[:1].upper() + service_name[1:]

    @replaces(moto.CALL_SDK)
    def call(
        self,
        task: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: Any,
        state_credentials: Any,
    ) -> None:
        client, method = moto.sdk_call(task, resource_runtime_part.region, state_credentials)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        answer = getattr(client, method)(**as_api(normalised_parameters, operation.input_shape))
        answer.pop("ResponseMetadata", None)
        env.stack.append(as_states(answer, operation.output_shape))


def as_api(value: Any, shape: Any) -> Any:
    """Spell the members of a request as the service's API does."""

    def spell(name: str, members: Iterable[str]) -> str:
        return next((member for member in members if member.lower() == name.lower()), name)

    return _respell(value, shape, spell)


def as_states(value: Any, shape: Any) -> Any:
    """Spell the members of an answer as the States Language does; times become ISO 8601 text."""
    return _respell(value, shape, lambda name, members: name[:1].upper() + name[1:])


def _respell(value: Any, shape: Any, spell: Any) -> Any:
    kind = shape.type_name if shape is not None else ""
    if kind == "blob":
        return _respell_blob(value)
    if kind == "structure" and isinstance(value, dict):
        lower = {name.lower(): member for name, member in shape.members.items()}
        return {
            spell(name, shape.members): _respell(item, lower.get(name.lower()), spell)
            for name, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_respell(item, shape.member, spell) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: _respell(item, shape.value, spell) for name, item in value.items()}
    if kind == "string" and isinstance(value, dict | list | int | float):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _respell_blob(value: Any) -> Any:
    """A request's value becomes JSON, texts too; the bytes of an answer become text."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
