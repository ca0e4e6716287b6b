"""Write sample data of the data set NAME: a file and its references."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.contracts.document import FOLDER, ContractDocument
from strata.contracts.sample import sample

EXAMPLES = ("strata contract sample trips --rows 1000", "strata contract sample trips --dirty --seed 7")


def run(
    name: Annotated[str, typer.Argument(help="Data set.")],
    rows: Annotated[int, typer.Option(help="Rows.", min=0)] = 100,
    seed: Annotated[int, typer.Option(help="Another seed makes another file.")] = 0,
    dirty: Annotated[bool, typer.Option("--dirty", help="Include faulty lines and duplicates.")] = False,
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("samples"),
    json_: Json = False,
) -> None:
    """Write a file in the contract's format, and one per reference; the same seed writes the same bytes."""
    from glue_jobs.odcs import SUFFIX

    document = ContractDocument.read(repository_root() / FOLDER / f"{name}{SUFFIX}")
    made = sample(document, rows, seed, dirty)
    to.mkdir(parents=True, exist_ok=True)
    files = {made.name: made.content, **{f"{table}.csv": text for table, text in made.references.items()}}
    for file, content in files.items():
        (to / file).write_bytes(content)
    if json_:
        paths = [str(to / file) for file in files]
        print_json({"files": paths, "faulty": sorted(made.faulty), "duplicates": sorted(made.duplicates)})
        return
    for file in files:
        out.print(f"wrote {to / file}", soft_wrap=True)
    if dirty:
        out.print(f"{len(made.faulty)} lines are faulty, {len(made.duplicates)} are duplicates")
