"""`strata ci gate | comment | drift | drift-issue`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import typer

from strata.checkout.root import find_root
from strata.ci import affected as resolver
from strata.ci import planning
from strata.ci.code_rules import GateFinding, check_change
from strata.ci.gate import check_plans, judge
from strata.ci.git import CommitRange, commit
from strata.ci.github import GitHub
from strata.ci.plans import PlanSet, load_plan_set
from strata.ci.summary import LIMIT, drift_markdown, markdown, marker, not_planned
from strata.ci.workflow import add_summary
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import discovery

_LABEL_PREFIX = "approve:"


def run_gate(
    base: str | None,
    repository: Path,
    plans: Path | None,
    labels: Sequence[str],
    pull_request: int | None,
    author: str | None,
    head: str | None,
    fresh: bool,
    deletions: int,
    expect: str | None,
    as_json: bool,
) -> None:
    """Judge a change, or plans, or both; plans that are expected and not there are no approval."""
    if base is None and plans is None:
        raise StrataError("there is nothing to judge", remedy="give --base, --plans or both")
    findings: list[GateFinding] = []
    if base is not None:
        findings += check_change(CommitRange.since(repository.resolve(), base))
    if plans is not None:
        sets = _plan_sets(plans)
        _require(plans, sets, expect)
        for planned in sets.values():
            findings += check_plans(planned, deletions=deletions)
    verdict = judge(findings, {*labels, *_approvals(pull_request, author, head, fresh)})
    if as_json:
        print_json(
            {
                "open": verdict.open,
                "missing": verdict.missing,
                "blocked": [dataclasses.asdict(one) for one in verdict.blocked],
                "approved": [dataclasses.asdict(one) for one in verdict.approved],
            }
        )
    else:
        for word, several in (("approved", verdict.approved), ("needs approval", verdict.blocked)):
            for one in several:
                out.print(f"{word}: {one.place}: {one.what} [{one.label}]", markup=False, soft_wrap=True)
    if verdict.open:
        if not as_json:
            out.print("the gate is open")
        return
    wanted = ", ".join(verdict.missing)
    lines = [f"- `{one.place.replace('`', chr(39))}`: {one.what} (`{one.label}`)" for one in verdict.blocked]
    add_summary("\n".join(["## The gate is closed", "", *lines, "", f"Labels that open it: {wanted}"]))
    raise StrataError(
        f"{len(verdict.blocked)} finding(s) need an approval",
        remedy=f"have somebody else than the author set: {wanted}",
    )


def run_comment(folder: Path, pull_request: int, commit_name: str, expect: str) -> None:
    """Write one comment per environment; where nothing was to be planned, only rewrite one that is there."""
    root = find_root(Path.cwd())
    github = GitHub.from_environment()
    planned, expected = _plan_sets(folder), _environments(expect)
    for environment in sorted({*planned, *expected, *discovery.environments(root)}):
        missing = environment in expected and environment not in planned
        plans = planned.get(environment) or PlanSet(environment=environment, commit=commit_name)
        body = (
            not_planned(environment, commit_name)
            if missing
            else markdown(plans, LIMIT, f"the artifact plan-{environment}")
        )
        create = missing or bool(plans.units or plans.removed)
        address = github.upsert_comment(pull_request, marker(environment), body, create=create)
        out.print(address or f"{environment}: no unit is affected, and no comment is there", soft_wrap=True)


def run_drift(environment: str, plans: Path, public: Path) -> None:
    """Plan all units and say which drifted."""
    root = find_root(Path.cwd())
    planned = planning.Planner(root, plans).plan(resolver.everything(root, environment), commit(root, "HEAD"))
    planning.write(planned, plans, public)
    text = drift_markdown(planned.plans)
    add_summary(text)
    print(text, end="")
    if planned.plans.failed:
        said = "; ".join(f"{unit.unit}: {unit.error}" for unit in planned.plans.failed)
        raise StrataError(f"{len(planned.plans.failed)} unit(s) could not be planned: {said}")
    if _drifted(planned.plans):
        raise typer.Exit(2)


def run_drift_issue(folder: Path, expect: str) -> None:
    """Open, rewrite or close each environment's issue; leave that of one that was not looked at."""
    github = GitHub.from_environment()
    sets = _plan_sets(folder)
    for name, plans in sets.items():
        # A unit that could not be looked at must not close an issue.
        body = drift_markdown(plans) if _drifted(plans) or plans.failed else None
        address = github.upsert_issue(marker(name, "drift"), f"Drift in {name}", body)
        out.print(address or f"{name}: no drift, and no issue is open", soft_wrap=True)
    _require(folder, sets, expect)


def _plan_sets(folder: Path) -> dict[str, PlanSet]:
    """Environment -> its plans, in a folder of artifacts: a single one lies in the folder itself."""
    found = [load_plan_set(path) for path in sorted(folder.rglob(planning.PLAN_SET))]
    return {plans.environment: plans for plans in found}


def _environments(expect: str) -> list[str]:
    """The environments that should have plans, out of the output of `strata ci affected`."""
    try:
        found = json.loads(expect)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise StrataError(
            f"`{expect}` is no JSON list of environments",
            remedy="give the output `environments` of `strata ci affected`; empty, that job failed",
        )
    return found


def _require(folder: Path, sets: Collection[str], expect: str | None) -> None:
    if expect is None and not sets:
        raise StrataError("there are no plans", file=folder, remedy="make them with `strata ci plan --out`")
    missing = [] if expect is None else [name for name in _environments(expect) if name not in sets]
    if missing:
        raise StrataError(
            f"there are no plans of {', '.join(missing)}",
            file=folder,
            remedy="look at the job that plans: it did not run, or failed",
        )


def _drifted(plans: PlanSet) -> bool:
    return any(unit.drifted or unit.resources or unit.outputs for unit in plans.units)


def _approvals(pull_request: int | None, author: str | None, head: str | None, fresh: bool) -> set[str]:
    if pull_request is None:
        return set()
    if author is None or head is None:
        raise StrataError("whose pull request is it, at which commit", remedy="give --author and --head")
    github = GitHub.from_environment()
    if fresh:
        # Also where they cannot be taken off (a fork's token may only read), they do not count now.
        try:
            for name in github.remove_labels(pull_request, _LABEL_PREFIX):
                out.print(f"taken off, because the change is new: {name}", markup=False)
        except StrataError as error:
            out.print(f"approvals of the older change do not count: {error.message}", markup=False)
        return set()
    return {name for name in github.approvals(pull_request, author, head) if name.startswith(_LABEL_PREFIX)}
