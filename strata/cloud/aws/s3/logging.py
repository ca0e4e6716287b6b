"""Server access logs: where they go is kept as it was put, and none is written.

moto knows one shape of policy that admits the logging service, drops the format of the logs' keys, and writes
logs that tell of another bucket. Rules: Amazon S3 API Reference, PutBucketLogging; User Guide, "Permissions
for log delivery".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import MalformedXML
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action, replaces
from strata.iam import Principal, Request, decide

_SERVICE = "logging.s3.amazonaws.com"
_FORMAT = "TargetObjectKeyFormat"
_SOURCES = ("DeliveryTime", "EventTime")


class Logging(Service):
    """PutBucketLogging and GetBucketLogging."""

    name = "s3-logging"

    @replaces(moto.BUCKET_LOGGING, wraps=True)
    def set_logging(
        self, set_logging: Any, bucket: FakeBucket, logging_config: dict[str, Any] | None, bucket_backend: Any
    ) -> None:
        """Admit the logging service as the target's policy says."""
        if logging_config:
            _check(logging_config.get(_FORMAT, {"SimplePrefix": None}))
        target = bucket_backend.buckets.get(logging_config["TargetBucket"]) if logging_config else None
        if target is not None and target.policy is not None and target.region_name == bucket.region_name:
            assert logging_config is not None
            request_of_service = Request(
                action="s3:PutObject",
                resource=f"{target.arn}/{logging_config.get('TargetPrefix') or ''}log",
                principal=Principal(service=_SERVICE),
                context={
                    "aws:securetransport": "true",
                    "aws:sourcearn": bucket.arn,
                    "aws:sourceaccount": bucket.account_id,
                },
            )
            if decide([target.policy.decode()], request_of_service, named=True).allowed:
                bucket.logging = logging_config
                return
        set_logging(bucket, logging_config, bucket_backend)

    @action("s3", "GetBucketLogging", wraps=True)
    def get_logging(self, get: Callable[[S3Response], Any], response: S3Response) -> Any:
        serialized = response.serialized

        def complete(answer: Any) -> Any:
            found = response.backend.get_bucket_logging(response.bucket_name).get(_FORMAT)
            if found and isinstance(answer.result, dict):
                answer.result["LoggingEnabled"][_FORMAT] = {name: found[name] or {} for name in found}
            return serialized(answer)

        vars(response)["serialized"] = complete
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
