"""Check the modules against the rules; exit 1 on findings."""

from __future__ import annotations

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json, Modules, Rules
from strata.cli.views.console import out, print_json, table
from strata.lint.findings import FILE, classify, read_skips
from strata.modules.rules import RULES, check

EXAMPLES = ("strata modules check", "strata modules check s3 glue")


def run(modules: Modules = None, rules: Rules = False, json_: Json = False) -> None:
    """Print the findings, or the rules."""
    if rules:
        out.print(table(None, ["rule", "requires"], [list(row) for row in RULES.items()]))
        return
    root = checkout_root()
    # A skip for a module that was not checked is not stale.
    result = classify(check(root, modules or None), read_skips(root / FILE), [] if modules else RULES)
    if json_:
        print_json({"findings": [vars(f) for f in result.findings], "skipped": len(result.skipped)})
    else:
        for finding in result.findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        out.print(f"{len(result.findings)} findings, {len(result.skipped)} skipped with a reason in {FILE}")
    if result.findings:
        raise typer.Exit(1)
