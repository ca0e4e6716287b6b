"""After the merge: plans each wave again and applies what equals the reviewed plan, until the first failure.

Terragrunt plans a unit against the outputs that are there, so that a wave's plans are true only once the
wave before is applied: hence wave by wave, and the reviewed plan is compared with a new one, not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from strata.ci.affected import Affected, graph_of
from strata.ci.fingerprint import Record, UnreviewedAction, closest, fingerprint
from strata.ci.git import tree_at
from strata.ci.login import snowflake_variables
from strata.ci.plans import PLAN_JSON, unit_plan
from strata.ci.reading import Repository
from strata.ci.summary import code
from strata.errors import StrataError
from strata.live.mocks import SENTINEL
from strata.plan.document import read_file
from strata.terraform.terragrunt import UnitOutcome, run_all

Result = Literal["applied", "unchanged", "stopped", "failed", "not begun"]
_MOST_DIFFERENCES = 20


@dataclass(frozen=True)
class UnitApply:
    """What became of one unit.

    Attributes:
        error: what went wrong, one line without values.
        differences: what would be done that was not reviewed.
        next_command: what to do about it.
    """

    unit: str
    result: Result
    resources: int = 0
    error: str | None = None
    differences: tuple[UnreviewedAction, ...] = ()
    next_command: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the unit is as it was reviewed."""
        return self.result in ("applied", "unchanged")


@dataclass(frozen=True)
class Applier:
    """Applies one environment.

    Attributes:
        root: the checkout's folder, at the merged commit.
        folder: for plans and logs; never an artifact.
        records: what was reviewed, newest first.
        base: the commit that was applied last, in whose tree removed units still are.
        rerun: the command that runs this again.
        say: called with each step, one line.
    """

    root: Path
    folder: Path
    records: Sequence[Record]
    base: str | None = None
    rerun: str = "gh run rerun --failed"
    say: Callable[[str], None] = lambda text: None

    def apply(self, affected: Affected) -> list[UnitApply]:
        """Apply the affected units wave by wave, then destroy those that were removed.

        Raises:
            StrataError: Terragrunt cannot be run at all.
        """
        results: list[UnitApply] = []
        for number, wave in enumerate(affected.waves, 1):
            self.say(f"wave {number} of {len(affected.waves)}: {', '.join(wave)}")
            results += self._wave(self.root, wave, f"wave-{number}", destroy=False)
            if not all(result.ok for result in results):
                break
        else:
            if affected.removed and self.base:
                results += self._destroy(affected.removed, self.base)
        done = {result.unit for result in results}
        left = [unit for unit in (*affected.units, *affected.removed) if unit not in done]
        return [*results, *(UnitApply(unit, "not begun") for unit in left)]

    def _destroy(self, removed: Sequence[str], base: str) -> list[UnitApply]:
        """Destroy removed units, dependents first, out of the tree that still has them."""
        results: list[UnitApply] = []
        with tree_at(self.root, base) as tree:
            waves = graph_of(tree, removed)
            for number, wave in enumerate(reversed(waves), 1):
                self.say(f"destroying: {', '.join(wave)}")
                results += self._wave(tree, wave, f"destroy-{number}", destroy=True)
                if not all(result.ok for result in results):
                    break
        return results

    def _wave(self, root: Path, wave: Sequence[str], name: str, *, destroy: bool) -> list[UnitApply]:
        plans, log = self.folder / name, self.folder / f"{name}.log"
        planned = run_all(root, "plan", wave, plans, log, destroy=destroy, variables=snowflake_variables())
        results: dict[str, UnitApply] = {}
        wanted: dict[str, int] = {}
        for unit in wave:
            if planned[unit].result != "succeeded":
                results[unit] = self._failed(planned[unit])
                continue
            verdict = self.verify(unit, plans / unit / PLAN_JSON)
            if verdict.result == "applied":
                wanted[unit] = verdict.resources
            else:
                results[unit] = verdict
        applied = run_all(root, "apply", list(wanted), plans, log, variables=snowflake_variables())
        for unit, outcome in applied.items():
            if outcome.result == "succeeded":
                results[unit] = UnitApply(unit, "applied", wanted[unit])
            else:
                results[unit] = self._failed(outcome)
        for unit in wave:
            self.say(f"{unit}: {results[unit].result}")
        return [results[unit] for unit in wave]

    def verify(self, unit: str, plan: Path) -> UnitApply:
        """Compare a new plan with the reviewed one: `applied` says that it may be, `stopped` that not."""
        try:
            document = read_file(plan)
        except StrataError as error:
            return UnitApply(unit, "failed", error=error.message, next_command=self.rerun)
        repository = Repository.at(self.root)
        planned = unit_plan(unit, document, repository)
        if not planned.resources and not planned.outputs:
            return UnitApply(unit, "unchanged")
        review = "open a pull request that touches the unit, and have its new plan reviewed"
        if planned.provisional:
            return UnitApply(
                unit,
                "stopped",
                error=f"the plan holds mocks (account {SENTINEL}), which are never applied",
                next_command="apply what the unit depends on, then run this again",
            )
        records = [record for record in self.records if unit in record.units]
        if not records:
            return UnitApply(unit, "stopped", error="no plan of it was reviewed", next_command=review)
        found = _not_reviewed(records, unit, document, repository)
        if found:
            return UnitApply(
                unit,
                "stopped",
                error=f"the plan is not the reviewed one of {records[0].commit[:12]}: "
                f"{len(found)} difference(s)",
                differences=tuple(found),
                next_command=review,
            )
        return UnitApply(unit, "applied", len(planned.resources))

    def _failed(self, outcome: UnitOutcome) -> UnitApply:
        command = self.rerun
        if outcome.lock_id:
            _, environment, component = outcome.unit.split("/", 2)
            command = (
                f"if no run holds the lock: gh workflow run unlock.yaml -f environment={environment} "
                f"-f unit={component} -f lock_id={outcome.lock_id}, then {self.rerun}"
            )
        return UnitApply(outcome.unit, "failed", error=outcome.error, next_command=command)


