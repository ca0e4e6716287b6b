"""Write the reference pages in docs/reference from the code."""

from __future__ import annotations

import typer

from strata.cli.app import app
from strata.cli.checkout import repository_root
from strata.cli.options import CheckOnly
from strata.cli.views.console import out
from strata.docs.reference import outdated

EXAMPLES = ("strata docs reference", "strata docs reference --check")


def run(check: CheckOnly = False) -> None:
    """Write the pages that are out of date, or only name them."""
    root = repository_root()
    stale = outdated(root, app)
    for path, text in stale.items():
        if not check:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        out.print(f"{path}: {'out of date' if check else 'written'}", soft_wrap=True)
    if check and stale:
        raise typer.Exit(1)
