"""Connections of the embedded Snowflake's clients, which a fault may cut off."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from strata.faults import FaultRegistry
from strata.faults.fault import CONNECTION


def cut_off_by(faults: FaultRegistry) -> type[Any]:
    """Return uvicorn's protocol, which closes a connection unanswered while a fault makes it unreachable."""

    class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def data_received(self, data: bytes) -> None:
            if faults.strike(CONNECTION, "") is not None:
                self.transport.abort()
                return
            super().data_received(data)

    return Protocol
