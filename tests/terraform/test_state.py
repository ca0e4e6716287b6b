"""State bucket and lock table, and reading states without Terraform."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import strata.terraform.state as state_module
from strata.errors import StrataError
from strata.live import UnitOutputs
from strata.terraform.state import StateBackend, UnitState

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud


def remote_state(name: str, **more: Any) -> dict[str, Any]:
    config = {
        "bucket": f"state-{name}",
        "key": "live/dev/s3/terraform.tfstate",
        "dynamodb_table": f"lock-{name}",
    }
    return {"backend": "s3", "config": config | more}


def test_the_backend_is_made_once_and_closed(cloud: Cloud) -> None:
    config = remote_state("made")
    for _ in range(2):
        StateBackend(cloud.endpoints).bootstrap(config)
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket="state-made")["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket="state-made")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(
        s3.get_public_access_block(Bucket="state-made")["PublicAccessBlockConfiguration"].values()
    ) == {True}
    table = cloud.client("dynamodb").describe_table(TableName="lock-made")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]


def test_what_the_buckets_own_unit_has_chosen_stays(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    StateBackend(cloud.endpoints).bootstrap(remote_state("kept", bucket_sse_algorithm="AES256"))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="state-kept", ServerSideEncryptionConfiguration={"Rules": [rule]})
    StateBackend(cloud.endpoints).bootstrap(remote_state("kept", bucket_sse_algorithm="AES256"))
    rules = s3.get_bucket_encryption(Bucket="state-kept")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [rule]


def test_a_state_is_read_without_terraform(cloud: Cloud) -> None:
    backend, config = StateBackend(cloud.endpoints), remote_state("read")
    assert backend.read(config) is None
    backend.bootstrap(config)
    assert backend.read(config) is None
    document = {
        "version": 4,
        "serial": 7,
        "outputs": {
            "arn": {"value": "arn:x", "type": "string"},
            "password": {"value": "p", "type": "string", "sensitive": True},
        },
        "resources": [
            {"mode": "managed", "type": "aws_s3_bucket", "instances": [{}, {}]},
            {"mode": "managed", "type": "aws_sns_topic", "instances": [{}]},
            {"mode": "data", "type": "aws_region", "instances": [{}]},
        ],
    }
    cloud.client("s3").put_object(
        Bucket="state-read", Key="live/dev/s3/terraform.tfstate", Body=json.dumps(document)
    )
    assert backend.read(config) == UnitState(7, {"arn": "arn:x", "password": "p"}, 3)


@pytest.mark.parametrize(
    "config", [{}, {"backend": "local", "config": {"path": "x"}}, remote_state("x", key="")]
)
def test_another_backend_is_refused(cloud: Cloud, config: dict[str, Any]) -> None:
    with pytest.raises(StrataError, match="keeps states in S3 only"):
        StateBackend(cloud.endpoints).read(config)


def test_a_cloud_that_is_gone_is_said(cloud: Cloud) -> None:
    gone = cloud.endpoints.model_copy(update={"aws_url": "http://127.0.0.1:9"})
    with pytest.raises(StrataError, match=r"at http://127\.0\.0\.1:9 does not answer"):
        StateBackend(gone).read(remote_state("gone"))


DOCUMENT = {"version": 4, "serial": 7, "outputs": {}, "resources": []}
# A state that cannot be what Terraform wrote.
CORRUPT: dict[str, bytes] = {
    "cut off": b'{"version": 4, "serial": 7, "outp',
    "empty": b"",
    "a list": b"[]",
    "no serial": b'{"version": 4}',
    "a serial that is not a number": b'{"serial": "seven"}',
    "a serial of null": b'{"serial": null}',
    "an output without a value": b'{"serial": 7, "outputs": {"arn": {"type": "string"}}}',
    "an output without a type": b'{"serial": 7, "outputs": {"arn": {"value": "x"}}}',
    "an output that is a text": b'{"serial": 7, "outputs": {"arn": "x"}}',
    "resources that are not a list of objects": b'{"serial": 7, "resources": ["x"]}',
}


_CLIENTS: dict[tuple[str, str], Any] = {}


def client(cloud: Cloud, service: str) -> Any:
    """A client, made once: to make one takes longer than what it is asked."""
    place = (cloud.endpoints.aws_url, service)
    if place not in _CLIENTS:
        _CLIENTS[place] = cloud.client(service)
    return _CLIENTS[place]


def put(cloud: Cloud, config: dict[str, Any], body: bytes, digest: str | None = None) -> None:
    """Store a state, and the digest that its lock table has of it."""
    place = config["config"]
    client(cloud, "s3").put_object(Bucket=place["bucket"], Key=place["key"], Body=body)
    if digest is not None:
        item = {"LockID": {"S": f"{place['bucket']}/{place['key']}-md5"}, "Digest": {"S": digest}}
        client(cloud, "dynamodb").put_item(TableName=place["dynamodb_table"], Item=item)


@pytest.fixture(scope="module")
def backend(cloud: Cloud) -> StateBackend:
    return StateBackend(cloud.endpoints)


@pytest.fixture(scope="module")
def made(backend: StateBackend) -> dict[str, Any]:
    """A state's place, in a backend that is there."""
    config = remote_state("ready")
    backend.bootstrap(config)
    return config


