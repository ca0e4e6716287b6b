"""The embedded cloud that tests are given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.testing import cloud


def test_a_cloud_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.sys, "executable", shutil.which("false"))
    with (
        pytest.raises(StrataError, match="the embedded cloud did not start"),
        cloud.embedded_cloud(tmp_path / "x"),
    ):
        pass
