"""A plan as linters see it: each resource with its planned values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedResource:
    """One resource of a plan; `unknown` holds the attributes that are known after the apply only."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]


def resources(document: Mapping[str, Any]) -> list[PlannedResource]:
    """The managed resources that exist after the apply of a plan (`terraform show -json`)."""
    unknown = {
        change["address"]: change["change"].get("after_unknown") or {}
        for change in document.get("resource_changes", [])
    }
    return [
        PlannedResource(found["address"], found["type"], found["values"], unknown.get(found["address"], {}))
        for found in _walk(document.get("planned_values", {}).get("root_module", {}))
        if found["mode"] == "managed"
    ]


def _walk(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _walk(child)
