"""A snapshot of the embedded AWS: loaded into the same server or a new one, all is as it was."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
import threading
import urllib.error
import urllib.request
import weakref
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.aws.events import delivery
from strata.cloud.aws.events.api import EventBridge
from strata.cloud.aws.events.targets import TargetError
from strata.cloud.aws.gateway.snapshot import AwsState
from strata.cloud.aws.service import Service
from strata.cloud.snapshot import SnapshotError

from ..conftest import ACCOUNT, REGION, Aws, eventually, run

CHOICE = {
    "Wait": {"Type": "Wait", "Seconds": 0, "Next": "Done"},
    "Done": {"Type": "Pass", "Result": [1], "End": True},
}


def ask(aws: Aws, method: str, content: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(f"{aws.context.aws_url}/_strata/snapshot", method=method, data=content)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def fill(aws: Aws, role: str) -> dict[str, Any]:
    """Use every service of the flow; return what the new server must answer."""
    s3 = aws.bucket("kept", events=True)
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="kept", Key="k", Body=body)
    s3.delete_object(Bucket="kept", Key="k")
    # More than the pickle holds in line.
    s3.put_object(Bucket="kept", Key="large", Body=bytes(range(256)) * 4096)
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
    url, arn = aws.queue("q")
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="waits")
    aws.rule("r", {"source": ["app"]}, {"Id": "q", "Arn": arn})
    key = aws.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    aws.client("kms").create_alias(AliasName="alias/k", TargetKeyId=key)
    signed = aws.client("kms").sign(KeyId=key, Message=b"m", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")
    aws.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="t", Item={"id": {"S": "1"}, "n": {"N": "3"}})
    ended = run(aws, CHOICE, role)
    failed = run(aws, {"F": {"Type": "Fail", "Error": "Bad", "Cause": "why"}}, role)
    return {
        "signature": signed["Signature"],
        "upload": upload,
        "part": part["ETag"],
        "executions": [ended["executionArn"], failed["executionArn"]],
        "answers": answers(aws, [ended["executionArn"], failed["executionArn"]]),
    }


def answers(aws: Aws, executions: list[str]) -> dict[str, Any]:
    s3, states = aws.client("s3"), aws.client("stepfunctions")
    found: dict[str, Any] = {
        "versions": s3.list_object_versions(Bucket="kept"),
        "large": s3.get_object(Bucket="kept", Key="large")["Body"].read(),
        "rule": aws.client("events").describe_rule(Name="r"),
        "role": aws.client("iam").get_role(RoleName="states"),
        "item": aws.client("dynamodb").get_item(TableName="t", Key={"id": {"S": "1"}}),
        "executions": [states.describe_execution(executionArn=arn) for arn in executions],
        "histories": [states.get_execution_history(executionArn=arn)["events"] for arn in executions],
    }
    return {name: without_metadata(value) for name, value in found.items()}


def without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_metadata(item) for name, item in value.items() if name != "ResponseMetadata"}
    return [without_metadata(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def second(context: CloudContext, aws: Aws, tmp_path: Path) -> Iterator[Any]:
    """Starts another server, when the first has stopped."""
    servers: list[AwsServer] = []

    def start() -> Aws:
        aws.server.stop()
        other = CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path / "second")
        servers.append(AwsServer(other, leave_out=("glue", "lambda")))
        servers[0].start()
        return Aws(other, servers[0])

    yield start
    for server in servers:
        server.stop()


def test_a_new_server_goes_on_where_the_old_one_was_saved(aws: Aws, role: str, second: Any) -> None:
    expected = fill(aws, role)
    status, saved = ask(aws, "GET")
    assert status == 200
    other = second()
    assert other.client("s3").list_buckets()["Buckets"] == []
    assert ask(other, "PUT", saved) == (200, b"")
    assert answers(other, expected["executions"]) == expected["answers"]
    # All of it works on.
    s3 = other.client("s3")
    s3.complete_multipart_upload(
        Bucket="kept",
        Key="parts",
        UploadId=expected["upload"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": expected["part"]}]},
    )
    assert s3.get_object(Bucket="kept", Key="parts")["Body"].read() == b"part"
    assert other.client("kms").verify(
        KeyId="alias/k",
        Message=b"m",
        Signature=expected["signature"],
        SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
    )["SignatureValid"]
    other.client("events").put_events(Entries=[{"Source": "app", "DetailType": "D", "Detail": "{}"}])
    bodies: list[str] = []
    url = other.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    eventually(lambda: bodies.extend(m["Body"] for m in other.messages(url)) or len(bodies) >= 2)
    assert bodies[0] == "waits"
    assert json.loads(bodies[1])["source"] == "app"
    machine = expected["answers"]["executions"][0]["stateMachineArn"]
    again = other.client("stepfunctions").start_execution(stateMachineArn=machine)
    assert other.ended(again["executionArn"])["output"] == "[1]"


def test_classes_of_motos_own_that_are_dictionaries_are_saved(aws: Aws, second: Any) -> None:
    parameters = aws.client("ssm")
    for value in ("one", "two"):
        parameters.put_parameter(Name="/p", Value=value, Type="String", Overwrite=True)
    saved = ask(aws, "GET")[1]
    other = second()
    assert ask(other, "PUT", saved) == (200, b"")
    found = other.client("ssm").get_parameter_history(Name="/p")["Parameters"]
    assert [(one["Value"], one["Version"]) for one in found] == [("one", 1), ("two", 2)]
    other.client("ssm").put_parameter(Name="/q", Value="new", Type="String")


def test_what_happened_since_is_undone_as_often_as_one_likes(aws: Aws, role: str) -> None:
    expected = fill(aws, role)
    saved = ask(aws, "GET")[1]
    for _ in range(2):
        aws.client("s3").put_object(Bucket="kept", Key="k", Body=b"after")
        aws.bucket("gone")
        aws.client("sns").create_topic(Name="gone")
        aws.client("dynamodb").delete_table(TableName="t")
        assert ask(aws, "PUT", saved) == (200, b"")
        assert answers(aws, expected["executions"]) == expected["answers"]
        assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == ["kept"]
        assert aws.client("sns").list_topics()["Topics"] == []


def test_what_runs_cannot_be_saved(aws: Aws, role: str) -> None:
    machine = aws.machine("m", {"W": {"Type": "Wait", "Seconds": 600, "End": True}}, role)
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    status, text = ask(aws, "GET")
    assert (status, text.decode()) == (
        409,
        f"the embedded AWS cannot be saved now: the execution {execution} runs (save it when this has ended)",
    )
    states.stop_execution(executionArn=execution)
    aws.ended(execution)
    assert ask(aws, "GET")[0] == 200


def test_a_delivery_that_waits_for_its_next_try_is_saved(
    aws: Aws, second: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, arn = aws.queue("q")
    aws.rule("r", {"source": ["app"]}, {"Id": "q", "Arn": arn})
    delivered = delivery.invoke

    def throttled(*_: Any) -> None:
        raise TargetError("THROTTLING", "slow down", retryable=True)

    monkeypatch.setattr(delivery, "invoke", throttled)
    monkeypatch.setattr(delivery, "_FIRST_DELAY", 1.0)
    aws.client("events").put_events(Entries=[{"Source": "app", "DetailType": "D", "Detail": "{}"}])
    saved = eventually(lambda: ask(aws, "GET"), lambda answer: answer[0] == 200)[1]
    other = second()
    monkeypatch.setattr(delivery, "invoke", delivered)
    assert ask(other, "PUT", saved) == (200, b"")
    (message,) = other.messages(other.client("sqs").get_queue_url(QueueName="q")["QueueUrl"])
    assert json.loads(message["Body"])["source"] == "app"


class _Calls:
    """A pickle that calls a function when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._called = (function, arguments)

    def __reduce__(self) -> Any:
        return self._called


