"""Rows of SHOW: the columns of each kind besides name, owner, comment and created_on."""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.aws_account import channel_arn
from strata.cloud.snowflake.catalog import ExternalTable, User
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.session import SnowflakeSession

Record = dict[str, Any]
Columns = list[tuple[str, str]]
_TIMESTAMPS = (
    "created_on",
    "resumed_on",
    "updated_on",
    "last_refreshed_on",
    "last_success_login",
    "expires_at_time",
    "locked_until_time",
)


def text(names: str) -> Columns:
    """Return columns by their names, separated by spaces; all are text but `_TIMESTAMPS`."""
    return [(name, "timestamp_ltz" if name in _TIMESTAMPS else "text") for name in names.split()]


def yes_no(value: bool) -> str:
    return "Y" if value else "N"


def database(session: SnowflakeSession, path: Path, database: Any) -> Record:
    return {
        "is_default": "N",
        "is_current": yes_no(session.database == path[0]),
        "origin": "",
        "options": "TRANSIENT" if database.options.get("TRANSIENT") else "",
        "retention_time": database.parameters.get("DATA_RETENTION_TIME_IN_DAYS", "1"),
        "kind": "STANDARD",
    }


def schema(session: SnowflakeSession, path: Path, schema: Any) -> Record:
    words = [word for word in ("TRANSIENT", "MANAGED ACCESS") if schema.options.get(word)]
    parent = session.catalog.databases[path[0]].parameters
    inherited = parent.get("DATA_RETENTION_TIME_IN_DAYS", "1")
    return {
        "is_default": "N",
        "is_current": yes_no((session.database, session.schema) == path),
        "database_name": path[0],
        "options": ", ".join(words),
        "retention_time": schema.parameters.get("DATA_RETENTION_TIME_IN_DAYS", inherited),
    }


def role(session: SnowflakeSession, path: Path, role: Any) -> Record:
    grants = list(session.catalog.role_grants)
    return {
        "is_default": "N",
        "is_current": yes_no(session.role == path[0]),
        "is_inherited": yes_no(
            path[0] in access_control.active_roles(session.catalog, session.role) - {session.role}
        ),
        "assigned_to_users": sum(1 for r, kind, _ in grants if r == path[0] and kind == "USER"),
        "granted_to_roles": sum(1 for r, kind, _ in grants if r == path[0] and kind == "ROLE"),
        "granted_roles": sum(1 for _, kind, to in grants if to == path[0] and kind == "ROLE"),
    }


def warehouse(session: SnowflakeSession, path: Path, warehouse: Any) -> Record:
    options = warehouse.options
    running = not warehouse.suspended
    return {
        "state": "STARTED" if running else "SUSPENDED",
        "type": options["WAREHOUSE_TYPE"],
        "size": options["WAREHOUSE_SIZE"],
        "min_cluster_count": options["MIN_CLUSTER_COUNT"],
        "max_cluster_count": options["MAX_CLUSTER_COUNT"],
        "started_clusters": int(running),
        "running": 0,
        "queued": 0,
        "is_default": "N",
        "is_current": yes_no(session.warehouse == path[0]),
        "auto_suspend": options["AUTO_SUSPEND"] or None,
        "auto_resume": options["AUTO_RESUME"],
        "available": "100" if running else "",
        "provisioning": "",
        "quiescing": "",
        "other": "",
        "resumed_on": warehouse.resumed_on,
        "updated_on": warehouse.created_on,
        "enable_query_acceleration": options["ENABLE_QUERY_ACCELERATION"],
        "query_acceleration_max_scale_factor": options["QUERY_ACCELERATION_MAX_SCALE_FACTOR"],
        "resource_monitor": options.get("RESOURCE_MONITOR") or "null",
        "actives": "0",
        "pendings": "0",
        "failed": "0",
        "suspended": "0",
        "uuid": "0",
        "scaling_policy": options["SCALING_POLICY"],
        "resource_constraint": options.get("RESOURCE_CONSTRAINT"),
        "generation": options.get("GENERATION"),
    }


