"""Take faults of the running embedded cloud back: those that are named, or all."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.platform.session import require_running

EXAMPLES = ("strata faults clear", "strata faults clear fault-1")


def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Faults; default: all.")
    ] = None,
    json_: Json = False,
) -> None:
    """Take them back, and print their names.

    Raises:
        StrataError: a name is not known, or the cloud is not running.
    """
    from strata.faults import Faults

    cleared = Faults(require_running(checkout_root()).endpoints.aws_url).clear(*(names or ()))
    if json_:
        print_json(cleared)
    else:
        out.print(f"cleared {', '.join(cleared) or 'nothing'}", markup=False, soft_wrap=True)
