"""SHOW GRANTS and SHOW FUTURE GRANTS."""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement, show_path
from strata.cloud.snowflake.kinds import KINDS
from strata.cloud.snowflake.results import Rows, rows_of
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.records import text

_ON = text("created_on privilege granted_on name granted_to grantee_name grant_option granted_by")
_OF = text("created_on role granted_to grantee_name granted_by")
_FUTURE = text("created_on privilege grant_on name grant_to grantee_name grant_option")


def show_grants(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW GRANTS [TO ROLE | TO USER | OF ROLE | ON ACCOUNT | ON <kind> <name>]."""
    if statement.take("TO ROLE"):
        return _to_role(session, _role(session, statement))
    if statement.take("OF ROLE"):
        return _of_role(session, _role(session, statement))
    if statement.take("TO USER"):
        name = statement.name()
        session.catalog.get("USER", name)
        return _to_user(session, name[0])
    if statement.take("ON ACCOUNT"):
        return _on(session, "ACCOUNT", access_control.ACCOUNT)
    if statement.take("ON"):
        kind = next((k for k in KINDS if statement.take(k)), "")
        if not kind:
            raise not_implemented(f"SHOW GRANTS ON {statement.word()}")
        path = session.resolve(kind, statement.name())
        access_control.require(session.catalog, session.role, kind, path)
        return _on(session, kind, path)
    if statement.done:
        return _to_user(session, session.user)
    raise not_implemented(f"SHOW GRANTS {statement.word()} {statement.word(1)}")


def show_future_grants(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW FUTURE GRANTS IN DATABASE, IN SCHEMA or TO ROLE."""
    container: Path = ()
    role = ""
    if statement.take("TO ROLE"):
        role = _role(session, statement)
    else:
        statement.expect("IN")
        kind = statement.take_any("DATABASE", "SCHEMA")
        if not kind:
            raise statement.error()
        container = session.resolve(kind, statement.name())
        session.catalog.get(kind, container)
    rows = [
        {
            "created_on": detail.created_on,
            "privilege": future.privilege,
            "grant_on": future.kind.replace(" ", "_"),
            "name": f"{show_path(future.container)}.<{future.kind}>",
            "grant_to": "ROLE",
            "grantee_name": future.role,
            "grant_option": detail.grant_option,
        }
        for future, detail in session.catalog.future_grants.items()
        if (role and future.role == role) or (container and future.container == container)
    ]
    return rows_of(_FUTURE, rows)


def _role(session: SnowflakeSession, statement: SqlStatement) -> str:
    name = statement.name()
    session.catalog.get("ROLE", name)
    return name[0]


def _row(kind: str, path: Path, privilege: str, role: str, detail: Any, account: str) -> dict[str, Any]:
    return {
        "created_on": detail.created_on,
        "privilege": privilege,
        "granted_on": kind.replace(" ", "_"),
        "name": show_path(path) if path else account,
        "granted_to": "ROLE",
        "grantee_name": role,
        "grant_option": getattr(detail, "grant_option", True),
        "granted_by": getattr(detail, "granted_by", role),
    }


def _on(session: SnowflakeSession, kind: str, path: Path) -> Rows:
    account = session.catalog.account
    rows = [
        _row(kind, path, grant.privilege, grant.role, detail, account)
        for grant, detail in session.catalog.grants.items()
        if grant.kind == kind and grant.path == path
    ]
    securable = session.catalog.find(kind, path) if path else None
    if securable is not None and securable.owner:
        rows.append(_row(kind, path, "OWNERSHIP", securable.owner, securable, account))
    if kind == "ROLE":
        rows += [
            _row(kind, path, "USAGE", grantee, detail, account)
            for (role, to, grantee), detail in session.catalog.role_grants.items()
            if role == path[0] and to == "ROLE"
        ]
    return rows_of(_ON, rows)


def _to_role(session: SnowflakeSession, role: str) -> Rows:
    account = session.catalog.account
    rows = [
        _row(grant.kind, grant.path, grant.privilege, role, detail, account)
        for grant, detail in session.catalog.grants.items()
        if grant.role == role
    ]
    rows += [
        _row(kind, path, "OWNERSHIP", role, securable, account)
        for kind, path, securable in session.catalog.walk()
        if securable.owner == role
    ]
    rows += [
        _row("ROLE", (granted,), "USAGE", role, detail, account)
        for (granted, kind, to), detail in session.catalog.role_grants.items()
        if kind == "ROLE" and to == role
    ]
    return rows_of(_ON, rows)


def _membership(role: str, kind: str, grantee: str, detail: Any) -> dict[str, Any]:
    return {
        "created_on": detail.created_on,
        "role": role,
        "granted_to": kind,
        "grantee_name": grantee,
        "granted_by": detail.granted_by,
    }


def _of_role(session: SnowflakeSession, role: str) -> Rows:
    held = session.catalog.role_grants.items()
    return rows_of(_OF, [_membership(*key, detail) for key, detail in held if key[0] == role])


def _to_user(session: SnowflakeSession, user: str) -> Rows:
    held = session.catalog.role_grants.items()
    return rows_of(_OF, [_membership(*key, detail) for key, detail in held if key[1:] == ("USER", user)])
