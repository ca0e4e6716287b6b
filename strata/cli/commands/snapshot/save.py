"""Write all that the running embedded AWS and Snowflake hold to FILE.

The file holds secrets, so keep it private. Nothing may run while it is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.units import started_workspace
from strata.cli.views.console import out
from strata.platform.snapshot import save

EXAMPLES = ("strata snapshot save before.snapshot",)


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; replaced if it exists.")],
) -> None:
    """Save the running platform."""
    workspace = started_workspace()
    size = save(workspace.endpoints, workspace.environment, file)
    out.print(f"saved {workspace.environment} to {file}, {size / 1e6:.1f} MB", soft_wrap=True)
