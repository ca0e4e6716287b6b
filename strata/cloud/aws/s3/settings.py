"""Settings of buckets that moto drops, or takes for something else.

It takes the question who pays for one that lists objects, and the setting for one that makes a bucket; drops
MFA Delete, and a transfer acceleration that begins suspended; and has two ids for one owner. Rules: Amazon S3
API Reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MalformedXML
from moto.s3.models import OWNER, FakeBucket
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.s3.answers import complete
from strata.cloud.aws.service import PartNotImplementedError, Service, action, replaces

_PAYMENT, _VERSIONING = "requestPayment", "versioning"
_MFA = "MFADelete"


class BucketSettings(Service):
    """Who pays for requests, MFA Delete, transfer acceleration, and whose the buckets are."""

    name = "s3-settings"

    @replaces(moto.GET_OF_BUCKET, wraps=True)
    def get(
        self, get: Callable[..., Any], response: S3Response, bucket_name: str, query: dict[str, Any]
    ) -> Any:
        if _PAYMENT not in query:
            return get(response, bucket_name, query)
        response.backend.get_bucket(bucket_name)
        response.data["Action"] = "GetBucketRequestPayment"
        return response.serialized(ActionResult({"Payer": "BucketOwner"}))

    @replaces(moto.PUT_TO_BUCKET, wraps=True)
    def put(
        self,
        put: Callable[..., Any],
        response: S3Response,
        request: Any,
        bucket_name: str,
        query: dict[str, Any],
    ) -> Any:
        if _PAYMENT in query:
            response.backend.get_bucket(bucket_name)
            if _chosen(response, "Payer", ("BucketOwner", "Requester")) != "BucketOwner":
                raise PartNotImplementedError("the payer Requester")
            return ""
        mfa = _chosen(response, "MfaDelete", ("Disabled", "Enabled", "")) if _VERSIONING in query else ""
        if mfa == "Enabled":
            raise PartNotImplementedError("MFA Delete")
        answer = put(response, request, bucket_name, query)
        if mfa:
            vars(response.backend.get_bucket(bucket_name))["mfa_delete"] = mfa
        return answer

    @action("s3", "GetBucketVersioning", wraps=True)
    def get_versioning(self, get: Callable[[S3Response], Any], response: S3Response) -> Any:
        """Show MFA Delete of a bucket that was ever told of it, as S3 does."""
        mfa = vars(response.backend.get_bucket(response.bucket_name)).get("mfa_delete")
        complete(response, lambda result: result.update({_MFA: mfa} if mfa else {}))
        return get(response)

    @replaces(moto.SET_ACCELERATION)
    def set_acceleration(self, bucket: FakeBucket, status: str) -> None:
        bucket.accelerate_configuration = status

    @replaces(moto.LIST_BUCKETS, wraps=True)
    def list_buckets(self, list_all: Callable[[S3Response], Any], response: S3Response) -> Any:
        complete(response, lambda result: result["Owner"].update({"ID": OWNER}))
        return list_all(response)


def _chosen(response: S3Response, element: str, choice: tuple[str, ...]) -> str:
    """Return what the body of the request chooses."""
    found = re.search(rf"<{element}>\s*(\w+)\s*</{element}>".encode(), response.body)
    chosen = found[1].decode() if found else ""
    if chosen not in choice:
        raise MalformedXML
    return chosen
