"""`strata put` without a key: the object lies where the platform's rule looks, or the key must be given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cli.commands import put
from strata.errors import StrataError
from strata.platform.session import Running
from strata.platform.workspace import Workspace
from tests.endpoints import nowhere


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command where rules look below these prefixes; returns the keys that were written."""
    keys: list[str] = []
    cloud = nowhere("111111111111")

    def dropped(endpoints: Any, bucket: str, key: str, body: bytes) -> Any:
        keys.append(key)
        return SimpleNamespace(bucket=bucket, etag="etag", version_id="v")

    monkeypatch.setattr(put, "require_running", lambda root: Running(1, "dev", cloud))
    monkeypatch.setattr(
        Workspace, "platform", lambda _: SimpleNamespace(raw_bucket="raw", state_machine_arn="arn")
    )
    monkeypatch.setattr(Workspace, "endpoints", cloud)
    monkeypatch.setattr(put.pipeline, "put", dropped)
    monkeypatch.setattr(put.pipeline, "starts_execution", lambda endpoints, *_: False)
    monkeypatch.setattr(put, "checkout_root", lambda: tmp_path)
    file = tmp_path / "a.csv"
    file.write_text("x")

    def run(prefixes: list[str], key: str | None = None) -> list[str]:
        monkeypatch.setattr(put.pipeline, "key_prefixes", lambda endpoints, arn, bucket: prefixes)
        put.run(file, key, json_=True)
        return keys

    return run


@pytest.mark.parametrize(
    ("prefixes", "key", "expected"),
    [
        (["orders/"], None, "orders/a.csv"),
        ([""], None, "a.csv"),
        (["a/", "b/"], "c/d.csv", "c/d.csv"),
        (["a/", "b/"], None, "a/a.csv"),
    ],
)
def test_the_key(written: Any, prefixes: list[str], key: str | None, expected: str) -> None:
    assert written(prefixes, key) == [expected]


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        ([], "0 prefixes of raw start an execution (none)"),
        (["b/", "c/"], "2 prefixes of raw start an execution (b/, c/)"),
    ],
)
def test_without_one_place_the_key_is_asked_for(written: Any, prefixes: list[str], message: str) -> None:
    with pytest.raises(StrataError) as caught:
        written(prefixes)
    assert (caught.value.message, caught.value.remedy) == (
        message,
        "give the key of the object: --key PREFIX/NAME",
    )


@pytest.mark.parametrize("prefixes", [["orders/"], [], ["b/", "c/"]])
def test_a_data_set_that_is_not_applied_goes_nowhere_else(
    written: Any, prefixes: list[str], tmp_path: Path
) -> None:
    contracts = tmp_path / "glue_jobs/contracts"
    contracts.mkdir(parents=True)
    (contracts / "a.odcs.yaml").touch()
    with pytest.raises(StrataError) as caught:
        written(prefixes)
    assert str(caught.value) == (
        "a is not applied to dev (run strata apply dev; datasets of its env.hcl must have a)"
    )
    assert written(["a/", "orders/"]) == ["a/a.csv"]
    assert written(prefixes, "orders/a.csv") == ["a/a.csv", "orders/a.csv"]


def test_a_file_anywhere_stays_where_it_is_put(written: Any, tmp_path: Path) -> None:
    contracts = tmp_path / "glue_jobs/contracts"
    contracts.mkdir(parents=True)
    (contracts / "a.odcs.yaml").touch()
    assert written([""]) == ["a.csv"]
