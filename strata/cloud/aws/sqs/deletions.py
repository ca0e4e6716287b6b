"""Messages are deleted from a queue as it is: moto writes the list anew, without what was sent meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class Deletions(Service):
    """DeleteMessage, alone and in batches."""

    name = "sqs-deletions"

    @replaces(moto.DELETE_MESSAGE)
    def delete(self, queue: Any, receipt_handle: str) -> None:
        if receipt_handle in queue.deleted_messages:
            return
        message = next((one for one in list(queue._messages) if one.had_receipt_handle(receipt_handle)), None)
        if message is None:
            raise ReceiptHandleIsInvalid
        queue.pending_messages.discard(message)
        queue.deleted_messages.update(message.all_receipt_handles)
        # Another request may have deleted it since.
        with suppress(ValueError):
            queue._messages.remove(message)
