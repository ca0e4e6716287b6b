"""Write the page of each data set."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.options import CheckOnly
from strata.cli.views.console import out
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
    left = [path for path in sorted((root / PAGES).glob("*.md")) if not names and path.name not in known]
    stale = [
        place
        for place, text in texts.items()
        if not (root / place).is_file() or (root / place).read_text(encoding="utf-8") != text
    ]
    for place in stale:
        if not check:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(texts[place], encoding="utf-8")
        out.print(f"{'not up to date' if check else 'wrote'}: {place}", soft_wrap=True)
    for path in left:
        if not check:
            path.unlink()
        out.print(f"{'of no contract' if check else 'removed'}: {PAGES}/{path.name}", soft_wrap=True)
    if not stale and not left:
        out.print(f"{len(texts)} pages are up to date")
    if check and (stale or left):
        raise typer.Exit(1)
