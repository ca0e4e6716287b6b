"""Conditional writes, each as one step: moto looks and then writes, and another request may come between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import request
from moto.dynamodb.models import DynamoDBBackend
from moto.s3.responses import S3Response

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.patches import Patches

_patches = Patches()
_items, _objects = threading.RLock(), threading.RLock()
_ITEM_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


def install(context: CloudContext) -> None:
    """Patch moto's DynamoDB and S3. After the extension `s3`, whose `put_object` is wrapped."""
    for name in _ITEM_WRITES:
        _patches.attribute(DynamoDBBackend, name, _alone(getattr(DynamoDBBackend, name), _items))
    put_object = S3Response.put_object

    def conditional_put_object(response: S3Response) -> Any:
        if not ("If-Match" in request.headers or "If-None-Match" in request.headers):
            return put_object(response)
        with _objects:
            return put_object(response)

    _patches.attribute(S3Response, "put_object", conditional_put_object)


def uninstall() -> None:
    """Undo `install`."""
    _patches.undo()


def _alone(method: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        with lock:
            return method(*arguments, **named)

    return call
