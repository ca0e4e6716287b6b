"""Compare new plans with the reviewed ones; exit 1 on an unreviewed change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.ci.fingerprint import closest, fingerprint, load_record
from strata.ci.reading import Repository
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Json, Plans
from strata.cli.plan_sets import saved_plans
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.plan.document import read_file

EXAMPLES = ("strata ci verify dev --plans /tmp/plans --record record.json",)


def run(
    environment: Environment,
    plans: Plans,
    record: Annotated[Path, typer.Option(help="Record of the reviewed plans.")],
    json_: Json = False,
) -> None:
    """Compare the plans of a folder with a record."""
    reviewed = load_record(record)
    if reviewed.environment != environment:
        raise StrataError(f"the record is of environment {reviewed.environment}", file=record)
    repository = Repository.at(checkout_root())
    found = {
        unit: closest(reviewed.units.get(unit, ()), fingerprint(read_file(path), reviewed.key), repository)
        for unit, path in saved_plans(plans).items()
    }
    if json_:
        print_json({unit: [one.model_dump() for one in several] for unit, several in found.items()})
    else:
        for unit, several in found.items():
            out.print(f"{unit}: {'as reviewed' if not several else 'not as reviewed'}", soft_wrap=True)
            for one in several:
                out.print(f"  {one.address}: {one.what}", markup=False, soft_wrap=True)
    if any(found.values()):
        raise typer.Exit(1)
