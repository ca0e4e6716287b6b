"""What child processes are given: see also tests/terraform/test_toolchain.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from strata.checkout.child_environment import cloud_environment, pip_environment

CALLER = {
    "PATH": "/some/bin",
    "JAVA_HOME": "/java",
    "LANG": "de_DE",
    "USER": "me",
    "HOME": "/home/me",
    "AWS_PROFILE": "mine",
    "SNOWFLAKE_HOME": "/home/me/.snowflake",
    "TF_LOG": "TRACE",
}


@pytest.fixture
def state() -> Path:
    # Short: a long folder keeps no sockets.
    return Path(tempfile.mkdtemp(prefix="strata-", dir="/tmp"))


def test_the_cloud_sees_nothing_of_the_callers_settings(state: Path) -> None:
    try:
        assert cloud_environment(state, CALLER) == {
            "PATH": "/some/bin",
            "JAVA_HOME": "/java",
            "LANG": "de_DE",
            "USER": "me",
            "HOME": f"{state}/home",
            "TMPDIR": f"{state}/tmp",
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }
        assert (state / "home").is_dir()
        assert (state / "tmp").is_dir()
    finally:
        for folder in (state / "home", state / "tmp", state):
            folder.rmdir()


@pytest.mark.parametrize(
    "name", ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_NO_BINARY", "PIP_REQUIRE_VIRTUALENV"]
)
def test_pip_installs_where_it_is_told(name: str) -> None:
    assert pip_environment(Path("/checkout"), {"PIP_INDEX_URL": "https://index", name: "x"}) == {
        "PIP_INDEX_URL": "https://index",
        "PIP_CACHE_DIR": "/checkout/.strata/cache/pip",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
    }
