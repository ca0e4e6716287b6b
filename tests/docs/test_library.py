"""The library serves any data set: the example's name is in the demo alone."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = b"flights"
# The demo runs the example, and says so.
OF_THE_EXAMPLE = "strata/demo/"


def test_only_the_demo_knows_the_example(root: Path) -> None:
    naming = [
        path.relative_to(root).as_posix()
        for path in sorted((root / "strata").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and EXAMPLE in path.read_bytes().lower()
    ]
    assert naming
    assert [name for name in naming if not name.startswith(OF_THE_EXAMPLE)] == []
