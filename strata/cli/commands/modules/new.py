"""Write the skeleton of MODULE with its documents and first cases."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Module
from strata.cli.views.console import out
from strata.modules.skeleton import create

EXAMPLES = ("strata modules new queue", "strata modules new queue --component")


def run(
    module: Module,
    component: Annotated[
        bool, typer.Option("--component", help="Write live/_components/<module>.hcl too.")
    ] = False,
) -> None:
    """Write the first files of a module, and print how to check them."""
    for place in create(checkout_root(), module, component):
        out.print(f"wrote: {place}", soft_wrap=True)
    command = f"strata modules check {module} && pytest tests/modules/{module} modules/{module}"
    out.print(f"check it with: {command}", soft_wrap=True)
