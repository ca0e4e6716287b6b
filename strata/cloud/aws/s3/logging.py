"""Server access logs: where they go is kept as it was put, and none is written.

moto asks for rights of the logging service that AWS does not ask for, drops the format of the logs' keys, and
writes logs that tell of another bucket. Rules: Amazon S3 API Reference, PutBucketLogging.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import (
    InvalidTargetBucketForLogging,
    MalformedXML,
    S3ClientError,
)
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.s3.answers import complete
from strata.cloud.aws.service import Service, action, replaces

_FORMAT = "TargetObjectKeyFormat"
_SOURCES = ("DeliveryTime", "EventTime")


class OtherRegionError(S3ClientError):
    """The logs would go to another region; AWS spells the code so."""

    def __init__(self) -> None:
        super().__init__("CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ")


class Logging(Service):
    """PutBucketLogging and GetBucketLogging."""

    name = "s3-logging"

    @replaces(moto.BUCKET_LOGGING)
    def set_logging(self, bucket: FakeBucket, given: dict[str, Any] | None, backend: Any) -> None:
        """Keep it, whether the logging service may write there or not: AWS does not ask, as recorded."""
        if given:
            _check(given.get(_FORMAT, {"SimplePrefix": None}))
            target = backend.buckets.get(given["TargetBucket"])
            if target is None:
                raise InvalidTargetBucketForLogging("The target bucket for logging does not exist")
            if target.region_name != bucket.region_name:
                raise OtherRegionError
        bucket.logging = given or {}

    @action("s3", "GetBucketLogging", wraps=True)
    def get_logging(self, get: Callable[[S3Response], Any], response: S3Response) -> Any:
        found = response.backend.get_bucket_logging(response.bucket_name).get(_FORMAT)
        if found:
            shown = {name: found[name] or {} for name in found}
            complete(response, lambda result: result["LoggingEnabled"].update({_FORMAT: shown}))
        return get(response)

    @replaces(moto.LOG_REQUEST)
    def log(self, backend: Any, request: Any, bucket_name: str) -> None:
        pass


def _check(key_format: Any) -> None:
    """Require one of the two formats; a partitioned one may say by which time."""
    if not isinstance(key_format, dict) or len(key_format) != 1:
        raise MalformedXML
    partitioned = key_format.get("PartitionedPrefix", key_format.get("SimplePrefix") or {}) or {}
    if partitioned.get("PartitionDateSource", _SOURCES[0]) not in _SOURCES:
        raise MalformedXML
