"""Objects of the account: warehouses, roles, users, storage integrations, resource monitors."""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import (
    SYSTEM_ROLES,
    Integration,
    ResourceMonitor,
    Role,
    Securable,
    User,
    Warehouse,
    WorkloadIdentity,
    now,
)
from strata.cloud.snowflake.errors import SqlError, invalid_property, invalid_value, not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.properties import apply_properties, default_properties, unset_properties
from strata.cloud.snowflake.property_values import BOOL
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.creation import (
    Modifiers,
    all_or_nothing,
    existing,
    if_not_exists,
    new,
    rename,
    target,
)
from strata.cloud.snowflake.storage import check_scheme

_CLASSES: dict[str, type[Securable]] = {
    c.kind: c for c in (Integration, ResourceMonitor, Role, User, Warehouse)
}
_TRIGGERS = {"SUSPEND": "SUSPEND_AT", "SUSPEND_IMMEDIATE": "SUSPEND_IMMEDIATELY_AT", "NOTIFY": "NOTIFY_AT"}


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    return salt.hex() + hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1).hex()


def password_matches(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash; no password matches a missing hash."""
    if not stored:
        return False
    digest = hashlib.scrypt(password.encode(), salt=bytes.fromhex(stored[:32]), n=1024, r=8, p=1)
    return hmac.compare_digest(digest.hex(), stored[32:])


def create(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers, kind: str) -> Rows:
    """Execute CREATE of a warehouse, role, user, storage integration or resource monitor."""
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve(kind, statement.name())
    access_control.require(session.catalog, session.role, "ACCOUNT", access_control.ACCOUNT, f"CREATE {kind}")
    securable = _CLASSES[kind](name=path[0], owner=session.role, options=default_properties(kind))
    if kind == "RESOURCE MONITOR":
        statement.take("WITH")
        _read_monitor(securable, statement)
    else:
        statement.take("WITH")
        _apply(kind, securable, statement.properties())
    _complete(kind, securable)
    answer = existing(session, kind, path, modifiers)
    if answer is None:
        answer = new(session, kind, path, securable, modifiers)
        if kind == "WAREHOUSE":
            session.warehouse = path[0]
    return answer


def alter(session: SnowflakeSession, statement: SqlStatement, kind: str) -> Rows:
    """Execute ALTER ... SET, UNSET and RENAME TO, and SUSPEND and RESUME of a warehouse."""
    path, answer = target(session, kind, statement)
    if answer is not None:
        return answer
    securable = session.catalog.get(kind, path)
    with all_or_nothing(securable):
        return _alter(session, kind, path, securable, statement)


def _alter(
    session: SnowflakeSession, kind: str, path: Path, securable: Securable, statement: SqlStatement
) -> Rows:
    if isinstance(securable, Warehouse) and _operate(session, securable, statement):
        statement.expect_end()
        return status("Statement executed successfully.")
    if kind in ("WAREHOUSE", "RESOURCE MONITOR"):
        access_control.require(session.catalog, session.role, kind, path, "MODIFY")
    else:
        access_control.require_ownership(session.catalog, session.role, kind, path)
    if kind == "RESOURCE MONITOR":
        _read_monitor(securable, statement)
    elif statement.take("SET"):
        properties = statement.properties()
        if kind == "WAREHOUSE" and "WAREHOUSE_SIZE" in properties:
            # The embedded warehouse is resized at once.
            BOOL.read("WAIT_FOR_COMPLETION", properties.pop("WAIT_FOR_COMPLETION", None))
        _apply(kind, securable, properties)
        _complete(kind, securable)
    elif statement.take("UNSET"):
        unset_properties(kind, securable, statement)
        if isinstance(securable, User):
            if "PASSWORD" in securable.options:
                securable.password = securable.options.pop("PASSWORD")
            if not securable.options.get("WORKLOAD_IDENTITY"):
                securable.workload_identity = None
        _complete(kind, securable)
    elif kind != "INTEGRATION" and statement.take("RENAME TO"):
        return rename(session, kind, path, statement)
    else:
        raise not_implemented(f"ALTER {kind} {statement.word()}")
    statement.expect_end()
    return status("Statement executed successfully.")


def drop(session: SnowflakeSession, statement: SqlStatement, kind: str) -> Rows:
    path, answer = target(session, kind, statement)
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, kind, path)
    if kind == "ROLE" and path[0] in SYSTEM_ROLES:
        raise SqlError(
            f"SQL access control error:\nCannot drop system role '{path[0]}'.", code=3001, sqlstate="42501"
        )
    if kind == "ROLE":
        # The dropping role becomes the owner of the dropped role's objects.
        for _, _, securable in session.catalog.walk():
            if securable.owner == path[0]:
                securable.owner = session.role
    session.catalog.remove(kind, path)
    return status(f"{path[0]} successfully dropped.")


def _apply(kind: str, securable: Securable, properties: dict[str, Any]) -> None:
    apply_properties(kind, securable, properties)
    if not isinstance(securable, User):
        return
    if properties.get("PASSWORD"):
        securable.password = hash_password(securable.options["PASSWORD"])
    securable.options.pop("PASSWORD", None)
    if "WORKLOAD_IDENTITY" in properties:
        securable.workload_identity = _workload_identity(securable.options["WORKLOAD_IDENTITY"])


def _complete(kind: str, securable: Securable) -> None:
    """Set derived properties, and check required ones."""
    if isinstance(securable, User):
        if securable.options.get("TYPE") == "SERVICE" and securable.password:
            raise SqlError(
                "SQL compilation error:\nCannot set PASSWORD for a user of TYPE = SERVICE.", code=1420
            )
        if securable.workload_identity and securable.options.get("TYPE") not in ("SERVICE", "LEGACY_SERVICE"):
            raise invalid_property("WORKLOAD_IDENTITY", "USER of type PERSON")
        securable.options["LOGIN_NAME"] = (securable.options.get("LOGIN_NAME") or securable.name).upper()
        if not securable.options.get("DISPLAY_NAME"):
            securable.options["DISPLAY_NAME"] = securable.name
    if isinstance(securable, Warehouse) and securable.options.pop("INITIALLY_SUSPENDED", False):
        securable.suspended = True
    if not isinstance(securable, Integration):
        return
    for name in ("TYPE", "STORAGE_PROVIDER", "STORAGE_AWS_ROLE_ARN", "ENABLED", "STORAGE_ALLOWED_LOCATIONS"):
        if securable.options.get(name) in (None, "", []):
            raise SqlError(
                f"SQL compilation error:\nMissing option(s): [{name}]", code=2002, sqlstate="42601"
            )
    if not str(securable.options["STORAGE_AWS_ROLE_ARN"]).startswith("arn:"):
        raise invalid_value(securable.options["STORAGE_AWS_ROLE_ARN"], "STORAGE_AWS_ROLE_ARN")
    for name in ("STORAGE_ALLOWED_LOCATIONS", "STORAGE_BLOCKED_LOCATIONS"):
        for location in securable.options.get(name) or []:
            if location != "*":
                check_scheme(securable.options["STORAGE_PROVIDER"], location)
    # Snowflake generates a missing external id, and keeps it until the integration is replaced.
    if not securable.identity:
        securable.identity = uuid.uuid4().hex
    if not securable.options.get("STORAGE_AWS_EXTERNAL_ID"):
        securable.options["STORAGE_AWS_EXTERNAL_ID"] = f"STRATA_SFCRole=1_{securable.identity}="


def _workload_identity(group: Any) -> WorkloadIdentity | None:
    if not group:
        return None
    kind = str(group.get("TYPE", "")).upper()
    keys = {"AWS": {"TYPE", "ARN"}, "OIDC": {"TYPE", "ISSUER", "SUBJECT", "OIDC_AUDIENCE_LIST"}}
    if kind not in keys:
        raise not_implemented(f"WORKLOAD_IDENTITY TYPE = {kind}")
    for name in group:
        if name not in keys[kind]:
            raise invalid_property(name, f"WORKLOAD_IDENTITY of type {kind}")
    needed = ("ARN",) if kind == "AWS" else ("ISSUER", "SUBJECT")
    for name in needed:
        if not group.get(name):
            raise SqlError(
                f"SQL compilation error:\nMissing option(s): [{name}]", code=2002, sqlstate="42601"
            )
    if kind == "AWS" and not str(group["ARN"]).startswith("arn:"):
        raise invalid_value(group["ARN"], "ARN")
    return WorkloadIdentity(
        kind=kind,
        arn=group.get("ARN", ""),
        issuer=group.get("ISSUER", ""),
        subject=group.get("SUBJECT", ""),
        audiences=tuple(group.get("OIDC_AUDIENCE_LIST") or ()),
    )


def _operate(session: SnowflakeSession, warehouse: Warehouse, statement: SqlStatement) -> bool:
    action = statement.take_any("SUSPEND", "RESUME IF SUSPENDED", "RESUME")
    if not action:
        return False
    access_control.require(session.catalog, session.role, "WAREHOUSE", (warehouse.name,), "OPERATE")
    if action == "SUSPEND":
        if warehouse.suspended:
            raise SqlError("Invalid state. Warehouse cannot be suspended.", code=90064, sqlstate="22000")
        warehouse.suspended = True
    else:
        if not warehouse.suspended and action == "RESUME":
            raise SqlError("Invalid state. Warehouse cannot be resumed.", code=90063, sqlstate="22000")
        warehouse.suspended, warehouse.resumed_on = False, now()
    return True


def _read_monitor(monitor: Securable, statement: SqlStatement) -> None:
    """Set a monitor's properties; `TRIGGERS ON n PERCENT DO action ...` replaces all of its triggers."""
    statement.take("SET")
    properties: dict[str, Any] = {}
    while not statement.done and not statement.sees("TRIGGERS"):
        key = statement.identifier()
        statement.expect("=")
        properties[key] = statement.value()
    apply_properties("RESOURCE MONITOR", monitor, properties)
    if not statement.take("TRIGGERS"):
        return
    for option in _TRIGGERS.values():
        monitor.options.pop(option, None)
    while statement.take("ON"):
        percent = statement.value()
        statement.expect("PERCENT DO")
        action = statement.identifier()
        if action not in _TRIGGERS:
            raise invalid_value(action, "TRIGGERS")
        if action == "NOTIFY":
            monitor.options["NOTIFY_AT"] = [*monitor.options.get("NOTIFY_AT", []), percent]
        else:
            monitor.options[_TRIGGERS[action]] = percent
