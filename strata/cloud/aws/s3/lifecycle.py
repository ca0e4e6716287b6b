"""Lifecycle rules: moto drops sizes, and how many versions an expiration leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.s3.answers import complete
from strata.cloud.aws.service import Service, replaces

_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
_DEFAULT_SIZE = "transition-default-minimum-object-size"
_NEWER = "NewerNoncurrentVersions"


class Lifecycle(Service):
    """Lifecycle rules, kept as they were put."""

    name = "s3-lifecycle"

    @replaces(moto.SET_LIFECYCLE, wraps=True)
    def set_rules(self, put: Callable[..., None], bucket: FakeBucket, rules: list[dict[str, Any]]) -> None:
        put(bucket, rules)
        vars(bucket)["transition_default"] = request.headers.get(f"x-amz-{_DEFAULT_SIZE}", "")
        for rule, given in zip(bucket.rules, rules, strict=True):
            vars(rule)["given"] = given

    @replaces(moto.GET_LIFECYCLE, wraps=True)
    def get_rules(self, get: Callable[[S3Response], Any], response: S3Response) -> Any:
        bucket: Any = response.backend.get_bucket(response.bucket_name)

        def add(result: dict[str, Any]) -> None:
            for shown, rule in zip(result["Rules"], bucket.rules, strict=True):
                _complete(shown, vars(rule).get("given", {}))
            if size := vars(bucket).get("transition_default"):
                result["TransitionDefaultMinimumObjectSize"] = size

        complete(response, add)
        return get(response)


def _complete(shown: dict[str, Any], given: dict[str, Any]) -> None:
    """Add to a rule as moto shows it what was given besides, as XML is parsed."""
    asked = given.get("Filter") or {}
    for part, told in (
        (asked, shown.get("Filter")),
        (asked.get("And") or {}, shown.get("Filter", {}).get("And")),
    ):
        if told is not None:
            told.update({name: int(part[name]) for name in _SIZES if name in part})
    expiration = given.get("NoncurrentVersionExpiration") or {}
    if _NEWER in expiration:
        shown["NoncurrentVersionExpiration"][_NEWER] = int(expiration[_NEWER])
