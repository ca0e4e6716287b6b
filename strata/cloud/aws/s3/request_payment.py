"""Who pays for a bucket's requests: its owner.

moto takes the question for one that lists objects, and the setting for one that makes a bucket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MalformedXML
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import PartNotImplementedError, Service, replaces

_ASKED = "requestPayment"
_OWNER, _REQUESTER = "BucketOwner", "Requester"


class RequestPayment(Service):
    """GetBucketRequestPayment and PutBucketRequestPayment."""

    name = "s3-request-payment"

    @replaces(moto.GET_OF_BUCKET, wraps=True)
    def get(
        self, get: Callable[..., Any], response: S3Response, bucket_name: str, query: dict[str, Any]
    ) -> Any:
        if _ASKED not in query:
            return get(response, bucket_name, query)
        response.backend.get_bucket(bucket_name)
        response.data["Action"] = "GetBucketRequestPayment"
        return response.serialized(ActionResult({"Payer": _OWNER}))

    @replaces(moto.PUT_TO_BUCKET, wraps=True)
    def put(
        self,
        put: Callable[..., Any],
        response: S3Response,
        request: Any,
        bucket_name: str,
        query: dict[str, Any],
    ) -> Any:
        if _ASKED not in query:
            return put(response, request, bucket_name, query)
        response.backend.get_bucket(bucket_name)
        payer = re.search(rb"<Payer>\s*(\w+)\s*</Payer>", response.body)
        if payer is None or payer[1].decode() not in (_OWNER, _REQUESTER):
            raise MalformedXML
        if payer[1].decode() == _REQUESTER:
            raise PartNotImplementedError("the payer Requester")
        return ""
