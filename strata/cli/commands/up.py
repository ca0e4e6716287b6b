"""Start the embedded cloud with ENVIRONMENT and stay until stopped.

If no file has changed since ENVIRONMENT was applied last, that platform is loaded; else it is applied. With
`--data` it lasts: stopping saves the platform to the folder, and the next start goes on with it.

Stop it with Ctrl-C or `strata down`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.console_server import print_console, served
from strata.cli.durations import Durations
from strata.cli.options import AwsPort, Environment, Fresh, SnowflakePort
from strata.cli.session import STARTING, open_session, print_endpoints, start_platform
from strata.cli.units import apply_all, require_ok
from strata.cli.views.console import err, out
from strata.cli.views.waiting import Wait
from strata.cloud import WARM_PROCESSES
from strata.errors import StrataError
from strata.platform.data_folder import DataFolder
from strata.platform.session import PlatformSession, find_running, interruptible
from strata.platform.workspace import Workspace

EXAMPLES = ("strata up", "strata up dev --aws-port 4566", "strata up --data my-platform")


def run(
    environment: Environment = "dev",
    aws_port: AwsPort = 0,
    snowflake_port: SnowflakePort = 0,
    fresh: Fresh = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder in which the platform lasts.")
    ] = None,
    warm_processes: Annotated[
        int, typer.Option(help="Spark processes kept warm for Glue, 0.5 GB of memory each.", min=0)
    ] = WARM_PROCESSES,
) -> None:
    """Start, apply or load, print the endpoints, and stay; only print them if the cloud runs already."""
    root = checkout_root()
    running = find_running(root)
    asked = aws_port or snowflake_port or fresh or data or warm_processes != WARM_PROCESSES
    if running is not None and running.environment == environment and not asked:
        out.print(f"already up (process {running.pid})")
        print_endpoints(Workspace(root, environment, running.endpoints))
        print_console(root)
        return
    if data is not None and fresh:
        raise StrataError("--fresh and --data exclude each other", remedy="name another folder")
    durations = Durations(root, "up")
    with interruptible(), contextlib.ExitStack() as stack:
        folder = None if data is None else stack.enter_context(DataFolder(data, environment).held())
        session = open_session(environment, aws_port, snowflake_port, warm_processes)
        with Wait(err, STARTING, durations):
            stack.enter_context(session)
        workspace = Workspace(root, environment, session.endpoints)
        if folder is None:
            start_platform(workspace, durations, fresh=fresh)
        else:
            stack.enter_context(_lasting(workspace, folder, durations))
        print_endpoints(workspace)
        stack.enter_context(served(workspace))
        out.print("up; stop it with Ctrl-C here or `strata down` elsewhere")
        _stay(session)


def _stay(session: PlatformSession) -> None:
    """Wait until the user stops the cloud.

    Raises:
        StrataError: it ended by itself.
    """
    try:
        while session.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt:
        err.print("stopping")
        return
    raise StrataError(
        "the embedded cloud exited unexpectedly", remedy=f"see {session.directory / 'cloud.log'}"
    )


@contextlib.contextmanager
def _lasting(workspace: Workspace, folder: DataFolder, durations: Durations) -> Iterator[None]:
    """Go on with the platform of a folder, and save it there at the end."""
    made_of = workspace.kept.made_of
    manifest = None
    if folder.file.exists():
        with Wait(err, f"loading {folder.file}", durations):
            manifest = folder.load(workspace.endpoints)
    if manifest is None:
        start_platform(workspace, durations, fresh=False)
    else:
        at = manifest.saved_at.astimezone()
        err.print(f"goes on with {folder.file}, saved {at:%d %b %H:%M}", soft_wrap=True)
        if manifest.made_of != made_of:
            require_ok(apply_all(workspace, durations=durations))
    yield
    err.print(f"saving the platform to {folder.file}", soft_wrap=True)
    folder.save(
        workspace.endpoints,
        made_of,
        lambda arn: err.print(f"stopping the execution {arn}", markup=False, soft_wrap=True),
    )
