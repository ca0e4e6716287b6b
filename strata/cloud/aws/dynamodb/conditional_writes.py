"""Conditional writes, each as one step: moto looks and then writes, and another request may come between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from strata.cloud.aws.service import Service, action


class ConditionalWrites(Service):
    """Writes to DynamoDB."""

    name = "conditional-writes"

    def __init__(self) -> None:
        super().__init__()
        self._items = threading.RLock()

    @action("dynamodb", "PutItem", wraps=True)
    @action("dynamodb", "UpdateItem", wraps=True)
    @action("dynamodb", "DeleteItem", wraps=True)
    @action("dynamodb", "TransactWriteItems", wraps=True)
    def write_items(self, write: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self._items:
            return write(*arguments, **named)
