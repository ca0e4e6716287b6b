"""Build the documentation as a site, and print its first page.

Pages open from the disk; the search works on a server, such as `strata docs serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.views.console import err, out
from strata.docs.site import build

EXAMPLES = ("strata docs build", "strata docs build --to public")


def run(
    to: Annotated[
        Path | None, typer.Option(help="Folder of the site, which is replaced; default: .strata/site.")
    ] = None,
) -> None:
    """Build it.

    Raises:
        StrataError: mkdocs could not be installed, or a page has a fault.
    """
    root = repository_root()
    folder = (to or root / ".strata" / "site").absolute()
    with err.status("documentation") as status:
        page = build(root, folder, status.update)
    out.print(str(page), soft_wrap=True)
