"""What `strata up` and `strata demo` share: the session and what it tells."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.durations import Durations
from strata.cli.units import apply_all, require_ok
from strata.cli.views.console import err, out
from strata.cli.views.waiting import Wait
from strata.cloud import WARM_PROCESSES
from strata.errors import StrataError
from strata.platform.session import PlatformSession
from strata.platform.workspace import Workspace, find_account
from strata.terraform.events import UnitResult

# What the first wait of a command is for.
STARTING = "starting the embedded AWS and the embedded Snowflake"


def open_session(
    environment: str, aws_port: int, snowflake_port: int, warm_processes: int = WARM_PROCESSES
) -> PlatformSession:
    """Return a session for an environment, not yet started."""
    root = checkout_root()
    with Wait(err, f"reading live/{environment}", Durations(root, "read"), line=False):
        account = find_account(root, environment)
    return PlatformSession(
        root,
        environment,
        account_id=account.account_id,
        region=account.region,
        aws_port=aws_port,
        snowflake_port=snowflake_port,
        warm_processes=warm_processes,
        on_waiting=print_progress,
    )


def print_progress(message: str) -> None:
    """Print that a wait goes on."""
    err.print(message, markup=False, soft_wrap=True)


def start_platform(workspace: Workspace, durations: Durations, *, fresh: bool) -> list[UnitResult]:
    """Bring an environment up on its cloud, just started: load the kept platform, or apply and keep it.

    Args:
        workspace: the environment.
        durations: of the command.
        fresh: apply even if a platform is kept.

    Returns:
        The results of the units that were applied.

    Raises:
        StrataError: a unit failed.
    """
    kept = workspace.kept
    with kept.one_at_a_time(lambda holder: print_progress(f"{holder} applies the same platform; waiting")):
        manifest = None
        if not fresh and kept.file.exists():
            with Wait(err, "loading the platform that was applied last", durations):
                manifest = kept.load(workspace.endpoints)
        if manifest is not None:
            at = manifest.saved_at.astimezone()
            err.print(
                f"no file has changed since the apply of {at:%d %b %H:%M}: loaded its platform "
                "(`--fresh` applies)",
                soft_wrap=True,
            )
            return []
        units = apply_all(workspace, durations=durations)
        require_ok(units)
        try:
            kept.keep(workspace.endpoints)
        except StrataError as error:
            err.print(f"the platform is not kept for the next start: {error}", markup=False, soft_wrap=True)
    return units


def print_endpoints(workspace: Workspace) -> None:
    """Print where the cloud of an environment listens."""
    endpoints = workspace.endpoints
    out.print(f"AWS        {endpoints.aws_url}  account {endpoints.account_id}  region {endpoints.region}")
    out.print(
        f"Snowflake  http://{endpoints.snowflake_host}:{endpoints.snowflake_port}  "
        f"account {endpoints.snowflake_account}  user {endpoints.snowflake_user}"
    )
