"""What moto forgets of a table: limits on demand, its class, a change of its encryption. None is held here.

What it takes and does not do is refused by its name: a client that asked for a replica would wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import PartNotImplementedError, Service, action, replaces

_LIMITS = "OnDemandThroughput"
_CLASS = "TableClass"
_ENCRYPTION = "SSESpecification"
_REFUSED = (
    "DisassociationProtectionEnabled",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",
    "ReplicaUpdates",
    "ResourcePolicy",
    "VectorIndexUpdates",
    "VectorIndexes",
)


class Tables(Service):
    """Tables, with all that was asked of them."""

    name = "dynamodb-tables"

    @action("dynamodb", "CreateTable", wraps=True)
    @action("dynamodb", "UpdateTable", wraps=True)
    def write_table(self, write: Callable[[Any], ActionResult], response: Any) -> ActionResult:
        asked = response.body
        for field in _REFUSED:
            if field in asked:
                raise PartNotImplementedError(f"the field {field}")
        written = write(response)
        table = response.dynamodb_backend.get_table(asked["TableName"])
        if _CLASS in asked:
            vars(table)["table_class"] = asked[_CLASS]
        if _ENCRYPTION in asked:
            table.sse_specification = {"KMSMasterKeyId": moto.default_table_key(table), **asked[_ENCRYPTION]}
        limits: dict[str, Any] = vars(table).setdefault("on_demand_limits", {})
        updates = [
            change for update in asked.get("GlobalSecondaryIndexUpdates") or [] for change in update.values()
        ]
        for given in (asked, *(asked.get("GlobalSecondaryIndexes") or []), *updates):
            if _LIMITS in given:
                limits[given.get("IndexName", "")] = given[_LIMITS]
        return written

    @replaces(moto.DESCRIBE_TABLE, wraps=True)
    def describe(self, describe: Callable[..., dict[str, Any]], table: Any, *given: Any, **named: Any) -> Any:
        described = describe(table, *given, **named)
        limits = getattr(table, "on_demand_limits", {})
        for shown in described.values():
            if kept := getattr(table, "table_class", None):
                shown["TableClassSummary"] = {_CLASS: kept}
            for part in (shown, *shown["GlobalSecondaryIndexes"]):
                if (found := limits.get(part.get("IndexName", ""))) is not None:
                    part[_LIMITS] = found
        return described
