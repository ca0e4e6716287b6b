"""SHOW and DESC: every column of objects of each kind, with properties set and unset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.session import SnowflakeAccount
from tests import yaml_files

from ..console import Console, Records

SHOWN = yaml_files.load(Path(__file__).with_name("shown.yaml"))
GIVEN = SHOWN.pop("given")


@pytest.fixture(scope="module")
def shown(account: SnowflakeAccount) -> Console:
    found = Console(account)
    found.script(GIVEN)
    return found


@pytest.mark.parametrize(("statement", "expected"), SHOWN.items(), ids=SHOWN)
def test_every_column(shown: Console, statement: str, expected: Records) -> None:
    found = [{name: _stable(value) for name, value in row.items()} for row in shown.run(statement)]
    assert found == expected


def _stable(value: Any) -> Any:
    generated = isinstance(value, str) and value.startswith("STRATA_SFCRole=1_")
    return "<generated>" if generated else value
