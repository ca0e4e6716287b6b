"""What holds for every module: each rule is a function from a module to its findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strata.lint.findings import LintFinding
from strata.modules.repository import FOLDER, Repository
from strata.modules.rules import code, declarations, documents
from strata.modules.stamps import read_sources

# Name of the rule → what it asks for.
RULES = {**declarations.RULES, **code.RULES, **documents.RULES}


def check(root: Path, names: list[str] | None = None) -> Iterator[LintFinding]:
    """Every finding in the modules of a checkout.

    Args:
        root: the checkout's folder.
        names: only these modules.

    Raises:
        StrataError: an unknown module, or one that cannot be read.
    """
    repository = Repository(root)
    sources = read_sources(root / FOLDER, FOLDER)
    for name in names or repository.names():
        module = repository.module(name)
        yield from declarations.check(module)
        yield from code.check(module)
        yield from documents.check(module, sources)
