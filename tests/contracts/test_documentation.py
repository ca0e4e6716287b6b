"""docs/datasets.md does what it says: its commands run, in their order, in a copy of this repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.checkout_copy import Checkout
from tests.documentation import run_blocks


def test_the_commands_of_the_guide_run(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "platform")
    subprocess.run(["git", "-C", str(checkout.folder), "add", "--all"], check=True)
    drafted, checked, changed = run_blocks(checkout, root / "docs/datasets.md")
    assert drafted == "wrote glue_jobs/contracts/departures.odcs.yaml\n"
    assert checked == ""
    assert changed.splitlines() == [
        "major column fare: decimal(10,2) has become double",
        "readers break: 1.0.0 -> 2.0.0 at least (major)",
        "its version 1.0.0 is too low",
    ]
