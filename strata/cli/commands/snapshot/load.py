"""Load FILE of `strata snapshot save` into the running embedded AWS and Snowflake.

What they hold now is lost. The file must be of the same environment and version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.units import started_workspace
from strata.cli.views.console import out
from strata.platform.snapshot import load

EXAMPLES = ("strata snapshot load before.snapshot",)


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File of `strata snapshot save`.")],
) -> None:
    """Load a saved platform into the running cloud."""
    workspace = started_workspace()
    manifest = load(workspace.endpoints, workspace.environment, file)
    out.print(f"loaded {manifest.environment} as of {manifest.saved_at:%d %b %Y %H:%M} UTC", soft_wrap=True)
