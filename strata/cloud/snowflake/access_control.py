"""Role inheritance, privileges on objects, and the checks before a statement runs."""

from __future__ import annotations

from strata.cloud.snowflake.catalog import SYSTEM_ROLES, Catalog, Grant, GrantDetail, Role
from strata.cloud.snowflake.errors import does_not_exist, insufficient_privileges
from strata.cloud.snowflake.grammar import Path

ACCOUNT: Path = ()

_SEEDED = {
    "SYSADMIN": ("CREATE DATABASE", "CREATE WAREHOUSE"),
    "USERADMIN": ("CREATE ROLE", "CREATE USER"),
    "SECURITYADMIN": ("MANAGE GRANTS",),
    "ACCOUNTADMIN": ("CREATE INTEGRATION", "MONITOR", "MONITOR EXECUTION", "MONITOR USAGE"),
}


def seed(catalog: Catalog) -> None:
    """Put Snowflake's system roles and their grants into an empty catalogue."""
    for role, inherits in SYSTEM_ROLES.items():
        catalog.roles[role] = Role(name=role, owner="")
        for other in inherits:
            catalog.role_grants[other, "ROLE", role] = GrantDetail("")
    for role, privileges in _SEEDED.items():
        for privilege in privileges:
            catalog.grants[Grant(privilege, "ACCOUNT", ACCOUNT, role)] = GrantDetail("")


def active_roles(catalog: Catalog, role: str) -> set[str]:
    """Return the role, every role granted to it, and PUBLIC."""
    found = {role, "PUBLIC"}
    pending = [role]
    while pending:
        grantee = pending.pop()
        for granted, kind, to in catalog.role_grants:
            if kind == "ROLE" and to == grantee and granted not in found:
                found.add(granted)
                pending.append(granted)
    return found


def roles_of_user(catalog: Catalog, user: str) -> set[str]:
    """Return the roles that a user may use."""
    direct = {role for role, kind, to in catalog.role_grants if kind == "USER" and to == user}
    return {"PUBLIC"}.union(*(active_roles(catalog, role) for role in direct))


def holds(catalog: Catalog, role: str, kind: str, path: Path, *privileges: str) -> bool:
    """Return whether the role owns the object or has one of the privileges on it; without privileges, any."""
    roles = active_roles(catalog, role)
    if "ACCOUNTADMIN" in roles:
        return True
    securable = catalog.find(kind, path) if kind != "ACCOUNT" else None
    if securable is not None and securable.owner in roles:
        return True
    if privileges:
        return any(Grant(p, kind, path, r) in catalog.grants for p in privileges for r in roles)
    return any(g.kind == kind and g.path == path and g.role in roles for g in catalog.grants)


def owns(catalog: Catalog, role: str, kind: str, path: Path) -> bool:
    """Return whether the role owns the object or may act as its owner."""
    roles = active_roles(catalog, role)
    securable = catalog.find(kind, path)
    return "ACCOUNTADMIN" in roles or (securable is not None and securable.owner in roles)


def may_manage_grants(catalog: Catalog, role: str) -> bool:
    """Return whether the role may grant privileges on objects that it does not own."""
    return holds(catalog, role, "ACCOUNT", ACCOUNT, "MANAGE GRANTS")


def require_containers(catalog: Catalog, role: str, path: Path) -> None:
    """Require USAGE on the database and the schema of an object.

    Raises:
        SqlError: the role lacks one, or one does not exist.
    """
    for length, kind in ((1, "DATABASE"), (2, "SCHEMA")):
        if len(path) > length:
            container = path[:length]
            # Any privilege shows a container; only USAGE opens it.
            if catalog.find(kind, container) is None or not holds(catalog, role, kind, container, "USAGE"):
                raise does_not_exist(kind, container)


def require(catalog: Catalog, role: str, kind: str, path: Path, *privileges: str) -> None:
    """Require one of the privileges on the object, or its ownership.

    Raises:
        SqlError: the object does not exist or the role has no privilege on it (one message for both), or it
            has other privileges only.
    """
    if kind == "ACCOUNT":
        if not holds(catalog, role, kind, path, *privileges):
            raise insufficient_privileges(kind, path)
        return
    if len(path) > 1:
        require_containers(catalog, role, path)
    if catalog.find(kind, path) is None or not holds(catalog, role, kind, path):
        raise does_not_exist(kind, path)
    if privileges and not holds(catalog, role, kind, path, *privileges):
        raise insufficient_privileges(kind, path)


def require_ownership(catalog: Catalog, role: str, kind: str, path: Path) -> None:
    """Require the ownership of the object.

    Raises:
        SqlError: the role does not own it, or the object does not exist.
    """
    require(catalog, role, kind, path)
    if not owns(catalog, role, kind, path):
        raise insufficient_privileges(kind, path)
