"""S3's decisions in their corners: users, hosts, requests of the cloud itself; events that hold less."""

from __future__ import annotations

import base64
import hashlib
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from flask import Flask
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.notifications import S3NotificationEvent

from strata.cloud.aws.iam.authorization import AuthorizationError
from strata.cloud.aws.s3 import access, events
from strata.cloud.aws.s3.access import S3Access
from strata.cloud.aws.s3.versions import Sequencer
from strata.cloud.aws.sqs.channels import Channels
from strata.iam import Principal

from ..conftest import ACCOUNT, REGION, Aws

APPLICATION = Flask("test")
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"


def code_of(call: Any, **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.mark.parametrize("named", [USER, f"arn:aws:iam::{ACCOUNT}:root"])
def test_a_policy_names_a_user_or_the_root(aws: Aws, named: str) -> None:
    s3, iam = aws.bucket("raw"), aws.client("iam")
    s3.put_object(Bucket="raw", Key="k", Body=b"")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    user = aws.client("s3", {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::raw/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": named}},
    }  # fmt: skip
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert code_of(user.get_object, Bucket="raw", Key="k") == ("AccessDenied" if named == USER else "ok")
    assert code_of(s3.get_object, Bucket="raw", Key="k") == ("ok" if named == USER else "AccessDenied")


@pytest.mark.parametrize(
    ("condition", "arguments", "held"),
    [
        ({"StringEquals": {"s3:prefix": "a/"}}, {"Prefix": "a/"}, True),
        ({"StringEquals": {"s3:prefix": ""}}, {}, True),
        ({"StringEquals": {"s3:prefix": "a/"}}, {"Prefix": "b/"}, False),
        ({"StringEquals": {"s3:delimiter": "/"}}, {"Delimiter": "/"}, True),
        ({"StringEquals": {"s3:delimiter": "/"}}, {}, False),
        ({"NumericEquals": {"s3:max-keys": "5"}}, {"MaxKeys": 5}, True),
        ({"NumericLessThan": {"s3:max-keys": "5"}}, {"MaxKeys": 5}, False),
        ({"Null": {"s3:max-keys": "true"}}, {}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, {}, True),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, {}, True),
        ({"StringEquals": {"s3:ResourceAccount": ACCOUNT}}, {}, True),
        ({"StringEquals": {"aws:RequestedRegion": REGION}}, {}, True),
    ],
)
def test_a_condition_on_a_list(aws: Aws, condition: Any, arguments: dict[str, Any], held: bool) -> None:
    s3 = aws.bucket("raw")
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::raw",
        "Condition": condition,
    }  # fmt: skip
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert (code_of(s3.list_objects_v2, Bucket="raw", **arguments) == "AccessDenied") is held


