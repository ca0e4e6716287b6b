"""Check the live tree against its contracts; exit 1 on findings."""

from __future__ import annotations

from strata.cli.live_tree import open_tree
from strata.cli.options import AllowRunCmd, Json, Rules
from strata.cli.views.console import out, print_json, table
from strata.cli.views.findings import end_with
from strata.live.check import RULES, check, rules_of

EXAMPLES = ("strata live check", "strata live check --json")


def run(rules: Rules = False, allow_run_cmd: AllowRunCmd = False, json_: Json = False) -> None:
    """Print the findings, or the rules."""
    if rules:
        if json_:
            print_json(RULES)
        else:
            out.print(table(None, ["rule", "requires that"], [[name, text] for name, text in RULES.items()]))
        return
    tree = open_tree(allow_run_cmd)
    findings = check(tree)
    counts = f"{len(rules_of(tree.root))} rules, {len(tree.find())} units"
    end_with(findings, counts, "docs/reference/rules.md", json_=json_)
