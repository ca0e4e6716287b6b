"""The reference pages, by their files."""

from __future__ import annotations

import typer

from strata.docs.commands import commands_page
from strata.docs.contract import contract_page
from strata.docs.environment import environment_page
from strata.docs.rules import rules_page
from strata.docs.scale import scale_page
from strata.docs.testing import testing_page

FOLDER = "docs/reference"


def pages(app: typer.Typer) -> dict[str, str]:
    """Return each page's path below the repository's root, and its text.

    Args:
        app: the command `strata`.
    """
    return {
        f"{FOLDER}/commands.md": commands_page(app),
        f"{FOLDER}/contract.md": contract_page(),
        f"{FOLDER}/env-hcl.md": environment_page(),
        f"{FOLDER}/rules.md": rules_page(),
        f"{FOLDER}/testing.md": testing_page(),
        "docs/scale.md": scale_page(),
    }
