"""Upload the record and the binary plans to the state bucket.

They are encrypted, and only the apply role can read them."""

from __future__ import annotations

from strata.ci import planning
from strata.ci.fingerprint import load_record
from strata.ci.store import Store
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment, Plans
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.live import LiveTree

EXAMPLES = ("strata ci store dev --plans /tmp/plans",)


def run(environment: Environment, plans: Plans) -> None:
    """Upload what `strata ci plan` left."""
    root = checkout_root()
    record = load_record(plans / planning.RECORD)
    if record.environment != environment:
        raise StrataError(f"the plans are of environment {record.environment}", file=plans)
    place = Store.of(LiveTree.load(root), environment)
    count = place.save(record, plans)
    out.print(f"{count} objects in s3://{place.bucket}/{place.prefix(record.commit)}", soft_wrap=True)
