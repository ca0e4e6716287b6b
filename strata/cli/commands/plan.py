"""Plan all units as one, with the effects of one unit on another.

Exit 0 without changes, 2 with changes, 1 on errors. A plan takes no lock and writes no state."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strata.cli.durations import Durations
from strata.cli.options import Environment, Json
from strata.cli.units import facts, require_ok, running_workspace
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import ACTIVE, err, out, print_json
from strata.errors import StrataError
from strata.platform import last_plan
from strata.platform.session import interruptible
from strata.platform.workspace import Workspace
from strata.terraform.plan_document import EnvironmentPlan, InstanceChange

EXAMPLES = ("strata plan dev", "strata plan dev --unit s3 --graph plan.html", "strata plan dev --json")

_SIGNS = {
    "create": ("+", "green"),
    "delete": ("-", "red"),
    "update": ("~", "yellow"),
    "replace": ("±", "red"),
    "forget": (".", "magenta"),
    "import": ("←", "cyan"),
    "move": ("→", "cyan"),
}
# As Terraform's detailed exit code.
_CHANGES = 2
# A policy in a line says nothing; the console's page Units has all of it.
_LONGEST = 60


def run(
    environment: Environment = "dev",
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Plan only this unit and those that depend on it.")
    ] = None,
    graph: Annotated[Path | None, typer.Option(help="Write the plan as an HTML page.")] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(help="Plan each unit on its own and save the plans here, for `apply --out-dir`."),
    ] = None,
    json_: Json = False,
) -> None:
    """Plan the environment as one, or each unit on its own if the plans are saved."""
    if out_dir is not None and graph is not None:
        raise typer.BadParameter("--graph shows one plan of all units, --out-dir saves one plan per unit")
    if graph is not None and not graph.absolute().parent.is_dir():
        raise StrataError(f"folder {graph.absolute().parent} does not exist", remedy="create it first")
    workspace = running_workspace(environment)
    if out_dir is not None:
        changes = _save_plans(workspace, unit or None, out_dir, json_)
    else:
        changes = _plan_as_one(workspace, unit or None, graph, json_)
    if changes:
        raise typer.Exit(_CHANGES)


def _plan_as_one(workspace: Workspace, units: list[str] | None, graph: Path | None, as_json: bool) -> bool:
    with interruptible(), err.status("planning") as status:
        planner = workspace.planner(
            lambda text: status.update(text), lambda holder: err.print(f"waiting for {holder}")
        )
        plan = planner.plan(workspace.environment, units)
    last_plan.keep(workspace.root, plan)
    if graph is not None:
        # Imported here, because few plans are drawn.
        from strata.cli.views.plan_graph import write_graph

        write_graph(plan, graph)
    if as_json:
        print_json(plan.document())
    else:
        _print(plan)
    return not plan.empty


def _save_plans(workspace: Workspace, units: list[str] | None, out_dir: Path, as_json: bool) -> bool:
    paths = workspace.unit_paths(units, dependents=units is not None)
    with interruptible(), UnitTable(err, paths, Durations(workspace.root, "plan")) as view:
        results = workspace.runner(view.on_event).plan(workspace.environment, paths, out_dir=out_dir)
    if as_json:
        print_json([facts(result) for result in results])
    else:
        for result in results:
            if result.ok:
                out.print(f"{result.unit}: {result.changes.describe(planned=True)}", soft_wrap=True)
    require_ok(results)
    return any(result.actions for result in results)


def _print(plan: EnvironmentPlan) -> None:
    changing = 0
    for path, unit in plan.units.items():
        if not unit.action:
            continue
        changing += 1
        out.print(Text(f"{path}: {_described(unit.changes())}", style="bold"), soft_wrap=True)
        for resource in unit.resources:
            out.print(_line(resource), soft_wrap=True)
            for line in value_lines(resource):
                out.print(line, soft_wrap=True)
        if unit.outputs:
            out.print(Text(f"  outputs: {', '.join(unit.outputs)}", style="dim"), soft_wrap=True)
    units = f"{changing} of {len(plan.units)} units"
    out.print(f"{plan.environment}: {_described(plan.changes())}, in {units}", soft_wrap=True)


def _line(resource: InstanceChange) -> Text:
    kinds = list(resource.kinds())
    sign, style = _SIGNS[kinds[0]]
    line = Text.assemble((f"  {sign} ", style), resource.address)
    if resource.importing and kinds[0] != "import":
        line.append("  imported", "cyan")
    if resource.moved_from:
        line.append(f"  moved from {resource.moved_from}", "cyan")
    return line


def value_lines(resource: InstanceChange) -> list[Text]:
    """What the attributes of a resource that stays would change from and to, a line each.

    Sensitive values are words already. A new or a deleted resource has its address only.
    """
    if resource.kind not in ("update", "replace"):
        return []
    return [
        Text.assemble(
            (f"      {one.name}  ", "dim"), (_short(one.before), "red"), " → ", (_short(one.after), "green")
        )
        for one in resource.values
    ]


def _short(value: str | None) -> str:
    text = "null" if value is None else ACTIVE.sub("\ufffd", value).replace("\n", "\\n")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _described(changes: dict[str, int]) -> str:
    return ", ".join(f"{count} to {kind}" for kind, count in changes.items() if count) or "no changes"
