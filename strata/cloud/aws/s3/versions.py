"""The versions of an object are written one after another: moto reads their list and writes it anew.

It loses one of two versions at once, and with it the content; and it looks whether a condition holds before
it writes, so that another write may come between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import request
from moto.s3.models import S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action, replaces

_CONDITIONS = ("If-Match", "If-None-Match")


class Versions(Service):
    """Writes and deletions of objects. Starts before S3, which reports them."""

    name = "s3-versions"

    def __init__(self) -> None:
        super().__init__()
        # Not one for all: a write hashes its content meanwhile.
        self._locks = tuple(threading.RLock() for _ in range(64))

    def lock(self, bucket: str, key: str) -> threading.RLock:
        """Return the lock of an object; several objects may have the same."""
        return self._locks[hash((bucket, key)) % len(self._locks)]

    @action("s3", "PutObject", wraps=True)
    @action("s3", "DeleteObject", wraps=True)
    @replaces(moto.POST_TO_KEY, wraps=True)
    def on_condition(self, write: Callable[..., Any], response: S3Response, *given: Any, **named: Any) -> Any:
        """Look and write as one step; an upload in parts is completed by a POST."""
        if not any(name in request.headers for name in _CONDITIONS):
            return write(response, *given, **named)
        with self.lock(response.bucket_name, response.parse_key_name()):
            return write(response, *given, **named)

    @replaces(moto.PUT_OBJECT, wraps=True)
    def put(
        self,
        put: Callable[..., Any],
        backend: S3Backend,
        bucket_name: str,
        key_name: str,
        *given: Any,
        request_method: str | None = "PUT",
        disable_notification: bool | None = False,
        **named: Any,
    ) -> Any:
        with self.lock(bucket_name, key_name):
            written = put(backend, bucket_name, key_name, *given, disable_notification=True, **named)
        if not disable_notification:
            # Not within the lock: a function that is told may write the object itself.
            event = (
                S3NotificationEvent.OBJECT_CREATED_POST_EVENT
                if request_method == "POST"
                else S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
            )
            moto.send_s3_event(backend.account_id, event, backend.get_bucket(bucket_name), written)
        return written

    @replaces(moto.DELETE_OBJECT, wraps=True)
    def delete(
        self,
        delete: Callable[..., Any],
        backend: S3Backend,
        bucket_name: str,
        key_name: str,
        *more: Any,
        **named: Any,
    ) -> Any:
        with self.lock(bucket_name, key_name):
            return delete(backend, bucket_name, key_name, *more, **named)
