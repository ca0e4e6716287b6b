"""Which permission each request to S3 needs; from "Required permissions for Amazon S3 API operations"."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask

from strata.cloud.aws.iam.authorization import AuthorizationError
from strata.cloud.aws.s3.access import S3Access, _sentence
from strata.iam import Principal

APPLICATION = Flask("test")
# method, query: action on the bucket
BUCKET = {
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("HEAD", ""): "ListBucket",
    ("GET", ""): "ListBucket",
    ("GET", "list-type=2"): "ListBucket",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "accelerate"): "GetAccelerateConfiguration",
    ("PUT", "accelerate"): "PutAccelerateConfiguration",
    ("GET", "acl"): "GetBucketAcl",
    ("PUT", "acl"): "PutBucketAcl",
    ("GET", "cors"): "GetBucketCORS",
    ("PUT", "cors"): "PutBucketCORS",
    ("DELETE", "cors"): "PutBucketCORS",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("PUT", "encryption"): "PutEncryptionConfiguration",
    ("DELETE", "encryption"): "PutEncryptionConfiguration",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("DELETE", "lifecycle"): "PutLifecycleConfiguration",
    ("GET", "logging"): "GetBucketLogging",
    ("PUT", "logging"): "PutBucketLogging",
    ("GET", "notification"): "GetBucketNotification",
    ("PUT", "notification"): "PutBucketNotification",
    ("GET", "object-lock"): "GetBucketObjectLockConfiguration",
    ("PUT", "object-lock"): "PutBucketObjectLockConfiguration",
    ("GET", "ownershipControls"): "GetBucketOwnershipControls",
    ("PUT", "ownershipControls"): "PutBucketOwnershipControls",
    ("DELETE", "ownershipControls"): "PutBucketOwnershipControls",
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("DELETE", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("GET", "replication"): "GetReplicationConfiguration",
    ("PUT", "replication"): "PutReplicationConfiguration",
    ("DELETE", "replication"): "PutReplicationConfiguration",
    ("GET", "requestPayment"): "GetBucketRequestPayment",
    ("PUT", "requestPayment"): "PutBucketRequestPayment",
    ("GET", "tagging"): "GetBucketTagging",
    ("PUT", "tagging"): "PutBucketTagging",
    ("DELETE", "tagging"): "PutBucketTagging",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "website"): "GetBucketWebsite",
    ("PUT", "website"): "PutBucketWebsite",
    ("DELETE", "website"): "DeleteBucketWebsite",
}
# method, query: action on the object, and the one on a version of it
OBJECT = {
    ("GET", ""): ("GetObject", "GetObjectVersion"),
    ("HEAD", ""): ("GetObject", "GetObjectVersion"),
    ("PUT", ""): ("PutObject", "PutObject"),
    ("DELETE", ""): ("DeleteObject", "DeleteObjectVersion"),
    ("GET", "acl"): ("GetObjectAcl", "GetObjectVersionAcl"),
    ("PUT", "acl"): ("PutObjectAcl", "PutObjectVersionAcl"),
    ("GET", "tagging"): ("GetObjectTagging", "GetObjectVersionTagging"),
    ("PUT", "tagging"): ("PutObjectTagging", "PutObjectVersionTagging"),
    ("DELETE", "tagging"): ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    ("POST", "uploads"): ("PutObject", "PutObject"),
    ("PUT", "partNumber=1&uploadId=u"): ("PutObject", "PutObject"),
    ("POST", "uploadId=u"): ("PutObject", "PutObject"),
    ("GET", "uploadId=u"): ("ListMultipartUploadParts", "ListMultipartUploadParts"),
    ("DELETE", "uploadId=u"): ("AbortMultipartUpload", "AbortMultipartUpload"),
}


def access(session: Any = "a session") -> S3Access:
    return S3Access(Mock(), Mock(known_session=lambda: session))


def needed(found: S3Access, method: str, path: str, headers: dict[str, str] | None = None) -> list[Any]:
    with APPLICATION.test_request_context(path, method=method, headers=headers):
        operation, bucket, key = found._operation()
        # The second time the request's shape tells.
        assert found._operation() == (operation, bucket, key)
        return [(action, resource) for action, resource, _ in found._needed(operation, bucket, key, None)]


@pytest.mark.parametrize(("request_", "action"), BUCKET.items(), ids=[" ".join(k) for k in BUCKET])
def test_a_request_about_a_bucket(request_: tuple[str, str], action: str) -> None:
    method, query = request_
    assert needed(access(), method, f"/b?{query}") == [(f"s3:{action}", "arn:aws:s3:::b")]


@pytest.mark.parametrize(("request_", "actions"), OBJECT.items(), ids=[" ".join(k) for k in OBJECT])
def test_a_request_about_an_object(request_: tuple[str, str], actions: tuple[str, str]) -> None:
    method, query = request_
    for action, version in zip(actions, ("", "&versionId=v"), strict=True):
        found = needed(access(), method, f"/b/folder/k?{query}{version}")
        assert found == [(f"s3:{action}", "arn:aws:s3:::b/folder/k")]


@pytest.mark.parametrize(
    ("query", "action"), [("", "GetObjectAttributes"), ("&versionId=v", "GetObjectVersionAttributes")]
)
def test_a_request_about_an_objects_attributes(query: str, action: str) -> None:
    asked = {"x-amz-object-attributes": "ETag"}
    found = needed(access(), "GET", f"/b/k?attributes{query}", asked)
    assert found == [(f"s3:{action}", "arn:aws:s3:::b/k")]


@pytest.mark.parametrize(
    ("source", "read", "place"),
    [
        ("/other/a%20b", "s3:GetObject", "other/a b"),
        ("other/k", "s3:GetObject", "other/k"),
        ("other/k?versionId=v", "s3:GetObjectVersion", "other/k"),
    ],
)
@pytest.mark.parametrize("query", ["", "?partNumber=1&uploadId=u"])
def test_a_copy_needs_its_source(source: str, read: str, place: str, query: str) -> None:
    found = needed(access(), "PUT", f"/b/k{query}", {"x-amz-copy-source": source})
    assert found == [("s3:PutObject", "arn:aws:s3:::b/k"), (read, f"arn:aws:s3:::{place}")]


def test_tags_at_creation_need_the_right_to_tag() -> None:
    tags = {"x-amz-tagging": "a=b"}
    put, tag = ("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectTagging", "arn:aws:s3:::b/k")
    assert needed(access(), "PUT", "/b/k", tags) == [put, tag]
    assert needed(access(), "POST", "/b/k?uploads", tags) == [put, tag]
    assert needed(access(), "GET", "/b/k", tags) == [("s3:GetObject", "arn:aws:s3:::b/k")]


def test_the_list_of_buckets_is_about_none() -> None:
    assert needed(access(), "GET", "/") == [("s3:ListAllMyBuckets", "*")]


def test_what_is_not_known_is_refused_to_roles() -> None:
    assert needed(access(None), "GET", "/b/k?torrent") == []
    for method, path, operation in (
        ("GET", "/b/k?torrent", "GetObjectTorrent"),
        ("DELETE", "/b?analytics&id=x", "DeleteBucketAnalyticsConfiguration"),
        ("GET", "/b?inventory&id=x", "GetBucketInventoryConfiguration"),
    ):
        message = f"does not know which permission s3:{operation} needs, so it refuses it"
        with pytest.raises(AuthorizationError, match=message) as raised:
            needed(access(), method, path)
        assert raised.value.code == "AccessDenied"


@pytest.mark.parametrize(("arns", "name"), [(("arn:a", "arn:b"), "arn:a"), ((), "anonymous")])
def test_a_refusal_names_the_caller(arns: tuple[str, ...], name: str) -> None:
    said = _sentence(Principal(account_id="1", arns=arns), "s3:GetObject", "arn:aws:s3:::b/k", "because")
    assert (
        said
        == f"User: {name} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because"
    )
