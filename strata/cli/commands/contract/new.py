"""Draft the contract of a data set from FILE, a sample in CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json
from strata.contracts.document import FOLDER
from strata.contracts.draft import draft
from strata.errors import StrataError

EXAMPLES = ("strata contract new trips.csv", "strata contract new 2026-03.csv --name trips")


def run(
    file: Annotated[Path, typer.Argument(help="Sample: a CSV file with a header.")],
    name: Annotated[str | None, typer.Option(help="Name of the data set; default: of FILE.")] = None,
    json_: Json = False,
) -> None:
    """Write the draft to glue_jobs/contracts, and print what is left to decide.

    Raises:
        StrataError: the sample is not CSV, or the data set has a contract.
    """
    from glue_jobs.odcs import SUFFIX

    root = repository_root()
    made = draft(file, name)
    target = root / FOLDER / f"{made.name}{SUFFIX}"
    if target.exists():
        raise StrataError(
            "the contract is there already", file=target, remedy="choose another name with --name"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(made.text, encoding="utf-8")
    shown = target.relative_to(root).as_posix()
    if json_:
        print_json({"dataset": made.name, "file": shown, "open": list(made.open)})
        return
    out.print(f"wrote {shown}", soft_wrap=True)
    for text in made.open:
        err.print(f"still to decide: {text}", markup=False, soft_wrap=True)
