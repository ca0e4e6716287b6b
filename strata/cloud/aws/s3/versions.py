"""The versions of an object are written one after another: moto reads their list and writes it anew.

It loses one of two versions at once, and with it the content; and it looks whether a condition holds before
it writes, so that another write may come between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from flask import request
from moto.s3.models import S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action, replaces

_CONDITIONS = ("If-Match", "If-None-Match")
# The number of the deletion whose events are sent; who sends them sets it back.
deleted_as: ContextVar[str] = ContextVar("deleted_as", default="")


class Sequencer:
    """Strictly increasing, fixed-width hexadecimal numbers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        """Return a number above all before."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:016x}"


class Versions(Service):
    """Writes and deletions of objects, numbered in their order. Starts before S3, which reports them.

    Args:
        sequencer: numbers them.
    """

    name = "s3-versions"

    def __init__(self, sequencer: Sequencer) -> None:
        super().__init__()
        self._sequencer = sequencer
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
            vars(written)["sequencer"] = self._sequencer.next()
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
            answer = delete(backend, bucket_name, key_name, *more, **named)
            deleted_as.set(self._sequencer.next())
            return answer
