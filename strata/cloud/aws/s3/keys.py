"""Which rights on a KMS key a request for an object needs, beside those on the object.

Rules: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)". A key that AWS
manages admits everyone in the account through S3, and is asked for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import request
from moto.s3.models import FakeBucket

from strata.cloud.aws.iam.resource_policies import aliases_of, key_arn

_WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy")
# A part is encrypted under the upload's key, which is read for it.
_READS_BACK = ("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_KMS = "aws:kms"
_HEADER = "x-amz-server-side-encryption"


KeyConditions = dict[str, str | Sequence[str]]


def key_permissions(
    operation: str, bucket: FakeBucket, name: str, source: tuple[FakeBucket, str, str] | None
) -> Iterator[tuple[str, str, KeyConditions]]:
    """Yield the actions on keys that the request being served needs, with the key's ARN and the conditions.

    Args:
        operation: S3's name of it.
        bucket: the bucket of the request.
        name: the object's key.
        source: of a copy, the bucket, the object's key and its version.
    """
    if operation == "GetObject":
        yield from read_permissions(bucket, name, request.args.get("versionId", ""))
    if source is not None:
        yield from read_permissions(*source)
    written = _key_of_write(bucket) if operation in (*_WRITES, *_READS_BACK) else ""
    if written and operation in _WRITES:
        yield "kms:GenerateDataKey", written, _conditions(bucket, name, written)
    if written and operation in _READS_BACK:
        yield "kms:Decrypt", written, _conditions(bucket, name, written)


def read_permissions(
    bucket: FakeBucket, name: str, version: str = ""
) -> Iterator[tuple[str, str, KeyConditions]]:
    """Yield what reading a version of an object needs, the newest by default."""
    found: list[Any] = [
        key for key in bucket.keys.getlist(name, []) if not version or key.version_id == version
    ]
    if found and getattr(found[-1], "encryption", None) == _KMS and found[-1].kms_key_id:
        arn = key_arn(bucket.account_id, bucket.region_name, found[-1].kms_key_id)
        yield "kms:Decrypt", arn, _conditions(bucket, name, arn)


def _key_of_write(bucket: FakeBucket) -> str:
    """Return the ARN of the key that an object would be encrypted with; "" for none of the account's own."""
    default = ((bucket.encryption or {}).get("Rule") or {}).get("ApplyServerSideEncryptionByDefault") or {}
    kind = request.headers.get(_HEADER) or default.get("SSEAlgorithm")
    key_id = request.headers.get(f"{_HEADER}-aws-kms-key-id") or default.get("KMSMasterKeyID")
    return key_arn(bucket.account_id, bucket.region_name, key_id) if kind == _KMS and key_id else ""


def _conditions(bucket: FakeBucket, name: str, arn: str) -> KeyConditions:
    with_bucket_key = ((bucket.encryption or {}).get("Rule") or {}).get("BucketKeyEnabled")
    about = bucket.arn if str(with_bucket_key).lower() == "true" else f"{bucket.arn}/{name}"
    return {
        "kms:viaservice": f"s3.{bucket.region_name}.amazonaws.com",
        "kms:resourcealiases": aliases_of(arn),
        "kms:calleraccount": bucket.account_id,
        "kms:encryptioncontext:aws:s3:arn": about,
    }
