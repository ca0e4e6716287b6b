"""Who can make an administrator of itself: a search over the planned roles, step by step.

An identity becomes one where it may act as a role, write that role's policy, and no boundary holds the role.
Which of these it may do is decided by the evaluator that the embedded cloud decides by. Data and code in S3
are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strata.ci.roles import needs
from strata.iam import Policy, Request, evaluate
from strata.live.facts import EnvironmentFacts
from strata.plan.document import resources

_WRITE_POLICY = ("iam:PutRolePolicy", "iam:AttachRolePolicy")
_WRITE_BOUNDARY = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:CreatePolicy")
# With one of these, a service runs the caller's code or steps as the role that it is given.
_RUN_AS = {
    "glue.amazonaws.com": ("glue:CreateJob", "glue:UpdateJob"),
    "lambda.amazonaws.com": ("lambda:CreateFunction", "lambda:UpdateFunctionCode"),
    "states.amazonaws.com": ("states:CreateStateMachine", "states:UpdateStateMachine"),
}
# What a writer would choose itself.
_ANOTHER = "another-boundary"


@dataclass(frozen=True)
class Escalation:
    """One way to become an administrator: each step, the first one first."""

    role: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class _Role:
    name: str
    arn: str
    policy: Policy
    boundary: str | None
    services: tuple[str, ...]


def escalations(document: Mapping[str, Any], facts: EnvironmentFacts) -> list[Escalation]:
    """The shortest way of each planned role that has one.

    Args:
        document: Terraform's plan JSON of the environment.
        facts: of the environment.
    """
    search = _Search.of(document, facts)
    found = ((role.name, search.way_of(role)) for role in search.roles.values())
    return sorted((Escalation(name, way) for name, way in found if way), key=lambda one: one.role)


@dataclass(frozen=True)
class _Search:
    """What is planned: roles by name, boundaries by ARN, and what each action of a service is about."""

    roles: Mapping[str, _Role]
    boundaries: Mapping[str, Policy]
    made: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]
    new_role: str

    @classmethod
    def of(cls, document: Mapping[str, Any], facts: EnvironmentFacts) -> _Search:
        account = f"arn:{facts.partition}:iam::{facts.account_id}"
        boundaries = {
            f"{account}:policy/{one.values['name']}": Policy.parse(one.values["policy"], one.address)
            for one in resources(document)
            if one.type == "aws_iam_policy" and one.values.get("policy")
        }
        made: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
        for need in needs(document, facts):
            made.setdefault(need.action, []).append((need.arn, need.context))
        roles = {role.name: role for role in _roles(document, account)}
        return cls(roles, boundaries, made, f"{account}:role/{facts.project}-new-{facts.environment}")

    def way_of(self, start: _Role) -> tuple[str, ...]:
        """Widen what is held until a role is an administrator, or nothing is added; () if it never is."""
        acting: dict[str, tuple[str, ...]] = {start.name: ()}
        written: dict[str, tuple[str, ...]] = {}
        opened: dict[str, tuple[str, ...]] = {}
        size = 0
        while size != (size := len(acting) + len(written) + len(opened)):
            for name, way in list(acting.items()):
                actor = self.roles[name]
                policies = [actor.policy]
                if name in written and (bound := self.boundaries.get(actor.boundary or "")):
                    # With a policy of its own choice, it may all that the boundary lets.
                    policies = [bound]
                    way = (*way, *written[name])
                if _may(policies, "iam:CreateRole", self.new_role, None):
                    return (*way, f"{name} makes a role without a boundary")
                for target in self.roles.values():
                    self._step(name, policies, target, way, acting, written, opened)
            for name in acting.keys() & written.keys():
                boundary = self.roles[name].boundary
                if boundary is None or boundary in opened:
                    steps = (*opened.get(boundary or "", ()), *written[name], *acting[name])
                    return tuple(dict.fromkeys(steps))
        return ()

    def _step(
        self,
        name: str,
        policies: Sequence[Policy],
        target: _Role,
        way: tuple[str, ...],
        acting: dict[str, tuple[str, ...]],
        written: dict[str, tuple[str, ...]],
        opened: dict[str, tuple[str, ...]],
    ) -> None:
        """Add what an actor may do to one role."""
        bounded = target.boundary
        if bounded and bounded not in opened:
            if any(_may(policies, action, bounded, None) for action in _WRITE_BOUNDARY):
                opened[bounded] = (*way, f"{name} rewrites the boundary")
            elif _may(policies, "iam:DeleteRolePermissionsBoundary", target.arn, bounded) or _may(
                policies, "iam:PutRolePermissionsBoundary", target.arn, _ANOTHER
            ):
                opened[bounded] = (*way, f"{name} takes the boundary from {target.name}")
        if target.name not in written and any(
            _may(policies, action, target.arn, bounded) for action in _WRITE_POLICY
        ):
            written[target.name] = (*way, f"{name} writes the policy of {target.name}")
        if target.name not in acting:
            if _may(policies, "iam:UpdateAssumeRolePolicy", target.arn, bounded):
                acting[target.name] = (*way, f"{name} makes {target.name} trust it")
            elif action := self._run_as(policies, target):
                acting[target.name] = (*way, f"{name} runs code as {target.name} ({action})")

    def _run_as(self, policies: Sequence[Policy], target: _Role) -> str:
        for action in (action for service in target.services for action in _RUN_AS.get(service, ())):
            for arn, context in self.made.get(action, ()):
                if evaluate(Request(action, arn, None, context), policies).allowed:
                    return action
        return ""


def _may(policies: Sequence[Policy], action: str, arn: str, boundary: str | None) -> bool:
    context = {"iam:permissionsboundary": boundary} if boundary else {}
    return evaluate(Request(action, arn, None, context), policies).allowed


def _roles(document: Mapping[str, Any], account: str) -> Iterator[_Role]:
    planned = resources(document)
    policies: dict[str, list[Policy]] = {}
    for one in planned:
        if one.type == "aws_iam_role_policy" and one.values.get("policy"):
            name = str(one.values.get("role"))
            policies.setdefault(name, []).append(Policy.parse(one.values["policy"], name))
    for one in planned:
        if one.type != "aws_iam_role":
            continue
        name = str(one.values["name"])
        statements = tuple(statement for policy in policies.get(name, []) for statement in policy.statements)
        trust = json.loads(one.values.get("assume_role_policy") or "{}")
        services = tuple(_services(trust.get("Statement", [])))
        yield _Role(
            name,
            f"{account}:role/{name}",
            Policy(name, statements),
            one.values.get("permissions_boundary"),
            services,
        )


def _services(statements: Any) -> Iterator[str]:
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        named = principal.get("Service", []) if isinstance(principal, Mapping) else []
        yield from [named] if isinstance(named, str) else named
