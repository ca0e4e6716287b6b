"""Messages are received, hidden and deleted one request after another, each queue's by itself.

moto gives one message to two receivers at once, fails when another request moves or deletes what it is just
looking at, and writes the list anew without what was sent meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class Messages(Service):
    """ReceiveMessage, ChangeMessageVisibility and DeleteMessage, alone and in batches."""

    name = "sqs-messages"

    @replaces(moto.RECEIVE_MESSAGE, wraps=True)
    def receive(
        self,
        receive: Callable[..., list[Any]],
        backend: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        *more: Any,
        **named: Any,
    ) -> list[Any]:
        queue = backend.get_queue(queue_name)
        until = time.monotonic() + wait_seconds_timeout
        while True:
            with _taking(queue):
                found = receive(backend, queue_name, count, 0, *more, **named)
            if found or time.monotonic() >= until:
                return found
            queue.wait_for_messages(1)

    @replaces(moto.HIDE_MESSAGE, wraps=True)
    def hide(
        self, hide: Callable[..., None], backend: Any, queue_name: str, *given: Any, **named: Any
    ) -> None:
        with _taking(backend.get_queue(queue_name)):
            hide(backend, queue_name, *given, **named)

    @replaces(moto.DELETE_MESSAGE)
    def delete(self, queue: Any, receipt_handle: str) -> None:
        with _taking(queue):
            if receipt_handle in queue.deleted_messages:
                return
            found = [one for one in list(queue._messages) if one.had_receipt_handle(receipt_handle)]
            if not found:
                raise ReceiptHandleIsInvalid
            queue.pending_messages.discard(found[0])
            queue.deleted_messages.update(found[0].all_receipt_handles)
            queue._messages.remove(found[0])


def _taking(queue: Any) -> Any:
    """Return the lock of a queue; the thread that has it may receive again, for Lambda."""
    return vars(queue).setdefault("taking", threading.RLock())
