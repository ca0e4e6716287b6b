"""The reference pages, by their files."""

from __future__ import annotations

from pathlib import Path

import typer

from strata.docs.commands import commands_page
from strata.docs.environment import environment_page
from strata.docs.rules import rules_page
from strata.docs.scale import scale_page
from strata.docs.testing import testing_page

FOLDER = Path("docs/reference")


def pages(app: typer.Typer) -> dict[Path, str]:
    """Return each page's path below the repository's root, and its text.

    Args:
        app: the command `strata`.
    """
    return {
        FOLDER / "commands.md": commands_page(app),
        FOLDER / "env-hcl.md": environment_page(),
        FOLDER / "rules.md": rules_page(),
        FOLDER / "testing.md": testing_page(),
        Path("docs/scale.md"): scale_page(),
    }


def outdated(root: Path, app: typer.Typer) -> dict[Path, str]:
    """Return the pages whose file is missing or says something else, with the text that it should have."""
    return {
        path: text
        for path, text in pages(app).items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    }
