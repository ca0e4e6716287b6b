"""What the commands on units share: the environment, the run, its report and its errors."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import typer

from strata.cli.checkout import checkout_root
from strata.cli.durations import Durations
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError, with_page
from strata.platform.session import require_running
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult
from strata.terraform.state import LOCK_TIMEOUT

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def running_workspace(environment: str) -> Workspace:
    """Return an environment on the running cloud.

    Raises:
        StrataError: the cloud is not running, or the environment does not exist.
    """
    root = checkout_root()
    workspace = Workspace(root, environment, require_running(root).endpoints)
    workspace.unit_paths()
    return workspace


def started_workspace() -> Workspace:
    """Return the environment that the running cloud was started with.

    Raises:
        StrataError: the cloud is not running.
    """
    root = checkout_root()
    running = require_running(root)
    return Workspace(root, running.environment, running.endpoints)


def duration(text: str) -> float:
    """Return the seconds of a duration such as `20s`, `5m` or `1m30s`.

    Raises:
        StrataError: the text is not a duration.
    """
    if not re.fullmatch(r"(\d+[smh])+", text):
        raise StrataError(f"`{text}` is not a duration", remedy="write it as 20s, 5m or 1m30s")
    return sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)([smh])", text))


def apply_all(
    workspace: Workspace,
    units: list[str] | None = None,
    *,
    durations: Durations,
    lock_timeout: float = LOCK_TIMEOUT,
    out_dir: Path | None = None,
) -> list[UnitResult]:
    """Create the state backend and apply units, showing them.

    Args:
        workspace: the environment.
        units: only these.
        durations: of the command.
        lock_timeout: how many seconds to wait for a lock.
        out_dir: the folder of saved plans to apply, if there are any.

    Returns:
        The result of each unit; `require_ok` reports those that failed.
    """
    paths = workspace.unit_paths(units)
    with UnitTable(err, paths, durations) as view:
        runner = workspace.runner(view.on_event, lock_timeout=lock_timeout)
        runner.bootstrap(workspace.environment)
        return runner.apply(workspace.environment, paths, out_dir=out_dir)


def require_ok(results: list[UnitResult]) -> None:
    """Print the error of every unit that failed.

    Raises:
        StrataError: a unit failed or was skipped.
    """
    failed = [result for result in results if not result.ok]
    for result in failed:
        if result.state == "failed" and result.error is not None:
            err.print(f"error: {with_page(result.error)}", style="bold red", markup=False, soft_wrap=True)
    if failed:
        skipped = sum(result.state == "skipped" for result in failed)
        raise StrataError(
            f"{len(failed) - skipped} of {len(results)} units failed, {skipped} skipped because of them",
            remedy="fix the cause and run the same command again; finished units are not applied twice",
        )


def report(results: list[UnitResult], as_json: bool) -> None:
    """Print what changed in each unit."""
    if as_json:
        print_json([facts(result) for result in results])
        return
    for result in results:
        if result.ok:
            text = "excluded" if result.state == "skipped" else result.changes.describe()
            out.print(f"{result.unit}: {text}", soft_wrap=True)


def facts(result: UnitResult) -> dict[str, Any]:
    """Return a unit's result as JSON; it holds no value of an output or an attribute."""
    return {
        "unit": result.unit,
        "state": result.state,
        "resources": result.resources,
        "seconds": round(result.seconds, 2),
        "changes": dataclasses.asdict(result.changes),
        "actions": dict(result.actions),
        "error": str(result.error) if result.error else None,
    }


def confirm(question: str, yes: bool) -> None:
    """Ask before a step that cannot be undone.

    Raises:
        StrataError: the answer is no.
    """
    if not yes and not typer.confirm(question, err=True):
        raise StrataError("canceled; nothing was changed")
