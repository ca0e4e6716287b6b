"""Destroy units of the running embedded cloud, dependents first."""

from __future__ import annotations

from strata.cli.durations import Durations
from strata.cli.options import Components, Dependents, Environment, Json, LockTimeout, Yes
from strata.cli.units import confirm, duration, report, require_ok, running_workspace
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err
from strata.platform.session import interruptible

EXAMPLES = ("strata destroy staging", "strata destroy dev glue --yes")


def run(
    # Required, unlike elsewhere: a default would be destroyed by mistake.
    environment: Environment,
    components: Components = None,
    dependents: Dependents = False,
    lock_timeout: LockTimeout = "20s",
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Destroy units after confirmation."""
    seconds = duration(lock_timeout)
    workspace = running_workspace(environment)
    paths = workspace.unit_paths(components or None, dependents=dependents)
    confirm(f"destroy {len(paths)} units of {environment}: {', '.join(paths)}?", yes)
    with interruptible(), UnitTable(err, paths, Durations(workspace.root, "destroy")) as view:
        results = workspace.runner(view.on_event, lock_timeout=seconds).destroy(environment, paths)
    report(results, json_)
    require_ok(results)
