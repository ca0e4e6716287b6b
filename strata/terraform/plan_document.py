"""What a plan says, out of Terraform's own plan JSON: actions by unit and resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strata.plan import document as plans
from strata.plan.values import ValueChange, value_changes

KINDS = ("create", "update", "replace", "delete", "import", "move", "forget")


@dataclass(frozen=True)
class InstanceChange:
    """What is planned for one resource instance.

    Attributes:
        address: as in the plan.
        type: the resource's type.
        kind: the one word of KINDS that says it, or "" if the instance itself stays as it is.
        actions: Terraform's own words, such as `("delete", "create")`.
        changed: the names of the attributes that would change; none for a new or a deleted resource.
        importing: whether it is imported.
        moved_from: the address it has in the state now, if that is another.
        values: of the attributes that would change, those of a new or a deleted resource among them.
    """

    address: str
    type: str
    kind: str
    actions: tuple[str, ...]
    changed: tuple[str, ...] = ()
    importing: bool = False
    moved_from: str = ""
    values: tuple[ValueChange, ...] = ()

    def kinds(self) -> Iterator[str]:
        """All words of KINDS that it counts for."""
        if self.kind:
            yield self.kind
        if self.importing:
            yield "import"
        if self.moved_from:
            yield "move"


@dataclass(frozen=True)
class PlannedUnit:
    """What is planned for one unit.

    Attributes:
        unit: its path.
        resources: what changes.
        outputs: the names of outputs that would change.
        after: the paths of the units it waits for.
    """

    unit: str
    resources: tuple[InstanceChange, ...]
    outputs: tuple[str, ...]
    after: tuple[str, ...]

    def changes(self) -> dict[str, int]:
        """How many changes of each of KINDS."""
        return _counts([self])

    @property
    def action(self) -> str:
        """The weightiest change, one of KINDS, `output`, or "" if nothing changes."""
        found = {kind for resource in self.resources for kind in resource.kinds()}
        weighty = next((kind for kind in _BY_WEIGHT if kind in found), "")
        return weighty or ("output" if self.outputs else "")


_BY_WEIGHT = ("delete", "replace", "forget", "update", "create", "import", "move")


@dataclass(frozen=True)
class EnvironmentPlan:
    """One plan over units of an environment; `units` is in dependency order."""

    environment: str
    units: Mapping[str, PlannedUnit]

    def changes(self) -> dict[str, int]:
        """How many changes of each of KINDS in all units."""
        return _counts(self.units.values())

    @property
    def empty(self) -> bool:
        """Whether an apply would change nothing, not even an output."""
        return not any(unit.action for unit in self.units.values())

    def document(self, *, values: bool = False) -> dict[str, Any]:
        """The plan as JSON output.

        Args:
            values: with the values of attributes, but for sensitive ones.
        """
        return {
            "environment": self.environment,
            "changes": self.changes(),
            "units": {
                path: {
                    "changes": unit.changes(),
                    "resources": [_facts(resource, values=values) for resource in unit.resources],
                    "outputs": list(unit.outputs),
                }
                for path, unit in self.units.items()
            },
        }


def read_plan(
    document: Mapping[str, Any],
    environment: str,
    modules: Mapping[str, str],
    after: Mapping[str, Iterable[str]],
) -> EnvironmentPlan:
    """Read the plan of an environment's root.

    Args:
        document: from `terraform show -json`.
        environment: its name.
        modules: unit path by module name, in the order wanted.
        after: by unit path, the units it waits for.
    """
    changes = _by_module(document)
    outputs = {
        output.address: plans.changed_names(output.before, output.after, output.unknown)
        for output in plans.outputs(document)
    }
    return EnvironmentPlan(
        environment,
        {
            path: PlannedUnit(
                path,
                tuple(change for change in changes.get(name, []) if any(change.kinds())),
                outputs.get(name, ()),
                tuple(other for other in after[path] if other in modules.values()),
            )
            for name, path in modules.items()
        },
    )


def _by_module(document: Mapping[str, Any]) -> dict[str, list[InstanceChange]]:
    found: dict[str, list[InstanceChange]] = {}
    for change in plans.changes(document):
        module = plans.module_name(change.address)
        if change.managed and module:
            found.setdefault(module, []).append(
                InstanceChange(
                    change.address,
                    change.type,
                    change.kind,
                    change.actions,
                    change.changed(),
                    change.importing,
                    change.moved_from,
                    value_changes(change),
                )
            )
    return found


def _counts(units: Iterable[PlannedUnit]) -> dict[str, int]:
    counted = Counter(kind for unit in units for resource in unit.resources for kind in resource.kinds())
    return {kind: counted[kind] for kind in KINDS}


def _facts(resource: InstanceChange, *, values: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "address": resource.address,
        "type": resource.type,
        "actions": list(resource.actions),
        "changed": list(resource.changed),
    }
    if resource.importing:
        facts["importing"] = True
    if resource.moved_from:
        facts["moved_from"] = resource.moved_from
    if values:
        facts["values"] = [[one.name, one.before, one.after] for one in resource.values]
    return facts
