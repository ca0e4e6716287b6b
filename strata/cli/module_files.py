"""What the commands of `strata modules` share: the repository, and files that are generated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from strata.cli.checkout import checkout_root
from strata.cli.views.console import out
from strata.modules.interface import Module
from strata.modules.repository import FOLDER, Repository


def repository() -> Repository:
    """Return the modules of this checkout."""
    return Repository(checkout_root())


def write_files(
    modules: list[str] | None, generate: Callable[[Module], dict[str, str]], check_only: bool
) -> None:
    """Write generated files that are out of date; generate all of them before writing the first.

    Args:
        modules: names; all modules if empty.
        generate: file name -> text, for a module.
        check_only: name the files and exit 1 instead of writing them.
    """
    found = repository()
    texts = {
        f"{FOLDER}/{name}/{file}": text
        for name in modules or found.names()
        for file, text in generate(found.module(name)).items()
    }
    stale = [place for place, text in texts.items() if _read(found.root / place) != text]
    for place in stale:
        if not check_only:
            (found.root / place).write_text(texts[place], encoding="utf-8")
        out.print(f"{'not up to date' if check_only else 'wrote'}: {place}", soft_wrap=True)
    if not stale:
        out.print(f"{len(texts)} files are up to date")
    if stale and check_only:
        raise typer.Exit(1)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
