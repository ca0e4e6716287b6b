"""Which units a change affects, for `strata live affected` and `strata ci affected`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from strata.ci.affected import Affected, affected
from strata.ci.git import CommitRange, git
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import discovery


def run(root: Path, span: str, environment: str | None, as_json: bool) -> None:
    """Print what the commits of BASE..HEAD affect; a HEAD that is checked out is the checkout."""
    base, dots, head = span.partition("..")
    if not base or not dots:
        raise StrataError(f"`{span}` is no span of commits", remedy="write BASE..HEAD, such as main..HEAD")
    change = CommitRange.since(root, base, head or "HEAD")
    show(compared(change, environment), as_json)


def compared(
    change: CommitRange, environment: str | None, resolve: Callable[[CommitRange, str], Affected] = affected
) -> list[Affected]:
    """What a change affects in one environment, or in each where it affects any unit."""
    names = [environment] if environment else environments(change.root, change.base, change.head)
    return [found for name in names if (found := resolve(change, name)).units or found.removed]


def environments(root: Path, *commits: str) -> list[str]:
    """The environments of the checkout and of commits: one whose folder is gone still has resources."""
    names = set(discovery.environments(root))
    for commit in commits:
        listed = git(root, "ls-tree", "-d", "--name-only", commit, "live/").split()
        names |= {name.removeprefix("live/") for name in listed if not name.startswith(("live/_", "live/."))}
    return sorted(names)


def show(found: Sequence[Affected], as_json: bool) -> None:
    """Print the units and why; of removed ones, what destroys them."""
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
                "destroy them out of the tree that still has them:",
                f"  git worktree add --detach .strata/before {one.base}",
                f"  cd .strata/before && terragrunt run --all {filters} -- destroy",
            ):
                out.print(line, markup=False, soft_wrap=True)
