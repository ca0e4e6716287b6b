"""moto's objects go with their last use: moto lists each one that was ever made, for its own reset."""

from __future__ import annotations

from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service


class Untracked(Service):
    """moto's objects, none of them listed."""

    name = "untracked"

    def start(self) -> None:
        """List no objects."""
        super().start()
        base = moto.NEW_MODEL.owner()

        def make(kind: type, *_: Any, **__: Any) -> Any:
            return super(base, kind).__new__(kind)  # type: ignore[misc]

        self.set(moto.NEW_MODEL, staticmethod(make))
