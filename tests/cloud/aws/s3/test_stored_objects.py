"""Objects that the embedded Snowflake reads in this process, with a role's keys: S3 decides as by HTTP."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from strata.cloud.aws.s3 import stored_objects
from strata.cloud.aws.s3.access import S3Access
from strata.cloud.aws.s3.stored_objects import StorageError, StoredObjects

from ..conftest import ACCOUNT, Aws

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::raw/a/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::raw"}
OWN = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
KEYS = ["a/1", "a/2", "b/3"]


class Reader:
    """A role that may list the bucket and read a part of it."""

    def __init__(self, aws: Aws) -> None:
        self.s3, self.iam = aws.bucket("raw"), aws.client("iam")
        for key in (*KEYS, "a/"):
            self.s3.put_object(Bucket="raw", Key=key, Body=key.encode())
        arn = aws.role("reader", OWN, [READ, LIST])
        found = aws.context.objects
        assert found is not None
        self.objects: StoredObjects = found
        self.keys: Any = aws.context.assume_role(arn, principal_arn=OWN["AWS"])

    def readable(self) -> str:
        return " ".join(sorted(self.objects.readable(self.keys, "raw", KEYS)))

    def policy(self, *statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=document)


@pytest.fixture
def reader(aws: Aws) -> Reader:
    return Reader(aws)


def test_objects_are_listed_and_read(reader: Reader) -> None:
    found = reader.objects.list(reader.keys, "raw", "a/")
    listed = reader.s3.list_objects_v2(Bucket="raw", Prefix="a/")["Contents"]
    expected = [(it["Key"], it["ETag"].strip('"'), it["Size"]) for it in listed if it["Key"] != "a/"]
    assert [(it.key, it.etag, it.size) for it in found] == expected
    assert [reader.objects.body("raw", it) for it in found] == [b"a/1", b"a/2"]
    reader.s3.put_object(Bucket="raw", Key="a/1", Body=b"changed")
    reader.s3.delete_object(Bucket="raw", Key="a/2")
    assert [reader.objects.body("raw", it) for it in found] == [None, None]
    assert [it.key for it in reader.objects.list(reader.keys, "raw", "")] == ["a/1", "b/3"]


def test_an_archived_object_is_read_once_it_is_restored(reader: Reader) -> None:
    reader.s3.put_object(Bucket="raw", Key="c", Body=b"c", StorageClass="GLACIER")
    (found,) = reader.objects.list(reader.keys, "raw", "c")
    assert reader.objects.body("raw", found) is None
    reader.s3.restore_object(Bucket="raw", Key="c", RestoreRequest={"Days": 1})
    assert reader.objects.body("raw", found) == b"c"


DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::raw/a/1"}


def revoke(reader: Reader) -> None:
    reader.policy(LIST)


def narrow(reader: Reader) -> None:
    reader.policy(LIST, READ | {"Resource": "arn:aws:s3:::raw/a/2"})


def deny_in_the_bucket(reader: Reader) -> None:
    reader.s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [DENY]}))


def bound(reader: Reader) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [LIST]})
    arn = reader.iam.create_policy(PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]
    reader.iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=arn)


def bound_to_one(reader: Reader) -> None:
    one = READ | {"Resource": "arn:aws:s3:::raw/a/2"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [LIST, one]})
    arn = reader.iam.create_policy(PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]
    reader.iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=arn)


def delete_the_role(reader: Reader) -> None:
    reader.iam.delete_role_policy(RoleName="reader", PolicyName="own")
    reader.iam.delete_role(RoleName="reader")


def delete_the_policy(reader: Reader) -> None:
    reader.iam.delete_role_policy(RoleName="reader", PolicyName="own")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (revoke, ""),
        (narrow, "a/2"),
        (deny_in_the_bucket, "a/2"),
        (bound, ""),
        (bound_to_one, "a/2"),
        (delete_the_role, ""),
        (delete_the_policy, ""),
    ],
)
def test_a_right_that_is_lost_counts_at_once(reader: Reader, change: Any, left: str) -> None:
    assert reader.readable() == "a/1 a/2"
    change(reader)
    assert reader.readable() == left


def test_the_policy_of_the_session_tells_objects_apart(aws: Aws, reader: Reader) -> None:
    one = READ | {"Resource": "arn:aws:s3:::raw/a/2"}
    found = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader",
        RoleSessionName="session",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [LIST, one]}),
    )["Credentials"]
    reader.keys = SimpleNamespace(access_key_id=found["AccessKeyId"], session_token=found["SessionToken"])
    assert reader.readable() == "a/2"


def test_a_right_that_is_won_counts_at_once(reader: Reader) -> None:
    reader.policy(LIST)
    assert reader.readable() == ""
    reader.policy(LIST, READ | {"Resource": "arn:aws:s3:::raw/*"})
    assert reader.readable() == "a/1 a/2 b/3"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"s3:ExistingObjectTag/seen": "yes"}},
        {"StringNotEquals": {"s3:ExistingObjectTag/seen": "no"}},
    ],
)
def test_the_tags_of_an_object_are_asked_for_each_time(reader: Reader, condition: dict[str, Any]) -> None:
    reader.policy(LIST, READ | {"Condition": condition})
    for value in ("yes", "no", "yes"):
        reader.s3.put_object_tagging(
            Bucket="raw", Key="a/1", Tagging={"TagSet": [{"Key": "seen", "Value": value}]}
        )
        assert ("a/1" in reader.readable()) is (value == "yes")


def test_the_tags_of_the_role_are_asked_for_each_time(reader: Reader) -> None:
    reader.policy(LIST, READ | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "data"}}})
    assert reader.readable() == ""
    reader.iam.tag_role(RoleName="reader", Tags=[{"Key": "team", "Value": "data"}])
    assert reader.readable() == "a/1 a/2"


def test_the_time_is_asked_for_each_time(reader: Reader) -> None:
    reader.policy(LIST, READ | {"Condition": {"DateLessThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}}})
    with patch.object(S3Access, "require", autospec=True, side_effect=S3Access.require) as asked:
        assert (reader.readable(), reader.readable()) == ("", "")
        # No statement is about b/3, whatever the time.
        assert asked.call_count == 3 + 2


def test_a_decision_is_made_once_while_nothing_changes(reader: Reader) -> None:
    reader.policy(LIST, READ | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    with patch.object(S3Access, "require", autospec=True, side_effect=S3Access.require) as asked:
        assert [reader.readable() for _ in range(3)] == ["a/1 a/2"] * 3
        # Nothing tells a/1 and a/2 apart.
        assert asked.call_count == 2


@pytest.mark.parametrize(
    ("resource", "found", "asked_for"),
    [
        ({"Resource": "arn:aws:s3:::raw/*"}, "a/1 a/2 b/3", 1),
        ({"Resource": ["arn:aws:s3:::raw/a/1", "arn:aws:s3:::raw/b/*"]}, "a/1 b/3", 3),
        ({"NotResource": "arn:aws:s3:::raw/a/*"}, "b/3", 2),
        # Each object by itself: what a variable stands for may be anything.
        ({"Resource": "arn:aws:s3:::raw/${aws:PrincipalAccount}/*"}, "", 3),
    ],
)
def test_objects_are_alike_by_the_resources_of_the_policies(
    reader: Reader, resource: dict[str, Any], found: str, asked_for: int
) -> None:
    allowed = {"Effect": "Allow", "Action": "s3:GetObject"} | resource
    reader.policy(LIST, allowed)
    with patch.object(S3Access, "require", autospec=True, side_effect=S3Access.require) as asked:
        assert reader.readable() == found
        assert asked.call_count == asked_for


@pytest.mark.parametrize(("kept", "asked_for"), [(2, 4), (1, 6)])
def test_decisions_of_the_last_policies_are_kept(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, kept: int, asked_for: int
) -> None:
    monkeypatch.setattr(stored_objects, "_POLICIES", kept)
    with patch.object(S3Access, "require", autospec=True, side_effect=S3Access.require) as asked:
        for below, found in (("a/", "a/1 a/2"), ("b/", "b/3"), ("a/", "a/1 a/2")):
            reader.policy(LIST, READ | {"Resource": f"arn:aws:s3:::raw/{below}*"})
            assert reader.readable() == found
        assert asked.call_count == asked_for


def test_a_bucket_that_may_not_be_listed(reader: Reader) -> None:
    reader.policy(READ, LIST | {"Condition": {"StringLike": {"s3:prefix": "a/*"}}})
    assert len(reader.objects.list(reader.keys, "raw", "a/")) == 2
    for bucket, prefix, code, status in (
        ("raw", "b/", "AccessDenied", 403),
        ("none", "", "NoSuchBucket", 404),
    ):
        with pytest.raises(StorageError) as raised:
            reader.objects.list(reader.keys, bucket, prefix)
        assert (raised.value.code, raised.value.status) == (code, status)
    with pytest.raises(StorageError):
        reader.objects.readable(reader.keys, "none", KEYS)
    assert reader.objects.body("none", reader.objects.list(reader.keys, "raw", "a/")[0]) is None


def test_keys_that_are_not_valid(reader: Reader) -> None:
    class Wrong:
        access_key_id = reader.keys.access_key_id
        session_token = "another"

    assert reader.objects.readable(Wrong(), "raw", KEYS) == set()
    with pytest.raises(StorageError):
        reader.objects.list(Wrong(), "raw", "")


DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
ADMINS = {"Effect": "Allow", "Principal": OWN, "Action": "kms:*", "Resource": "*"}


def test_the_key_of_an_object_is_asked_for_each_time(aws: Aws, reader: Reader) -> None:
    def policy(*statements: dict[str, Any]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    kms = aws.client("kms")
    key_id = kms.create_key(Policy=policy(ADMINS))["KeyMetadata"]["KeyId"]
    reader.s3.put_object(
        Bucket="raw", Key="a/2", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_id
    )
    assert reader.readable() == "a/1"
    reader.policy(LIST, READ, DECRYPT)
    assert reader.readable() == "a/1 a/2"
    kms.put_key_policy(
        KeyId=key_id,
        PolicyName="default",
        Policy=policy(ADMINS, DECRYPT | {"Effect": "Deny", "Principal": "*"}),
    )
    assert reader.readable() == "a/1"
    # What other versions were encrypted with is not asked about.
    reader.s3.put_object(Bucket="raw", Key="a/2", Body=b"x")
    assert reader.readable() == "a/1 a/2"
