"""The planned state machine for all worlds of a module."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from strata.testing.fixtures.planning import ModulePlanner

from .world import Engine, engine_of

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def engine(plan: ModulePlanner) -> Iterator[Engine]:
    inputs = {
        "kms_key_arn": KEY,
        "role_arn": "arn:aws:iam::123456789012:role/strata-stepfunctions-test",
    }
    machine = plan("pipeline", inputs).modules["module.machine"].resources["aws_sfn_state_machine.this"]
    with engine_of(json.loads(machine["values"]["definition"])) as made:
        yield made
