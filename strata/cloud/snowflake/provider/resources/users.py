"""Service users, and resource monitors."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from strata.cloud.snowflake.grammar import Path, quote_path
from strata.cloud.snowflake.provider.client import Client, Row, literal
from strata.cloud.snowflake.provider.resources.base import path_of
from strata.cloud.snowflake.provider.resources.objects import SqlObject
from strata.cloud.snowflake.provider.values import Object


class ServiceUser(SqlObject):
    type_name = "snowflake_service_user"
    kind, plural, level = "USER", "USERS", "USER"
    columns: ClassVar[dict[str, str]] = {
        name: name
        for name in ("comment", "disabled", "default_warehouse", "default_namespace", "default_role", "email")
    }
    keywords: ClassVar[dict[str, str]] = {
        name: name.upper()
        for name in (
            *columns,
            "login_name",
            "display_name",
            "days_to_expiry",
            "mins_to_unlock",
            "rsa_public_key",
            "rsa_public_key_2",
        )
    } | {
        "default_secondary_roles_option": "DEFAULT_SECONDARY_ROLES",
        "default_workload_identity": "WORKLOAD_IDENTITY",
    }
    defaults: ClassVar[dict[str, Any]] = {"disabled": "false", "default_secondary_roles_option": "DEFAULT"}

    def clauses(self, planned: Object) -> list[str]:
        return ["TYPE = SERVICE", *super().clauses(planned)]

    def settings(self, state: Object) -> dict[str, str | None]:
        found = super().settings(state)
        if state.get("default_secondary_roles_option") in ("DEFAULT", None):
            found["DEFAULT_SECONDARY_ROLES"] = None
        return found

    def sql(self, attribute: str, value: Any) -> str:
        if attribute == "default_secondary_roles_option":
            return "('ALL')" if value == "ALL" else "()"
        if attribute == "default_workload_identity":
            return _workload_identity(value[0])
        return super().sql(attribute, value)

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        name = path[0].upper()
        for attribute in ("login_name", "display_name"):
            if state.get(attribute) is not None or row[attribute] not in (name, path[0]):
                actual[attribute] = row[attribute]
        actual["user_type"] = row["type"]
        roles = row["default_secondary_roles"]
        unset = "ALL" if state.get("default_secondary_roles_option") == "ALL" else "DEFAULT"
        actual["default_secondary_roles_option"] = unset if roles == '["ALL"]' else "NONE"
        methods = client.find(
            f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {quote_path(path)}"
        )
        actual["default_workload_identity"] = [_identity_block(method) for method in methods]

    def same(self, name: str, one: Any, other: Any) -> bool:
        if name == "login_name":
            return str(one or "").upper() == str(other or "").upper()
        return super().same(name, one, other)


def _workload_identity(block: Object) -> str:
    if block.get("aws"):
        return f"(TYPE = AWS ARN = {literal(block['aws'][0]['arn'])})"
    if block.get("oidc"):
        oidc = block["oidc"][0]
        audiences = oidc.get("oidc_audience_list")
        extra = f" OIDC_AUDIENCE_LIST = {literal(audiences)}" if audiences else ""
        return f"(TYPE = OIDC ISSUER = {literal(oidc['issuer'])} SUBJECT = {literal(oidc['subject'])}{extra})"
    raise ValueError("the stand-in provider does workload identities of AWS and OIDC only")


def _identity_block(method: Row) -> Object:
    info = json.loads(method["additional_info"])
    block: Object = {"aws": [], "azure": [], "gcp": [], "oidc": []}
    if method["type"] == "AWS":
        entity = f"role/{info['iamRole']}" if info["type"] == "IAM_ROLE" else f"user/{info['iamUser']}"
        arn = f"arn:{info['awsPartition']}:iam::{info['awsAccount']}:{entity}"
        block["aws"] = [{"arn": arn, "issuer": None}]
    else:
        audiences = info.get("audienceList") or None
        block["oidc"] = [
            {"issuer": info["issuer"], "subject": info["subject"], "oidc_audience_list": audiences}
        ]
    return block


class ResourceMonitor(SqlObject):
    type_name = "snowflake_resource_monitor"
    kind, plural = "RESOURCE MONITOR", "RESOURCE MONITORS"
    columns: ClassVar[dict[str, str]] = {
        "credit_quota": "credit_quota",
        "frequency": "frequency",
        "start_timestamp": "start_time",
        "end_timestamp": "end_time",
    }
    keywords: ClassVar[dict[str, str]] = {n: n.upper() for n in (*columns, "notify_users")}
    defaults: ClassVar[dict[str, Any]] = {"frequency": "MONTHLY"}
    words = ("frequency",)
    output_columns: ClassVar[dict[str, str]] = {"suspend_immediate_at": "suspend_immediately_at"}

    def clauses(self, planned: Object) -> list[str]:
        return ["WITH", *super().clauses(planned), *_triggers(planned)]

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        identifier = quote_path(path_of(planned))
        changed = [
            f"{keyword} = {value if value is not None else 'NULL'}"
            for keyword, value in self.settings(planned).items()
            if value != self.settings(prior)[keyword]
        ]
        triggers = _triggers(planned)
        if changed or triggers != _triggers(prior):
            parts = [f"ALTER RESOURCE MONITOR {identifier}", "SET" if changed else "", *changed]
            client.execute(" ".join([*parts, *(triggers or ["TRIGGERS"])]))
        return identifier

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        notify = [int(part.strip("%")) for part in (row["notify_at"] or "").split(",") if part]
        actual["notify_triggers"] = notify or None
        for attribute, column in (
            ("suspend_trigger", "suspend_at"),
            ("suspend_immediate_trigger", "suspend_immediately_at"),
        ):
            actual[attribute] = int(row[column].strip("%")) if row[column] else None
        users = [user for user in (row["notify_users"] or "").split(", ") if user]
        actual["notify_users"] = users or None


def _triggers(state: Object) -> list[str]:
    found = [f"ON {percent} PERCENT DO NOTIFY" for percent in sorted(state.get("notify_triggers") or [])]
    if state.get("suspend_trigger") is not None:
        found.append(f"ON {state['suspend_trigger']} PERCENT DO SUSPEND")
    if state.get("suspend_immediate_trigger") is not None:
        found.append(f"ON {state['suspend_immediate_trigger']} PERCENT DO SUSPEND_IMMEDIATE")
    return ["TRIGGERS", *found] if found else []
