"""What the provider sends for each change of a resource, and the state that it keeps of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.provider.servicer import RESOURCES
from strata.cloud.snowflake.provider.values import UNKNOWN
from tests import yaml_files

from ..console import Console
from .local import LocalProtocol
from .test_resources import SETUP

LIVES = yaml_files.load(Path(__file__).with_name("lives.yaml"))
FEATURES = ("USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY", "snowflake_external_table_resource")
OUTPUTS = ("show_output", "describe_output", "parameters")


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_a_life(console: Console, life: dict[str, Any]) -> None:
    console.script(f"{SETUP}; CREATE FILE FORMAT D.S.F TYPE = PARQUET; {life.get('given', '')}")
    provider, kind, state = LocalProtocol(console, *FEATURES), f"snowflake_{life['kind']}", None
    parameters = set(RESOURCES[kind].parameters())
    for step in life["steps"]:
        if "imported" in step:
            found = provider.imported(kind, state["id"])
            assert _kept(found, parameters) == step["imported"]
        elif "destroys" in step:
            provider.apply(kind, None, state)
            assert provider.sent() == step["destroys"]
        else:
            config = step["config"]
            assert provider.plan(kind, config, state)[1] == step.get("replaces", [])
            state = provider.read(kind, provider.apply(kind, config, state))
            assert provider.sent() == step["sends"]
            assert _kept(state, parameters - set(config)) == step["state"]
            for name, output in step.get("outputs", {}).items():
                assert _stable(state[name][0]) == output
            planned, _ = provider.plan(kind, config, state)
            changes = {name: _stable(planned[name]) for name in planned if planned[name] != state[name]}
            assert changes == step.get("again", {})


def _kept(state: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    return {
        name: _stable(value)
        for name, value in state.items()
        if value not in (None, [], "") and name not in hidden and name not in OUTPUTS
    }


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_stable(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"^20\d\d-.* UTC$", "<time>", value)
        return re.sub(r"^[0-9a-f]{8}-[0-9a-f]{4}-.*", "<uuid>", value)
    return "<unknown>" if value is UNKNOWN else value
