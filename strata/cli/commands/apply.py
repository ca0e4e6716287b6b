"""Apply units to the running embedded cloud, in dependency order.

Terragrunt applies to AWS and Snowflake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.durations import Durations
from strata.cli.options import Components, Dependents, Environment, Json, LockTimeout
from strata.cli.units import apply_all, duration, report, require_ok, running_workspace
from strata.errors import StrataError
from strata.platform.session import interruptible
from strata.terraform.unit_run import SavedPlan

EXAMPLES = ("strata apply dev", "strata apply dev glue", "strata apply dev iam --dependents")


def run(
    environment: Environment = "dev",
    components: Components = None,
    dependents: Dependents = False,
    lock_timeout: LockTimeout = "20s",
    out_dir: Annotated[
        Path | None, typer.Option(help="Apply only the plans that `plan --out-dir` saved here.")
    ] = None,
    json_: Json = False,
) -> None:
    """Apply units; of saved plans all, unless components are named."""
    seconds = duration(lock_timeout)
    workspace = running_workspace(environment)
    paths = workspace.unit_paths(components or None, dependents=dependents)
    if out_dir is not None and not components:
        paths = [path for path in paths if SavedPlan(out_dir / path).file.is_file()]
        if not paths:
            raise StrataError(
                f"the folder has no saved plan of {environment}",
                file=out_dir,
                remedy=f"save one: strata plan {environment} --out-dir {out_dir}",
            )
    with interruptible():
        durations = Durations(workspace.root, "apply")
        results = apply_all(workspace, paths, durations=durations, lock_timeout=seconds, out_dir=out_dir)
    report(results, json_)
    require_ok(results)
