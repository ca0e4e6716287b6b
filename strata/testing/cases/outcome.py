"""What planning one case gave: its part of the plan, the errors, or why it could not be planned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strata.errors import StrataError
from strata.plan.document import by_module
from strata.testing.cases.composition import ModuleCall
from strata.testing.cases.terraform import TerraformFault

# The folders that stand for the repository, in Terraform's words.
_TREE = re.compile(r"(?<![\w./-])(?:copies/[^/ ]+|repository)/")


class _Unknown:
    """A value that is known after apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN = _Unknown()


@dataclass(frozen=True)
class PlannedCase:
    """A case that was planned.

    Attributes:
        raw: the plan's JSON, cut down to the case, with addresses as from inside the module.
        resources: the planned values by address; unknown ones are UNKNOWN.
        outputs: the module's outputs, in the same way.
        output_types: Terraform's types of the outputs, where it tells them.
    """

    raw: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any]
    output_types: Mapping[str, Any]

    @property
    def plan(self) -> Any:
        """The plan as a tftest object."""
        from tftest import TerraformPlanOutput

        return TerraformPlanOutput(dict(self.raw))

    def type_of(self, address: str) -> str:
        """A resource's type."""
        return str(next(c["type"] for c in self.raw["resource_changes"] if c["address"] == address))

    def counts(self) -> dict[str, int]:
        """How many managed resources of each type there are."""
        found: dict[str, int] = {}
        for change in self.raw["resource_changes"]:
            if change["mode"] == "managed":
                found[change["type"]] = found.get(change["type"], 0) + 1
        return found


@dataclass(frozen=True)
class Failed:
    """A case that Terraform refused.

    Attributes:
        findings: what it said, each with the variable and the address inside the module that it is about.
    """

    findings: tuple[CaseFinding, ...]


@dataclass(frozen=True)
class CaseFinding:
    """One error about a case."""

    fault: TerraformFault
    variable: str | None
    resource: str | None

    def __str__(self) -> str:
        about = f"variable {self.variable}: " if self.variable else ""
        about = f"{self.resource}: " if self.resource else about
        return _TREE.sub("", about + self.fault.text)


@dataclass(frozen=True)
class Broken:
    """A case that could not be planned for a fault of its own; one line with file and line."""

    error: StrataError


Outcome = PlannedCase | Failed | Broken


def split(plan: Mapping[str, Any], calls: Iterable[ModuleCall]) -> dict[str, PlannedCase]:
    """Cut a plan into the parts of its calls.

    Args:
        plan: the JSON of a plan of a root with one module call per case.
        calls: the root's calls.
    """
    changes = by_module(plan)
    values = plan.get("planned_values", {})
    modules = {
        module["address"].removeprefix("module."): module
        for module in values.get("root_module", {}).get("child_modules", ())
    }
    configurations = plan.get("configuration", {}).get("root_module", {}).get("module_calls", {})
    changed_outputs = plan.get("output_changes", {})
    found: dict[str, PlannedCase] = {}
    for call in calls:
        label = call.label
        own = changes.get(label, [])
        known: dict[str, Any] = {}
        types: dict[str, Any] = {}
        for name in call.outputs:
            change = changed_outputs.get(call.root_output(name), {})
            known[name] = planned_value(change.get("after"), change.get("after_unknown"))
            types[name] = values.get("outputs", {}).get(call.root_output(name), {}).get("type")
        raw = {
            "format_version": plan["format_version"],
            "terraform_version": plan["terraform_version"],
            "planned_values": {
                "outputs": {
                    name: {"sensitive": False, "value": None if value is UNKNOWN else value}
                    for name, value in known.items()
                },
                "root_module": _without(modules.get(label, {}), f"module.{label}."),
            },
            "resource_changes": own,
            "configuration": {"root_module": configurations.get(label, {}).get("module", {})},
        }
        found[label] = PlannedCase(
            raw=raw,
            resources={
                c["address"]: planned_value(c["change"].get("after"), c["change"].get("after_unknown"))
                for c in own
            },
            outputs=known,
            output_types=types,
        )
    return found


def planned_value(after: Any, unknown: Any) -> Any:
    """A planned value in which UNKNOWN stands for what is known after apply."""
    if unknown is True:
        return UNKNOWN
    if isinstance(after, dict) or (after is None and isinstance(unknown, dict) and unknown):
        known, later = after or {}, unknown if isinstance(unknown, dict) else {}
        return {name: planned_value(known.get(name), later.get(name)) for name in {**known, **later}}
    if isinstance(after, list):
        later_items = unknown if isinstance(unknown, list) else []
        return [
            planned_value(item, later_items[index] if index < len(later_items) else None)
            for index, item in enumerate(after)
        ]
    return after


def _without(module: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """A module of planned values with addresses as from inside it."""
    found: dict[str, Any] = {}
    if "resources" in module:
        found["resources"] = [
            {**resource, "address": resource["address"].removeprefix(prefix)}
            for resource in module["resources"]
        ]
    if "child_modules" in module:
        found["child_modules"] = [
            {"address": child["address"].removeprefix(prefix), **_without(child, prefix)}
            for child in module["child_modules"]
        ]
    return found
