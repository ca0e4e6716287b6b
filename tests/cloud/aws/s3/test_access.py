"""Who may touch which object: the account, roles, and bucket policies like the platform's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import ACCOUNT, Aws

READER = f"arn:aws:iam::{ACCOUNT}:role/reader"


def session(aws: Aws, name: str, *actions: str, resource: str = "*") -> Any:
    """An S3 client with the keys of a new role that may do these actions."""
    policy = [{"Effect": "Allow", "Action": list(actions), "Resource": resource}] if actions else None
    role_arn = aws.role(name, {"AWS": ACCOUNT}, policy)
    keys = aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")["Credentials"]
    return aws.client("s3", keys)


def deny(aws: Aws, bucket: str, *statements: dict[str, Any]) -> None:
    policy = {"Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, **s} for s in statements]}
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return True
    return False


def test_denial_of_plain_http_does_not_hold_on_loopback(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    deny(
        aws,
        "raw",
        {
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::raw/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    assert s3.head_object(Bucket="raw", Key="k")["ContentLength"] == 1


def test_only_the_named_role_reads(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    reader = session(aws, "reader", "s3:*")
    other = session(aws, "other", "s3:*")
    deny(
        aws,
        "raw",
        {
            "Action": "s3:GetObject*",
            "Resource": "arn:aws:s3:::raw/*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": [READER]}},
        },
        {
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::raw",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": [READER]}},
        },
    )
    key = {"Bucket": "raw", "Key": "k"}
    assert not refused(reader.get_object, **key)
    assert not refused(reader.list_objects_v2, Bucket="raw")
    for client in (other, s3):  # a deny holds the account itself, too
        assert refused(client.get_object, **key)
        assert refused(client.head_object, **key)
        assert refused(client.list_objects_v2, Bucket="raw")
    assert not refused(other.put_object, **key, Body=b"2")


def test_named_role_writes_under_its_prefix_only(aws: Aws) -> None:
    aws.bucket("raw")
    reader = session(aws, "reader", "s3:*")
    deny(
        aws,
        "raw",
        {
            "Action": ["s3:PutObject*", "s3:DeleteObject*"],
            "NotResource": "arn:aws:s3:::raw/flights/*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": READER}},
        },
    )
    assert not refused(reader.put_object, Bucket="raw", Key="flights/a", Body=b"")
    assert refused(reader.put_object, Bucket="raw", Key="other/a", Body=b"")
    assert refused(reader.delete_object, Bucket="raw", Key="other/a")


@pytest.mark.parametrize(
    ("actions", "reads", "writes", "lists"),
    [
        ((), False, False, False),
        (("s3:GetObject",), True, False, False),
        (("s3:PutObject",), False, True, False),
        (("s3:GetObject", "s3:ListBucket"), True, False, True),
    ],
)
def test_role_needs_permissions_of_its_own(
    aws: Aws, actions: tuple[str, ...], reads: bool, writes: bool, lists: bool
) -> None:
    aws.bucket("raw").put_object(Bucket="raw", Key="k", Body=b"1")
    client = session(aws, "r", *actions)
    assert refused(client.get_object, Bucket="raw", Key="k") is not reads
    assert refused(client.put_object, Bucket="raw", Key="k", Body=b"2") is not writes
    assert refused(client.list_objects_v2, Bucket="raw") is not lists


def test_bucket_policy_alone_may_allow_a_role(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    client = session(aws, "reader")
    assert refused(client.get_object, Bucket="raw", Key="k")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": READER},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::raw/*",
    }
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert not refused(client.get_object, Bucket="raw", Key="k")


@pytest.mark.parametrize(("addresses", "held"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
def test_condition_on_the_callers_address(aws: Aws, addresses: str, held: bool) -> None:
    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    condition = {"IpAddress": {"aws:SourceIp": addresses}}
    deny(aws, "raw", {"Action": "s3:GetObject", "Resource": "*", "Condition": condition})
    assert refused(s3.get_object, Bucket="raw", Key="k") is held


@pytest.mark.parametrize(
    "condition", [{"StringAlmost": {"aws:PrincipalArn": "x"}}, {"StringEquals": {"aws:FavouriteColour": "x"}}]
)
def test_condition_that_is_not_known_refuses(aws: Aws, condition: dict[str, Any]) -> None:
    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    deny(aws, "raw", {"Action": "s3:GetObject", "Resource": "*", "Condition": condition})
    with pytest.raises(ClientError, match=r"is not known|does not know the condition key") as caught:
        s3.get_object(Bucket="raw", Key="k")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("actions", "call", "arguments", "allowed"),
    [
        (["s3:GetBucketVersioning"], "get_bucket_versioning", {}, True),
        (["s3:GetBucketPolicy"], "get_bucket_versioning", {}, False),
        (["s3:PutBucketPublicAccessBlock"], "put_public_access_block",
         {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}, True),
        (["s3:PutObject"], "delete_bucket", {}, False),
        (["s3:DeleteBucket"], "delete_object", {"Key": "k"}, False),
        (["s3:GetObject"], "get_object_tagging", {"Key": "k"}, False),
        (["s3:GetObject", "s3:PutObject"], "copy_object", {"Key": "l", "CopySource": "raw/k"}, True),
        (["s3:PutObject"], "copy_object", {"Key": "l", "CopySource": "raw/k"}, False),
        (["s3:PutObject"], "put_object", {"Key": "l", "Tagging": "a=b"}, False),
        (["s3:PutObject", "s3:PutObjectTagging"], "put_object", {"Key": "l", "Tagging": "a=b"}, True),
        (["s3:PutObject"], "create_multipart_upload", {"Key": "l"}, True),
        (["s3:GetObject"], "create_multipart_upload", {"Key": "l"}, False),
        (["s3:*"], "get_bucket_inventory_configuration", {"Id": "a"}, False),
    ],
)  # fmt: skip
def test_every_operation_asks_for_its_action(
    aws: Aws, actions: list[str], call: str, arguments: dict[str, Any], allowed: bool
) -> None:
    aws.bucket("raw").put_object(Bucket="raw", Key="k", Body=b"1")
    client = session(aws, "r", *actions)
    assert refused(getattr(client, call), Bucket="raw", **arguments) is not allowed


def test_a_version_has_an_action_of_its_own(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="raw", Key="k", Body=b"1")["VersionId"]
    client = session(aws, "r", "s3:GetObject", "s3:DeleteObject")
    assert not refused(client.get_object, Bucket="raw", Key="k")
    assert refused(client.get_object, Bucket="raw", Key="k", VersionId=version)
    assert refused(client.delete_object, Bucket="raw", Key="k", VersionId=version)


def test_a_batch_is_decided_object_by_object(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    for key in ("tmp/a", "b"):
        s3.put_object(Bucket="raw", Key=key, Body=b"1")
    client = session(aws, "r", "s3:DeleteObject", resource="arn:aws:s3:::raw/tmp/*")
    answer = client.delete_objects(Bucket="raw", Delete={"Objects": [{"Key": "tmp/a"}, {"Key": "b"}]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["tmp/a"]
    assert [error["Key"] for error in answer["Errors"]] == ["b"]


def test_another_accounts_root_needs_the_buckets_word(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    s3.put_object(Bucket="raw", Key="k", Body=b"1")
    other = aws.client("s3", {"AccessKeyId": "999988887777", "SecretAccessKey": "test"})
    assert refused(other.get_object, Bucket="raw", Key="k")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "999988887777"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::raw/*",
    }
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [statement]}))
    assert not refused(other.get_object, Bucket="raw", Key="k")


def test_condition_on_the_tags_that_an_object_has(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    for key in ("yes", "no"):
        s3.put_object(Bucket="raw", Key=key, Body=b"1", Tagging=f"Class={key}")
    s3.put_object(Bucket="raw", Key="none", Body=b"1")
    reader = session(aws, "reader")
    policy = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:DeleteObject"],
        "Resource": "arn:aws:s3:::raw/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/Class": "yes"}},
    }
    aws.client("iam").put_role_policy(
        RoleName="reader",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    assert not refused(reader.get_object, Bucket="raw", Key="yes")
    assert refused(reader.get_object, Bucket="raw", Key="no")
    assert refused(reader.get_object, Bucket="raw", Key="none")
    assert refused(reader.get_object, Bucket="raw", Key="missing")
    # AWS gives the key to no other action.
    assert refused(reader.delete_object, Bucket="raw", Key="yes")


@pytest.mark.parametrize(("version", "held"), [("1.2", False), ("1.3", False), ("1.4", True)])
def test_condition_on_the_version_of_tls(aws: Aws, version: str, held: bool) -> None:
    s3 = aws.bucket("raw")
    condition = {"NumericLessThan": {"s3:TlsVersion": version}}
    deny(aws, "raw", {"Action": "s3:*", "Resource": "arn:aws:s3:::raw/*", "Condition": condition})
    assert refused(s3.put_object, Bucket="raw", Key="k", Body=b"1") is held


TIERING = {"Id": "i", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
ANALYSIS: dict[str, Any] = {"Id": "i", "StorageClassAnalysis": {}}


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("put_bucket_intelligent_tiering_configuration", {"IntelligentTieringConfiguration": TIERING}),
        ("get_bucket_intelligent_tiering_configuration", {}),
        ("delete_bucket_intelligent_tiering_configuration", {}),
        ("put_bucket_metrics_configuration", {"MetricsConfiguration": {"Id": "i"}}),
        ("get_bucket_metrics_configuration", {}),
        ("delete_bucket_metrics_configuration", {}),
        ("put_bucket_analytics_configuration", {"AnalyticsConfiguration": ANALYSIS}),
        ("get_bucket_analytics_configuration", {}),
        ("delete_bucket_analytics_configuration", {}),
        ("delete_bucket_inventory_configuration", {}),
    ],
)
def test_what_moto_takes_for_the_bucket_itself_is_refused_by_its_name(
    aws: Aws, method: str, more: dict[str, Any]
) -> None:
    s3 = aws.bucket("raw")
    with pytest.raises(ClientError, match=s3.meta.method_to_api_mapping[method]) as raised:
        getattr(s3, method)(Bucket="raw", Id="i", **more)
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert s3.head_bucket(Bucket="raw")
