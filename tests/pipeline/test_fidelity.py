"""The ledger knows every operation that a whole run asks for."""

from __future__ import annotations

import urllib.request

from strata.cloud.fidelity import ledger
from tests.pipeline.conftest import Up


def test_the_ledger_lists_what_the_platform_asks_for(up: Up) -> None:
    with urllib.request.urlopen(f"{up.endpoints.aws_url}/_strata/calls", timeout=30) as answer:
        asked = set(answer.read().decode().split())
    # A platform that was kept is not applied again: the run that applied it has asked for what makes one.
    assert {"s3:PutObject", "glue:StartJobRun", "states:DescribeExecution"} <= asked
    assert asked - set(ledger()) == set()
