"""What `strata up` and `strata demo` share: the session and what it tells."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.views.console import err, out
from strata.platform.session import PlatformSession
from strata.platform.workspace import Workspace, find_account


def open_session(environment: str, aws_port: int, snowflake_port: int) -> PlatformSession:
    """Return a session for an environment, not yet started."""
    root = checkout_root()
    account = find_account(root, environment)
    return PlatformSession(
        root,
        environment,
        account_id=account.account_id,
        region=account.region,
        aws_port=aws_port,
        snowflake_port=snowflake_port,
        on_waiting=print_progress,
    )


def print_progress(message: str) -> None:
    """Print that a wait goes on."""
    err.print(message, markup=False, soft_wrap=True)


def print_endpoints(workspace: Workspace) -> None:
    """Print where the cloud of an environment listens."""
    endpoints = workspace.endpoints
    out.print(f"AWS        {endpoints.aws_url}  account {endpoints.account_id}  region {endpoints.region}")
    out.print(
        f"Snowflake  http://{endpoints.snowflake_host}:{endpoints.snowflake_port}  "
        f"account {endpoints.snowflake_account}  user {endpoints.snowflake_user}"
    )