@pytest.mark.parametrize(
    ("condition", "more", "held"),
    [
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, {}, True),
        (
            {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
            {"ServerSideEncryption": "aws:kms"},
            False,
        ),
        ({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}}, {"StorageClass": "STANDARD_IA"}, True),
        ({"Null": {"s3:x-amz-acl": "true"}}, {}, True),
    ],
)
def test_a_condition_on_a_header(aws: Aws, condition: Any, more: dict[str, Any], held: bool) -> None:
    s3 = aws.bucket("raw")
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::raw/*",
        "Condition": condition,
    }  # fmt: skip
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert (code_of(s3.put_object, Bucket="raw", Key="k", Body=b"", **more) == "AccessDenied") is held


def test_a_condition_on_a_version(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket="raw", Key="k", Body=b"")["VersionId"] for _ in range(2))
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectVersion", "Resource": "arn:aws:s3:::raw/*",
        "Condition": {"StringEquals": {"s3:VersionId": first}},
    }  # fmt: skip
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert code_of(s3.get_object, Bucket="raw", Key="k", VersionId=first) == "AccessDenied"
    assert code_of(s3.get_object, Bucket="raw", Key="k", VersionId=second) == "ok"
    assert code_of(s3.get_object, Bucket="raw", Key="k") == "ok"


def test_the_root_repairs_a_policy_that_locks_everybody_out(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    locked = json.dumps(
        {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}
    )
    s3.put_bucket_policy(Bucket="raw", Policy=locked)
    assert code_of(s3.list_objects_v2, Bucket="raw") == "AccessDenied"
    assert code_of(s3.get_bucket_policy, Bucket="raw") == "ok"
    assert code_of(s3.put_bucket_policy, Bucket="raw", Policy=locked) == "ok"
    assert code_of(s3.delete_bucket_policy, Bucket="raw") == "ok"
    assert code_of(s3.list_objects_v2, Bucket="raw") == "ok"


@pytest.mark.parametrize(
    ("host", "in_path"),
    [
        ("127.0.0.1:80", True), ("127.0.0.1", True), ("localhost:4566", True), ("localhost", True), ("[::1]:4566", True),
        ("b.s3.amazonaws.com", False), ("b.localhost:80", False), ("b.127.0.0.1.example:80", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("session", [None, "a session"])
def test_roles_name_the_bucket_in_the_path(host: str, in_path: bool, session: Any) -> None:
    found = S3Access(Mock(), Mock(known_session=lambda: session))
    asked: list[str] = []

    def operation() -> Any:
        asked.append("asked")
        return "DeleteObjects", "b", ""

    found._operation = operation  # type: ignore[method-assign]
    with APPLICATION.test_request_context("/b?delete", method="POST", headers={"Host": host}):
        if in_path or session is None:
            found.check()
        else:
            with pytest.raises(AuthorizationError, match="with the bucket in the path only"):
                found.check()
    assert asked == (["asked"] if in_path else [])


def test_a_request_of_no_operation_is_named_by_its_path() -> None:
    found = S3Access(Mock(), Mock(known_session=lambda: None))
    with APPLICATION.test_request_context("/b/k", method="PATCH"):
        assert found._operation() == ("PATCH /b/k", "b", "k")
        assert found._operations == {}
        assert found._needed("PATCH /b/k", "b", "k", None) == []


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


@pytest.mark.parametrize(
    ("statements", "action", "result"),
    [
        ([], "s3:GetObject", PermissionResult.NEUTRAL),
        ([ALLOW], "s3:GetObject", PermissionResult.PERMITTED),
        # moto's own name for what needs GetObject.
        ([ALLOW], "s3:HeadObject", PermissionResult.PERMITTED),
        ([ALLOW], "s3:PutObject", PermissionResult.NEUTRAL),
        ([ALLOW | {"Effect": "Deny"}], "s3:GetObject", PermissionResult.DENIED),
        ([ALLOW | {"Condition": {"StringAlmost": {"s3:prefix": "a"}}}], "s3:GetObject", PermissionResult.DENIED),
        ([ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}], "s3:GetObject", PermissionResult.PERMITTED),
        ([ALLOW | {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}], "s3:GetObject", PermissionResult.NEUTRAL),
    ],
)  # fmt: skip
def test_what_the_cloud_itself_may_do(statements: list[Any], action: str, result: PermissionResult) -> None:
    caller = Principal(account_id=ACCOUNT)
    found = S3Access(Mock(caller_of_request=lambda: caller), Mock())
    policy = json.dumps({"Statement": statements}).encode() if statements else None
    bucket: Any = SimpleNamespace(policy=policy, account_id=ACCOUNT)
    assert found._permission(bucket, action, "arn:aws:s3:::b/k") is result


def test_anonymous_callers_read_what_the_bucket_lets_everybody_read(aws: Aws) -> None:
    import urllib.error
    import urllib.request

    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")

    def read() -> int:
        try:
            with urllib.request.urlopen(f"{aws.context.aws_url}/raw/k") as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    assert read() == 403
    statement = ALLOW | {"Resource": "arn:aws:s3:::raw/*"}
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert read() == 200


def test_a_refusal_names_who_asks(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": "*"}
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    role = aws.role("r", {"AWS": ACCOUNT}, [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    for client, name in (
        (s3, f"arn:aws:iam::{ACCOUNT}:root"),
        (aws.client("s3", keys), f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"),
    ):
        with pytest.raises(ClientError) as caught:
            client.list_objects_v2(Bucket="raw")
        message = caught.value.response["Error"]["Message"]
        wanted = f"User: {name} is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::raw with an explicit deny"
        assert message.startswith(wanted)


def test_notifications_of_every_kind_come_back(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    _, queue = aws.queue("q")
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]
    asked = {
        "QueueConfigurations": [
            {"Id": "q", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        ],
        "TopicConfigurations": [{"Id": "t", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
        "EventBridgeConfiguration": {},
    }  # fmt: skip
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="raw")
    s3.put_bucket_notification_configuration(
        Bucket="raw", NotificationConfiguration=asked, SkipDestinationValidation=True
    )
    found = s3.get_bucket_notification_configuration(Bucket="raw")
    assert found["EventBridgeConfiguration"] == {}
    (of_queue,), (of_topic,) = found["QueueConfigurations"], found["TopicConfigurations"]
    assert (of_queue["Id"], of_queue["QueueArn"], of_queue["Events"]) == ("q", queue, ["s3:ObjectCreated:*"])
    assert [(r["Name"].lower(), r["Value"]) for r in of_queue["Filter"]["Key"]["FilterRules"]] == [
        ("prefix", "in/"),
        ("suffix", ".csv"),
    ]
    assert (of_topic["Id"], of_topic["TopicArn"], of_topic["Events"]) == ("t", topic, ["s3:ObjectRemoved:*"])
    assert "Filter" not in of_topic


@pytest.mark.parametrize(
    ("event", "query", "spurious"),
    [
        (S3NotificationEvent.OBJECT_CREATED_PUT_EVENT, "", False),
        (S3NotificationEvent.OBJECT_CREATED_PUT_EVENT, "?uploadId=u", True),
        (S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT, "?tagging", False),
        (S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT, "", True),
        (S3NotificationEvent.OBJECT_CREATED_COPY_EVENT, "?uploadId=u", False),
        (S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT, "", False),
    ],
)
def test_events_that_moto_reports_twice(event: S3NotificationEvent, query: str, spurious: bool) -> None:
    with APPLICATION.test_request_context(f"/b/k{query}", method="PUT"):
        assert events._is_spurious(event) is spurious
    # What the cloud itself does is reported once.
    assert events._is_spurious(event) is False


KEY = SimpleNamespace(name="k", size=3, etag='"e"', version_id="v")


@pytest.mark.parametrize(
    ("event", "versioned", "stored", "more"),
    [
        (S3NotificationEvent.OBJECT_CREATED_PUT_EVENT, False, {"size": 3, "etag": "e"}, {"reason": "PutObject"}),
        (S3NotificationEvent.OBJECT_CREATED_POST_EVENT, True, {"size": 3, "etag": "e", "version-id": "v"},
         {"reason": "POST Object"}),
        (S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT, False, {},
         {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"}),
        (S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT, True,
         {"etag": "d41d8cd98f00b204e9800998ecf8427e", "version-id": "v"},
         {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"}),
        (S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT, False, {"etag": "e"}, {}),
    ],
)  # fmt: skip
def test_what_an_event_holds(
    monkeypatch: pytest.MonkeyPatch, event: S3NotificationEvent, versioned: bool, stored: Any, more: Any
) -> None:
    published: list[Any] = []
    monkeypatch.setattr(events.events, "publish", lambda *place, **named: published.append((place, named)))
    service = events.S3Events(
        Mock(caller_of_request=lambda: Principal(account_id="444455556666")), Channels(), Sequencer()
    )
    bucket: Any = SimpleNamespace(name="b", arn="arn:aws:s3:::b", region_name=REGION, is_versioned=versioned)
    service.send_event_bridge_message(ACCOUNT, bucket, event, KEY)
    ((place, named),) = published
    assert place == (ACCOUNT, REGION)
    assert (named["source"], named["resources"]) == ("aws.s3", ["arn:aws:s3:::b"])
    detail = named["detail"]
    assert len(detail.pop("request-id")) == 16
    assert len(detail["object"].pop("sequencer")) == 16
    assert detail == {
        "version": "0", "bucket": {"name": "b"}, "object": {"key": "k"} | stored, "requester": "444455556666",
        "source-ip-address": "127.0.0.1",
    } | more  # fmt: skip


def response(body: Any = b"body", raw: bytes = b"", **headers: str) -> Any:
    return SimpleNamespace(
        body=body, raw_body=raw, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


SHA256 = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
SHA1 = base64.b64encode(hashlib.sha1(b"body").digest()).decode()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (response(), None),
        (response("body", x_amz_checksum_sha256=SHA256), None),
        (response(x_amz_checksum_sha1=SHA1), None),
        (response(x_amz_checksum_sha1=SHA256), "The SHA1 you specified did not match the calculated checksum."),
        (response(b"", Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg=="), None),  # of nothing (RFC 1321)
        (response(None, Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg=="), None),
        # Sent after the body, as the newer SDKs do.
        (response(raw=f"4\r\nbody\r\n0\r\nx-amz-checksum-sha256:{SHA256}\r\n\r\n".encode(), x_amz_trailer="x-amz-checksum-sha256"), None),
        (response(raw=f"4\r\nbody\r\n0\r\nx-amz-checksum-sha256:{SHA1}\r\n\r\n".encode(), x_amz_trailer="X-Amz-Checksum-Sha256"),
         "The SHA256 you specified did not match the calculated checksum."),
        # What is not announced, or not at the end, is part of the body.
        (response(raw=f"4\r\nbody\r\n0\r\nx-amz-checksum-sha256:{SHA1}\r\n\r\n".encode()), None),
        (response(raw=f"\r\nx-amz-checksum-sha256:{SHA1}\r\nmore".encode(), x_amz_trailer="x-amz-checksum-sha256"), None),
    ],
)  # fmt: skip
def test_a_body_is_held_against_its_checksum(given: Any, fault: str | None) -> None:
    if fault is None:
        events._verify_body(given)
        return
    with pytest.raises(S3ClientError) as raised:
        events._verify_body(given)
    assert (raised.value.code, raised.value.message) == ("BadDigest", fault)


def test_a_bucket_is_found_in_its_account(aws: Aws) -> None:
    aws.bucket("mine")
    other = aws.client("s3", {"AccessKeyId": "999988887777", "SecretAccessKey": "x"})
    other.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION})
    found = {name: access.bucket_named(name) for name in ("mine", "theirs", "nobodys")}
    assert {name: bucket.account_id if bucket else None for name, bucket in found.items()} == {
        "mine": ACCOUNT, "theirs": "999988887777", "nobodys": None,
    }  # fmt: skip
