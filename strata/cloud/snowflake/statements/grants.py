"""GRANT, REVOKE and the ownership of objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import FutureGrant, Grant, GrantDetail
from strata.cloud.snowflake.errors import SqlError, insufficient_privileges, not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.kinds import KINDS
from strata.cloud.snowflake.kinds import privileges as privileges_on
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.external_tables import stop_auto_refresh

_DONE = "Statement executed successfully."


@dataclass(frozen=True)
class Target:
    """The target of a GRANT: objects at `paths`, or future objects of a kind in the container `future`."""

    kind: str
    paths: tuple[Path, ...]
    future: Path | None = None


def grant(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    if statement.sees("ROLE") or statement.sees("DATABASE", "ROLE"):
        return _role(session, statement, "TO")
    if statement.take("OWNERSHIP ON"):
        return _ownership(session, statement)
    privileges = _privileges(statement)
    target = _target(session, statement)
    role = _grantee(session, statement, "TO")
    option = statement.take("WITH GRANT OPTION")
    statement.expect_end()
    expanded = _expand(privileges, target.kind)
    _may_change(session, target, expanded)
    catalog = session.catalog
    for privilege in expanded:
        if target.future is not None:
            future = FutureGrant(privilege, target.kind, target.future, role)
            catalog.future_grants[future] = GrantDetail(session.role, option)
        for path in target.paths:
            key = Grant(privilege, target.kind, path, role)
            catalog.grants.setdefault(key, GrantDetail(session.role)).grant_option |= option
    return status(_DONE)


def revoke(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    if statement.sees("ROLE") or statement.sees("DATABASE", "ROLE"):
        return _role(session, statement, "FROM")
    only_option = statement.take("GRANT OPTION FOR")
    privileges = _privileges(statement)
    target = _target(session, statement)
    role = _grantee(session, statement, "FROM")
    statement.take_any("CASCADE", "RESTRICT")
    statement.expect_end()
    ends_ownership = target.future is not None and privileges == ["OWNERSHIP"]
    expanded = ("OWNERSHIP",) if ends_ownership else _expand(privileges, target.kind)
    _may_change(session, target, expanded)
    for privilege in expanded:
        if target.future is not None:
            session.catalog.future_grants.pop(FutureGrant(privilege, target.kind, target.future, role), None)
        for path in target.paths:
            key = Grant(privilege, target.kind, path, role)
            if only_option and key in session.catalog.grants:
                session.catalog.grants[key].grant_option = False
            elif not only_option:
                session.catalog.grants.pop(key, None)
    return status(_DONE)


def _role(session: SnowflakeSession, statement: SqlStatement, direction: str) -> Rows:
    if statement.take("DATABASE ROLE"):
        raise not_implemented("GRANT or REVOKE DATABASE ROLE")
    statement.expect("ROLE")
    name = statement.name()
    session.catalog.get("ROLE", name)
    statement.expect(direction)
    kind = statement.take_any("ROLE", "USER")
    if not kind:
        raise statement.error()
    grantee = statement.name()
    session.catalog.get(kind, grantee)
    statement.expect_end()
    owned = access_control.owns(session.catalog, session.role, "ROLE", name)
    if not owned and not access_control.may_manage_grants(session.catalog, session.role):
        raise insufficient_privileges("ROLE", name)
    key = (name[0], kind, grantee[0])
    if direction == "FROM":
        session.catalog.role_grants.pop(key, None)
        return status(_DONE)
    if kind == "ROLE" and grantee[0] in access_control.active_roles(session.catalog, name[0]) - {"PUBLIC"}:
        raise SqlError(
            f"SQL compilation error:\nGranting role '{name[0]}' to role '{grantee[0]}' would make a cycle.",
            code=3029,
            sqlstate="42601",
        )
    session.catalog.role_grants.setdefault(key, GrantDetail(session.role))
    return status(_DONE)


def _ownership(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    target = _target(session, statement)
    role = _grantee(session, statement, "TO")
    current_grants = statement.take_any("REVOKE CURRENT GRANTS", "COPY CURRENT GRANTS")
    statement.expect_end()
    if target.future is not None:
        _may_grant(session, "ACCOUNT", access_control.ACCOUNT, "OWNERSHIP")
        _future_ownership(session, target.kind, target.future, role)
    for path in target.paths:
        access_control.require(session.catalog, session.role, target.kind, path)
        owned = access_control.owns(session.catalog, session.role, target.kind, path)
        if not owned and not access_control.may_manage_grants(session.catalog, session.role):
            raise insufficient_privileges(target.kind, path)
        outbound = [g for g in session.catalog.grants if g.kind == target.kind and g.path == path]
        securable = session.catalog.get(target.kind, path)
        if outbound and not current_grants and securable.owner != role:
            raise SqlError(
                "SQL execution error: Dependent grant of privilege "
                f"'{outbound[0].privilege}' on securable '{'.'.join(path)}' to role '{outbound[0].role}' "
                "exists. It "
                "must be revoked first. More than one dependent grant may exist: use 'SHOW GRANTS' command "
                "to view them. "
                "To revoke all dependent grants while transferring object ownership, use convenience "
                "command 'GRANT "
                "OWNERSHIP ON <target_objects> TO <target_role> REVOKE CURRENT GRANTS'.",
                code=3087,
                sqlstate="42501",
            )
        if current_grants == "REVOKE CURRENT GRANTS":
            for key in outbound:
                del session.catalog.grants[key]
        if securable.owner != role:
            securable.owner = role
            if target.kind in ("EXTERNAL TABLE", "SCHEMA", "DATABASE"):
                stop_auto_refresh(session, target.kind, path)
    return status(_DONE)


def _future_ownership(session: SnowflakeSession, kind: str, container: Path, role: str) -> None:
    for future in session.catalog.future_grants:
        if (future.privilege, future.kind, future.container) == (
            "OWNERSHIP",
            kind,
            container,
        ) and future.role != role:
            raise SqlError(
                f"SQL execution error:\nA future grant of OWNERSHIP on {KINDS[kind].plural} in "
                f"'{'.'.join(container)}' to role "
                f"'{future.role}' exists. It must be revoked first.",
                code=3087,
                sqlstate="42501",
            )
    session.catalog.future_grants[FutureGrant("OWNERSHIP", kind, container, role)] = GrantDetail(session.role)


def _privileges(statement: SqlStatement) -> list[str]:
    """Read privileges up to and including ON; the empty list means ALL."""
    if statement.take("ALL"):
        statement.take("PRIVILEGES")
        statement.expect("ON")
        return []
    found: list[str] = []
    words: list[str] = []
    while True:
        end = statement.take_any("ON", ",")
        if not end:
            words.append(statement.identifier())
            continue
        if not words:
            raise statement.error()
        found.append(" ".join(words))
        if end == "ON":
            return found
        words = []


def _target(session: SnowflakeSession, statement: SqlStatement) -> Target:
    if statement.take("ACCOUNT"):
        return Target("ACCOUNT", (access_control.ACCOUNT,))
    scope = statement.take_any("ALL", "FUTURE")
    if scope:
        kind = next((k for k in KINDS if statement.take(KINDS[k].plural)), "")
        if not kind:
            raise not_implemented(f"GRANT ... ON {scope} {statement.word()}")
        statement.expect("IN")
        container_kind = statement.take_any("DATABASE", "SCHEMA")
        if not container_kind:
            raise not_implemented(f"GRANT ... ON {scope} {KINDS[kind].plural} IN {statement.word()}")
        container = session.resolve(container_kind, statement.name())
        session.catalog.get(container_kind, container)
        if scope == "FUTURE":
            return Target(kind, (), container)
        return Target(kind, tuple(_contained(session, kind, container)))
    kind = next((k for k in KINDS if statement.take(k)), "")
    if not kind:
        raise not_implemented(f"GRANT ... ON {statement.word()}")
    path = session.resolve(kind, statement.name())
    session.catalog.get(kind, path)
    return Target(kind, (path,))


def _contained(session: SnowflakeSession, kind: str, container: Path) -> Iterator[Path]:
    for found, path, _ in session.catalog.walk():
        if found == kind and path[: len(container)] == container:
            yield path


def _grantee(session: SnowflakeSession, statement: SqlStatement, direction: str) -> str:
    statement.expect(direction)
    for other in ("DATABASE ROLE", "USER", "SHARE", "APPLICATION"):
        if statement.take(other):
            raise not_implemented(f"GRANT or REVOKE ... {direction} {other}")
    statement.take("ROLE")
    name = statement.name()
    session.catalog.get("ROLE", name)
    return name[0]


def _expand(privileges: list[str], kind: str) -> tuple[str, ...]:
    valid = privileges_on(kind)
    for privilege in privileges:
        if privilege not in valid:
            raise SqlError(
                f"SQL compilation error:\nInvalid privilege '{privilege}' for object type '{kind}'.",
                code=3008,
            )
    return tuple(privileges) or valid


def _may_change(session: SnowflakeSession, target: Target, privileges: Sequence[str]) -> None:
    """Require the right to grant each privilege: a refused statement grants and revokes none."""
    for privilege in privileges:
        if target.future is not None:
            _may_grant(session, "ACCOUNT", access_control.ACCOUNT, privilege)
        for path in target.paths:
            _may_grant(session, target.kind, path, privilege)


def _may_grant(session: SnowflakeSession, kind: str, path: Path, privilege: str) -> None:
    """Require ownership, MANAGE GRANTS, or the privilege with its grant option."""
    catalog = session.catalog
    if access_control.may_manage_grants(catalog, session.role):
        return
    if kind != "ACCOUNT" and access_control.owns(catalog, session.role, kind, path):
        return
    for role in access_control.active_roles(catalog, session.role):
        detail = catalog.grants.get(Grant(privilege, kind, path, role))
        if detail is not None and detail.grant_option:
            return
    raise insufficient_privileges(kind, path)
