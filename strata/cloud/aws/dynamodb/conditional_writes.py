"""Conditional writes, each as one step: moto looks and then writes, and another request may come between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import request
from moto.s3.responses import S3Response

from strata.cloud.aws.service import Service, action


class ConditionalWrites(Service):
    """Writes to DynamoDB, and conditional ones to S3. Starts after S3, whose PutObject it wraps."""

    name = "conditional-writes"

    def __init__(self) -> None:
        super().__init__()
        self._items, self._objects = threading.RLock(), threading.RLock()

    @action("dynamodb", "PutItem", wraps=True)
    @action("dynamodb", "UpdateItem", wraps=True)
    @action("dynamodb", "DeleteItem", wraps=True)
    @action("dynamodb", "TransactWriteItems", wraps=True)
    def write_items(self, write: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self._items:
            return write(*arguments, **named)

    @action("s3", "PutObject", wraps=True)
    def put_object(self, put: Callable[[S3Response], Any], response: S3Response) -> Any:
        if not ("If-Match" in request.headers or "If-None-Match" in request.headers):
            return put(response)
        with self._objects:
            return put(response)
