"""`strata apply`, `strata destroy` and `strata unlock`: the units of an environment, on the running cloud."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import typer

from strata.cli.commands.up import apply_all, require_ok
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.platform.session import interruptible, require_running
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult
from strata.terraform.state import StateBackend
from strata.terraform.unit_run import SavedPlan

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def run_apply(
    root: Path,
    environment: str,
    components: list[str] | None,
    dependents: bool,
    lock_timeout: str,
    out_dir: Path | None,
    as_json: bool,
) -> None:
    """Apply units to the running cloud; of saved plans all there are, unless components are named."""
    seconds = duration(lock_timeout)
    workspace = workspace_of(root, environment)
    paths = workspace.unit_paths(components or None, dependents=dependents)
    if out_dir is not None and not components:
        paths = [path for path in paths if SavedPlan(out_dir / path).file.is_file()]
        if not paths:
            raise StrataError(
                f"there is no saved plan of {environment}",
                file=out_dir,
                remedy=f"save some: strata plan {environment} --out-dir {out_dir}",
            )
    with interruptible():
        results = apply_all(workspace, paths, lock_timeout=seconds, out_dir=out_dir)
    _report(results, as_json)
    require_ok(results)


def run_destroy(
    root: Path,
    environment: str,
    components: list[str] | None,
    dependents: bool,
    lock_timeout: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Destroy units, dependents first, after asking."""
    seconds = duration(lock_timeout)
    workspace = workspace_of(root, environment)
    paths = workspace.unit_paths(components or None, dependents=dependents)
    _confirm(f"destroy {len(paths)} units of {environment}: {', '.join(paths)}?", yes)
    with interruptible(), UnitTable(err, paths) as view:
        results = workspace.runner(view.on_event, lock_timeout=seconds).destroy(environment, paths)
    _report(results, as_json)
    require_ok(results)


def run_unlock(root: Path, unit: str, yes: bool) -> None:
    """Release the lock on a unit's state, after asking."""
    parts = Path(unit).parts
    if len(parts) < 3 or parts[0] != "live":
        raise StrataError(f"{unit} is no unit", remedy="name it as live/<environment>/<component>")
    workspace = workspace_of(root, parts[1])
    (path,) = workspace.unit_paths([unit])
    place = workspace.tree.remote_states([path])[path]
    backend = StateBackend(workspace.endpoints)
    locks = backend.locks(place)
    if not locks:
        out.print(f"{path} is not locked", soft_wrap=True)
        return
    for lock in locks:
        out.print(f"{path} is locked by {lock}", markup=False, soft_wrap=True)
    _confirm("release it? A run that is alive would go on without it", yes)
    backend.unlock(place, locks)
    out.print(f"{path} is unlocked", soft_wrap=True)


def workspace_of(root: Path, environment: str) -> Workspace:
    """The environment on the running cloud.

    Raises:
        StrataError: no cloud runs, or there is no such environment.
    """
    workspace = Workspace(root, environment, require_running(root).endpoints)
    workspace.unit_paths()
    return workspace


def duration(text: str) -> float:
    """The seconds of a duration such as `20s`, `5m` or `1m30s`.

    Raises:
        StrataError: it is none.
    """
    if not re.fullmatch(r"(\d+[smh])+", text):
        raise StrataError(f"{text} is no duration", remedy="write it as 20s, 5m or 1m30s")
    return sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)([smh])", text))


def facts(result: UnitResult) -> dict[str, Any]:
    """A unit's result for machines; no value of an output or an attribute is in it."""
    return {
        "unit": result.unit,
        "state": result.state,
        "resources": result.resources,
        "seconds": round(result.seconds, 2),
        "changes": dataclasses.asdict(result.changes),
        "actions": dict(result.actions),
        "error": str(result.error) if result.error else None,
    }


def _report(results: list[UnitResult], as_json: bool) -> None:
    if as_json:
        print_json([facts(result) for result in results])
        return
    for result in results:
        if result.ok:
            said = "excluded" if result.state == "skipped" else result.changes.describe()
            out.print(f"{result.unit}: {said}", soft_wrap=True)


def _confirm(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question, err=True):
        raise StrataError("nothing was done")
