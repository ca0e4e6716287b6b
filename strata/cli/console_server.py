"""The console beside a running platform: `strata up` serves it, other commands say where it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from strata.cli.checkout import keep_out_snowflake_settings
from strata.cli.views.console import out
from strata.platform.session import run_directory
from strata.platform.workspace import Workspace


def record(root: Path) -> Path:
    """The file that says where the console of this checkout's platform is."""
    return run_directory(root) / "console.json"


@contextlib.contextmanager
def served(workspace: Workspace) -> Iterator[None]:
    """Serve the console of a platform, and print its address."""
    keep_out_snowflake_settings(workspace.root)
    # Imported here: a web server, which few commands need.
    from strata.console.platform_source import PlatformSource
    from strata.console.server import ConsoleServer

    source = PlatformSource(workspace.root, workspace.environment, workspace.cloud)
    with ConsoleServer(source, record(workspace.root)) as server:
        out.print(f"console    {server.url}", soft_wrap=True)
        yield


def print_console(root: Path) -> None:
    """Print where the console is, if there is one."""
    from strata.console.server import recorded_url

    url = recorded_url(record(root))
    if url is not None:
        out.print(f"console    {url}", soft_wrap=True)
