"""Lint the modules and the plan of ENVIRONMENT; exit 1 on findings.

It applies the rules of `strata modules check`, rules about planned resources and policies, and checkov's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.lint import checkov, code, platform, policies
from strata.lint.findings import FILE, ClassifiedFindings, LintFinding, classify, read_skips
from strata.modules.rules import RULES
from strata.modules.rules import check as check_modules
from strata.plan.document import read_file, resources
from strata.platform.offline_plan import offline_plan
from strata.terraform.toolchain import find_toolchain

EXAMPLES = ("strata lint", "strata lint dev --json", "strata lint --plan plan.json")


def run(
    environment: Environment = "dev",
    plan: Annotated[
        Path | None, typer.Option(help="Plan (terraform show -json) to lint; default: plan ENVIRONMENT now.")
    ] = None,
    json_: Json = False,
) -> None:
    """Print the findings; exit 1 if there are any."""
    root = checkout_root()
    skips = read_skips(root / FILE)
    with err.status("linting") as status:
        findings, counts = _findings(root, environment, plan, lambda text: status.update(text))
    checks = [*RULES, *code.CHECKS, *policies.CHECKS, *platform.CHECKS, checkov.CHECKS]
    result = classify(findings, skips, checks)
    if json_:
        print_json({**counts, **_facts(result)})
    else:
        for finding in result.findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        out.print(
            f"{len(result.findings)} findings in {counts['modules']} modules and "
            f"{counts['resources']} planned resources; {len(result.skipped)} skipped with a reason in {FILE}",
            soft_wrap=True,
        )
    if result.findings:
        raise typer.Exit(1)


def _findings(
    root: Path, environment: str, plan: Path | None, note: Callable[[str], None]
) -> tuple[list[LintFinding], dict[str, int]]:
    given = None if plan is None else _read(plan)
    note("reading the modules")
    toolchain = find_toolchain(root / ".strata")
    found = [*check_modules(root), *code.check(root, toolchain.terraform, toolchain.environment())]
    document = offline_plan(root, environment, note) if given is None else given
    planned = resources(document)
    note("linting the plan")
    found += [*policies.check(planned), *platform.check(planned)]
    program = checkov.ensure(root, note)
    note("checkov")
    with tempfile.TemporaryDirectory(prefix="strata-checkov-") as scratch:
        found += checkov.check(program, document, Path(scratch))
    modules = sum(1 for folder in (root / "modules").iterdir() if folder.is_dir())
    return found, {"modules": modules, "resources": len(planned)}


def _read(path: Path) -> Any:
    document = read_file(path)
    if not resources(document):
        raise StrataError(
            "the plan has no resources", file=path, remedy="make one: terraform show -json PLAN > FILE"
        )
    return document


def _facts(result: ClassifiedFindings) -> dict[str, Any]:
    return {
        "findings": [vars(finding) for finding in result.findings],
        "skipped": [
            {"check": finding.check, "subject": finding.subject, "reason": skip.reason}
            for finding, skip in result.skipped
        ],
    }
