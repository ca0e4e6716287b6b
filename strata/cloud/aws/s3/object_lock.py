"""Object Lock where moto does otherwise than S3.

Versions stay, only an upload needs a checksum, and a bucket's configuration may change when it holds objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import InvalidBucketState, S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

# What is set of an object that is there.
_SETTINGS = frozenset({"acl", "legal-hold", "retention", "tagging"})


class LockedVersionsError(S3ClientError):
    """The bucket's versions cannot be suspended, for its objects may be locked."""

    def __init__(self) -> None:
        super().__init__(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, "
            "so the versioning state cannot be changed.",
        )


class ObjectLock(Service):
    """Buckets whose objects may be locked."""

    name = "s3-object-lock"

    @replaces(moto.PUT_BUCKET_VERSIONING, wraps=True)
    def put_versioning(self, put: Callable[..., None], backend: S3Backend, name: str, status: str) -> None:
        if status != "Enabled" and backend.get_bucket(name).object_lock_enabled:
            raise LockedVersionsError
        put(backend, name, status)

    @replaces(moto.PUT_OBJECT_LOCK)
    def put_configuration(
        self,
        backend: S3Backend,
        bucket_name: str,
        lock_enabled: bool,
        mode: str | None = None,
        days: int | None = None,
        years: int | None = None,
    ) -> None:
        bucket: Any = backend.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidBucketState(
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            )
        bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
        bucket.default_lock_mode, bucket.default_lock_days = mode, days
        bucket.default_lock_years = years

    @replaces(moto.PUT_TO_KEY, wraps=True)
    def put_to_key(
        self, put: Callable[..., Any], response: S3Response, query: dict[str, Any], key_name: str
    ) -> Any:
        """Set what an object has; moto asks for the checksum that an upload to the bucket would need."""
        bucket: Any = response.backend.get_bucket(response.bucket_name)
        if not _SETTINGS & query.keys() or not bucket.has_default_lock:
            return put(response, query, key_name)
        response.headers = {**response.headers, "x-amz-sdk-checksum-algorithm": "CRC32"}
        return put(response, query, key_name)