def user(session: SnowflakeSession, path: Path, user: User) -> Record:
    options = user.options
    names = (
        "login_name",
        "display_name",
        "first_name",
        "last_name",
        "email",
        "days_to_expiry",
        "mins_to_unlock",
    )
    record: Record = {name: options.get(name.upper()) or "" for name in names}
    record |= {
        name: options.get(name.upper()) or ""
        for name in ("default_warehouse", "default_namespace", "default_role")
    }
    secondary = options.get("DEFAULT_SECONDARY_ROLES")
    return record | {
        "disabled": options["DISABLED"],
        "must_change_password": options["MUST_CHANGE_PASSWORD"],
        "snowflake_lock": False,
        "default_secondary_roles": '["ALL"]' if secondary is None else str(secondary).replace("'", '"'),
        "ext_authn_duo": False,
        "ext_authn_uid": "",
        "mins_to_bypass_mfa": "",
        "last_success_login": user.last_success_login,
        "has_password": user.password is not None,
        "has_rsa_public_key": bool(options.get("RSA_PUBLIC_KEY")),
        "type": options.get("TYPE") or "",
        "has_mfa": False,
        "has_workload_identity": user.workload_identity is not None,
    }


def integration(session: SnowflakeSession, path: Path, integration: Any) -> Record:
    return {"type": "EXTERNAL_STAGE", "category": "STORAGE", "enabled": bool(integration.options["ENABLED"])}


def monitor(session: SnowflakeSession, path: Path, monitor: Any) -> Record:
    options = monitor.options

    def percent(name: str) -> str | None:
        return f"{options[name]}%" if options.get(name) is not None else None

    return {
        "credit_quota": None if options.get("CREDIT_QUOTA") is None else f"{options['CREDIT_QUOTA']:.2f}",
        "used_credits": "0.00",
        "remaining_credits": None
        if options.get("CREDIT_QUOTA") is None
        else f"{options['CREDIT_QUOTA']:.2f}",
        "level": None,
        "frequency": options["FREQUENCY"],
        "start_time": options.get("START_TIMESTAMP"),
        "end_time": options.get("END_TIMESTAMP"),
        "notify_at": ",".join(f"{value}%" for value in options.get("NOTIFY_AT", [])) or None,
        "suspend_at": percent("SUSPEND_AT"),
        "suspend_immediately_at": percent("SUSPEND_IMMEDIATELY_AT"),
        "notify_users": ", ".join(options.get("NOTIFY_USERS") or []) or None,
    }


def _place(path: Path) -> Record:
    return {"database_name": path[0], "schema_name": path[1]}


def _region(session: SnowflakeSession) -> str:
    return session.catalog.region


def stage(session: SnowflakeSession, path: Path, stage: Any) -> Record:
    return _place(path) | {
        "url": stage.options["URL"],
        "has_credentials": "N",
        "has_encryption_key": "N",
        "region": _region(session),
        "type": "EXTERNAL",
        "cloud": "AWS",
        "storage_integration": stage.integration,
        "endpoint": None,
        "directory_enabled": "N",
    }


def file_format(session: SnowflakeSession, path: Path, file_format: Any) -> Record:
    return _place(path) | {"type": file_format.options["TYPE"], "format_options": str(file_format.options)}


def external_table(session: SnowflakeSession, path: Path, table: ExternalTable) -> Record:
    return _place(path) | {
        "invalid": False,
        "stage": ".".join(table.stage),
        "location": f"@{'.'.join(table.stage)}/{table.location.path}",
        "file_format_name": table.file_format.get("FORMAT_NAME", ""),
        "file_format_type": table.file_format.get("TYPE"),
        "cloud": "AWS",
        "region": _region(session),
        "notification_channel": channel_arn(session.catalog.region) if table.auto_refresh else None,
        "last_refreshed_on": table.last_refreshed_on,
        "table_format": "UNSPECIFIED",
    }


def table(session: SnowflakeSession, path: Path, table: Any) -> Record:
    kind = "TEMPORARY" if session.is_temporary(table) else "TRANSIENT" if table.transient else "TABLE"
    return _place(path) | {"kind": kind}


def view(session: SnowflakeSession, path: Path, view: Any) -> Record:
    return _place(path) | {
        "reserved": "",
        "text": view.text,
        "is_secure": "true" if view.secure else "false",
        "is_materialized": "false",
    }