def test_bytes_that_are_not_a_state_change_nothing(aws: Aws, tmp_path: Path) -> None:
    aws.bucket("kept")
    saved = ask(aws, "GET")[1]
    mark = tmp_path / "called"
    inner = pickle.dumps(_Calls(Path.touch, mark))
    cases = {
        "empty": b"",
        "text": b"no pickle",
        "half": saved[: len(saved) // 2],
        "another value": pickle.dumps(1),
        "of Snowflake": pickle.dumps({"catalog": {}, "tables": {}}),
        "calls a function": pickle.dumps(({}, inner)),
        "calls a function, outside": inner,
    }
    for name, content in cases.items():
        status, text = ask(aws, "PUT", content)
        assert (status, text[:25]) == (409, b"the state cannot be read:"), name
    assert not mark.exists()
    assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == ["kept"]


def test_a_change_meanwhile_is_one_clear_line(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def state(service: EventBridge) -> Any:
        for key in (found := {1: 1}):
            found[key + 1] = 1

    monkeypatch.setattr(EventBridge, "state", state)
    status, text = ask(aws, "GET")
    assert (status, text) == (
        409,
        b"the embedded AWS cannot be saved: dictionary changed size during iteration",
    )


def test_other_methods_are_refused(aws: Aws) -> None:
    assert ask(aws, "DELETE") == (405, b"GET saves, PUT loads")


class Odd(Service):
    """A service whose state is a test's own."""

    name = "odd"

    def __init__(self, given: Any, busy: str = "") -> None:
        super().__init__()
        self.given, self.busy = given, busy
        self.loaded: list[Any] = []

    def unfinished(self) -> str:
        return self.busy

    def state(self) -> Any:
        return self.given

    def load(self, state: Any) -> None:
        self.loaded.append(state)


def kept(given: Any, *more: Service) -> tuple[AwsState, Odd]:
    odd = Odd(given)
    return AwsState(SimpleNamespace(), [odd], [*more, odd]), odd  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [lambda: 1, sys.stdout, sys])
def test_what_cannot_be_saved_is_told(given: Any) -> None:
    state, _ = kept([given])
    with pytest.raises(SnapshotError) as raised:
        state.save()
    assert str(raised.value).startswith("the embedded AWS cannot be saved: ")
    assert len(str(raised.value)) > len("the embedded AWS cannot be saved: None")


def test_what_threads_share_is_made_anew() -> None:
    ended = threading.Thread(target=lambda: None)
    given = {
        "lock": threading.Lock(), "rlock": threading.RLock(), "condition": threading.Condition(),
        "event": threading.Event(), "thread": ended,
    }  # fmt: skip
    given["lock"].acquire()
    given["event"].set()
    state, odd = kept(given)
    state.load(state.save())
    ((found),) = odd.loaded
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in given.items()
    }
    # Whoever held the saved one holds nothing of the loaded one.
    assert found["lock"].acquire(blocking=False)
    assert found["rlock"].acquire(blocking=False)
    assert not found["event"].is_set()
    assert not found["thread"].is_alive()
    found["thread"].join(1)


