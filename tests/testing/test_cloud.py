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
from tests.endpoints import nowhere


def test_a_cloud_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.sys, "executable", shutil.which("false"))
    with (
        pytest.raises(StrataError, match="the embedded cloud did not start"),
        cloud.embedded_cloud(tmp_path / "x"),
    ):
        pass


@pytest.mark.parametrize(("options", "more"), [({}, []), ({"any_key": True}, ["--any-key"])])
def test_a_cloud_is_served_until_its_input_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], more: list[str]
) -> None:
    facts = nowhere("111122223333")
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\necho \"$@\" > {tmp_path}/given\necho 'a library speaks'\necho '{facts.model_dump_json()}'\n"
        f"cat\necho ended > {tmp_path}/ended\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(cloud.sys, "executable", str(program))
    with cloud.embedded_cloud(tmp_path / "x", **options) as endpoints:
        assert endpoints == facts
        assert not (tmp_path / "ended").exists()
    assert (tmp_path / "ended").read_text() == "ended\n"
    assert (tmp_path / "given").read_text().split() == [
        *("-m", "strata.cloud", "--directory", f"{tmp_path}/x/run", "--warm-processes", "0", *more)
    ]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_faults_end_with_their_test(account: Endpoints, faults: Faults, turn: str) -> None:
    assert faults.listed() == []
    faults.add("sqs:ListQueues", "fail", error="AccessDenied", times=None)
    with pytest.raises(ClientError, match="AccessDenied"):
        embedded_client("sqs", account.aws_url, account.region, account.environment()).list_queues()
