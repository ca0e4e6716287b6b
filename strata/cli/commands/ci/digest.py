"""Print a keyed digest of each unit's normalised plan; it reveals no value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.checkout.files import write_private
from strata.cli.options import Commit, Environment, Json, Plans
from strata.cli.plan_sets import collected, require_planned
from strata.cli.views.console import out, print_json

EXAMPLES = (
    "strata ci digest dev --plans /tmp/plans",
    "strata ci digest dev --plans /tmp/plans --json",
)


def run(
    environment: Environment,
    plans: Plans,
    record: Annotated[
        Path | None, typer.Option(help="Write the record here; it holds the key, so never upload it.")
    ] = None,
    commit: Commit = "HEAD",
    json_: Json = False,
) -> None:
    """Print the digests of a folder of plans."""
    planned = collected(environment, plans, commit)
    require_planned(planned.plans)
    if record is not None:
        write_private(record, planned.record.model_dump_json())
    digests = {unit.unit: unit.digest for unit in planned.plans.units}
    if json_:
        print_json(digests)
        return
    for unit, digest in digests.items():
        out.print(f"{digest}  {unit}", soft_wrap=True)
