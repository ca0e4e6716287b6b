"""Settings of a bucket come back as they were put, or are refused by their names."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import Aws


def test_the_owner_of_a_bucket_pays(aws: Aws) -> None:
    s3 = aws.bucket("raw")

    def put(payer: str, bucket: str = "raw") -> None:
        s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": payer})

    put("BucketOwner")
    for payer, bucket, fault in (
        ("Requester", "raw", "PutBucketRequestPayment: the payer Requester"),
        ("Nobody", "raw", "MalformedXML"),
        ("BucketOwner", "other", "NoSuchBucket"),
    ):
        with pytest.raises(ClientError, match=fault):
            put(payer, bucket)
    assert s3.get_bucket_request_payment(Bucket="raw")["Payer"] == "BucketOwner"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_request_payment(Bucket="other")


def test_mfa_delete_is_shown_once_it_was_set(aws: Aws) -> None:
    s3 = aws.bucket("raw")

    def put(**more: str) -> None:
        s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled", **more})

    put()
    assert "MFADelete" not in s3.get_bucket_versioning(Bucket="raw")
    put(MFADelete="Disabled")
    put()
    found = s3.get_bucket_versioning(Bucket="raw")
    assert (found["Status"], found["MFADelete"]) == ("Enabled", "Disabled")
    with pytest.raises(ClientError, match="PutBucketVersioning: MFA Delete"):
        put(MFADelete="Enabled")


def test_a_transfer_acceleration_may_begin_suspended(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket="raw")
    for status in ("Suspended", "Enabled", "Suspended"):
        s3.put_bucket_accelerate_configuration(Bucket="raw", AccelerateConfiguration={"Status": status})
        assert s3.get_bucket_accelerate_configuration(Bucket="raw")["Status"] == status


def test_who_owns_the_buckets_owns_each(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    owner = s3.list_buckets()["Owner"]["ID"]
    assert owner == s3.get_bucket_acl(Bucket="raw")["Owner"]["ID"]
