"""The most that a table or index on demand may read and write: moto forgets it, and it is not held here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action, replaces

_LIMITS = "OnDemandThroughput"


class OnDemand(Service):
    """Tables, each with its limits."""

    name = "dynamodb-on-demand"

    @action("dynamodb", "CreateTable", wraps=True)
    @action("dynamodb", "UpdateTable", wraps=True)
    def write_table(self, write: Callable[[Any], ActionResult], response: Any) -> ActionResult:
        written = write(response)
        asked = response.body
        table = response.dynamodb_backend.get_table(asked["TableName"])
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
            for part in (shown, *shown["GlobalSecondaryIndexes"]):
                if (found := limits.get(part.get("IndexName", ""))) is not None:
                    part[_LIMITS] = found
        return described
