"""The dialect under test, and which tests are left out."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from snowflake.sqlalchemy import snowdialect
from sqlalchemy.dialects import registry

_EXCLUSIONS = tomllib.loads(Path(__file__).with_name("exclusions.toml").read_text("utf-8"))


class Dialect(snowdialect.dialect):
    """snowflake-sqlalchemy's, connected to the embedded Snowflake: an address may not name a host."""

    supports_statement_cache = True

    def create_connect_args(self, url: Any) -> Any:
        arguments, options = super().create_connect_args(url)
        place = {"host": os.environ["SNOWFLAKE_HOST"], "port": int(os.environ["SNOWFLAKE_PORT"])}
        return arguments, options | place | {"protocol": "http"}


sys.modules["strata_dialect"] = sys.modules[__name__]
for _name in ("snowflake", "snowflake.snowflake"):
    registry.register(_name, "strata_dialect", "Dialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin import pytestplugin as _plugin  # noqa: E402
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403  (after the dialect is known)


def pytest_collection_modifyitems(session: Any, config: Any, items: list[Any]) -> None:
    """Leave out what exclusions.toml names, after the plugin has made a test of each combination."""
    _plugin.pytest_collection_modifyitems(session, config, items)
    kept, left = [], []
    for item in items:
        test = f"{item.parent.name.partition('_snowflake')[0]}::{item.name}"
        (left if any(test.startswith(name) for name in _EXCLUSIONS) else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept
