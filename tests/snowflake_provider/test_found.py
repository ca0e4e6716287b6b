"""The caller's mirror reaches these tests, on every worker, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from strata.terraform.providers import SNOWFLAKE_MIRROR
from tests.snowflake_provider.found import mirror

_EXPECTED = "EXPECTED_MIRROR"


def test_the_mirror_is_no_setting_of_the_tests() -> None:
    assert SNOWFLAKE_MIRROR not in os.environ
    assert mirror() == os.environ.get(_EXPECTED, mirror())


def test_the_mirror_reaches_a_worker(root: Path) -> None:
    test = f"{Path(__file__).relative_to(root)}::{test_the_mirror_is_no_setting_of_the_tests.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", test],
        cwd=root,
        env={**os.environ, SNOWFLAKE_MIRROR: "/a/mirror", _EXPECTED: "/a/mirror"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
