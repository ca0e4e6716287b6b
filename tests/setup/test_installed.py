"""A set-up that was killed while pip wrote files installs those packages again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strata.setup.installed import forget_incomplete


def _package(site: Path) -> Path:
    info = site / "whole-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "whole.py").write_text("x = 1\n")
    (info / "METADATA").write_text("Name: whole\n")
    (info / "RECORD").write_text(
        "whole.py,sha256=x,6\nwhole-1.0.dist-info/METADATA,sha256=y,12\n"
        "__pycache__/whole.cpython-311.pyc,,\nwhole-1.0.dist-info/RECORD,,\n"
    )
    return info


def _no_record(site: Path) -> None:
    (site / "whole-1.0.dist-info" / "RECORD").unlink()


def _missing_file(site: Path) -> None:
    (site / "whole.py").unlink()


def _cut_file(site: Path) -> None:
    (site / "whole.py").write_text("x")


@pytest.mark.parametrize("harm", [_no_record, _missing_file, _cut_file])
def test_an_incomplete_package_is_forgotten(harm: Callable[[Path], None], tmp_path: Path) -> None:
    info = _package(tmp_path)
    harm(tmp_path)
    assert forget_incomplete(tmp_path) == ["whole-1.0.dist-info"]
    assert not info.exists()


def test_a_whole_package_stays(tmp_path: Path) -> None:
    info = _package(tmp_path)
    assert forget_incomplete(tmp_path) == []
    assert info.is_dir()
