"""`strata plan` and `strata apply`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import typer

from strata.cli.apply_view import UnitTable
from strata.cli.console import err, out, print_json
from strata.cli.up import apply_all, require_ok
from strata.errors import StrataError
from strata.session import interruptible, require_running
from strata.terraform.events import UnitResult
from strata.workspace import Workspace

_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±", "import": "←", "move": "→"}


def run_plan(root: Path, environment: str, components: list[str] | None, as_json: bool) -> None:
    """Plan each unit; exit code 2 if there are changes, as Terraform's detailed exit code."""
    workspace = _workspace(root, environment)
    paths = workspace.unit_paths(components or None)
    with interruptible(), UnitTable(err, paths) as view:
        results = workspace.runner(view.on_event).plan(environment, paths)
    if as_json:
        print_json([_facts(result) for result in results])
    else:
        for result in results:
            if result.ok:
                out.print(f"{result.unit}: {result.changes.describe(planned=True)}", soft_wrap=True)
                for address, action in sorted(result.actions.items()):
                    out.print(f"  {_SIGNS.get(action, '?')} {address}", markup=False, soft_wrap=True)
    require_ok(results)
    if any(result.actions for result in results):
        raise typer.Exit(2)


def run_apply(root: Path, environment: str, components: list[str] | None, as_json: bool) -> None:
    """Apply units to the running cloud."""
    workspace = _workspace(root, environment)
    with interruptible():
        results = apply_all(workspace, components or None)
    if as_json:
        print_json([_facts(result) for result in results])
    else:
        for result in results:
            out.print(f"{result.unit}: {result.changes.describe()}", soft_wrap=True)


def _workspace(root: Path, environment: str) -> Workspace:
    running = require_running(root)
    workspace = Workspace(root, environment, running.endpoints)
    workspace.unit_paths()
    if environment != running.environment:
        raise StrataError(
            f"the running embedded cloud is for environment {running.environment}, not {environment}",
            remedy=f"end it with `strata down` and start `strata up {environment}`",
        )
    return workspace


def _facts(result: UnitResult) -> dict[str, Any]:
    return {
        "unit": result.unit,
        "state": result.state,
        "resources": result.resources,
        "seconds": round(result.seconds, 2),
        "changes": dataclasses.asdict(result.changes),
        "actions": dict(result.actions),
        "error": str(result.error) if result.error else None,
    }
