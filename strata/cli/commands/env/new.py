"""Create environment NAME as a copy of another, with its own env.hcl."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from strata.cli.live_tree import open_tree
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.live.environments import QUESTIONS, check_new, create, parsed_answer, setting

EXAMPLES = (
    "strata env new staging --from dev",
    "strata env new staging --from dev --yes --set account_id=444455556666",
)


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="New folder of `live`.")],
    source: Annotated[str, typer.Option("--from", help="Environment to copy.")] = "dev",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for env.hcl, such as glue.worker_type=G.2X.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Skip the questions and copy what --set leaves.")
    ] = False,
    json_: Json = False,
) -> None:
    """Ask for the settings, copy, and print the next steps."""
    tree = open_tree()
    answers: dict[str, Any] = {}
    for text in set_ or []:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise StrataError(f"`{text}` is not KEY=VALUE", remedy="write --set glue.worker_type=G.2X")
        answers[key] = parsed_answer(value)
    known = check_new(tree, name, source)
    if not yes:
        for key, question in QUESTIONS.items():
            if key not in answers:
                now = setting(known[source].settings, key)
                # An account never belongs to two environments: no default.
                default = None if key == "account_id" else now if isinstance(now, str) else json.dumps(now)
                answers[key] = parsed_answer(typer.prompt(question, default=default, err=True))
    folder = create(tree, name, source, answers)
    if json_:
        print_json({"environment": name, "folder": folder.relative_to(tree.root).as_posix()})
        return
    out.print(f"{folder.relative_to(tree.root)} is a copy of live/{source} with its own env.hcl")
    err.print("next: read its env.hcl, run `strata live check`, then `git add` and `strata plan`")
