"""Release a stale state lock, after confirmation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.options import Yes
from strata.cli.units import confirm, running_workspace
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.terraform.state import StateBackend

EXAMPLES = ("strata unlock live/dev/s3",)


def run(
    unit: Annotated[str, typer.Argument(help="Unit, such as live/dev/s3.")],
    yes: Yes = False,
) -> None:
    """Print who holds the lock and release it after asking."""
    parts = Path(unit).parts
    if len(parts) < 3 or parts[0] != "live":
        raise StrataError(f"`{unit}` is not a unit", remedy="name it as live/<environment>/<component>")
    workspace = running_workspace(parts[1])
    (path,) = workspace.unit_paths([unit])
    place = workspace.tree.remote_states([path])[path]
    backend = StateBackend(workspace.endpoints)
    locks = backend.locks(place)
    if not locks:
        out.print(f"{path} is not locked", soft_wrap=True)
        return
    for lock in locks:
        out.print(f"{path} is locked by {lock}", markup=False, soft_wrap=True)
    confirm("release it? A run that is still alive would continue without the lock", yes)
    backend.unlock(place, locks)
    out.print(f"{path} is unlocked", soft_wrap=True)
