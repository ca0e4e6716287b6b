"""KMS: changes of a key that name it by its ARN, which moto's check takes and its backend does not find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class Keys(Service):
    """Keys by their id or ARN: alias and state are moto's."""

    name = "kms-keys"

    @replaces(*moto.CHANGES_OF_KEY, wraps=True)
    def change(self, change: Callable[..., Any], backend: Any, key_id: str, *more: Any) -> Any:
        return change(backend, backend.get_key_id(key_id), *more)
