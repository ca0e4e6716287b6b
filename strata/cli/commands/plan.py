"""`strata plan`: what would change in an environment, as one plan; or each unit's own plan, saved."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.text import Text

from strata.cli.commands.up import require_ok
from strata.cli.units import facts, workspace_of
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.platform.session import interruptible
from strata.terraform.plan_document import EnvironmentPlan, ResourceChange

_SIGNS = {
    "create": ("+", "green"),
    "delete": ("-", "red"),
    "update": ("~", "yellow"),
    "replace": ("±", "red"),
    "forget": (".", "magenta"),
    "import": ("←", "cyan"),
    "move": ("→", "cyan"),
}
_CHANGES = 2


def run(root: Path, environment: str, units: list[str] | None, as_json: bool, graph: Path | None) -> None:
    """Plan the environment as one; exit code 2 if there are changes, as Terraform's detailed exit code."""
    if graph is not None and not graph.absolute().parent.is_dir():
        raise StrataError(f"there is no folder {graph.absolute().parent}", remedy="create it first")
    workspace = workspace_of(root, environment)
    with interruptible(), err.status("planning") as status:
        planner = workspace.planner(
            lambda text: status.update(text), lambda holder: err.print(f"waits for {holder}")
        )
        plan = planner.plan(environment, units or None)
    if graph is not None:
        # Imported here: it is the only command that draws.
        from strata.cli.views.plan_graph import write_graph

        write_graph(plan, graph)
    if as_json:
        print_json(plan.document())
    else:
        _print(plan)
    if not plan.empty:
        raise typer.Exit(_CHANGES)


def run_saved(root: Path, environment: str, units: list[str] | None, as_json: bool, out_dir: Path) -> None:
    """Plan each unit on its own and save its plan; exit code 2 if there are changes."""
    workspace = workspace_of(root, environment)
    paths = workspace.unit_paths(units or None, dependents=bool(units))
    with interruptible(), UnitTable(err, paths) as view:
        results = workspace.runner(view.on_event).plan(environment, paths, out_dir=out_dir)
    if as_json:
        print_json([facts(result) for result in results])
    else:
        for result in results:
            if result.ok:
                out.print(f"{result.unit}: {result.changes.describe(planned=True)}", soft_wrap=True)
    require_ok(results)
    if any(result.actions for result in results):
        raise typer.Exit(_CHANGES)


def _print(plan: EnvironmentPlan) -> None:
    changing = 0
    for path, unit in plan.units.items():
        if not unit.action:
            continue
        changing += 1
        out.print(Text(f"{path}: {_described(unit.changes())}", style="bold"), soft_wrap=True)
        for resource in unit.resources:
            out.print(_line(resource), soft_wrap=True)
        if unit.outputs:
            out.print(Text(f"  outputs: {', '.join(unit.outputs)}", style="dim"), soft_wrap=True)
    units = f"{changing} of {len(plan.units)} units"
    out.print(f"{plan.environment}: {_described(plan.changes())}, in {units}", soft_wrap=True)


def _line(resource: ResourceChange) -> Text:
    kinds = list(resource.kinds())
    sign, style = _SIGNS[kinds[0]]
    line = Text.assemble((f"  {sign} ", style), resource.address)
    if resource.changed:
        line.append(f"  ({', '.join(resource.changed)})", "dim")
    if resource.importing and kinds[0] != "import":
        line.append("  imported", "cyan")
    if resource.moved_from:
        line.append(f"  moved from {resource.moved_from}", "cyan")
    return line


def _described(changes: dict[str, int]) -> str:
    return ", ".join(f"{count} to {kind}" for kind, count in changes.items() if count) or "no changes"
