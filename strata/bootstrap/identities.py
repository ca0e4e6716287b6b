"""The identities of CI in Snowflake: one service user per kind of job, each with exactly one subject."""

from __future__ import annotations

from strata.iam.workload_identity import SNOWFLAKE_AUDIENCE, SnowflakeIdentity
from strata.live.facts import EnvironmentFacts

ISSUER = "https://token.actions.githubusercontent.com"


def subject_prefix(facts: EnvironmentFacts, *, immutable: bool) -> str:
    """Return the start of GitHub's `sub`.

    It has IDs for repositories that were created, renamed or moved since 15 July 2026.
    """
    if immutable:
        return f"repo:{facts.owner}@{facts.owner_id}/{facts.repository}@{facts.repository_id}"
    return f"repo:{facts.owner}/{facts.repository}"


def snowflake_identities(facts: EnvironmentFacts, *, immutable: bool = True) -> list[SnowflakeIdentity]:
    """Return the service users of an environment.

    Args:
        facts: of the environment.
        immutable: which shape of subject the repository's tokens have. A Snowflake user has one subject only.
    """
    repository = subject_prefix(facts, immutable=immutable)
    deployer = f"{facts.project}_{facts.environment}_CI_DEPLOYER".upper()
    reader = f"{facts.project}_{facts.environment}_CI_READER".upper()
    rows = (
        ("apply", f"{repository}:environment:{facts.environment}", deployer),
        ("drift", f"{repository}:ref:refs/heads/{facts.branch}", reader),
        ("plan", f"{repository}:pull_request", reader),
    )
    return [
        SnowflakeIdentity(
            purpose, facts.snowflake_user(purpose), ISSUER, subject, (SNOWFLAKE_AUDIENCE,), role
        )
        for purpose, subject, role in rows
    ]
