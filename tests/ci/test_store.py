"""Reviewed plans in S3: what is written, and what is read back or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from strata.ci.fingerprint import PlanFingerprint, Record
from strata.ci.store import Store
from strata.errors import StrataError

COMMIT = "c" * 40
RECORD = Record(
    environment="dev",
    commit=COMMIT,
    key="ab" * 32,
    units={"live/dev/iam": (PlanFingerprint(),), "live/dev/s3": (PlanFingerprint(),)},
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        client.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def store(s3: Any) -> Store:
    return Store("states", "eu-west-1", "dev")


def test_what_is_stored(store: Store, s3: Any, tmp_path: Path) -> None:
    """The record, and the plans that are there: a unit of the environment plan alone has none."""
    (tmp_path / "live/dev/s3").mkdir(parents=True)
    (tmp_path / "live/dev/s3/tfplan.tfplan").write_bytes(b"plan of s3")
    assert store.save(RECORD, tmp_path) == 2
    plan, record = f"plans/dev/{COMMIT}/live/dev/s3/tfplan.tfplan", f"plans/dev/{COMMIT}/record.json"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="states")["Contents"]] == [plan, record]
    assert s3.get_object(Bucket="states", Key=plan)["Body"].read() == b"plan of s3"
    for key in (plan, record):
        assert s3.head_object(Bucket="states", Key=key)["ServerSideEncryption"] == "aws:kms"
    assert store.load(COMMIT) == RECORD


@pytest.mark.parametrize("backend", ["s3", "gcs"])
def test_the_store_is_beside_the_states(backend: str) -> None:
    config = {"bucket": "states", "key": "k", "region": "eu-central-1"}

    def render(path: str, *, command: str) -> Any:
        assert (path, command) == ("live/dev/a", "render")
        return SimpleNamespace(remote_state={"backend": backend, "config": config})

    units = [SimpleNamespace(path="live/dev/a"), SimpleNamespace(path="live/dev/b")]
    tree: Any = SimpleNamespace(units=lambda environment: units, render=render)
    if backend == "gcs":
        with pytest.raises(StrataError, match="this unit's backend is gcs"):
            Store.of(tree, "dev")
        return
    store = Store.of(tree, "dev")
    assert (store.bucket, store.environment) == ("states", "dev")
    assert store.prefix("abc") == "plans/dev/abc"
    assert store._s3().meta.region_name == "eu-central-1"
    assert store._s3() is store._s3()


def test_how_many_objects_are_stored(store: Store, tmp_path: Path) -> None:
    assert store.save(RECORD, tmp_path) == 1
    for unit in RECORD.units:
        (tmp_path / unit).mkdir(parents=True)
        (tmp_path / unit / "tfplan.tfplan").write_bytes(b"x")
    assert store.save(RECORD, tmp_path) == 3


def test_no_record(store: Store) -> None:
    assert store.load(COMMIT) is None


@pytest.mark.parametrize(
    ("environment", "commit"), [("prod", COMMIT), ("dev", "d" * 40)], ids=["environment", "commit"]
)
def test_a_record_of_another_change_is_refused(store: Store, s3: Any, environment: str, commit: str) -> None:
    body = RECORD.model_copy(update={"environment": environment, "commit": commit}).model_dump_json()
    s3.put_object(Bucket="states", Key=f"plans/dev/{COMMIT}/record.json", Body=body)
    with pytest.raises(StrataError, match="is the record of another change"):
        store.load(COMMIT)


def test_a_damaged_record_is_refused(store: Store, s3: Any) -> None:
    s3.put_object(Bucket="states", Key=f"plans/dev/{COMMIT}/record.json", Body=b"{")
    with pytest.raises(StrataError, match="not a record of reviewed plans") as caught:
        store.load(COMMIT)
    assert caught.value.file == f"s3://states/plans/dev/{COMMIT}/record.json"


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    store = Store("nowhere", "eu-west-1", "dev")
    key = f"s3://nowhere/plans/dev/{COMMIT}/record.json"
    with pytest.raises(StrataError, match=f"{key} cannot be read: NoSuchBucket"):
        store.load(COMMIT)
    with pytest.raises(StrataError, match=f"{key} cannot be written: NoSuchBucket"):
        store.save(RECORD, tmp_path)


def test_aws_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    store = Store("states", "eu-west-1", "dev")
    with pytest.raises(StrataError, match="s3://states does not answer: EndpointConnectionError"):
        store.load(COMMIT)
    with pytest.raises(StrataError, match="s3://states does not answer: EndpointConnectionError"):
        store.save(RECORD, tmp_path)
