"""What the commands of `strata env` do."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import typer

from strata.cli.commands.live.commands import open_tree
from strata.cli.views.console import err, out, print_json, table
from strata.errors import StrataError
from strata.live.difference import ALLOWED, differences
from strata.live.environments import QUESTIONS, check_new, create, environments, parsed_answer, setting


def run_list(as_json: bool) -> None:
    """One row an environment."""
    rows = [
        {
            "environment": found.name,
            "account": found.settings.get("account_id"),
            "region": found.settings.get("region"),
            "protected": found.settings.get("protected"),
            "units": found.units,
            "versions": found.settings.get("versions", {}),
        }
        for found in environments(open_tree())
    ]
    if as_json:
        print_json(rows)
        return
    cells = [
        [
            row["environment"],
            row["account"],
            row["region"],
            "yes" if row["protected"] else "no",
            row["units"],
            ", ".join(sorted(set(row["versions"].values()))),
        ]
        for row in rows
    ]
    out.print(table(None, ["environment", "account", "region", "protected", "units", "versions"], cells))


def run_new(name: str, source: str, given: list[str], yes: bool, as_json: bool) -> None:
    """Ask, copy, say what is next."""
    tree = open_tree()
    answers: dict[str, Any] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise StrataError(f"`{text}` is not KEY=VALUE", remedy="write --set glue.worker_type=G.2X")
        answers[key] = parsed_answer(value)
    known = check_new(tree, name, source)
    if not yes:
        for key, question in QUESTIONS.items():
            if key not in answers:
                now = setting(known[source].settings, key)
                # An account is never another's: no default.
                default = None if key == "account_id" else now if isinstance(now, str) else json.dumps(now)
                answers[key] = parsed_answer(typer.prompt(question, default=default, err=True))
    folder = create(tree, name, source, answers)
    if as_json:
        print_json({"environment": name, "folder": folder.relative_to(tree.root).as_posix()})
        return
    out.print(f"{folder.relative_to(tree.root)} is a copy of live/{source} with its own env.hcl")
    err.print("next: read its env.hcl, run `strata live check`, then `git add` and `strata plan`")


def run_diff(left: str, right: str, as_json: bool) -> None:
    """All differences; exit code 2 if one is not allowed."""
    found = differences(open_tree(), left, right)
    refused = [item for item in found if not item.reason]
    if as_json:
        print_json([dataclasses.asdict(item) | {"allowed": bool(item.reason)} for item in found])
    else:
        rows = [
            [
                item.unit,
                item.path or "(unit)",
                _shown(item.left),
                _shown(item.right),
                item.reason or "NOT ALLOWED",
            ]
            for item in found
        ]
        if rows:
            out.print(table(None, ["unit", "input", left, right, "why"], rows))
        err.print(f"{len(found)} differences, {len(refused)} not allowed by {ALLOWED}")
    if refused:
        raise typer.Exit(2)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
