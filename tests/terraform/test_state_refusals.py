"""What the state backend makes of S3's and DynamoDB's refusals. Both are stood in for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.terraform.locks import Lock
from strata.terraform.state import StateBackend

PLACE = {"bucket": "states", "key": "a.tfstate", "dynamodb_table": "locks"}
REMOTE = {"backend": "s3", "config": PLACE}
INFO = json.dumps({"ID": "one", "Who": "ada", "Operation": "OperationTypeApply", "Created": ""})
LOCK = Lock("one", "ada", "apply", "")


class Client:
    """Answers by the action's name: an answer, or the code of an error; else with nothing."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def act(**arguments: Any) -> Any:
            self.asked.append((name, arguments))
            answer = self.answers.get(name, {})
            if isinstance(answer, str):
                raise ClientError({"Error": {"Code": answer, "Message": "no"}}, name)
            if isinstance(answer, Exception):
                raise answer
            return answer() if callable(answer) else answer

        return act

    def given(self, name: str) -> list[dict[str, Any]]:
        return [arguments for asked, arguments in self.asked if asked == name]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[..., StateBackend]:
    def make(s3: Client, dynamodb: Client, region: str = "eu-west-1") -> StateBackend:
        endpoints = Endpoints.model_construct(
            aws_url="http://127.0.0.1:1", snowflake_host="127.0.0.1", region=region
        )
        backend = StateBackend(endpoints)
        clients = {"s3": s3, "dynamodb": dynamodb}
        monkeypatch.setattr(backend, "_new_client", clients.__getitem__)
        return backend

    return make


GONE = "ResourceNotFoundException"


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket", "404"])
def test_what_is_not_there_is_no_error(made: Callable[..., StateBackend], code: str) -> None:
    s3 = Client(get_object=code, head_bucket=code)
    dynamodb = Client(get_item=GONE, describe_table=GONE)
    backend = made(s3, dynamodb)
    assert backend.read(REMOTE) is None
    assert backend.locks(REMOTE) == []
    backend.unlock(REMOTE, [LOCK])
    assert backend.missing([REMOTE]) == {"states", "locks"}
    assert not s3.given("delete_object") + dynamodb.given("delete_item")


@pytest.mark.parametrize(
    ("s3", "dynamodb"),
    [
        ({"get_object": "AccessDenied", "head_bucket": "403"}, {}),
        ({"get_object": "NoSuchKey"}, {"get_item": "AccessDenied", "describe_table": "AccessDenied"}),
        # Only of DynamoDB is that an answer.
        ({"get_object": GONE, "head_bucket": GONE}, {}),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda backend: backend.read(REMOTE),
        lambda backend: backend.locks(REMOTE),
        lambda backend: backend.unlock(REMOTE, [LOCK]),
        lambda backend: backend.missing([REMOTE]),
    ],
)
def test_another_refusal_is_told(
    made: Callable[..., StateBackend], s3: dict[str, str], dynamodb: dict[str, str], ask: Callable[..., Any]
) -> None:
    with pytest.raises(StrataError, match="the embedded cloud refused: An error occurred"):
        ask(made(Client(**s3), Client(**dynamodb)))


def body(text: str) -> Callable[[], Any]:
    return lambda: {"Body": io.BytesIO(text.encode())}


def test_a_lock_is_released_as_it_was_seen(made: Callable[..., StateBackend]) -> None:
    s3 = Client(get_object=body(INFO))
    dynamodb = Client(get_item={"Item": {"Info": {"S": INFO}}})
    backend = made(s3, dynamodb)
    # Another has come since.
    backend.unlock(REMOTE, [Lock("two", "ada", "apply", "")])
    assert not s3.given("delete_object") + dynamodb.given("delete_item")
    backend.unlock(REMOTE, backend.locks(REMOTE))
    assert s3.given("delete_object") == [{"Bucket": "states", "Key": "a.tfstate.tflock"}]
    assert dynamodb.given("delete_item") == [
        {
            "TableName": "locks",
            "Key": {"LockID": {"S": "states/a.tfstate"}},
            "ConditionExpression": "Info = :seen",
            "ExpressionAttributeValues": {":seen": {"S": INFO}},
        }
    ]


