"""Service users, and resource monitors."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, ClassVar

from strata.cloud.snowflake.provider.client import Client, Row, literal
from strata.cloud.snowflake.provider.identifiers import encoded, quote_path
from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.resources.base import CHANGED
from strata.cloud.snowflake.provider.resources.objects import Path, SqlObject
from strata.cloud.snowflake.provider.rules import secondary_roles
from strata.cloud.snowflake.provider.values import UNKNOWN, Object

_IDENTITY = "USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"


class ServiceUser(SqlObject):
    type_name = "snowflake_service_user"
    keeps_state = True
    kind, plural = "USER", "USERS"
    columns: ClassVar[dict[str, str]] = {
        name: name for name in ("comment", "default_warehouse", "default_role", "email")
    } | {"user_type": "type"}
    keywords: ClassVar[dict[str, str]] = {
        name: name.upper()
        for name in (
            "comment",
            "disabled",
            "default_warehouse",
            "default_namespace",
            "default_role",
            "email",
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

    def customise(self, client: Client, draft: Draft) -> None:
        super().customise(client, draft)
        if draft.after("user_type").upper() != "SERVICE":
            draft.set("user_type", CHANGED)
            draft.force_new("user_type")

    def create(self, client: Client, planned: Object) -> str:
        if planned.get("default_workload_identity"):
            _want_identities(client)
        return super().create(client, planned)

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        if self.changed(prior, planned, "default_workload_identity"):
            _want_identities(client)
        return super().update(client, prior, planned, unknown)

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
        described = client.properties(f"DESC USER {quote_path(path)}")
        for name in ("rsa_public_key", "rsa_public_key_2"):
            actual[name] = _text(described.get(name.upper()))
        if not client.has(_IDENTITY):
            return
        methods = client.execute(
            f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {quote_path(path)}"
        )
        default = next((method for method in methods if method["name"] == "DEFAULT"), None)
        # The real provider does not read an AWS identity back.
        if default is None or default["type"] != "AWS":
            actual["default_workload_identity"] = [] if default is None else [_identity_block(default)]

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        found = super().drift(client, state, actual)
        if "default_secondary_roles_option" in found:
            found["default_secondary_roles_option"] = secondary_roles(found["default_secondary_roles_option"])
        return found

    def imported(self, client: Client, identifier: str) -> Object:
        found = super().imported(client, identifier)
        row = self.row(client, identifier)
        for name in ("login_name", "display_name", "default_namespace"):
            if _text(row[name]):
                found[name] = row[name]
        found["disabled"] = "true" if str(row["disabled"]).lower() == "true" else "false"
        return found | {"default_secondary_roles_option": secondary_roles(row["default_secondary_roles"])}


def _text(value: Any) -> str:
    return "" if value in (None, "null") else str(value)


def _want_identities(client: Client) -> None:
    if not client.has(_IDENTITY):
        raise ValueError(
            f"to use `default_workload_identity`, you need to first specify the `{_IDENTITY}` feature in the "
            "`experimental_features_enabled` field at the provider level"
        )


def _workload_identity(block: Object) -> str:
    if block.get("aws"):
        return f"(TYPE = AWS ARN = {literal(block['aws'][0]['arn'])})"
    if block.get("oidc"):
        oidc = block["oidc"][0]
        audiences = oidc.get("oidc_audience_list")
        extra = f" OIDC_AUDIENCE_LIST = {literal(audiences)}" if audiences else ""
        return f"(TYPE = OIDC ISSUER = {literal(oidc['issuer'])} SUBJECT = {literal(oidc['subject'])}{extra})"
    raise ValueError("the stand-in provider supports workload identities of AWS and OIDC only")


def _identity_block(method: Row) -> Object:
    info = json.loads(method["additional_info"])
    oidc = {
        "issuer": info["issuer"],
        "subject": info["subject"],
        "oidc_audience_list": info.get("audienceList") or [],
    }
    return {"aws": [], "azure": [], "gcp": [], "oidc": [oidc]}


class ResourceMonitor(SqlObject):
    type_name = "snowflake_resource_monitor"
    keeps_state = True
    kind, plural = "RESOURCE MONITOR", "RESOURCE MONITORS"
    columns: ClassVar[dict[str, str]] = {}
    keywords: ClassVar[dict[str, str]] = {
        n: n.upper()
        for n in ("credit_quota", "frequency", "start_timestamp", "end_timestamp", "notify_users")
    }
    output_columns: ClassVar[dict[str, str]] = {"suspend_immediate_at": "suspend_immediately_at"}

    def customise(self, client: Client, draft: Draft) -> None:
        super().customise(client, draft)
        triggers = ("notify_triggers", "suspend_trigger", "suspend_immediate_trigger")
        if not any(draft.after(name) or draft.state.get(name) is UNKNOWN for name in triggers):
            for name in triggers:
                draft.force_new(name)

    def clauses(self, planned: Object) -> list[str]:
        return ["WITH", *super().clauses(planned), *_triggers(planned)]

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        path = self.path(planned)
        before, after = self.settings(prior), self.settings(planned)
        changed = [
            f"{keyword} = {value if value is not None else 'NULL'}"
            for keyword, value in after.items()
            if value != before[keyword]
            and (value is not None or keyword not in ("FREQUENCY", "START_TIMESTAMP"))
        ]
        triggers = _triggers(planned)
        if changed or triggers != _triggers(prior):
            parts = [f"ALTER RESOURCE MONITOR {quote_path(path)}", "SET" if changed else "", *changed]
            client.execute(" ".join([*parts, *(triggers or ["TRIGGERS"])]))
        return encoded(path)

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        actual["notify_users"] = [user for user in (row["notify_users"] or "").split(", ") if user]

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        found = super().drift(client, state, actual)
        # The real provider compares triggers with fields that its output lacks, so that they always differ.
        return found | self._percents(self.row(client, state["id"])) if state.get("show_output") else found

    @staticmethod
    def _percents(row: Row) -> Object:
        notify = [int(part.strip("%")) for part in (row["notify_at"] or "").split(",") if part]
        return {
            "notify_triggers": notify,
            "suspend_trigger": int((row["suspend_at"] or "0").strip("%")),
            "suspend_immediate_trigger": int((row["suspend_immediately_at"] or "0").strip("%")),
        }

    def imported(self, client: Client, identifier: str) -> Object:
        row = self.row(client, identifier)
        return (
            super().imported(client, identifier)
            | self._percents(row)
            | {
                "credit_quota": int(float(row["credit_quota"] or 0)),
                "frequency": row["frequency"],
                "start_timestamp": row["start_time"] or "",
                "end_timestamp": row["end_time"] or "",
            }
        )


def _triggers(state: Object) -> list[str]:
    found = [f"ON {percent} PERCENT DO NOTIFY" for percent in sorted(state.get("notify_triggers") or [])]
    if state.get("suspend_trigger"):
        found.append(f"ON {state['suspend_trigger']} PERCENT DO SUSPEND")
    if state.get("suspend_immediate_trigger"):
        found.append(f"ON {state['suspend_immediate_trigger']} PERCENT DO SUSPEND_IMMEDIATE")
    return ["TRIGGERS", *found] if found else []
