"""From policies to a decision.

Rules: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy
evaluation for requests within a single account" and "Cross-account policy evaluation logic". The policies of
an organisation are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from strata.iam.policy import Naming, Policy, PolicyStatement
from strata.iam.request import Request

Document = str | Mapping[str, Any] | Policy


class PolicyOutcome(Enum):
    """What policies say: an explicit deny wins over an allow; no statement is an implicit deny."""

    ALLOW = "allow"
    DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True)
class Decision:
    """What was decided, in words, and the statement that did (none for an implicit deny)."""

    outcome: PolicyOutcome
    reason: str
    statement: PolicyStatement | None = None
    policy: str = ""
    naming: Naming | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.outcome is PolicyOutcome.ALLOW


def decide(
    documents: Iterable[Document],
    request: Request,
    kind: str = "identity-based policy",
    *,
    named: bool = False,
) -> Decision:
    """Evaluate policies of one kind together.

    Args:
        documents: the policies.
        request: what is asked.
        kind: what the policies are, for the reason.
        named: whether a statement must name the request's principal: in resource and trust policies.

    Raises:
        PolicyError: a policy that is not understood.
    """
    allowing: Decision | None = None
    for document in documents:
        policy = document if isinstance(document, Policy) else Policy.parse(document, kind)
        for statement in policy.statements:
            naming = _naming(statement, request) if named else None
            if (named and naming is None) or not statement.applies(request):
                continue
            if not statement.allows:
                reason = f"with an explicit deny in {_a(kind)}"
                return Decision(PolicyOutcome.DENY, reason, statement, policy.name, naming)
            if allowing is None or _STRENGTH[naming] > _STRENGTH[allowing.naming]:
                allowing = Decision(
                    PolicyOutcome.ALLOW, f"allowed by {_a(kind)}", statement, policy.name, naming
                )
    if allowing is not None:
        return allowing
    return Decision(PolicyOutcome.IMPLICIT_DENY, f"because no {kind} allows the {request.action} action")


_STRENGTH: dict[Naming | None, int] = {None: 0, "account": 1, "anyone": 2, "role": 2, "itself": 3}


def _naming(statement: PolicyStatement, request: Request) -> Naming | None:
    assert request.principal is not None, "a resource policy is evaluated for a principal"
    return statement.naming(request.principal)


def evaluate(
    request: Request,
    identity_policies: Sequence[Document] | None,
    resource_policy: Document | None = None,
    boundary: Document | None = None,
    *,
    session_policies: Sequence[Document] = (),
    resource_account: str = "",
) -> Decision:
    """Decide on a request by every policy that bears on it.

    Args:
        request: what is asked.
        identity_policies: those of the caller; None for an account's root, which needs none in its account.
        resource_policy: the resource's own; the request then must have a principal.
        boundary: the caller's permissions boundary.
        session_policies: those given with AssumeRole.
        resource_account: the account of the resource; the caller's if empty.

    Raises:
        PolicyError: a policy that is not understood.
    """
    identity = None if identity_policies is None else decide(identity_policies, request)
    limits = [decide([boundary], request, "permissions boundary")] if boundary is not None else []
    limits += [decide(session_policies, request, "session policy")] if session_policies else []
    resource = (
        None
        if resource_policy is None
        else decide([resource_policy], request, "resource-based policy", named=True)
    )
    for found in (identity, resource, *limits):
        if found is not None and found.outcome is PolicyOutcome.DENY:
            return found
    caller = request.principal.account_id if request.principal else ""
    foreign = bool(caller and resource_account and caller != resource_account)
    if resource is not None and resource.allowed and not foreign:
        if resource.naming == "itself":
            return resource  # neither boundary nor session limits what a resource gives a session by name
        if resource.naming in ("role", "anyone"):
            return next((limit for limit in limits if not limit.allowed), resource)
    if foreign and (resource is None or not resource.allowed):
        return resource or Decision(
            PolicyOutcome.IMPLICIT_DENY,
            f"because no resource-based policy allows the {request.action} action",
        )
    if identity is not None and not identity.allowed:
        return identity
    for limit in limits:
        if not limit.allowed:
            return limit
    return identity or Decision(PolicyOutcome.ALLOW, "allowed to the account's root")


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