def test_a_lock_that_goes_while_it_is_released_is_no_error(made: Callable[..., StateBackend]) -> None:
    dynamodb = Client(get_item={"Item": {"Info": {"S": INFO}}}, delete_item="ConditionalCheckFailedException")
    made(Client(get_object=body(INFO), delete_object="NoSuchKey"), dynamodb).unlock(REMOTE, [LOCK])
    assert dynamodb.given("delete_item")
    dynamodb.answers["delete_item"] = "AccessDenied"
    with pytest.raises(StrataError, match="refused"):
        made(Client(get_object="NoSuchKey"), dynamodb).unlock(REMOTE, [LOCK])


@pytest.mark.parametrize("code", ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"])
def test_another_run_may_make_the_backend_at_the_same_time(
    made: Callable[..., StateBackend], code: str
) -> None:
    s3 = Client(head_bucket="404", create_bucket=code, get_bucket_versioning={"Status": "Enabled"})
    dynamodb = Client(describe_table=GONE, create_table="ResourceInUseException")
    made(s3, dynamodb).bootstrap(REMOTE)
    assert len(s3.given("create_bucket")) == len(dynamodb.given("create_table")) == 1


@pytest.mark.parametrize(
    ("s3", "dynamodb"),
    [
        ({"create_bucket": "AccessDenied"}, {}),
        ({"get_bucket_versioning": "AccessDenied"}, {}),
        ({"put_bucket_versioning": "AccessDenied"}, {}),
        ({"get_bucket_encryption": "None", "put_bucket_encryption": "AccessDenied"}, {}),
        ({}, {"create_table": "AccessDenied"}),
    ],
)
def test_a_backend_that_cannot_be_made(
    made: Callable[..., StateBackend], s3: dict[str, str], dynamodb: dict[str, str]
) -> None:
    backend = made(Client(**({"head_bucket": "404"} | s3)), Client(**({"describe_table": GONE} | dynamodb)))
    with pytest.raises(StrataError, match="the embedded cloud refused: An error"):
        backend.bootstrap(REMOTE)


@pytest.mark.parametrize(
    ("region", "more"),
    [("us-east-1", {}), ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}})],
)
def test_a_backend_is_made_once_versioned_encrypted_and_closed(
    made: Callable[..., StateBackend], region: str, more: dict[str, Any]
) -> None:
    s3 = Client(head_bucket="404", get_bucket_encryption="None", get_public_access_block="None")
    dynamodb = Client(describe_table=GONE)
    backend = made(s3, dynamodb, region)
    for _ in range(2):
        backend.bootstrap(REMOTE)
    assert s3.given("create_bucket") == [{"Bucket": "states", **more}]
    assert s3.given("put_bucket_versioning") == [
        {"Bucket": "states", "VersioningConfiguration": {"Status": "Enabled"}}
    ]
    (encryption,) = s3.given("put_bucket_encryption")
    assert encryption["ServerSideEncryptionConfiguration"] == {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    }
    assert s3.given("put_public_access_block") == [
        {
            "Bucket": "states",
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        }
    ]
    assert dynamodb.given("create_table") == [
        {
            "TableName": "locks",
            "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
    ]
    # Another table in the same bucket is another backend; the bucket is there by now.
    s3.answers = {"get_bucket_versioning": {"Status": "Enabled"}}
    backend.bootstrap({"backend": "s3", "config": PLACE | {"dynamodb_table": "other"}})
    assert dynamodb.given("create_table")[1]["TableName"] == "other"
    assert len(s3.given("create_bucket")) == len(s3.given("put_bucket_versioning")) == 1
    assert len(s3.given("put_bucket_encryption")) == len(s3.given("put_public_access_block")) == 1


class SilentError(BotoCoreError):
    fmt = "no route"


def test_who_does_not_answer_is_named_with_the_remedy(
    made: Callable[..., StateBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Client(get_object=SilentError())
    with pytest.raises(StrataError) as raised:
        made(silent, Client()).read(REMOTE)
    assert str(raised.value) == (
        "the embedded cloud at http://127.0.0.1:1 does not answer: no route (start it again with `strata up`)"
    )
    account = StateBackend(None)
    monkeypatch.setattr(account, "_new_client", lambda service: silent)
    with pytest.raises(StrataError) as raised:
        account.read(REMOTE)
    assert str(raised.value) == "AWS does not answer: no route (log in again)"
    refusing = Client(get_object="AccessDenied")
    account = StateBackend(None)
    monkeypatch.setattr(account, "_new_client", lambda service: refusing)
    with pytest.raises(StrataError, match="the state backend refused: An error occurred"):
        account.read(REMOTE)
