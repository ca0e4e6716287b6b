"""The console as a server of this process, and the record of where it is."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from pathlib import Path

import uvicorn

from strata.checkout.files import write_private
from strata.console.app import create_app
from strata.console.source import Source
from strata.errors import StrataError

_START_SECONDS = 10.0
_STOP_SECONDS = 5.0


class ConsoleServer:
    """Serves the console on this machine only, for as long as the block lasts.

    Args:
        source: the platform.
        record: file that says where it is; None for no record.
        port: where to listen; 0 for a free one.

    `url` is the address with the token.
    """

    def __init__(self, source: Source, record: Path | None = None, port: int = 0) -> None:
        self._record = record
        token = secrets.token_urlsafe(24)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise StrataError(
                f"the console cannot listen on port {port}: {error.strerror}", remedy="give another one"
            ) from None
        port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/?token={token}"
        self._stopping = threading.Event()
        config = uvicorn.Config(
            create_app(source, token, port, self._stopping),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> ConsoleServer:
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise StrataError("the console does not start", remedy="report it")
            time.sleep(0.01)
        if self._record is not None:
            # The address holds the token.
            write_private(self._record, json.dumps({"url": self.url}))
        return self

    def __exit__(self, *_: object) -> None:
        if self._record is not None:
            self._record.unlink(missing_ok=True)
        # A page that is open holds a connection for its news.
        self._stopping.set()
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)


def recorded_url(record: Path) -> str | None:
    """The address that a record names; None if there is none."""
    try:
        return str(json.loads(record.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
