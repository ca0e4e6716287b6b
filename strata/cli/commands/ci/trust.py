"""`strata ci trust` and `strata ci roles`: who may log in as what, and what the deployers' roles may do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from strata.bootstrap.identities import snowflake_identities
from strata.checkout.root import find_root
from strata.ci.rendered import environment_plan, read_plan_file
from strata.ci.roles import check_roles
from strata.ci.trust import TrustVerdict, load_tokens, planned_trust, verdicts
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.live.facts import environment_facts
from strata.platform.session import interruptible
from strata.platform.workspace import load_tree
from strata.terraform.toolchain import find_toolchain


def run_trust(environment: str, plan: Path | None, role: str | None, as_json: bool) -> None:
    """Decide on every token and everybody who might trust it; exit 1 if one is decided otherwise."""
    root = find_root(Path.cwd())
    tree = load_tree(root, find_toolchain(root / ".strata"))
    facts = environment_facts(tree, environment)
    others = [name for name in tree.environments() if name != environment]
    trusting, providers = planned_trust(
        _document(root, environment, plan), facts, snowflake_identities(facts)
    )
    found = verdicts(load_tokens(facts, others[0] if others else "other"), trusting, providers)
    names = [one.name for one in trusting]
    if role is not None and role not in names:
        raise StrataError(f"{environment} has no role {role}", remedy=f"its roles are {', '.join(names)}")
    shown = [verdict for verdict in found if role in (None, verdict.name)]
    if as_json:
        print_json({"environment": environment, "decisions": [verdict.as_dict() for verdict in shown]})
    elif role is None:
        _print_tokens(shown)
    else:
        _print_role(shown, role)
    wrong = [verdict for verdict in found if not verdict.as_expected]
    for verdict in wrong:
        word = "may become" if verdict.decision.allowed else "may not become"
        err.print(f"{verdict.token.name}: {word} {verdict.name}, against the table ({verdict.statement})")
    if not as_json:
        tokens = len({verdict.token.name for verdict in found})
        out.print(
            f"{tokens} tokens, {len(names)} roles and users: {len(found)} decisions, {len(wrong)} wrong"
        )
    if wrong:
        raise typer.Exit(1)


def run_roles(environment: str, plan: Path | None, as_json: bool) -> None:
    """Check what the deployers' roles may do; exit 1 if one may too little or too much."""
    root = find_root(Path.cwd())
    facts = environment_facts(load_tree(root, find_toolchain(root / ".strata")), environment)
    report = check_roles(_document(root, environment, plan), facts)
    if as_json:
        print_json(
            {
                "environment": environment,
                "types": report.types,
                "needs": report.needs,
                "faults": [{"role": fault.role, "text": fault.text} for fault in report.faults],
                "unused": list(report.unused),
            }
        )
    else:
        for fault in report.faults:
            out.print(f"{fault.role} {fault.text}", soft_wrap=True)
        out.print(
            f"{report.needs} needs of {report.types} resource types, {len(report.faults)} faults; "
            f"{len(report.unused)} actions of the apply role are for types that are not planned",
            soft_wrap=True,
        )
    if report.faults:
        raise typer.Exit(1)


def _document(root: Path, environment: str, plan: Path | None) -> Mapping[str, Any]:
    if plan is not None:
        return read_plan_file(plan)
    with interruptible(), err.status("planning") as status:
        return environment_plan(root, environment, lambda text: status.update(text))


def _print_tokens(found: list[TrustVerdict]) -> None:
    by_token: dict[str, list[TrustVerdict]] = {}
    for verdict in found:
        by_token.setdefault(verdict.token.name, []).append(verdict)
    table = Table("token", "may become", "decided by", box=None, pad_edge=False)
    for name, decided in by_token.items():
        allowed = [verdict for verdict in decided if verdict.decision.allowed]
        wrong = any(not verdict.as_expected for verdict in decided)
        table.add_row(
            name,
            ", ".join(verdict.name for verdict in allowed) or "nobody",
            "; ".join(verdict.statement for verdict in allowed) or _common_reason(decided),
            style="red" if wrong else "green" if allowed else None,
        )
    out.print(table)


def _common_reason(decided: list[TrustVerdict]) -> str:
    reasons = {verdict.statement for verdict in decided if not verdict.name.startswith("snowflake:")}
    reason = reasons.pop() if len(reasons) == 1 else ""
    return "no statement" if not reason or reason.startswith("because no trust policy") else reason


def _print_role(found: list[TrustVerdict], role: str) -> None:
    table = Table("token", role, "decided by", box=None, pad_edge=False)
    for verdict in found:
        style = None if verdict.as_expected else "red"
        word = "allowed" if verdict.decision.allowed else "denied"
        table.add_row(verdict.token.name, word, verdict.statement, style=style)
    out.print(table)
