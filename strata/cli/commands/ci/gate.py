"""Block a change that lacks an approval; exit 1 if it does.

An approval is a label set by someone other than the author."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from strata.ci.code_rules import UNLOADED, GateFinding, check_change
from strata.ci.gate import GateVerdict, check_plans, decide
from strata.ci.git import ChangeTrees, CommitRange
from strata.ci.inventory import check_loaded, is_configuration
from strata.ci.providers import check_providers
from strata.ci.workflow import add_summary
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError

EXAMPLES = (
    "strata ci gate --base origin/main",
    "strata ci gate --base origin/main --pull-request 7 --author octocat --head 1f2e3d4",
    "strata ci gate --plans plans --label approve:deletions",
)
_LABEL_PREFIX = "approve:"


def run(
    base: Annotated[str | None, typer.Option(help="Check the change since this commit.")] = None,
    repository: Annotated[Path, typer.Option(help="Checkout of the change.")] = Path(),
    plans: Annotated[
        Path | None, typer.Option(help="Check the plans of every `strata ci plan --out` folder in it.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="Label that is set.")] = None,
    pull_request: Annotated[
        int | None, typer.Option(help="Pull request whose labels GitHub is asked for.", min=1)
    ] = None,
    author: Annotated[str | None, typer.Option(help="Author, whose own labels do not count.")] = None,
    head: Annotated[str | None, typer.Option(help="Head commit; labels set before it do not count.")] = None,
    fresh: Annotated[
        bool, typer.Option(help="The change is new: remove the approvals of an older one first.")
    ] = False,
    deletions: Annotated[
        int, typer.Option(help="Resources that may be deleted without approval.", min=0)
    ] = 3,
    expect: Annotated[
        str | None, typer.Option(help="JSON list of the environments that must have plans.")
    ] = None,
    json_: Json = False,
) -> None:
    """Check a change, its plans, or both; an expected plan that is missing is not an approval."""
    if base is None and plans is None:
        raise StrataError("there is nothing to check", remedy="give --base, --plans or both")
    findings: list[GateFinding] = []
    if base is not None:
        findings += _of_change(CommitRange.since(repository.resolve(), base))
    if plans is not None:
        # Imported here, as GitHub's client below: a change's own gate needs neither.
        from strata.ci.plan_rules import rules_of
        from strata.cli.plan_sets import read_plan_sets, require_expected

        sets = read_plan_sets(plans)
        require_expected(plans, sets, expect)
        rules = rules_of(repository)
        for planned in sets.values():
            findings += check_plans(planned, deletions=deletions, rules=rules)
    verdict = decide(findings, {*(label or ()), *_approvals(pull_request, author, head, fresh)})
    _print(verdict, json_)
    if verdict.open:
        return
    wanted = ", ".join(verdict.missing)
    lines = [f"- `{one.place.replace('`', chr(39))}`: {one.what} (`{one.label}`)" for one in verdict.blocked]
    add_summary("\n".join(["## The gate is closed", "", *lines, "", f"Labels that open it: {wanted}"]))
    raise StrataError(
        f"{len(verdict.blocked)} finding(s) need an approval",
        remedy=f"ask someone other than the author to set: {wanted}",
    )


def _of_change(change: CommitRange) -> list[GateFinding]:
    """Judge the text of a change, then what it evaluates to: text that needs an approval is not evaluated."""
    found = check_change(change)
    if any(one.rule == "code" for one in found):
        return found
    with ChangeTrees(change, without=UNLOADED) as trees:
        if not any(one.rule == "provider" for one in found):
            found = [*found, *check_providers(trees)]
        if any(map(is_configuration, change.files)):
            found = [*found, *check_loaded(trees)]
    return found


def _print(verdict: GateVerdict, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "open": verdict.open,
                "missing": verdict.missing,
                "blocked": [dataclasses.asdict(one) for one in verdict.blocked],
                "approved": [dataclasses.asdict(one) for one in verdict.approved],
            }
        )
        return
    for word, several in (("approved", verdict.approved), ("needs approval", verdict.blocked)):
        for one in several:
            out.print(f"{word}: {one.place}: {one.what} [{one.label}]", markup=False, soft_wrap=True)
    if verdict.open:
        out.print("the gate is open")


def _approvals(pull_request: int | None, author: str | None, head: str | None, fresh: bool) -> set[str]:
    if pull_request is None:
        return set()
    if author is None or head is None:
        raise StrataError(
            "--pull-request needs the author and the head commit", remedy="give --author and --head"
        )
    from strata.ci.github import GitHub

    github = GitHub.from_environment()
    if fresh:
        # They do not count now, even if they cannot be removed: the token of a fork's job may only read.
        try:
            for name in github.remove_labels(pull_request, _LABEL_PREFIX):
                out.print(f"removed, because the change is new: {name}", markup=False)
        except StrataError as error:
            out.print(f"approvals of the older change do not count: {error.message}", markup=False)
        return set()
    return {name for name in github.approvals(pull_request, author, head) if name.startswith(_LABEL_PREFIX)}
