"""Whom a GitHub token may become: every role that an environment plans, and every Snowflake user.

The tokens, and whom each may become, are data written by hand (`trust_tokens.toml`); the policies are those
of a plan. Both are compared by the evaluator that the embedded STS decides by.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.iam import Decision, OidcProvider, Policy, PolicyOutcome, trust_allows
from strata.iam.workload_identity import SnowflakeIdentity, oidc_login_allows
from strata.live.facts import EnvironmentFacts
from strata.plan.document import resources
from strata.platform.offline_plan import UnknownPolicyError

SNOWFLAKE = "snowflake:"
_NOT_CLAIMS = ("name", "allows", "note", "without", "no_token")
_NO_TOKEN = Decision(PolicyOutcome.IMPLICIT_DENY, "because GitHub gives the job no token")


@dataclass(frozen=True)
class TrustToken:
    """A token of GitHub's, and whom it may become; `claims` is None where GitHub gives none."""

    name: str
    claims: Mapping[str, str] | None
    allows: frozenset[str]
    note: str


@dataclass(frozen=True)
class Trusting:
    """Somebody whom a token may become: a role, or a Snowflake user with an OIDC identity or without."""

    name: str
    policy: Policy | None = None
    identity: SnowflakeIdentity | None = None

    def decide(self, token: TrustToken, providers: Sequence[OidcProvider]) -> Decision:
        """Decide on a token."""
        if token.claims is None:
            return _NO_TOKEN
        if self.policy is not None:
            return trust_allows(self.policy, token.claims, token.claims.get("iss", ""), providers)
        if self.identity is None:
            return Decision(PolicyOutcome.IMPLICIT_DENY, "because the user logs in as an AWS role only")
        wanted = self.identity
        return oidc_login_allows(
            token.claims, issuer=wanted.issuer, subject=wanted.subject, audiences=wanted.audiences
        )


@dataclass(frozen=True)
class TrustVerdict:
    """What was decided about one token and one role or user, and what was expected."""

    token: TrustToken
    name: str
    decision: Decision
    expected: bool

    @property
    def as_expected(self) -> bool:
        return self.decision.allowed is self.expected

    @property
    def statement(self) -> str:
        """The statement that decided, or why none did."""
        if self.decision.statement is None:
            return self.decision.reason
        return f"{self.decision.policy}: {self.decision.statement.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return the facts for `--json`."""
        return {
            "token": self.token.name,
            "role": self.name,
            "allowed": self.decision.allowed,
            "expected": self.expected,
            "decided_by": self.statement,
        }


def load_tokens(facts: EnvironmentFacts, other: str) -> list[TrustToken]:
    """Read the table of tokens for an environment.

    Args:
        facts: who deploys the environment.
        other: the name of another environment.
    """
    source = (Path(__file__).with_name("trust_tokens.toml")).read_text(encoding="utf-8")
    table = tomllib.loads(source)
    words = {
        "owner": facts.owner,
        "owner_id": str(facts.owner_id),
        "repository": facts.repository,
        "repository_id": str(facts.repository_id),
        "environment": facts.environment,
        "branch": facts.branch,
        "other": other,
        "by_name": f"repo:{facts.owner}/{facts.repository}",
        "by_ids": f"repo:{facts.owner}@{facts.owner_id}/{facts.repository}@{facts.repository_id}",
        "OWNER": facts.owner.upper(),
        "REPOSITORY": facts.repository.upper(),
        "ENVIRONMENT": facts.environment.upper(),
    }
    return [_token(row, table["claims"], words) for row in table["tokens"]]


def _token(row: Mapping[str, Any], claims: Mapping[str, str], words: Mapping[str, str]) -> TrustToken:
    stated = {**claims, **{name: value for name, value in row.items() if name not in _NOT_CLAIMS}}
    for name in row.get("without", ()):
        stated.pop(name, None)
    filled = {name: value.format_map(words) for name, value in stated.items()}
    return TrustToken(
        row["name"], None if row.get("no_token") else filled, frozenset(row["allows"]), row.get("note", "")
    )


def planned_trust(
    document: Mapping[str, Any], facts: EnvironmentFacts, identities: Sequence[SnowflakeIdentity]
) -> tuple[list[Trusting], list[OidcProvider]]:
    """Read who trusts whom out of a plan.

    Args:
        document: Terraform's plan JSON of the environment.
        facts: of the environment.
        identities: the Snowflake users that the bootstrap makes.

    Raises:
        StrataError: the plan has no role, or a trust policy that is not known before the apply.
        PolicyError: a trust policy that is not understood.
    """
    trusting: list[Trusting] = []
    providers: list[OidcProvider] = []
    for resource in resources(document):
        kind, values = resource.type, resource.values
        if kind == "aws_iam_role":
            name = short_name(values["name"], facts)
            if not values.get("assume_role_policy"):
                raise UnknownPolicyError(resource.address)
            trusting.append(Trusting(name, Policy.parse(values["assume_role_policy"], name)))
        elif kind == "aws_iam_openid_connect_provider":
            url = str(values["url"]).removeprefix("https://")
            arn = f"arn:{facts.partition}:iam::{facts.account_id}:oidc-provider/{url}"
            providers.append(OidcProvider(arn, url, tuple(values["client_id_list"])))
        elif kind == "snowflake_service_user":
            trusting.append(_snowflake_user(values))
    if not trusting:
        raise StrataError(
            f"the plan of {facts.environment} has no role: it is not a whole environment's plan"
        )
    trusting += [Trusting(f"{SNOWFLAKE}{one.purpose}", identity=one) for one in identities]
    return sorted(trusting, key=lambda one: (one.name.startswith(SNOWFLAKE), one.name)), providers


def _snowflake_user(values: Mapping[str, Any]) -> Trusting:
    name = f"{SNOWFLAKE}{str(values['name']).lower()}"
    for block in values.get("default_workload_identity") or ():
        for oidc in block.get("oidc") or ():
            audiences = tuple(oidc.get("oidc_audience_list") or ())
            one = SnowflakeIdentity("", values["name"], oidc["issuer"], oidc["subject"], audiences, "")
            return Trusting(name, identity=one)
    return Trusting(name)


def short_name(name: str, facts: EnvironmentFacts) -> str:
    """`plan` of `strata-plan-dev`: the name without project and environment."""
    return name.removeprefix(f"{facts.project}-").removesuffix(f"-{facts.environment}")


def verdicts(
    tokens: Sequence[TrustToken], trusting: Sequence[Trusting], providers: Sequence[OidcProvider]
) -> list[TrustVerdict]:
    """Decide on every token and principal.

    Raises:
        StrataError: the table expects somebody whom the environment does not have.
        PolicyError: a trust policy that is not understood.
    """
    known = {one.name for one in trusting}
    for token in tokens:
        if missing := sorted(token.allows - known):
            raise StrataError(
                f"the token {token.name!r} may become {missing[0]}, which the environment does not have",
                remedy="correct strata/ci/trust_tokens.toml, or the environment",
            )
    return [
        TrustVerdict(token, one.name, one.decide(token, providers), one.name in token.allows)
        for token in tokens
        for one in trusting
    ]
