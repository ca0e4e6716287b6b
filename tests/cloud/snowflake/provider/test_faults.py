"""Faults of configurations, each in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.provider.schema import blank, resources
from strata.cloud.snowflake.provider.validation import faults
from strata.cloud.snowflake.provider.values import UNKNOWN
from tests import yaml_files

CASES = yaml_files.load(Path(__file__).with_name("faults.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_what_a_configuration_lacks_and_has_too_much(case: dict[str, Any]) -> None:
    schema = resources()[f"snowflake_{case['kind']}"]
    found = faults(schema, blank(schema.block, _unknown(case["config"])))
    assert [" | ".join(filter(None, fault)) for fault in found] == case["faults"]


def _unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unknown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item) for item in value]
    return UNKNOWN if value == "<unknown>" else value
