"""The provider in this process: its handlers without gRPC, its SQL without HTTP, and what it has sent."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from snowflake.connector.errors import ProgrammingError

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.client import Client
from strata.cloud.snowflake.provider.servicer import Servicer

from ..console import Console
from .conftest import Protocol, RefusedError


class LocalClient(Client):
    """Sends its statements to sessions of this process; `sent` are those that change something."""

    def __init__(self, console: Console, features: tuple[str, ...] = ()) -> None:
        self._features = frozenset(features)
        self._console = console
        self.sent: list[str] = []

    def close(self) -> None:
        pass

    def execute(self, sql: str) -> list[dict[str, Any]]:
        if not sql.startswith(("SHOW ", "DESC ", "SELECT ")):
            self.sent.append(sql)
        try:
            return self._console.run(sql)
        except SqlError as error:
            raise ProgrammingError(msg=error.message, errno=error.code, sqlstate=error.sqlstate) from None


class LocalProtocol(Protocol):
    """Calls of the handlers that a server would route to."""

    def __init__(self, console: Console, *features: str) -> None:
        servicer = Servicer(dict)
        self.client = LocalClient(console, features)
        servicer._clients["peer"] = self.client
        self._handlers = servicer.handlers()
        self._context = Mock(peer=lambda: "peer")

    def close(self) -> None:
        pass

    def call(self, name: str, **fields: Any) -> Any:
        message = getattr(pb, name)
        method = f"/tfplugin6.Provider/{name}"
        handler = self._handlers[0].service(Mock(method=method))
        answer = handler.unary_unary(message.Request(**fields), self._context)
        response = message.Response.FromString(handler.response_serializer(answer))
        if diagnostics := getattr(response, "diagnostics", ()):
            raise RefusedError("; ".join(f"{d.summary} {d.detail}".strip() for d in diagnostics))
        return response

    def sent(self) -> list[str]:
        """Return the statements since the last call."""
        found, self.client.sent = self.client.sent, []
        return found
