"""The lives of all cases, one per provider: the stand-in's, and the real one's where it is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strata.terraform.providers import SNOWFLAKE_MIRROR
from tests.snowflake_provider.found import MIRROR
from tests.snowflake_provider.life import Life
from tests.snowflake_provider.providers import REAL, STAND_IN, live

# Its tests share the lives of all cases.
pytestmark = pytest.mark.one_worker("snowflake_provider")


@pytest.fixture(scope="session", params=[STAND_IN, REAL])
def life(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """What was seen of all cases with one provider."""
    mirror = request.config.stash[MIRROR]
    if request.param == REAL and not mirror:
        pytest.skip(f"missing tool: snowflake-provider (name its mirror in {SNOWFLAKE_MIRROR})")
    return live(
        request.param, root, tmp_path_factory.mktemp("life"), {**os.environ, SNOWFLAKE_MIRROR: mirror}
    )
