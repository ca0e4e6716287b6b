"""What the commands of `strata modules` share: the repository, and files generated for each module."""

from __future__ import annotations

from collections.abc import Callable

from strata.cli import generated
from strata.cli.checkout import checkout_root
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
    generated.write_files(found.root, texts, check_only)
