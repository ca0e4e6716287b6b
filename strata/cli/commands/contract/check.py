"""Check data contracts; exit 1 on findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import repository_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.cli.views.findings import end_with
from strata.contracts.check import check, contract_files, dataset_of

EXAMPLES = (
    "strata contract check",
    "strata contract check docs/examples/trips.odcs.yaml",
    "strata contract check --key trips/2026-03.csv",
)


def run(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Contracts; default: all of glue_jobs/contracts.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Print only the data set that an object of this key belongs to.")
    ] = None,
    json_: Json = False,
) -> None:
    """Print the findings, one a line.

    Raises:
        StrataError: the key is under no data set's prefix.
    """
    root = repository_root()
    if key is not None:
        dataset = dataset_of(root, key)
        if json_:
            print_json({"key": key, "dataset": dataset})
        else:
            out.print(dataset)
        return
    paths = [path.absolute() for path in files or []]
    findings = check(root, paths or None)
    count = len(paths or contract_files(root))
    end_with(
        findings,
        f"{count} contract{'' if count == 1 else 's'}",
        "docs/datasets.md#what-a-contract-says",
        json_=json_,
    )
