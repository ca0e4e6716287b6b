"""Tag the current commit as VERSION of MODULE, if the version covers the changes."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.module_files import repository
from strata.cli.options import Module
from strata.cli.views.console import out
from strata.modules.versions import Version

EXAMPLES = ("strata modules tag s3", "git push origin s3/v1.1.0")


def run(
    module: Module,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="X.Y.Z; default: the newest of CHANGELOG.md.")
    ] = None,
) -> None:
    """Tag, and print how to publish the tag."""
    name, release = repository().tag(module, None if version is None else Version.read(version))
    out.print(f"tagged {name} ({release.date}); publish it with: git push origin {name}", soft_wrap=True)
