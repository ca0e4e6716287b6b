"""Whether a change may go on: what needs an approval, and which approvals were given by somebody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata.ci.code_rules import GateFinding

if TYPE_CHECKING:
    from strata.ci.plan_rules import PlanRule
    from strata.ci.plans import PlanSet

DEFAULT_DELETIONS = 3


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says.

    Attributes:
        approved: findings whose label is set.
        blocked: the others; the gate is open if there are none.
    """

    approved: tuple[GateFinding, ...]
    blocked: tuple[GateFinding, ...]

    @property
    def open(self) -> bool:
        """Whether the change may go on."""
        return not self.blocked

    @property
    def missing(self) -> tuple[str, ...]:
        """The labels that would open it."""
        return tuple(sorted({finding.label for finding in self.blocked}))


def check_plans(
    plans: PlanSet, *, deletions: int = DEFAULT_DELETIONS, rules: Sequence[PlanRule] | None = None
) -> list[GateFinding]:
    """What in a set of plans needs an approval.

    Args:
        plans: the plans; a unit whose plan failed needs no approval here, it fails the run itself.
        deletions: how many resources may be deleted or replaced without one.
        rules: of plans, the built-in ones by default; those that look at values were applied when the plans
            were made.
    """
    # Imported here: a change is judged without plans first, in every pull request.
    from strata.ci.plan_rules import built_in, of_action

    found: list[GateFinding] = []
    # Some only the environment plan shows: what this change does downstream.
    units = (*plans.units, *plans.downstream)
    planned = {
        (unit.unit, resource.address, resource.action): resource.type
        for unit in units
        for resource in unit.resources
    }
    gone = [action for _, _, action in planned if action in ("delete", "replace")]
    if len(gone) > deletions:
        found.append(
            GateFinding(
                "deletions",
                f"live/{plans.environment}",
                f"{len(gone)} resources would be deleted or replaced, more than {deletions}",
            )
        )
    for (unit, address, action), kind in planned.items():
        for rule in of_action(built_in() if rules is None else rules, kind, action):
            found.append(GateFinding(rule.label, f"{unit} {address}", f"{rule.name}: {action} {rule.says}"))
    found += dict.fromkeys(
        GateFinding(broken.label, f"{unit.unit} {broken.address}", f"{broken.rule}: {broken.what}")
        for unit in units
        for broken in unit.broken
    )
    for plan in plans.units:
        if plan.provisional:
            found.append(
                GateFinding(
                    "mocks",
                    f"{plan.unit} {plan.mocked[0]}",
                    f"planned with mocks in {len(plan.mocked)} place(s)",
                )
            )
    found += [
        GateFinding("removed-unit", unit, "the unit's folder is gone, its resources are not")
        for unit in plans.removed
    ]
    return found


def decide(findings: Iterable[GateFinding], labels: Collection[str]) -> GateVerdict:
    """Sort the findings by whether their label is among those given."""
    unique = list(dict.fromkeys(findings))
    approved = tuple(finding for finding in unique if finding.label in labels)
    return GateVerdict(approved, tuple(finding for finding in unique if finding.label not in labels))
