"""Check the permissions of the apply and plan roles; exit 1 on faults.

The apply role may do what the planned resources need and no more; the plan role must not write."""

from __future__ import annotations

import typer

from strata.ci.roles import check_roles
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json, PlanFile
from strata.cli.plan_sets import environment_document
from strata.cli.views.console import out, print_json
from strata.live.facts import environment_facts
from strata.platform.workspace import load_tree
from strata.terraform.toolchain import find_toolchain

EXAMPLES = ("strata ci roles dev", "strata ci roles dev --plan plan.json --json")


def run(environment: Environment, plan: PlanFile = None, json_: Json = False) -> None:
    """Print the faults; exit 1 if a role may do too little or too much."""
    root = checkout_root()
    facts = environment_facts(load_tree(root, find_toolchain(root / ".strata")), environment)
    report = check_roles(environment_document(environment, plan), facts)
    if json_:
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