def test_many_bytes_are_kept_once() -> None:
    large, small = bytes(65_536), bytes(65_535)
    state, odd = kept({"a": large, "b": bytes(bytearray(large)), "c": small})
    blobs, _ = pickle.loads(state.save())
    assert list(blobs) == [hashlib.sha256(large).hexdigest()]
    state.load(state.save())
    assert odd.loaded == [{"a": large, "b": large, "c": small}]


def test_a_dictionary_keeps_its_default() -> None:
    made: Any = defaultdict(list)
    made["a"].append(1)
    weak: Any = weakref.WeakValueDictionary()
    key = ec.generate_private_key(ec.SECP256R1())
    state, odd = kept({"of a lambda": made, "weak": weak, "key": key})
    state.load(state.save())
    (found,) = odd.loaded
    assert found["of a lambda"] == {"a": [1]}
    assert isinstance(found["weak"], weakref.WeakValueDictionary)
    assert found["key"].private_numbers() == key.private_numbers()


def test_the_first_that_goes_on_is_named() -> None:
    state, _ = kept(1, Odd(2), Odd(3, "a walk goes on"), Odd(4, "a run goes on"))
    with pytest.raises(SnapshotError) as raised:
        state.save()
    assert str(raised.value).startswith("the embedded AWS cannot be saved now: a walk goes on")


def test_a_service_is_the_one_that_loads() -> None:
    state, odd = kept(None)
    odd.given = {"service": odd, "context": state._kept["context"]}
    saved = state.save()
    other, its = kept(None)
    other.load(saved)
    ((found),) = its.loaded
    assert (found["service"] is its, found["context"] is other._kept["context"]) == (True, True)
