"""The service users of CI in Snowflake: workload identity, no password, no key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from strata.bootstrap.identities import snowflake_identities
from strata.bootstrap.steps import BootstrapStep
from strata.errors import StrataError
from strata.iam.workload_identity import SnowflakeIdentity
from strata.live.facts import EnvironmentFacts

# The modules create databases with their objects, a warehouse, an integration, roles with grants, users.
DEPLOYER_RIGHTS = (
    "CREATE DATABASE",
    "CREATE INTEGRATION",
    "CREATE ROLE",
    "CREATE USER",
    "CREATE WAREHOUSE",
    "MANAGE GRANTS",
)


def snowflake_steps(
    facts: EnvironmentFacts, *, immutable: bool, environ: Mapping[str, str] = os.environ
) -> list[BootstrapStep]:
    """Return one step: roles and users."""
    identities = snowflake_identities(facts, immutable=immutable)
    statements = tuple(f"{statement};" for statement in _statements(identities))
    return [
        BootstrapStep(
            "snowflake",
            "Snowflake roles and service users with workload identity",
            statements,
            lambda: _apply(identities, environ),
            "sql",
        )
    ]


def _statements(identities: list[SnowflakeIdentity]) -> Iterator[str]:
    for role in sorted({identity.role for identity in identities}):
        yield _create_role(role)
    for identity in identities:
        if identity.purpose == "apply":
            for right in DEPLOYER_RIGHTS:
                yield f"GRANT {right} ON ACCOUNT TO ROLE {identity.role}"
    for identity in identities:
        yield _create_user(identity)
        yield f"ALTER USER {identity.user} SET {_settings(identity)}"
        yield f"GRANT ROLE {identity.role} TO USER {identity.user}"


def _create_role(role: str) -> str:
    return f"CREATE ROLE IF NOT EXISTS {role}"


def _create_user(identity: SnowflakeIdentity) -> str:
    return f"CREATE USER IF NOT EXISTS {identity.user} TYPE = SERVICE {_settings(identity)}"


def _settings(identity: SnowflakeIdentity) -> str:
    audiences = ", ".join(f"'{audience}'" for audience in identity.audiences)
    return (
        f"DEFAULT_ROLE = {identity.role} WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '{identity.issuer}' "
        f"SUBJECT = '{identity.subject}' OIDC_AUDIENCE_LIST = ({audiences}))"
    )


def _apply(identities: list[SnowflakeIdentity], environ: Mapping[str, str]) -> list[str]:
    import snowflake.connector

    options: dict[str, Any] = {
        name.lower(): environ[f"SNOWFLAKE_{name}"]
        for name in ("ACCOUNT", "USER", "PASSWORD", "HOST", "PROTOCOL", "AUTHENTICATOR", "ROLE")
        if environ.get(f"SNOWFLAKE_{name}")
    }
    if environ.get("SNOWFLAKE_PORT"):
        options["port"] = int(environ["SNOWFLAKE_PORT"])
    if "account" not in options and environ.get("SNOWFLAKE_ORGANIZATION_NAME"):
        options["account"] = f"{environ['SNOWFLAKE_ORGANIZATION_NAME']}-{environ['SNOWFLAKE_ACCOUNT_NAME']}"
    try:
        with snowflake.connector.connect(**options, login_timeout=20) as connection:
            return _bring(connection, identities)
    except snowflake.connector.errors.Error as error:
        raise StrataError(
            f"Snowflake refused: {error.msg}", remedy="log in as ACCOUNTADMIN with SNOWFLAKE_* variables"
        ) from None


def _bring(connection: Any, identities: list[SnowflakeIdentity]) -> list[str]:
    def rows(sql: str) -> list[dict[str, Any]]:
        cursor = connection.cursor()
        cursor.execute(sql)
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(sql: str) -> None:
        connection.cursor().execute(sql)

    done: list[str] = []
    roles = {row["name"] for row in rows("SHOW ROLES")}
    users = {row["name"] for row in rows("SHOW USERS")}
    for role in sorted({identity.role for identity in identities} - roles):
        run(_create_role(role))
        done.append(f"created role {role}")
    for identity in identities:
        if identity.purpose == "apply":
            held = {row["privilege"] for row in rows(f"SHOW GRANTS TO ROLE {identity.role}")}
            for right in DEPLOYER_RIGHTS:
                if right not in held:
                    run(f"GRANT {right} ON ACCOUNT TO ROLE {identity.role}")
                    done.append(f"granted {right} to {identity.role}")
        if identity.user not in users:
            run(_create_user(identity))
            done.append(f"created user {identity.user}")
        elif _subject(rows, identity) != identity.subject:
            run(f"ALTER USER {identity.user} SET {_settings(identity)}")
            done.append(f"set the workload identity of {identity.user}")
        given = {row["role"] for row in rows(f"SHOW GRANTS TO USER {identity.user}")}
        if identity.role not in given:
            run(f"GRANT ROLE {identity.role} TO USER {identity.user}")
            done.append(f"granted {identity.role} to {identity.user}")
    return done


def _subject(rows: Any, identity: SnowflakeIdentity) -> str | None:
    import json

    for row in rows(f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {identity.user}"):
        details = row.get("additional_info")
        found = json.loads(details) if isinstance(details, str) else (details or {})
        return str(found.get("subject")) if found.get("subject") else None
    return None
