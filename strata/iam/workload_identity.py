"""Who may log in to Snowflake by an OIDC token.

Rules: Snowflake documentation, "Workload identity federation" and "CREATE USER" (WORKLOAD_IDENTITY): issuer
and subject are compared exactly, and the token's audience must be one of the user's; without a list of its
own the user takes Snowflake's default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strata.iam.evaluation import Decision, PolicyOutcome

SNOWFLAKE_AUDIENCE = "snowflakecomputing.com"


@dataclass(frozen=True)
class SnowflakeIdentity:
    """A service user, the token that may be it, and what it may do.

    Attributes:
        purpose: plan (a pull request), drift (main) or apply (the GitHub environment).
        subject: the whole `sub` of the token; Snowflake compares it exactly.
        role: the account role that it gets.
    """

    purpose: str
    user: str
    issuer: str
    subject: str
    audiences: tuple[str, ...]
    role: str


def oidc_login_allows(
    claims: Mapping[str, Any], *, issuer: str, subject: str, audiences: Sequence[str] = ()
) -> Decision:
    """Decide whether a token's claims are a user's workload identity; its signature is not looked at here.

    Args:
        claims: of the token.
        issuer, subject, audiences: of the user's WORKLOAD_IDENTITY.
    """
    taken = list(audiences) or [SNOWFLAKE_AUDIENCE]
    given = claims.get("aud")
    asked = given if isinstance(given, list | tuple) else [given]
    for name, holds, wanted in (
        ("issuer", claims.get("iss") == issuer, issuer),
        ("subject", claims.get("sub") == subject, subject),
        ("audience", any(audience in taken for audience in asked), ", ".join(taken)),
    ):
        if not holds:
            return Decision(PolicyOutcome.IMPLICIT_DENY, f"because its {name} is not {wanted}")
    return Decision(PolicyOutcome.ALLOW, "by its issuer, subject and audience")
