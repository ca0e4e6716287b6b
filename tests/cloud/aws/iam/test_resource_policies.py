"""Policies of keys, queues and topics for roles of the same account."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.s3.key_access import UnusableKeyError, _require_usable
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ADMINS = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def keys_of(aws: Aws, *statements: dict[str, Any]) -> dict[str, str]:
    role = aws.role("worker", {"AWS": ACCOUNT}, list(statements))
    found: dict[str, str] = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    return found


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def allow(action: str, principal: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}


@pytest.mark.parametrize(
    ("own", "key", "code"),
    [
        ([EVERYTHING], [ADMINS], ""),
        ([], [ADMINS], "AccessDeniedException"),  # the account decides, and has not given it to the role
        ([EVERYTHING], [allow("kms:*", OTHER)], "AccessDeniedException"),  # the key does not ask the account
        ([EVERYTHING], [ADMINS, {**allow("kms:Encrypt", "*"), "Effect": "Deny"}], "AccessDeniedException"),
        ([], [allow("kms:Encrypt", ROLE)], ""),
        ([], [allow("kms:Decrypt", ROLE)], "AccessDeniedException"),
    ],
)
def test_a_key_needs_its_own_policy(
    aws: Aws, own: list[dict[str, Any]], key: list[dict[str, Any]], code: str
) -> None:
    key_id = aws.client("kms").create_key(Policy=policy(*key))["KeyMetadata"]["KeyId"]
    worker = aws.client("kms", keys_of(aws, *own))
    assert code_of(worker.encrypt, KeyId=key_id, Plaintext=b"x") == code


@pytest.mark.parametrize(
    ("own", "queue", "code"),
    [
        ([EVERYTHING], [], ""),
        ([], [allow("sqs:SendMessage", ROLE)], ""),
        ([], [allow("sqs:SendMessage", ROOT)], "AccessDenied"),
        ([EVERYTHING], [{**allow("sqs:SendMessage", ROLE), "Effect": "Deny"}], "AccessDenied"),
        ([], [], "AccessDenied"),
    ],
)
def test_queue_and_topic_admit_whom_either_policy_admits(
    aws: Aws, own: list[dict[str, Any]], queue: list[dict[str, Any]], code: str
) -> None:
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    statements = [{**one, "Resource": arn} for one in queue]
    attributes = {"Policy": policy(*statements)} if queue else {}
    url = aws.client("sqs").create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
    keys = keys_of(aws, *own)
    found = code_of(aws.client("sqs", keys).send_message, QueueUrl=url, MessageBody="x")
    assert found.removesuffix("Exception") == code
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    about = [{**one, "Action": "sns:Publish", "Resource": topic} for one in queue]
    # A topic is made with a policy, which admits its account.
    aws.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy(*about) if about else policy(EVERYTHING_ELSE),
    )
    found = code_of(aws.client("sns", keys).publish, TopicArn=topic, Message="x")
    assert found == ("AuthorizationError" if code else "")


EVERYTHING_ELSE = allow("sns:GetTopicAttributes", OTHER)


@pytest.mark.parametrize(("own", "code"), [([EVERYTHING], ""), ([], "AuthorizationError")])
def test_a_topic_as_it_is_made_leaves_the_decision_to_the_role(
    aws: Aws, own: list[dict[str, Any]], code: str
) -> None:
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    assert code_of(aws.client("sns", keys_of(aws, *own)).publish, TopicArn=topic, Message="x") == code


USE = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}
OBJECTS = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture
def key(aws: Aws) -> str:
    """A key of the account, by which the bucket `raw` encrypts."""
    arn = str(aws.client("kms").create_key(Policy=policy(ADMINS))["KeyMetadata"]["Arn"])
    aws.client("kms").create_alias(AliasName="alias/own", TargetKeyId=arn)
    s3 = aws.bucket("raw")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    s3.put_bucket_encryption(Bucket="raw", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="raw", Key="a", Body=b"x")
    return arn


def only(action: str, **condition: Any) -> dict[str, Any]:
    return {**USE, "Action": action, **({"Condition": condition} if condition else {})}


VIA_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
VIA_SQS = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
BY_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/own"}}
BY_OTHER_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/other"}}
OF_A = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::raw/a"}}


@pytest.mark.parametrize(
    ("own", "reads", "writes"),
    [
        ([USE], True, True),
        ([], False, False),
        ([only("kms:Decrypt")], True, False),
        ([only("kms:GenerateDataKey")], False, True),
        ([{**USE, "Condition": VIA_S3}], True, True),
        ([{**USE, "Condition": VIA_SQS}], False, False),
        ([{**USE, "Condition": OF_A}], True, False),
        ([{**USE, "Condition": BY_ALIAS}], True, True),
        ([{**USE, "Condition": BY_OTHER_ALIAS}], False, False),
    ],
)
def test_an_encrypted_object_needs_its_key(
    aws: Aws, key: str, own: list[dict[str, Any]], reads: bool, writes: bool
) -> None:
    worker = aws.client("s3", keys_of(aws, OBJECTS, *own))
    assert code_of(worker.get_object, Bucket="raw", Key="a") == ("" if reads else "AccessDenied")
    assert code_of(worker.put_object, Bucket="raw", Key="b", Body=b"y") == ("" if writes else "AccessDenied")
    copied = code_of(worker.copy_object, Bucket="raw", Key="c", CopySource="raw/a")
    assert copied == ("" if reads and writes else "AccessDenied")
    assert code_of(worker.head_object, Bucket="raw", Key="a") == ""
    assert code_of(worker.delete_object, Bucket="raw", Key="a") == ""


def test_parts_of_an_upload_need_both_rights(aws: Aws, key: str) -> None:
    worker = aws.client("s3", keys_of(aws, OBJECTS, only("kms:GenerateDataKey")))
    assert code_of(worker.create_multipart_upload, Bucket="raw", Key="b") == "AccessDenied"


def test_parts_of_an_upload_are_of_its_object(aws: Aws, key: str) -> None:
    worker = aws.client("s3", keys_of(aws, OBJECTS, {**USE, "Condition": OF_A}))
    assert code_of(worker.create_multipart_upload, Bucket="raw", Key="b") == "AccessDenied"
    upload = {"Bucket": "raw", "Key": "a"}
    upload["UploadId"] = worker.create_multipart_upload(**upload)["UploadId"]
    part = worker.upload_part(**upload, PartNumber=1, Body=b"new")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    worker.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert worker.get_object(Bucket="raw", Key="a")["Body"].read() == b"new"


@pytest.mark.parametrize(("about", "code"), [("raw", ""), ("raw/a", "AccessDenied")])
def test_a_bucket_key_is_of_the_bucket(aws: Aws, key: str, about: str, code: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    aws.client("s3").put_bucket_encryption(
        Bucket="raw",
        ServerSideEncryptionConfiguration={"Rules": [{**rule, "BucketKeyEnabled": True}]},
    )
    condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{about}"}}
    worker = aws.client("s3", keys_of(aws, OBJECTS, {**USE, "Condition": condition}))
    assert code_of(worker.put_object, Bucket="raw", Key="a", Body=b"x") == code


def test_a_write_may_name_its_key(aws: Aws, key: str) -> None:
    other = aws.client("kms").create_key(Policy=policy(ADMINS))["KeyMetadata"]["Arn"]
    worker = aws.client("s3", keys_of(aws, OBJECTS, {**USE, "Resource": other}))
    put = {"Bucket": "raw", "Key": "a", "Body": b"x"}
    assert code_of(worker.put_object, **put) == "AccessDenied"
    assert (
        code_of(worker.put_object, **put, ServerSideEncryption="aws:kms", SSEKMSKeyId=key) == "AccessDenied"
    )
    named = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}
    assert code_of(worker.put_object, **put, **named) == ""
    # A key of S3's own is asked for nothing, whatever the bucket's default is.
    assert code_of(worker.put_object, **put, ServerSideEncryption="AES256") == ""


@pytest.mark.parametrize("named", ["alias/none", "11111111-2222-3333-4444-555555555555"])
def test_a_key_that_is_not_there_is_asked_for_as_it_was_named(aws: Aws, key: str, named: str) -> None:
    worker = aws.client("s3", keys_of(aws, OBJECTS, {**USE, "Resource": key}))
    asked = {
        "Bucket": "raw",
        "Key": "a",
        "Body": b"x",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": named,
    }
    assert code_of(worker.put_object, **asked) == "AccessDenied"


MISSING = "11111111-2222-3333-4444-555555555555"
KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("some-key", "Invalid keyId 'some-key'"),
        (MISSING, f"Key '{KEYS}:key/{MISSING}' does not exist"),
        (f"{KEYS}:key/{MISSING}", f"Key '{KEYS}:key/{MISSING}' does not exist"),
        (f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{MISSING}", "Invalid arn us-west-2"),
        ("alias/none", f"Alias {KEYS}:alias/none is not found."),
    ],
)
def test_a_key_that_is_not_there_encrypts_nothing(aws: Aws, named: str, message: str) -> None:
    put = {"Bucket": "raw", "Key": "a", "Body": b"x", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": named}
    with pytest.raises(ClientError) as refused:
        aws.bucket("raw").put_object(**put)
    assert refused.value.response["Error"] == {"Code": "KMS.NotFoundException", "Message": message}
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_missing_key_is_named_by_the_partition_of_its_region() -> None:
    bucket: Any = SimpleNamespace(partition="aws-cn", region_name="cn-north-1", account_id=ACCOUNT)
    with pytest.raises(UnusableKeyError, match=f"arn:aws-cn:kms:cn-north-1:{ACCOUNT}:alias/none is"):
        _require_usable(bucket, "alias/none")


def test_a_key_must_be_in_a_state_to_be_used(aws: Aws, key: str) -> None:
    s3, kms = aws.client("s3"), aws.client("kms")

    def codes() -> set[str]:
        put = {"Bucket": "raw", "Key": "b", "Body": b"y"}
        return {code_of(s3.get_object, Bucket="raw", Key="a"), code_of(s3.put_object, **put)}

    assert codes() == {""}
    kms.disable_key(KeyId=key.rpartition("/")[2])
    assert codes() == {"KMS.DisabledException"}
    kms.schedule_key_deletion(KeyId=key.rpartition("/")[2], PendingWindowInDays=7)
    assert codes() == {"KMS.KMSInvalidStateException"}


def test_a_version_is_read_with_its_own_key(aws: Aws, key: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="raw", Key="v", Body=b"x")["VersionId"]
    s3.put_object(Bucket="raw", Key="v", Body=b"y", ServerSideEncryption="AES256")
    worker = aws.client("s3", keys_of(aws, OBJECTS))
    assert code_of(worker.get_object, Bucket="raw", Key="v") == ""
    assert code_of(worker.get_object, Bucket="raw", Key="v", VersionId=first) == "AccessDenied"


def test_an_object_of_a_key_that_aws_manages_needs_no_right(aws: Aws) -> None:
    s3 = aws.bucket("plain")
    s3.put_object(Bucket="plain", Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket="plain", Key="b", Body=b"x", ServerSideEncryption="AES256")
    worker = aws.client("s3", keys_of(aws, OBJECTS))
    assert code_of(worker.get_object, Bucket="plain", Key="a") == ""
    assert code_of(worker.get_object, Bucket="plain", Key="b") == ""
