"""`strata ci apply | unlock`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from strata.checkout.root import find_root
from strata.ci import affected as resolver
from strata.ci.apply import Applier, UnitApply, job_summary
from strata.ci.fingerprint import Record
from strata.ci.git import CommitRange, commit, git
from strata.ci.github import GitHub
from strata.ci.store import Store
from strata.ci.workflow import add_summary
from strata.cli.plan_sets import MOST_COMMITS, changed_since_applied
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.live import LiveTree, discovery
from strata.terraform.terragrunt import child_environ, first_error

_LOCK_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_APPLY_WORKFLOW = "terraform-post-merge-apply.yaml"


def run_apply(environment: str, plans: Path, base: str | None) -> None:
    """Apply what was merged since the last commit that was wholly applied."""
    root = find_root(Path.cwd())
    head = commit(root, "HEAD")
    github = GitHub.from_environment()
    last: str | None
    if base is None:
        affected, last = changed_since_applied(root, environment)
    else:
        change = CommitRange.since(root, base)
        affected, last = resolver.deployable(change, environment), change.base
    store = Store.of(LiveTree.load(root), environment)
    records = _reviewed(root, github, store, last, head)
    results: list[UnitApply] = []
    try:
        applier = Applier(
            root, plans, records, last, _rerun(os.environ), lambda text: out.print(text, markup=False)
        )
        results = applier.apply(affected)
    finally:
        # Also after a fault: a commit without a mark would look as if nobody had tried.
        succeeded = all(result.ok for result in results) and bool(results or not affected.units)
        bad = next((result for result in results if result.result in ("failed", "stopped")), None)
        description = (
            f"{bad.unit} {bad.result}" if bad else f"{len(results)} unit(s)" if succeeded else "failed"
        )
        github.mark_applied(environment, head, succeeded=succeeded, description=description)
    text = job_summary(environment, results)
    add_summary(text)
    print(text, end="")
    if bad is not None:
        raise StrataError(f"{bad.unit} {bad.result}: {bad.error}", remedy=bad.next_command)


def run_unlock(environment: str, unit: str, lock_id: str) -> None:
    """Release a lock while no apply runs, by Terraform itself, which refuses another id than the lock's."""
    root = find_root(Path.cwd())
    known = {path.rpartition("/")[2] for path in discovery.units_of(root, environment)}
    if unit not in known:
        raise StrataError(
            f"environment {environment} has no unit {unit}", remedy=f"it has {', '.join(sorted(known))}"
        )
    if not _LOCK_ID.fullmatch(lock_id):
        raise StrataError(f"`{lock_id}` is no lock id", remedy="copy the ID out of Terraform's error")
    if f"apply {environment}" in GitHub.from_environment().running_jobs(_APPLY_WORKFLOW):
        raise StrataError(
            f"an apply of {environment} is in progress, whose lock is not stale", remedy="wait until it ends"
        )
    place = f"live/{environment}/{unit}"
    process = subprocess.run(
        [
            *("terragrunt", "run", "--non-interactive", "--no-color", "--tf-path", "terraform"),
            *("--working-dir", str(root / place), "--", "force-unlock", "-force", lock_id),
        ],
        cwd=root,
        env=child_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        said = first_error(process.stdout + process.stderr) or "terragrunt gave no reason"
        raise StrataError(
            f"{place} stays locked: {said}", remedy="look at the id; the lock may be another's, or gone"
        )
    add_summary(f"Released lock `{lock_id}` of `{place}`.")
    out.print(f"released lock {lock_id} of {place}", soft_wrap=True)


def _reviewed(root: Path, github: GitHub, store: Store, last: str | None, head: str) -> list[Record]:
    """The records of the pull requests merged since, newest first."""
    span = [f"{last}..{head}"] if last else [head, f"--max-count={MOST_COMMITS}"]
    commits = git(root, "rev-list", "--first-parent", *span).split()
    heads = dict.fromkeys(found for one in commits for found in github.merged_heads(one))
    return [record for name in heads if (record := store.load(name)) is not None]


def _rerun(environ: Mapping[str, str]) -> str:
    run, repository = environ.get("GITHUB_RUN_ID"), environ.get("GITHUB_REPOSITORY")
    return f"gh run rerun {run} --failed --repo {repository}" if run and repository else "run it again"
