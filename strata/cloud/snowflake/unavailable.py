"""What answers in place of a Snowflake that cannot be loaded: each client is told why."""

from __future__ import annotations

import json
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from strata.cloud.snapshot import PATH


class Unavailable:
    """Refuses every request, until `stop`.

    Args:
        listening: the socket that clients connect to.
        error: why Snowflake cannot be loaded.
    """

    def __init__(self, listening: socket.socket, error: Exception) -> None:
        reason = f"The embedded Snowflake cannot be loaded: {type(error).__name__}: {error}"
        self._server = ThreadingHTTPServer(listening.getsockname(), _handler(reason), bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listening
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="snowflake-unavailable",
            daemon=True,
        ).start()

    def stop(self) -> None:
        self._server.shutdown()


def _handler(reason: str) -> type[BaseHTTPRequestHandler]:
    refused = {"data": None, "success": False, "code": "390000", "message": reason, "headers": None}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == PATH:
                # As `Snapshot.answer` refuses.
                self._answer(HTTPStatus.CONFLICT, reason.encode())
            else:
                # Not an error of HTTP, which clients try again.
                self._answer(HTTPStatus.OK, json.dumps(refused).encode())

        do_GET = do_PUT = do_POST

        def _answer(self, status: HTTPStatus, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status == HTTPStatus.OK else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    return Handler
