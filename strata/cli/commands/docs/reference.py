"""Write the reference pages in docs/reference from the code."""

from __future__ import annotations

from strata.cli.app import app
from strata.cli.checkout import repository_root
from strata.cli.generated import write_files
from strata.cli.options import CheckOnly
from strata.docs.reference import pages

EXAMPLES = ("strata docs reference", "strata docs reference --check")


def run(check: CheckOnly = False) -> None:
    """Write the pages that are out of date, or only name them."""
    write_files(repository_root(), pages(app), check)
