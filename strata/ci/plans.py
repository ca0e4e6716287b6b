"""Plans as they may be shown: addresses, actions and names of attributes, never a value.

The source is Terraform's own plan JSON (`terraform show -json`), which holds every value in clear, those
marked sensitive too (https://developer.hashicorp.com/terraform/internals/json-format).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from strata.ci.plan_rules import PlanFinding, of_values
from strata.ci.reading import NOT_AT_HAND, Repository
from strata.errors import StrataError
from strata.live.mocks import planned
from strata.plan import document as plans
from strata.plan.document import PlannedChange

PLAN_JSON = "tfplan.json"
PLAN_FILE = "tfplan.tfplan"

Action = Literal["create", "update", "replace", "delete", "import", "forget", "move"]
Status = Literal["planned", "failed", "skipped"]
_MODEL = ConfigDict(frozen=True, extra="forbid")


class ResourceChange(BaseModel):
    """One resource that would change.

    Attributes:
        address: in its unit's root module.
        changed: names of the attributes that differ (of an update or a replacement).
    """

    model_config = _MODEL

    address: str
    type: str
    action: Action
    changed: tuple[str, ...] = ()


class UnitPlan(BaseModel):
    """What a plan of one unit says.

    Attributes:
        error: the first line of what went wrong, without values, if the plan failed.
        outputs: names of the outputs that would change.
        mocked: the resources, outputs and variables in which a mock stands for a value.
        drifted: resources that somebody changed outside Terraform; their action is what happened to them.
        broken: the rules of plans that values break, see `plan_rules`.
        digest: of the normalised plan, see `fingerprint`.
    """

    model_config = _MODEL

    unit: str
    status: Status = "planned"
    error: str | None = None
    resources: tuple[ResourceChange, ...] = ()
    outputs: tuple[str, ...] = ()
    mocked: tuple[str, ...] = ()
    drifted: tuple[ResourceChange, ...] = ()
    broken: tuple[PlanFinding, ...] = ()
    digest: str | None = None

    @property
    def provisional(self) -> bool:
        """Whether it was made with mocks: the plan after upstream is applied will differ."""
        return bool(self.mocked)

    def count(self, action: Action) -> int:
        """How many resources have this action."""
        return sum(resource.action == action for resource in self.resources)


class PlanSet(BaseModel):
    """The plans of one environment for one commit: what the artifact holds.

    Attributes:
        reasons: unit -> why it was planned.
        edges: (upstream, downstream) among the units.
        removed: units whose folder is gone.
        downstream: what the environment plan says, where it was made: it shows a change's effect on units
            downstream, which a plan of that unit alone cannot know.
    """

    model_config = _MODEL

    format: Literal[1] = 1
    environment: str
    commit: str
    units: tuple[UnitPlan, ...] = ()
    reasons: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    downstream: tuple[UnitPlan, ...] = ()
    downstream_error: str | None = None

    @property
    def failed(self) -> tuple[UnitPlan, ...]:
        """The units without a plan."""
        return tuple(unit for unit in self.units if unit.status != "planned")

    def count(self, action: Action) -> int:
        """How many resources of all units have this action."""
        return sum(unit.count(action) for unit in self.units)


def load_plan_set(path: Path) -> PlanSet:
    """Read what `write_plan_set` wrote.

    Raises:
        StrataError: the file is missing or is not a plan set.
    """
    try:
        return PlanSet.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StrataError(
            f"the plans cannot be read: {error.strerror}", file=path, remedy="make them with `strata ci plan`"
        ) from None
    except ValueError as error:
        raise StrataError(
            f"not a plan set: {str(error).splitlines()[0]}",
            file=path,
            remedy="make it with `strata ci plan` or `strata ci plan-summary`",
        ) from None


def unit_plan(unit: str, document: Mapping[str, Any], repository: Repository = NOT_AT_HAND) -> UnitPlan:
    """What a plan JSON says of its unit, without values.

    Args:
        unit: the unit's path.
        document: from `terraform show -json`.
        repository: whose plan it is.
    """
    outputs = [output.address for output in plans.outputs(document) if changes_output(output)]
    return UnitPlan(
        unit=unit,
        resources=tuple(_resources(plans.changes(document), repository)),
        outputs=tuple(sorted(outputs)),
        mocked=tuple(dict.fromkeys(repository.shown(place) for place, _ in planned(document))),
        drifted=tuple(_drifted(document, repository)),
        broken=tuple(_broken(document, repository)),
    )


def changes_output(output: PlannedChange) -> bool:
    """Whether an output would have another value."""
    return output.actions not in ((), ("no-op",))


def find_plans(folder: Path) -> dict[str, Path]:
    """Unit path -> its plan JSON, below the folder of `--json-out-dir`."""
    return {
        path.parent.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob(PLAN_JSON))
        if path.is_file()
    }


def action_of(change: PlannedChange) -> Action | None:
    """The one word for a change's actions; None if nothing happens."""
    if change.kind:
        return cast(Action, change.kind)
    if change.importing:
        return "import"
    return "move" if change.moved_from else None


def _resources(found: Iterable[PlannedChange], repository: Repository) -> Iterator[ResourceChange]:
    for change in found:
        if change.managed and (action := action_of(change)) is not None:
            yield ResourceChange(
                address=repository.shown(change.address),
                type=change.type,
                action=action,
                changed=change.changed(),
            )


def _broken(document: Mapping[str, Any], repository: Repository) -> Iterator[PlanFinding]:
    for change in plans.changes(document):
        if change.managed:
            for rule, attribute in of_values(repository.rules, change):
                yield PlanFinding(
                    address=repository.shown(change.address),
                    rule=rule.name,
                    label=rule.label,
                    what=f"{rule.says} ({attribute})",
                )


def _drifted(document: Mapping[str, Any], repository: Repository) -> Iterator[ResourceChange]:
    """What was changed outside Terraform, in attributes that the configuration sets or an apply would change.

    A resource also shows what others made around it, such as a role its inline policies and a bucket its
    lifecycle: each of those has, in its own resource, its own drift.
    """
    expressions = plans.expressions(document)
    acted_on = {change.address for change in plans.changes(document) if change.managed and action_of(change)}
    for change in plans.drift(document):
        names = expressions.get(change.configured)
        for resource in _resources([change], repository):
            if resource.action != "update" or change.address in acted_on or names is None:
                yield resource
            elif ours := tuple(name for name in resource.changed if name in names):
                yield resource.model_copy(update={"changed": ours})
