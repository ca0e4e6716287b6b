"""Write all that the running embedded AWS and Snowflake hold to FILE.

The file holds secrets, so keep it private. Nothing may run while it is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.views.console import out
from strata.platform.session import require_running
from strata.platform.snapshot import save
from strata.platform.workspace import Workspace

EXAMPLES = ("strata snapshot save before.snapshot",)


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; replaced if it exists.")],
) -> None:
    """Save the running platform."""
    root = checkout_root()
    running = require_running(root)
    workspace = Workspace(root, running.environment, running.endpoints)
    size = save(workspace.endpoints, running.environment, file)
    out.print(f"saved {running.environment} to {file}, {size / 1e6:.1f} MB", soft_wrap=True)
