"""SHOW and DESC: every column of objects of each kind, with properties set and unset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from strata.cloud.snowflake.session import SnowflakeAccount

from ..console import Console, Records

SHOWN = yaml.safe_load(Path(__file__).with_name("shown.yaml").read_text("utf-8"))
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
