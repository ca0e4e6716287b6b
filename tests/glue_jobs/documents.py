"""Documents of contracts, written shortly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LOGICAL = {"int": "integer", "bigint": "integer", "double": "number"}


def column(name: str, kind: str, required: bool = False, **more: Any) -> dict[str, Any]:
    """A column of a type by Spark's name."""
    logical = "number" if kind.startswith("decimal") else LOGICAL.get(kind, kind)
    physical = {} if logical == kind or kind == "int" else {"physicalType": kind}
    return {
        "name": name,
        "logicalType": logical,
        **physical,
        **({"required": True} if required else {}),
        **more,
    }


def customs(**values: Any) -> list[dict[str, Any]]:
    """Custom properties by name."""
    return [{"property": name, "value": value} for name, value in values.items()]


def table(name: str, columns: Sequence[dict[str, Any]], **custom: Any) -> dict[str, Any]:
    """A table with custom properties by name."""
    found: dict[str, Any] = {"name": name, "properties": list(columns)}
    return found | ({"customProperties": customs(**custom)} if custom else {})


def document(*tables: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The contract of a data set, the first table, with its references."""
    name = tables[0]["name"]
    fixed = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "name": name, "version": "1.0.0"}
    return {**fixed, "status": "active", "schema": list(tables), **more}
