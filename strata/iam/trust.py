"""Who may become a role by a web identity.

Rules: STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide, "Available keys for OIDC federation"
(since January 2026 with claims of GitHub's own).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strata.iam.evaluation import Decision, Document, PolicyOutcome, decide
from strata.iam.policy import Policy
from strata.iam.request import Principal, Request

ACTION = "sts:AssumeRoleWithWebIdentity"
GITHUB = "token.actions.githubusercontent.com"
# The claims of which STS makes condition keys; every other claim counts as absent.
_CLAIMS = ("aud", "sub", "amr")
_GITHUB_CLAIMS = (
    "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository",
    "repository_id", "workflow",
)  # fmt: skip


@dataclass(frozen=True)
class OidcProvider:
    """An IAM OIDC provider: its ARN, its URL without the scheme, and the audiences it takes."""

    arn: str
    url: str
    client_ids: tuple[str, ...]


def web_identity_context(claims: Mapping[str, Any], issuer: str) -> dict[str, str | Sequence[str]]:
    """Return the condition keys that STS makes of a token's claims, names in lower case.

    Args:
        claims: the token's claims.
        issuer: the `iss` claim, with its scheme.
    """
    url = issuer.removeprefix("https://")
    names = _CLAIMS + (_GITHUB_CLAIMS if url == GITHUB else ())
    context: dict[str, str | Sequence[str]] = {}
    for name in names:
        value = claims.get(name)
        if value is not None:
            several = [str(item) for item in value] if isinstance(value, list | tuple) else str(value)
            context[f"{url}:{name}".lower()] = several
    return context


def trust_allows(
    trust_policy: Document,
    token_claims: Mapping[str, Any],
    issuer: str,
    providers: Iterable[OidcProvider] | None = None,
    *,
    context: Mapping[str, str] | None = None,
) -> Decision:
    """Decide whether a role's trust policy lets a web identity in; its signature is not looked at here.

    Args:
        trust_policy: the role's.
        token_claims: the claims of the token.
        issuer: its `iss` claim.
        providers: the OIDC providers of the role's account; without them every one the policy names exists.
        context: condition keys besides the token's.

    Raises:
        PolicyError: a trust policy that is not understood.
    """
    policy = trust_policy if isinstance(trust_policy, Policy) else Policy.parse(trust_policy, "trust policy")
    url = issuer.removeprefix("https://")
    if not issuer.startswith("https://"):
        return Decision(
            PolicyOutcome.IMPLICIT_DENY,
            f"because {issuer or 'the empty issuer'} is not an OpenID Connect provider",
        )
    if providers is None:
        arns = tuple(
            arn
            for statement in policy.statements
            for arn in (statement.principals or {}).get("Federated", ())
            if arn.endswith(f":oidc-provider/{url}")
        )
    else:
        known = [provider for provider in providers if provider.url == url]
        if not known:
            return Decision(
                PolicyOutcome.IMPLICIT_DENY, f"because the account has no OIDC provider for {issuer}"
            )
        audience = token_claims.get("aud")
        asked = set(audience if isinstance(audience, list | tuple) else [audience])
        arns = tuple(provider.arn for provider in known if asked & set(provider.client_ids))
        if not arns:
            return Decision(
                PolicyOutcome.IMPLICIT_DENY,
                f"because the OIDC provider does not take the audience {audience}",
            )
    if not arns:
        return Decision(
            PolicyOutcome.IMPLICIT_DENY, f"because the trust policy names no OIDC provider for {issuer}"
        )
    request = Request(
        action=ACTION,
        principal=Principal(federated=arns),
        context={**web_identity_context(token_claims, issuer), **(context or {})},
    )
    return decide([policy], request, "trust policy", named=True)
