"""Buckets whose objects may be locked."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import REGION, Aws


def test_versions_of_a_bucket_with_object_lock_stay(aws: Aws) -> None:
    s3 = aws.client("s3")
    location = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration=location, ObjectLockEnabledForBucket=True)
    s3.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Suspended"})
    assert refused.value.response["Error"]["Code"] == "InvalidBucketState"
    assert s3.get_bucket_versioning(Bucket="locked")["Status"] == "Enabled"


def test_a_bucket_that_locks_may_change_how_while_it_holds_objects(aws: Aws) -> None:
    s3 = aws.client("s3")
    location = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration=location, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    s3.put_object(Bucket="locked", Key="a", Body=b"x", ChecksumAlgorithm="CRC32")

    def drop_algorithm(request: object, **_: object) -> None:
        del request.headers["x-amz-sdk-checksum-algorithm"]  # type: ignore[attr-defined]

    s3.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )
    assert s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled"
    }
    s3.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    s3.meta.events.register("before-sign.s3.PutObjectLegalHold", drop_algorithm)
    s3.put_object_legal_hold(Bucket="locked", Key="a", LegalHold={"Status": "ON"})
    assert s3.get_object_legal_hold(Bucket="locked", Key="a")["LegalHold"] == {"Status": "ON"}
