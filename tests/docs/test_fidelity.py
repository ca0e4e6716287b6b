"""The page of the fidelity ledger is made from the ledger."""

from __future__ import annotations

from pathlib import Path

from strata.cloud.fidelity import page


def test_the_page_is_up_to_date(root: Path) -> None:
    assert (root / "docs/fidelity.md").read_text() == page(), (
        "run python -m strata.cloud.fidelity > docs/fidelity.md"
    )
