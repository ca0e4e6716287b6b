"""A linter for policies as they are planned: what AWS would refuse, ignore or let through unmeant.

The same questions as parliament's, put to data of this year (docs/decisions/0012-linters.md), and a few of
our own: no wildcard action, no confused deputy, no policy that the plan does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from strata.iam import Policy, PolicyError
from strata.lint import iam_reference as reference
from strata.lint.findings import LintFinding
from strata.plan.document import PlannedResource

CHECKS = {
    "policy-unknown": "a policy is known when it is planned (decision D9)",
    "policy-invalid": "a policy is one that AWS accepts",
    "policy-size": "a policy is within AWS's quota",
    "policy-sid": "several statements each have a Sid of their own, of letters and digits",
    "policy-action": "an action exists",
    "policy-wildcard-action": "no wildcard in an action that is allowed",
    "policy-not": "what is allowed is named, not what is not",
    "policy-star": '"*" as a resource only for actions that know no other',
    "policy-resource": "an action's resource is of a kind that the action knows",
    "policy-condition-key": "a condition key is one that the request can carry",
    "policy-condition-type": "a condition's operator fits the key's type",
    "policy-for-all-values": "ForAllValues allows nothing: it is met when the key is absent",
    "policy-public": "no public principal",
    "policy-confused-deputy": "a service principal is bound to a source: aws:SourceAccount or aws:SourceArn",
    "policy-pass-role": "a role is passed to named services only",
}

Kind = Literal["identity", "resource", "trust"]
_KINDS: Mapping[str, Kind] = {
    "aws_iam_policy": "identity",
    "aws_iam_role": "trust",
    "aws_iam_role_policy": "identity",
}
# What holds a policy, and how many characters AWS takes. IAM's quotas do not count white space.
_ATTRIBUTES: Mapping[str, Mapping[str, int]] = {
    "aws_cloudwatch_event_bus_policy": {"policy": 10240},
    "aws_cloudwatch_log_resource_policy": {"policy_document": 5120},
    "aws_iam_policy": {"policy": 6144},
    "aws_iam_role": {"assume_role_policy": 2048},
    "aws_iam_role_policy": {"policy": 10240},
    "aws_kms_key": {"policy": 32768},
    "aws_s3_bucket_policy": {"policy": 20480},
    "aws_sns_topic": {"policy": 30720},
    "aws_sns_topic_policy": {"policy": 30720},
    "aws_sqs_queue": {"policy": 20480},
    "aws_sqs_queue_policy": {"policy": 20480},
}
_LARGEST = 20480
_TYPED = {"Bool": ("Bool",), "Date": ("Date",), "Ip": ("IPAddress",), "Numeric": ("Numeric",)}
_DEPUTY_KEYS = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "kms:encryptioncontext:aws:logs:arn"}


@dataclass(frozen=True)
class _Statement:
    """One statement, its lists made lists."""

    source: Mapping[str, Any]
    kind: Kind

    @property
    def allows(self) -> bool:
        return bool(self.source["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        return _listed(self.source.get("Action"))

    @property
    def resources(self) -> list[str]:
        return _listed(self.source.get("Resource"))

    def principals(self, kind: str) -> list[str]:
        found = self.source.get("Principal")
        if isinstance(found, Mapping):
            return _listed(found.get(kind))
        # "*" stands for {"AWS": "*"}.
        return _listed(found) if kind == "AWS" else []

    @property
    def issuers(self) -> list[str]:
        """The OIDC providers that may vouch for who asks."""
        return [name.partition("oidc-provider/")[2] for name in self.principals("Federated")]

    @property
    def conditions(self) -> list[tuple[str, str]]:
        return [(name, key) for name, keys in self.source.get("Condition", {}).items() for key in keys]


@dataclass(frozen=True)
class _Action:
    """An action as a policy names it, and those it means."""

    name: str
    meant: list[str]

    @property
    def arns(self) -> set[str]:
        return {arn for name in self.meant for arn in reference.resource_arns(name)}

    def keys(self, key: str) -> Iterator[tuple[dict[str, str], str]]:
        """Where the actions meant carry a condition key, with the name it has there."""
        for name in self.meant:
            keys = reference.condition_keys(name)
            if found := reference.lookup(key, list(keys)):
                yield keys, found


def check(planned: list[PlannedResource]) -> Iterator[LintFinding]:
    """The findings in every policy of a plan, whatever resource holds it."""
    for resource in planned:
        known = _ATTRIBUTES.get(resource.type, {})
        kind = _KINDS.get(resource.type, "resource")
        for attribute in sorted({*known, *resource.values}):
            text = resource.values.get(attribute)
            if attribute in known and resource.unknown.get(attribute) is True:
                yield LintFinding(
                    "policy-unknown", resource.address, f"{attribute} is known after the apply only"
                )
            elif isinstance(text, str) and text and (attribute in known or _is_policy(text)):
                for rule, sid, message in check_policy(text, kind, known.get(attribute, _LARGEST)):
                    yield LintFinding(rule, f"{resource.address} {sid}".rstrip(), message)


def _is_policy(text: str) -> bool:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except ValueError:
        return False
    return isinstance(found, dict) and "Statement" in found


def check_policy(text: str, kind: Kind, limit: int = 10240) -> Iterator[tuple[str, str, str]]:
    """The findings in one policy: the check's name, the statement's Sid, and what is wrong.

    Args:
        text: the JSON document.
        kind: `identity`, `resource` (a bucket's, key's, queue's) or `trust`.
        limit: how many characters AWS takes.
    """
    try:
        Policy.parse(text)
    except PolicyError as error:
        yield "policy-invalid", "", error.message
        return
    document = json.loads(text)
    if document.get("Version") != "2012-10-17":
        yield "policy-invalid", "", "the version is not 2012-10-17: policy variables are taken literally"
    if (size := len(re.sub(r"\s", "", text))) > limit:
        yield "policy-size", "", f"{size} characters, {limit} are allowed"
    seen: set[str] = set()
    found = document.get("Statement", [])
    statements = found if isinstance(found, list) else [found]
    for number, source in enumerate(statements, 1):
        sid = source.get("Sid", "")
        if not re.fullmatch("[A-Za-z0-9]+" if len(statements) > 1 else "[A-Za-z0-9]*", sid) or sid in seen:
            yield "policy-sid", sid, f"statement {number} has no Sid of its own, of letters and digits"
        seen.add(sid)
        for rule, message in _statement(_Statement(source, kind)):
            yield rule, sid, message


def _statement(statement: _Statement) -> Iterator[tuple[str, str]]:
    known: list[_Action] = []
    for name in statement.actions:
        meant = [] if name == "*" else reference.matching(name)
        if not meant and name != "*":
            yield "policy-action", f"action {name} does not exist"
        if statement.allows and ("*" in name or "?" in name):
            yield (
                "policy-wildcard-action",
                f"{name} allows {len(meant) or 'all'} actions and what AWS will add",
            )
        if meant:
            known.append(_Action(name, meant))
    for element in ("NotAction", "NotResource", "NotPrincipal"):
        if element in statement.source and statement.allows:
            yield "policy-not", f"{element} allows everything else"
    for test in _TESTS:
        yield from test(statement, known)


def _resources(statement: _Statement, known: list[_Action]) -> Iterator[tuple[str, str]]:
    resources = statement.resources
    if statement.kind == "trust" or not resources:
        return
    everything = any(re.fullmatch(r"\*|arn:\*(:\*)*", resource) for resource in resources)
    for action in known:
        if everything:
            if action.arns and statement.allows and statement.kind == "identity":
                yield "policy-star", f'{action.name} on "*": it knows {", ".join(sorted(action.arns))}'
        elif not action.arns:
            yield "policy-resource", f'{action.name} knows no resource but "*"'
        elif not any(reference.overlaps(resource, arn) for resource in resources for arn in action.arns):
            yield (
                "policy-resource",
                f"no resource here is one of {action.name}: {', '.join(sorted(action.arns))}",
            )
    if everything or not known:
        return
    for resource in resources:
        if not any(reference.overlaps(resource, arn) for action in known for arn in action.arns):
            yield "policy-resource", f"no action here knows {resource}"


def _conditions(statement: _Statement, known: list[_Action]) -> Iterator[tuple[str, str]]:
    claims = {claim for issuer in statement.issuers for claim in reference.claims(issuer)}
    for operator, key in statement.conditions:
        quantifier, _, base = operator.rpartition(":")
        if quantifier == "ForAllValues" and statement.allows:
            yield "policy-for-all-values", f"{operator} of {key} allows requests without {key}"
        if reference.lookup(key, reference.GLOBAL_KEYS) or key.lower() in claims:
            continue
        if key.lower().startswith("aws:"):
            yield "policy-condition-key", f"condition key {key} does not exist"
            continue
        for action in known:
            kinds = {action_keys[found] for action_keys, found in action.keys(key)}
            if not kinds:
                yield "policy-condition-key", f"a request for {action.name} does not carry {key}"
            elif base != "Null":
                yield from _typed(operator, key, kinds)


def _typed(operator: str, key: str, kinds: set[str]) -> Iterator[tuple[str, str]]:
    quantifier, _, base = operator.rpartition(":")
    family = next((name for name in _TYPED if base.removeprefix("Not").startswith(name)), None)
    wanted = _TYPED[family] if family else ("ARN", "String")
    if not any(kind.removeprefix("ArrayOf") in wanted for kind in kinds):
        yield (
            "policy-condition-type",
            f"{operator} does not compare {key}, which is {', '.join(sorted(kinds))}",
        )
    several = all(kind.startswith("ArrayOf") for kind in kinds)
    if several and not quantifier:
        yield "policy-condition-type", f"{key} has several values: say ForAnyValue:{operator}"
    elif quantifier and not any(kind.startswith("ArrayOf") for kind in kinds):
        yield "policy-condition-type", f"{key} has one value: say {base}"


def _strangers(statement: _Statement, known: list[_Action]) -> Iterator[tuple[str, str]]:
    if not statement.allows or statement.kind == "identity":
        return
    keys = {key.lower() for _, key in statement.conditions}
    if "*" in statement.principals("AWS") and not keys:
        yield "policy-public", "open to everyone"
    services = statement.principals("Service")
    if services and not keys & _DEPUTY_KEYS:
        yield "policy-confused-deputy", f"{', '.join(services)} may act for anybody's resource"
    for issuer in statement.issuers:
        for claim in ("aud", "sub"):
            if f"{issuer}:{claim}".lower() not in keys:
                yield "policy-public", f"{issuer}:{claim} is not asked for"


def _pass_role(statement: _Statement, known: list[_Action]) -> Iterator[tuple[str, str]]:
    keys = {key.lower() for _, key in statement.conditions}
    passes = any("iam:PassRole" in action.meant for action in known)
    if statement.allows and passes and "iam:passedtoservice" not in keys:
        yield "policy-pass-role", "iam:PassRole without iam:PassedToService"


_TESTS: tuple[Callable[[_Statement, list[_Action]], Iterator[tuple[str, str]]], ...] = (
    _resources,
    _conditions,
    _strangers,
    _pass_role,
)


def _listed(value: Any) -> list[str]:
    return [] if value is None else [str(v) for v in value] if isinstance(value, list) else [str(value)]
