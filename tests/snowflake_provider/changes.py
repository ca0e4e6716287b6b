"""What is changed in place, of every case the same: all that its modules let a caller change so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

Inputs = dict[str, Any]


def changed(module: str, inputs: Mapping[str, Any]) -> Inputs:
    """Return a case's inputs with everything else that can be changed without a replacement."""
    own = copy.deepcopy(dict(inputs))
    _CHANGES[module](own)
    return own


def _snowflake(own: Inputs) -> None:
    for database in own["databases"].values():
        database["retention_days"] = 3
    for schema in own.get("schemas", {}).values():
        if schema.get("opt_out"):
            schema.pop("opt_out")
        else:
            schema["opt_out"] = {"managed_access": {"reason": "Owners grant what is theirs"}}
    for monitor in own.get("resource_monitors", {}).values():
        # Nobody is told after statements wait.
        told = min(60, monitor.get("suspend_percent", 100))
        monitor |= {"credit_quota": monitor["credit_quota"] + 1, "notify_percent": [told]}
    for warehouse in own.get("warehouses", {}).values():
        warehouse |= {"auto_suspend_seconds": 120, "size": "SMALL", "statement_timeout_seconds": 1800}
    for stage in own.get("stages", {}).values():
        kind = "json" if (stage.get("file_format") or {}).get("json") is not None else "parquet"
        declared = (stage.get("file_format") or {}).get(kind) or {}
        stage["file_format"] = {kind: declared | {"compression": "NONE"}}
    for role in own.get("roles", {}).values():
        for schema in role.get("schemas", {}).values():
            schema["privileges"] = [*(schema.get("privileges") or []), "MONITOR"]
    for user in own.get("service_users", {}).values():
        if user.get("oidc"):
            user["oidc"] |= {"subject": "repo:acme@11/platform@22:ref:refs/heads/main"}
        else:
            user["aws_role_arn"] = "arn:aws:iam::123456789012:role/strata-other-test"


def _integration(own: Inputs) -> None:
    own["enabled"] = not own.get("enabled", True)
    own["external_id"] = f"{own['external_id'][:-2]}-2"
    own["allowed"] = {bucket: [*prefixes, "more/"] for bucket, prefixes in own["allowed"].items()}
    own["blocked"] = {bucket: ["more/secret/"] for bucket in own["allowed"]}


_CHANGES: dict[str, Callable[[Inputs], None]] = {
    "snowflake": _snowflake,
    "snowflake-integration": _integration,
}