def _not_reviewed(
    records: Sequence[Record], unit: str, document: Mapping[str, Any], repository: Repository
) -> list[UnreviewedAction]:
    """What a plan would do that no record covers, in the newest one's words.

    One run may apply several pull requests, of which none was planned with the others' changes.
    """
    newest, *older = (
        closest(record.units[unit], fingerprint(document, record.key), repository) for record in records
    )
    for found in older:
        addresses = {one.address for one in found}
        newest = [one for one in newest if one.address in addresses]
    return newest


def job_summary(environment: str, results: Sequence[UnitApply]) -> str:
    """What became of an apply, in Markdown: unit, error and next command."""
    bad = [result for result in results if result.result in ("failed", "stopped")]
    headline = f"## Apply of `{environment}`: "
    if not results:
        return f"{headline}no unit is affected\n"
    counts = {name: sum(result.result == name for result in results) for name in ("applied", "unchanged")}
    if bad:
        headline += f"stopped at {', '.join(f'`{result.unit}`' for result in bad)}"
    else:
        headline += f"{counts['applied']} applied, {counts['unchanged']} unchanged"
    lines = [headline, "", "| unit | result | resources |", "|---|---|--:|"]
    lines += [f"| `{result.unit}` | {result.result} | {result.resources or ''} |" for result in results]
    for result in bad:
        lines += [
            "",
            f"### `{result.unit}` {result.result}",
            "",
            code(result.error or "no reason was given"),
            "",
        ]
        for one in result.differences[:_MOST_DIFFERENCES]:
            lines.append(f"- {code(one.address)}: {one.what}")
        if len(result.differences) > _MOST_DIFFERENCES:
            lines.append(f"- and {len(result.differences) - _MOST_DIFFERENCES} more")
        lines += ["", "Next:", "", "```sh", result.next_command or "", "```"]
    return "\n".join(lines) + "\n"