def of_key(made: dict[str, Any], key: str) -> dict[str, Any]:
    return {"backend": "s3", "config": {**made["config"], "key": key}}


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_state_is_said(
    cloud: Cloud, backend: StateBackend, made: dict[str, Any], name: str
) -> None:
    config = of_key(made, f"corrupt/{name}")
    put(cloud, config, CORRUPT[name])
    with pytest.raises(StrataError) as caught:
        backend.read(config)
    assert (
        caught.value.message == f"state s3://state-ready/corrupt/{name} is corrupt (truncated or overwritten)"
    )
    assert caught.value.remedy == "bring back its last good version, see docs/state.md"


@pytest.mark.parametrize(
    ("body", "digest", "message"),
    [
        (b'{"serial": 1}', "of that", None),
        (b'{"serial": 1}', "", None),
        (
            b'{"serial": 1}',
            "0123",
            "is not the one that was written last: its digest in the lock table says so",
        ),
        (None, "0123", "is gone: its digest in the lock table says so"),
    ],
    ids=["its own", "none yet", "another's", "of a state that is gone"],
)
def test_a_state_is_the_one_that_was_written_last(
    cloud: Cloud,
    backend: StateBackend,
    made: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    body: bytes | None,
    digest: str,
    message: str | None,
) -> None:
    monkeypatch.setattr(state_module, "_DIGEST_SECONDS", 0.3)
    monkeypatch.setattr(state_module, "_DIGEST_POLL", 0.1)
    config = of_key(made, f"digest/{digest}{body is None}")
    put(cloud, config, body or b"", hashlib.md5(body or b"").hexdigest() if digest == "of that" else digest)
    if body is None:
        client(cloud, "s3").delete_object(Bucket=made["config"]["bucket"], Key=config["config"]["key"])
    if message is None:
        found = backend.read(config)
        assert (found and found.serial, found and found.document) == (1, {"serial": 1})
        return
    with pytest.raises(StrataError) as caught:
        backend.read(config)
    assert caught.value.message == f"the state s3://state-ready/{config['config']['key']} {message}"


