"""Which units a change affects, for `strata live affected`, `strata ci affected` and `strata ci apply`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from strata.ci import affected as resolver
from strata.ci.affected import Affected
from strata.ci.git import CommitRange, git
from strata.cli.views.console import out, print_json
from strata.live import discovery

# How many commits back to look for the last one that was applied.
MOST_COMMITS = 100


def compared(
    change: CommitRange,
    environment: str | None,
    resolve: Callable[[CommitRange, str], Affected] = resolver.affected,
) -> list[Affected]:
    """Return what a change affects in one environment, or in each where it affects a unit."""
    names = [environment] if environment else environments(change.root, change.base, change.head)
    return [found for name in names if (found := resolve(change, name)).units or found.removed]


def changed_since_applied(root: Path, environment: str) -> tuple[Affected, str | None]:
    """Return what is affected since the last commit that was applied completely, and that commit.

    Returns:
        All units and None if no commit was.
    """
    # Imported here: most comparisons do not ask GitHub.
    from strata.ci.github import GitHub

    commits = git(root, "rev-list", "--first-parent", f"--max-count={MOST_COMMITS}", "HEAD").split()
    last = GitHub.from_environment().last_applied(environment, commits)
    if last is None:
        return resolver.everything(root, environment), None
    return resolver.deployable(CommitRange.since(root, last), environment), last


def environments(root: Path, *commits: str) -> list[str]:
    """Return the environments of the checkout and of commits: a deleted folder may still have resources."""
    names = set(discovery.environments(root))
    for commit in commits:
        listed = git(root, "ls-tree", "-d", "--name-only", commit, f"{discovery.LIVE}/").split()
        names |= {name.removeprefix("live/") for name in listed if not name.startswith(("live/_", "live/."))}
    return sorted(names)


def show(found: Sequence[Affected], as_json: bool) -> None:
    """Print the units and why; for removed ones, the commands that destroy them."""
    if as_json:
        print_json([{**dataclasses.asdict(one), "units": one.units} for one in found])
        return
    if not found:
        out.print("no unit is affected")
    for one in found:
        for unit, reasons in one.reasons.items():
            out.print(f"{unit}: {', '.join(reasons)}", markup=False, soft_wrap=True)
        for unit in one.removed:
            out.print(f"{unit}: removed", markup=False, soft_wrap=True)
        if one.removed and one.base:
            filters = " ".join(f"--filter ./{unit}" for unit in one.removed)
            for line in (
                "destroy them from the commit that still has them:",
                f"  git worktree add --detach .strata/before {one.base}",
                f"  cd .strata/before && terragrunt run --all {filters} -- destroy",
            ):
                out.print(line, markup=False, soft_wrap=True)
