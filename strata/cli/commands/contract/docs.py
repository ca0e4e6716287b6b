"""Write the page of each data set."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.generated import write_files
from strata.cli.options import CheckOnly
from strata.contracts.check import contract_files
from strata.contracts.document import ContractDocument
from strata.contracts.page import PAGES, page

EXAMPLES = ("strata contract docs", "strata contract docs --check")


def run(
    names: Annotated[list[str] | None, typer.Argument(help="Data sets; default: all.")] = None,
    check: CheckOnly = False,
) -> None:
    """Write the pages that are out of date, and remove those of no contract, or only name them."""
    root = repository_root()
    documents = [ContractDocument.read(path) for path in contract_files(root)]
    texts = {
        f"{PAGES}/{found.name}.md": page(found) for found in documents if not names or found.name in names
    }
    known = {f"{found.name}.md" for found in documents}
    pages = [path.name for path in sorted((root / PAGES).glob("*.md")) if not names]
    left = [f"{PAGES}/{name}" for name in pages if name not in known]
    write_files(root, texts, check, remove=left)
