"""Show which GitHub tokens may assume which roles; exit 1 on a wrong decision.

Roles are those of AWS and the service users of Snowflake."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from strata.bootstrap.identities import snowflake_identities
from strata.ci.trust import TrustVerdict, load_tokens, planned_trust, verdicts
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json, PlanFile
from strata.cli.plan_sets import environment_document
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.live.facts import environment_facts
from strata.platform.workspace import load_tree
from strata.terraform.toolchain import find_toolchain

EXAMPLES = ("strata ci trust dev", "strata ci trust dev --role apply --plan plan.json")


def run(
    environment: Environment,
    plan: PlanFile = None,
    role: Annotated[
        str | None, typer.Option(help="Show the decision on every token for this role or user.")
    ] = None,
    json_: Json = False,
) -> None:
    """Decide on every token and every role or user; exit 1 if a decision is not the expected one."""
    root = checkout_root()
    tree = load_tree(root, find_toolchain(root / ".strata"))
    facts = environment_facts(tree, environment)
    others = [name for name in tree.environments() if name != environment]
    trusting, providers = planned_trust(
        environment_document(environment, plan), facts, snowflake_identities(facts)
    )
    found = verdicts(load_tokens(facts, others[0] if others else "other"), trusting, providers)
    names = [one.name for one in trusting]
    if role is not None and role not in names:
        raise StrataError(f"{environment} has no role {role}", remedy=f"its roles are {', '.join(names)}")
    shown = [verdict for verdict in found if role in (None, verdict.name)]
    if json_:
        print_json({"environment": environment, "decisions": [verdict.as_dict() for verdict in shown]})
    elif role is None:
        _print_tokens(shown)
    else:
        _print_role(shown, role)
    wrong = [verdict for verdict in found if not verdict.as_expected]
    for verdict in wrong:
        word = "may become" if verdict.decision.allowed else "may not become"
        err.print(f"{verdict.token.name}: {word} {verdict.name}, against the table ({verdict.statement})")
    if not json_:
        tokens = len({verdict.token.name for verdict in found})
        out.print(
            f"{tokens} tokens, {len(names)} roles and users: {len(found)} decisions, {len(wrong)} wrong"
        )
    if wrong:
        raise typer.Exit(1)


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
            ", ".join(verdict.name for verdict in allowed) or "none",
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
