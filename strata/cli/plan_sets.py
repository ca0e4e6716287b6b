"""`strata ci affected | plan | plan-summary | digest | verify | store`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from strata.checkout.root import find_root
from strata.ci import affected as resolver
from strata.ci import planning
from strata.ci.affected import Affected
from strata.ci.fingerprint import closest, fingerprint, load_record
from strata.ci.git import CommitRange, commit, git
from strata.ci.github import GitHub
from strata.ci.impact import with_downstream
from strata.ci.plans import PlanSet, find_plans, read_json
from strata.ci.store import Store
from strata.ci.summary import markdown
from strata.ci.workflow import add_summary, set_output
from strata.cli.affected import compared, environments, show
from strata.cli.views.console import err, out, print_json, table
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.facts import environment_facts
from strata.terraform.terragrunt import UnitOutcome

# So many commits are looked at for the last one that was applied.
MOST_COMMITS = 100


def run_affected(
    environment: str | None, base: str | None, since_applied: bool, everything: bool, as_json: bool
) -> None:
    """Print the units of each environment that are affected."""
    root = find_root(Path.cwd())
    if [base is not None, since_applied, everything].count(True) != 1:
        raise StrataError("say what to compare with", remedy="give one of --base, --since-applied and --all")
    names = [environment] if environment else environments(root)
    if everything:
        found = [resolver.everything(root, name) for name in names]
    elif base is not None:
        found = compared(CommitRange.since(root, base), environment, resolver.deployable)
    else:
        found = [changed_since_applied(root, name)[0] for name in names]
    found = [one for one in found if one.units or one.removed]
    set_output("environments", json.dumps([one.environment for one in found]))
    show(found, as_json)


def run_identity(environment: str, purpose: str, as_json: bool) -> None:
    """Print the identity of a reading job."""
    if purpose not in ("plan", "drift"):
        raise StrataError(f"`{purpose}` is no purpose", remedy="use plan or drift")
    facts = environment_facts(LiveTree.load(find_root(Path.cwd())), environment)
    found = {
        "role": facts.role_arn("plan"),
        "region": facts.region,
        "snowflake_user": facts.snowflake_user(purpose),
    }
    for name, value in found.items():
        set_output(name, value)
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        out.print(f"{name}: {value}", soft_wrap=True)


def changed_since_applied(root: Path, environment: str) -> tuple[Affected, str | None]:
    """What is affected since the last commit that was wholly applied, and which that is; all if none was."""
    commits = git(root, "rev-list", "--first-parent", f"--max-count={MOST_COMMITS}", "HEAD").split()
    last = GitHub.from_environment().last_applied(environment, commits)
    if last is None:
        return resolver.everything(root, environment), None
    return resolver.deployable(CommitRange.since(root, last), environment), last


def run_plan(
    environment: str, plans: Path, public: Path, base: str | None, name: str, embedded: bool
) -> None:
    """Plan; write the record beside the plans and what may be shown into its own folder."""
    root = find_root(Path.cwd())
    head = commit(root, name)
    # Terraform runs elsewhere.
    plans = plans.absolute()
    if embedded:
        from strata.ci.fork_plan import rehearse

        if base is None:
            raise StrataError("the embedded cloud is brought to the base first", remedy="give --base")
        planned = rehearse(
            CommitRange.since(root, base), environment, plans, head, lambda text: err.print(text)
        )
    else:
        if base is None:
            chosen, since = resolver.everything(root, environment), None
        else:
            change = CommitRange.since(root, base)
            chosen, since = resolver.deployable(change, environment), change.base
        edges = resolver.edges(root, environment) if chosen.units else ()
        planned = planning.Planner(root, plans, since, edges).plan(chosen, head)
        planned = with_downstream(root, chosen, planned)
    planning.write(planned, plans, public)
    _show(planned.plans)
    _require_planned(planned.plans)


def run_summary(environment: str, plans: Path, public: Path | None, name: str, as_json: bool) -> None:
    """Print the summary of a folder of plans."""
    planned = _collected(environment, plans, name)
    if public is not None:
        planning.write_public(planned.plans, public)
    if as_json:
        print(planned.plans.model_dump_json(indent=2))
    else:
        print(markdown(planned.plans), end="")


def run_digest(environment: str, plans: Path, record: Path | None, name: str, as_json: bool) -> None:
    """Print the digests of a folder of plans."""
    planned = _collected(environment, plans, name)
    _require_planned(planned.plans)
    if record is not None:
        record.write_text(planned.record.model_dump_json(), encoding="utf-8")
    digests = {unit.unit: unit.digest for unit in planned.plans.units}
    if as_json:
        print_json(digests)
        return
    for unit, digest in digests.items():
        out.print(f"{digest}  {unit}", soft_wrap=True)


def run_verify(environment: str, plans: Path, record: Path, as_json: bool) -> None:
    """Compare the plans of a folder with a record."""
    reviewed = load_record(record)
    if reviewed.environment != environment:
        raise StrataError(f"the record is of environment {reviewed.environment}", file=record)
    found = {
        unit: closest(reviewed.units.get(unit, ()), fingerprint(read_json(path), reviewed.key))
        for unit, path in _found(plans).items()
    }
    if as_json:
        print_json({unit: [one.model_dump() for one in several] for unit, several in found.items()})
    else:
        for unit, several in found.items():
            out.print(f"{unit}: {'as reviewed' if not several else 'not as reviewed'}", soft_wrap=True)
            for one in several:
                out.print(f"  {one.address}: {one.what}", markup=False, soft_wrap=True)
    if any(found.values()):
        raise typer.Exit(1)


def run_store(environment: str, plans: Path) -> None:
    """Put what `strata ci plan` left into the state bucket."""
    root = find_root(Path.cwd())
    record = load_record(plans / planning.RECORD)
    if record.environment != environment:
        raise StrataError(f"the plans are of environment {record.environment}", file=plans)
    place = Store.of(LiveTree.load(root), environment)
    count = place.save(record, plans)
    out.print(f"{count} objects in s3://{place.bucket}/{place.prefix(record.commit)}", soft_wrap=True)


def _found(plans: Path) -> dict[str, Path]:
    found = find_plans(plans)
    if not found:
        raise StrataError("there is no plan JSON", file=plans, remedy="plan with --json-out-dir")
    return found


def _collected(environment: str, plans: Path, name: str) -> planning.PlanningResult:
    root = find_root(Path.cwd())
    units = tuple(unit for unit in _found(plans) if unit.startswith(f"live/{environment}/"))
    chosen = Affected(environment, dict.fromkeys(units, ()), (), (units,))
    outcomes = {unit: UnitOutcome(unit, "succeeded") for unit in units}
    return planning.collect(chosen, commit(root, name), plans, outcomes)


def _show(plans: PlanSet) -> None:
    add_summary(markdown(plans))
    rows = [
        [unit.unit, unit.status, *(unit.count(name) for name in ("create", "update", "replace", "delete"))]
        for unit in plans.units
    ]
    if rows:
        out.print(table(None, ["unit", "plan", "create", "update", "replace", "delete"], rows))
    else:
        out.print("no unit is affected")


def _require_planned(plans: PlanSet) -> None:
    if plans.failed:
        said = "; ".join(f"{unit.unit}: {unit.error}" for unit in plans.failed)
        raise StrataError(f"{len(plans.failed)} of {len(plans.units)} units have no plan: {said}")
