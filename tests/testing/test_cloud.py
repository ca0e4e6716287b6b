"""The embedded cloud that tests are given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from strata.cloud.client import embedded_client
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.faults import Faults
from strata.testing import cloud


def test_a_cloud_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.sys, "executable", shutil.which("false"))
    with (
        pytest.raises(StrataError, match="the embedded cloud did not start"),
        cloud.embedded_cloud(tmp_path / "x"),
    ):
        pass


@pytest.mark.parametrize("turn", ["first", "second"])
def test_faults_end_with_their_test(account: Endpoints, faults: Faults, turn: str) -> None:
    assert faults.listed() == []
    faults.add("sqs:ListQueues", "fail", error="AccessDenied", times=None)
    with pytest.raises(ClientError, match="AccessDenied"):
        embedded_client("sqs", account.aws_url, account.region, account.environment()).list_queues()
