"""Show what a change of a contract asks of readers, and the version it requires.

Exit 1 if the new contract's version is too low."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.contracts.difference import compare
from strata.contracts.document import ContractDocument
from strata.modules.versions import Level

EXAMPLES = ("strata contract diff trips.odcs.yaml glue_jobs/contracts/trips.odcs.yaml",)


def run(
    old: Annotated[Path, typer.Argument(help="Contract as it was.")],
    new: Annotated[Path, typer.Argument(help="Contract as it is to be.")],
    json_: Json = False,
) -> None:
    """Print one line per change, then the version."""
    difference = compare(ContractDocument.read(old), ContractDocument.read(new))
    breaks = difference.level is Level.major
    if json_:
        print_json(
            {
                "changes": [
                    {"level": change.level.name, "subject": change.subject, "text": change.text}
                    for change in difference.changes
                ],
                "readers_break": breaks,
                "level": difference.level.name,
                "from": str(difference.base),
                "version": str(difference.version),
                "needs": str(difference.next),
                "says_enough": difference.says_enough,
            }
        )
    else:
        for change in difference.changes:
            line = f"{change.level.name:6}{change.subject}: {change.text}"
            out.print(line, markup=False, soft_wrap=True)
        needed = f"{difference.base} -> {difference.next} at least ({difference.level.name})"
        if difference.level is Level.none:
            out.print(f"the contract is unchanged since {difference.base}")
        else:
            out.print(f"readers {'break' if breaks else 'go on'}: {needed}")
        if not difference.says_enough:
            out.print(f"its version {difference.version} is too low", soft_wrap=True)
    if not difference.says_enough:
        raise typer.Exit(1)
