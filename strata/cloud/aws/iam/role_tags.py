"""Tags of roles and instance profiles, changed one request after another: moto itself loses one of two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.iam.responses import IamResponse

from strata.cloud.aws.service import Service, action


class RoleTags(Service):
    """The actions that write a list of tags anew from the one that they have read."""

    name = "iam-role-tags"

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.Lock()

    @action("iam", "TagRole", wraps=True)
    @action("iam", "UntagRole", wraps=True)
    @action("iam", "TagInstanceProfile", wraps=True)
    @action("iam", "UntagInstanceProfile", wraps=True)
    def change(self, call: Callable[[IamResponse], Any], response: IamResponse) -> Any:
        with self._changing:
            return call(response)
