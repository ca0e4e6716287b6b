"""docs/environments.md does what it says: its commands run, in their order, in a copy of this repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

from strata.live.check import RULES
from tests.checkout_copy import Checkout
from tests.documentation import run_blocks


def test_the_commands_of_the_guide_run(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "platform")
    subprocess.run(["git", "-C", str(checkout.folder), "add", "--all"], check=True)
    said = run_blocks(checkout, root / "docs/environments.md")
    assert len(said) == 5
    assert "111122223333" in said[0]
    assert "s3://strata-tfstate-dev-111122223333/live/dev/s3/terraform.tfstate" in said[0]
    assert said[1] == "live/staging is a copy of live/dev with its own env.hcl\n"
    assert "buckets.raw.noncurrent_days" in said[2]
    assert "NOT ALLOWED" not in said[2]
    assert "allowed_prefixes.0" in said[3]
    assert "NOT ALLOWED" in said[3]
    assert all(rule in said[4] for rule in RULES)
