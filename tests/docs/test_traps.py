"""Every trap names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path


def test_each_trap_is_guarded_by_a_test_that_exists(root: Path) -> None:
    rows = [line for line in (root / "docs/traps.md").read_text().splitlines() if line.startswith("| 20")]
    assert len(rows) > 10
    for row in rows:
        found = re.search(r"\]\((\.\./tests/\S+\.py)\) `(test_\w+)` \|$", row)
        assert found, f"no test is named: {row}"
        file = (root / "docs" / found[1]).resolve()
        assert re.search(rf"^def {found[2]}\(", file.read_text(), re.MULTILINE), f"{file} has no {found[2]}"
