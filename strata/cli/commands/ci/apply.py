"""Apply the merged commit; a unit only if its new plan is the reviewed one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from strata.ci import affected as resolver
from strata.ci.apply import Applier, UnitApply, job_summary
from strata.ci.fingerprint import Record
from strata.ci.freeze import refuse_frozen
from strata.ci.git import CommitRange, commit, git
from strata.ci.github import GitHub
from strata.ci.store import Store
from strata.ci.workflow import add_summary
from strata.cli.affected import MOST_COMMITS, changed_since_applied
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Plans
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.live import LiveTree

EXAMPLES = ("strata ci apply dev --plans /tmp/plans", "strata ci apply dev --plans /tmp/plans --unit s3")


def run(
    environment: Environment,
    plans: Plans,
    base: Annotated[
        str | None, typer.Option(help="Commit that was applied last; default: the one GitHub marks.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Apply this component alone, such as s3; the commit stays unapplied.")
    ] = None,
) -> None:
    """Apply what was merged since the last commit that was applied completely."""
    root = checkout_root()
    head = commit(root, "HEAD")
    tree = LiveTree.load(root)
    refuse_frozen(tree, environment, datetime.now(UTC))
    github = GitHub.from_environment()
    last: str | None
    if base is None:
        affected, last = changed_since_applied(root, environment)
    else:
        change = CommitRange.since(root, base)
        affected, last = resolver.deployable(change, environment), change.base
    if unit:
        affected = resolver.only(affected, unit)
    store = Store.of(tree, environment)
    records = _reviewed(root, github, store, last, head)
    results: list[UnitApply] = []
    try:
        applier = Applier(
            root, plans, records, last, _rerun(os.environ), lambda text: out.print(text, markup=False)
        )
        results = applier.apply(affected)
    finally:
        # Also after a fault: a commit without a mark would look as if it had never been tried.
        succeeded = all(result.ok for result in results) and bool(results or not affected.units)
        bad = next((result for result in results if result.result in ("failed", "stopped")), None)
        description = (
            f"{bad.unit} {bad.result}" if bad else f"{len(results)} unit(s)" if succeeded else "failed"
        )
        # One unit says nothing of the others, which still wait.
        if not unit:
            github.mark_applied(environment, head, succeeded=succeeded, description=description)
    text = job_summary(environment, results)
    add_summary(text)
    print(text, end="")
    if bad is not None:
        raise StrataError(f"{bad.unit} {bad.result}: {bad.error}", remedy=bad.next_command)


def _reviewed(root: Path, github: GitHub, store: Store, last: str | None, head: str) -> list[Record]:
    """Return the records of the pull requests merged since, newest first."""
    span = [f"{last}..{head}"] if last else [head, f"--max-count={MOST_COMMITS}"]
    commits = git(root, "rev-list", "--first-parent", *span).split()
    heads = dict.fromkeys(found for one in commits for found in github.merged_heads(one))
    return [record for name in heads if (record := store.load(name)) is not None]


def _rerun(environ: Mapping[str, str]) -> str:
    run, repository = environ.get("GITHUB_RUN_ID"), environ.get("GITHUB_REPOSITORY")
    return f"gh run rerun {run} --failed --repo {repository}" if run and repository else "run it again"
