"""A plan as checkov needs it: what is known after the apply only is set, and not missing.

In a plan of many units `kms_key_id` is often another unit's output: Terraform's JSON then has no value, and
checkov takes the attribute for unset.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

LATER = "known-after-apply"


def with_unknowns(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plan with a text for each unknown value that the configuration sets by a reference.

    An unknown value that nobody set (an id, a computed default) stays as it is.
    """
    made = copy.deepcopy(dict(document))
    expressions = dict(_configured(made.get("configuration", {}).get("root_module", {}), ""))
    values = dict(_planned(made.get("planned_values", {}).get("root_module", {})))
    for change in made.get("resource_changes", []):
        address = change["address"]
        # A module's configuration is the same for all its keys.
        place = re.sub(r"\[[^\]]*\]", "", change.get("module_address", ""))
        written = expressions.get((place, change["type"], change["name"]), {})
        unknown = change["change"].get("after_unknown") or {}
        for target in (values.get(address), change["change"].get("after")):
            if isinstance(target, dict):
                _fill(target, unknown, written)
    return made


def _fill(values: dict[str, Any], unknown: Mapping[str, Any], expressions: Mapping[str, Any]) -> None:
    for name, mark in unknown.items():
        written = expressions.get(name)
        if mark is True:
            if values.get(name) is None and isinstance(written, Mapping) and written.get("references"):
                values[name] = LATER
        elif isinstance(mark, list) and isinstance(written, list):
            for value, inner, expression in zip(values.get(name) or [], mark, written, strict=False):
                if isinstance(value, dict) and isinstance(inner, Mapping):
                    _fill(value, inner, expression)


def _configured(
    module: Mapping[str, Any], place: str
) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    for resource in module.get("resources", []):
        yield (place, resource["type"], resource["name"]), resource.get("expressions", {})
    for name, call in module.get("module_calls", {}).items():
        inner = f"{place}.module.{name}" if place else f"module.{name}"
        yield from _configured(call.get("module", {}), inner)


def _planned(module: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _planned(child)
