"""Write the Terraform CLI configuration that installs locked providers only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.ci.providers import cli_configuration
from strata.cli.checkout import checkout_root
from strata.cli.views.console import out

EXAMPLES = ('strata ci providers --out "$TF_CLI_CONFIG_FILE"',)


def run(file: Annotated[Path, typer.Option("--out", help="File to write.")]) -> None:
    """Allow what the lock files name; a configuration that the machine has already is kept."""
    if file.exists():
        out.print(f"kept: {file}", markup=False, soft_wrap=True)
        return
    text = cli_configuration(checkout_root())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    out.print(f"wrote: {file}", markup=False, soft_wrap=True)
