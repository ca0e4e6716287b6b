"""Run JOB on one local FILE without a cloud, and print what becomes of its lines.

Exit 0 if no line is quarantined, 3 if some are, 4 if the file is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strata.cli.checkout import repository_root
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json, table
from strata.errors import StrataError

EXAMPLES = (
    "strata jobs try clean trips.csv",
    "strata jobs try curate 2026-03.csv --contract trips --references reference",
)
SHOWN = 20
EXIT_CODES = {"clean": 0, "quarantined": 3, "refused": 4}


def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Job: clean or curate, which runs after clean.")],
    file: Annotated[Path, typer.Argument(help="Raw file.")],
    contract: Annotated[
        str | None,
        typer.Option(help="Data set, or contract's file; default: as FILE or its folder is called."),
    ] = None,
    references: Annotated[
        Path | None, typer.Option(help="Folder of the reference files; default: that of FILE.")
    ] = None,
    json_: Json = False,
) -> None:
    """Run it, and print the outcome.

    Raises:
        StrataError: the job, the file, its contract or a reference is missing.
    """
    from strata.testing.trial import JOBS, contract_of, try_job

    if job not in JOBS:
        raise StrataError(f"{job!r} is not a job", remedy=f"use one of {', '.join(JOBS)}")
    if not file.is_file():
        raise StrataError("the file is missing", file=file, remedy="name a raw file")
    agreed = contract_of(repository_root(), file, contract)
    with err.status(f"{job} {file}"):
        trial = try_job(job, file, agreed, references)
    if json_:
        print_json(asdict(trial))
    elif trial.refusal is not None:
        out.print(Text(f"refused: {trial.refusal}"), soft_wrap=True)
    else:
        out.print(table(None, ["outcome", "rows"], [[name, n] for name, n in trial.counts.items()]))
        if trial.quarantined:
            fields = ("source_line", "reason", "detail")
            rows = [[str(row[name]) for name in fields] for row in trial.quarantined[:SHOWN]]
            out.print(table("quarantined", ["line", "reason", "detail"], rows))
        if (left := len(trial.quarantined) - SHOWN) > 0:
            out.print(f"and {left} more: --json lists all")
        for partition in trial.partitions:
            out.print(f"wrote {partition}", soft_wrap=True)
    if code := EXIT_CODES[trial.outcome]:
        raise typer.Exit(code)
