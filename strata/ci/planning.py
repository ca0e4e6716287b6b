"""Plans the units that a change affects, and keeps apart what may be shown from what may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.checkout.files import write_private
from strata.ci.affected import Affected
from strata.ci.fingerprint import PlanFingerprint, Record, fingerprint, new_key
from strata.ci.git import tree_at
from strata.ci.login import snowflake_variables
from strata.ci.plan_rules import PlanFinding
from strata.ci.plans import PLAN_JSON, PlanSet, UnitPlan, unit_plan
from strata.ci.reading import NOT_AT_HAND, Repository
from strata.ci.rego import of_policies
from strata.ci.summary import markdown
from strata.errors import StrataError
from strata.plan.document import changes, read_file
from strata.terraform.terragrunt import UnitOutcome, run_all

PLAN_SET = "plan.json"
SUMMARY = "summary.md"
RECORD = "record.json"


@dataclass(frozen=True)
class PlanningResult:
    """What planning gave: `plans` may be shown to anybody, `record` to the apply role alone."""

    plans: PlanSet
    record: Record


@dataclass(frozen=True)
class Planner:
    """Where plans are made.

    Attributes:
        root: the checkout's folder.
        folder: for the plans themselves, with every value in them: never an artifact.
        base: the commit in whose tree removed units still are; None where nothing can be removed.
        edges: (upstream, downstream) among all units.
    """

    root: Path
    folder: Path
    base: str | None = None
    edges: tuple[tuple[str, str], ...] = field(default=())

    @property
    def log(self) -> Path:
        """What Terragrunt and Terraform printed; it may hold secrets."""
        return self.folder / "terragrunt.log"

    def plan(self, affected: Affected, commit: str) -> PlanningResult:
        """Plan each affected unit, and the destruction of each that was removed.

        A unit that fails does not stop those that do not depend on it.

        Args:
            affected: what to plan.
            commit: the head commit that is planned, for the record.

        Raises:
            StrataError: Terragrunt cannot be run at all.
        """
        outcomes = run_all(
            self.root, "plan", affected.units, self.folder, self.log, variables=snowflake_variables()
        )
        if affected.removed and self.base:
            with tree_at(self.root, self.base) as tree:
                outcomes |= run_all(
                    tree,
                    "plan",
                    affected.removed,
                    self.folder,
                    self.log,
                    destroy=True,
                    variables=snowflake_variables(),
                )
        return collect(affected, commit, self.folder, outcomes, Repository.at(self.root), self.edges)


def collect(
    affected: Affected,
    commit: str,
    folder: Path,
    outcomes: Mapping[str, UnitOutcome],
    repository: Repository = NOT_AT_HAND,
    edges: tuple[tuple[str, str], ...] = (),
) -> PlanningResult:
    """Read the plans of some units and what became of the others.

    Args:
        affected: the units; each has an outcome.
        commit: the commit they were made for.
        folder: the folder of `--json-out-dir`.
        outcomes: what Terragrunt reported.
        repository: whose plans they are.
        edges: (upstream, downstream) among all units.
    """
    key = new_key()
    units: list[UnitPlan] = []
    marks: dict[str, tuple[PlanFingerprint, ...]] = {}
    for name in (*affected.units, *affected.removed):
        outcome = outcomes.get(name) or UnitOutcome(name, "skipped", "not begun")
        if outcome.result != "succeeded":
            error = outcome.error or "no reason was given"
            units.append(UnitPlan(unit=name, status=outcome.result, error=error))
            continue
        try:
            document = read_file(folder / name / PLAN_JSON)
        except StrataError as fault:
            units.append(UnitPlan(unit=name, status="failed", error=fault.message))
            continue
        mark = fingerprint(document, key)
        marks[name] = (mark,)
        plan = unit_plan(name, document, repository)
        denied = _denied(folder / name / PLAN_JSON, document, repository)
        units.append(plan.model_copy(update={"digest": mark.digest, "broken": (*plan.broken, *denied)}))
    known = {unit.unit for unit in units}
    plans = PlanSet(
        environment=affected.environment,
        commit=commit,
        units=tuple(units),
        reasons=dict(affected.reasons),
        edges=tuple(edge for edge in edges if set(edge) <= known),
        removed=affected.removed,
    )
    return PlanningResult(
        plans, Record(environment=affected.environment, commit=commit, key=key, units=marks)
    )


def _denied(plan: Path, document: Mapping[str, Any], repository: Repository) -> list[PlanFinding]:
    """What the repository's policies in Rego deny, with addresses as they may be shown."""
    if repository.root is None:
        return []
    addresses = {change.address for change in changes(document)}
    found = of_policies(repository.root, plan, addresses)
    return [one.model_copy(update={"address": repository.shown(one.address)}) for one in found]


def write(planned: PlanningResult, private: Path, public: Path) -> None:
    """Write the record beside the plans, and what may be shown into a folder of its own.

    Args:
        private: the folder of the plans.
        public: the folder that becomes the artifact.
    """
    private.mkdir(parents=True, exist_ok=True)
    write_private(private / RECORD, planned.record.model_dump_json())
    write_public(planned.plans, public)


def write_public(plans: PlanSet, public: Path) -> None:
    """Write plan.json and summary.md."""
    public.mkdir(parents=True, exist_ok=True)
    (public / PLAN_SET).write_text(plans.model_dump_json(indent=2), encoding="utf-8")
    (public / SUMMARY).write_text(markdown(plans), encoding="utf-8")
