"""Changes that moto writes from what it has read before, one request after another: it loses one of two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from strata.cloud.aws.service import Service, action


class OneByOne(Service):
    """The actions that read a list or a number of what several clients change, and then write it anew."""

    name = "one-by-one"

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.Lock()

    @action("iam", "TagRole", wraps=True)
    @action("iam", "UntagRole", wraps=True)
    @action("iam", "TagInstanceProfile", wraps=True)
    @action("iam", "UntagInstanceProfile", wraps=True)
    @action("iam", "AttachRolePolicy", wraps=True)
    @action("iam", "DetachRolePolicy", wraps=True)
    @action("iam", "CreatePolicyVersion", wraps=True)
    @action("sns", "TagResource", wraps=True)
    @action("sns", "UntagResource", wraps=True)
    def change(self, call: Callable[[Any], Any], response: Any) -> Any:
        with self._changing:
            return call(response)
