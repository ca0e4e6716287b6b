"""`strata up` and `strata down`."""

from __future__ import annotations

import time
from pathlib import Path

from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err, out
from strata.errors import StrataError
from strata.platform.session import PlatformSession, end_running, find_running, interruptible
from strata.platform.workspace import Workspace, find_account
from strata.terraform.events import UnitResult
from strata.terraform.runs import LOCK_TIMEOUT


def run(root: Path, environment: str, aws_port: int, snowflake_port: int) -> None:
    """Start, apply, print the endpoints, and stay."""
    running = find_running(root)
    if running is not None and running.environment == environment and not (aws_port or snowflake_port):
        out.print(f"already up (process {running.pid})")
        _print_endpoints(Workspace(root, environment, running.endpoints))
        return
    with interruptible(), open_session(root, environment, aws_port, snowflake_port) as session:
        workspace = Workspace(root, environment, session.endpoints)
        require_ok(apply_all(workspace))
        _print_endpoints(workspace)
        out.print("up; end it with Ctrl-C here or `strata down` elsewhere")
        try:
            while session.is_alive():
                time.sleep(0.5)
        except KeyboardInterrupt:
            err.print("going down")
            return
    raise StrataError("the embedded cloud ended by itself", remedy=f"see {session.directory / 'cloud.log'}")


def end(root: Path) -> None:
    """End the running session, if there is one."""
    out.print("down" if end_running(root, _say) else "nothing was running")


def open_session(root: Path, environment: str, aws_port: int, snowflake_port: int) -> PlatformSession:
    """A session for an environment, not yet started."""
    account = find_account(root, environment)
    return PlatformSession(
        root,
        environment,
        account_id=account.account_id,
        region=account.region,
        aws_port=aws_port,
        snowflake_port=snowflake_port,
        on_waiting=_say,
    )


def _say(message: str) -> None:
    err.print(message, markup=False, soft_wrap=True)


def apply_all(
    workspace: Workspace,
    units: list[str] | None = None,
    *,
    lock_timeout: float = LOCK_TIMEOUT,
    out_dir: Path | None = None,
) -> list[UnitResult]:
    """Create the state backend and apply units, showing them.

    Args:
        workspace: the environment.
        units: only these.
        lock_timeout: for how many seconds to wait for a lock.
        out_dir: where the plans are that shall be applied, if they were saved.

    Returns:
        What became of each unit; `require_ok` tells of those that failed.
    """
    paths = workspace.unit_paths(units)
    with UnitTable(err, paths) as view:
        runner = workspace.runner(view.on_event, lock_timeout=lock_timeout)
        runner.bootstrap(workspace.environment)
        return runner.apply(workspace.environment, paths, out_dir=out_dir)


def require_ok(results: list[UnitResult]) -> None:
    """Print every unit's error; exit 1 if there is any."""
    failed = [result for result in results if not result.ok]
    for result in failed:
        if result.state == "failed":
            err.print(f"error: {result.error}", style="bold red", markup=False, soft_wrap=True)
    if failed:
        skipped = sum(result.state == "skipped" for result in failed)
        raise StrataError(
            f"{len(failed) - skipped} of {len(results)} units failed, {skipped} skipped because of them",
            remedy="put the fault right and run the same command again: what is done is not done twice",
        )


def _print_endpoints(workspace: Workspace) -> None:
    endpoints = workspace.endpoints
    out.print(f"AWS        {endpoints.aws_url}  account {endpoints.account_id}  region {endpoints.region}")
    out.print(
        f"Snowflake  http://{endpoints.snowflake_host}:{endpoints.snowflake_port}  "
        f"account {endpoints.snowflake_account}  user {endpoints.snowflake_user}"
    )