def test_a_state_whose_digest_is_yet_to_come_is_waited_for(
    cloud: Cloud, backend: StateBackend, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, body = of_key(made, "digest/late"), b'{"serial": 2}'
    put(cloud, config, body, "of the state before")

    def arrives(seconds: float) -> None:
        put(cloud, config, body, hashlib.md5(body).hexdigest())

    monkeypatch.setattr(state_module.time, "sleep", arrives)
    found = backend.read(config)
    assert found is not None
    assert found.serial == 2


class Recording:
    """A client that writes down what it is asked."""

    def __init__(self, client: Any, asked: list[tuple[str, dict[str, Any]]]) -> None:
        self._client, self._asked = client, asked

    def __getattr__(self, name: str) -> Any:
        def ask(**arguments: Any) -> Any:
            self._asked.append((name, arguments))
            return getattr(self._client, name)(**arguments)

        return ask


def test_what_the_lock_table_says_is_read_consistently(
    cloud: Cloud, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    client = state_module.embedded_client
    monkeypatch.setattr(state_module, "embedded_client", lambda *given: Recording(client(*given), asked))
    backend = StateBackend(cloud.endpoints)
    backend.read(made)
    backend.locks(made)
    reads = [arguments for name, arguments in asked if name == "get_item"]
    place = "state-ready/live/dev/s3/terraform.tfstate"
    assert [arguments["Key"] for arguments in reads] == [
        {"LockID": {"S": f"{place}-md5"}},
        {"LockID": {"S": place}},
    ]
    # DynamoDB may answer with what was there before: another's lock, or the digest of the state before.
    assert all(arguments["ConsistentRead"] is True for arguments in reads)


def lock(
    cloud: Cloud, config: dict[str, Any], *, bucket: str | None = None, table: str | None = None
) -> None:
    place = config["config"]
    if bucket is not None:
        client(cloud, "s3").put_object(
            Bucket=place["bucket"], Key=f"{place['key']}.tflock", Body=info(bucket)
        )
    if table is not None:
        item = {"LockID": {"S": f"{place['bucket']}/{place['key']}"}, "Info": {"S": info(table)}}
        client(cloud, "dynamodb").put_item(TableName=place["dynamodb_table"], Item=item)


def info(name: str) -> str:
    return json.dumps({"ID": name, "Who": "ada@laptop", "Operation": "OperationTypeApply", "Created": ""})


@pytest.mark.parametrize(
    ("bucket", "table", "found"),
    [
        (None, None, []),
        ("one", "one", ["one"]),
        ("one", None, ["one"]),
        (None, "one", ["one"]),
        ("one", "other", ["one", "other"]),
    ],
)
def test_the_locks_of_bucket_and_table(
    cloud: Cloud,
    backend: StateBackend,
    made: dict[str, Any],
    bucket: str | None,
    table: str | None,
    found: list[str],
) -> None:
    config = of_key(made, f"locks/{bucket}-{table}")
    lock(cloud, config, bucket=bucket, table=table)
    there = backend.locks(config)
    assert [one.id for one in there] == found
    backend.unlock(config, [one for one in there if one.id == "one"])
    assert [one.id for one in backend.locks(config)] == [name for name in found if name != "one"]


def test_without_a_table_the_lock_is_the_buckets(
    cloud: Cloud, backend: StateBackend, made: dict[str, Any]
) -> None:
    config = of_key(made, "locks/alone")
    del config["config"]["dynamodb_table"]
    lock(cloud, config, bucket="one")
    (found,) = backend.locks(config)
    backend.unlock(config, [found])
    assert backend.locks(config) == []
    put(cloud, config, b'{"serial": 3}')
    assert backend.read(config) == UnitState(3, UnitOutputs({}, {}), 0)


def test_a_table_that_is_gone_holds_no_lock(
    cloud: Cloud, backend: StateBackend, made: dict[str, Any]
) -> None:
    config = {"backend": "s3", "config": {**made["config"], "key": "gone", "dynamodb_table": "gone"}}
    assert backend.locks(config) == []
    backend.unlock(config, [])
    assert backend.read(config) is None


def test_what_a_bootstrap_still_has_to_make(
    cloud: Cloud, backend: StateBackend, made: dict[str, Any]
) -> None:
    without = remote_state("none")
    del without["config"]["dynamodb_table"]
    assert backend.missing([made, remote_state("none"), without]) == {"state-none", "lock-none"}
    assert backend.missing([made]) == set()
    assert backend.missing([]) == set()
    # Only the table is missing.
    half = {"backend": "s3", "config": {**made["config"], "dynamodb_table": "lock-half"}}
    assert backend.missing([half]) == {"lock-half"}
    backend.bootstrap(half)
    backend.bootstrap(without)
    assert backend.missing([half, remote_state("none")]) == {"lock-none"}


def test_many_states_are_read_at_once(cloud: Cloud, backend: StateBackend, made: dict[str, Any]) -> None:
    places = {f"live/dev/{number}": of_key(made, f"many/{number}") for number in range(6)}
    for number, config in enumerate(places.values()):
        if number % 2:
            put(cloud, config, json.dumps(DOCUMENT | {"serial": number}).encode())
    found = backend.read_all(places)
    assert {path: state and state.serial for path, state in found.items()} == {
        "live/dev/0": None,
        "live/dev/1": 1,
        "live/dev/2": None,
        "live/dev/3": 3,
        "live/dev/4": None,
        "live/dev/5": 5,
    }


def test_backends_are_made_in_the_embedded_cloud_only(made: dict[str, Any]) -> None:
    with pytest.raises(StrataError) as caught:
        StateBackend(None).bootstrap(made)
    assert str(caught.value) == (
        "the built-in runner makes state backends in the embedded cloud only (use `strata bootstrap`)"
    )


@pytest.mark.parametrize(
    ("aws", "snowflake", "refused"),
    [
        ("http://127.0.0.1:4566", "127.0.0.1", None),
        ("http://localhost:4566", "localhost", None),
        ("http://[::1]:4566", "::1", None),
        ("http://127.8.9.10:4566", "localhost", None),
        ("https://s3.amazonaws.com", "127.0.0.1", "s3.amazonaws.com"),
        ("http://127.0.0.1:4566", "acme.snowflakecomputing.com", "acme.snowflakecomputing.com"),
        ("http://10.0.0.1:4566", "127.0.0.1", "10.0.0.1"),
        ("http://localhost.example.org", "127.0.0.1", "localhost.example.org"),
        ("nothing", "127.0.0.1", "an empty host"),
    ],
)
def test_only_this_machine_is_applied_to(cloud: Cloud, aws: str, snowflake: str, refused: str | None) -> None:
    endpoints = cloud.endpoints.model_copy(update={"aws_url": aws, "snowflake_host": snowflake})
    if refused is None:
        StateBackend(endpoints)
        return
    with pytest.raises(StrataError, match=f"and {re.escape(refused)} is not on this machine"):
        StateBackend(endpoints)
