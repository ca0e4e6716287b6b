"""The HTTP side of the AWS server: a thread for each connection, which stays open for further requests.

werkzeug's handler closes the connection after each answer, since what is left of a request's body would be
taken for the next one. Here the rest is read away first. An AWS client makes hundreds of requests, and a
connection costs both sides more than most of their answers do.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from io import BufferedIOBase
from itertools import chain
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

_log = logging.getLogger(__name__)
_PIECE = 1 << 20
# Whose answers have no body, whatever their headers say (RFC 9110, section 6.4.1).
_BODILESS = ("1", "204", "304")


class AwsHttpServer(ThreadedWSGIServer):
    """Serves a WSGI application; its end is the end of all connections."""

    def __init__(self, port: int, application: Any, descriptor: int) -> None:
        # First: werkzeug closes a socket of its own while it begins.
        self._open: set[socket.socket] = set()
        self._changing = threading.Lock()
        super().__init__("127.0.0.1", port, application, RequestHandler, fd=descriptor)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection."""
        with self._changing:
            self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._changing:
                self._open.discard(request)

    def server_close(self) -> None:
        """End all connections, too."""
        super().server_close()
        with self._changing:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class RequestHandler(MotoRequestHandler):
    """Handles the requests of a connection, without a line on standard error for each."""

    protocol_version = "HTTP/1.1"
    # Seconds that a connection may wait for its next request.
    timeout = 60
    # A large answer leaves in several writes: with Nagle's algorithm the last would wait 40 ms for the
    # client's delayed acknowledgement.
    disable_nagle_algorithm = True
    _headers_buffer: list[bytes]

    def run_wsgi(self) -> None:
        """Answer one request."""
        self.environ = environ = self.make_environ()
        body = environ["wsgi.input"]
        if not isinstance(body, DechunkedInput):
            body = environ["wsgi.input"] = _Body(self.rfile, int(environ.get("CONTENT_LENGTH") or 0))
        status = ""
        headers: list[tuple[str, str]] = []
        early: list[bytes] = []

        def start(its: str, own: list[tuple[str, str]], fault: Any = None, /) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = its, own
            return early.append

        try:
            found = self.server.app(environ, start)
            try:
                pieces = iter(found)
                # An application may begin its answer with the first piece only (PEP 3333).
                first = next(pieces, b"")
                self._send(status, headers, chain(early, [first], pieces))
            finally:
                close = getattr(found, "close", None)
                if close is not None:
                    close()
            while body.read(_PIECE):
                pass
        except (ConnectionError, TimeoutError):
            # The client has gone, or does not go on.
            self.close_connection = True
        except Exception:
            # The status may be out already: only the end of the connection says that something is amiss.
            _log.exception("the embedded AWS failed at %s", self.requestline)
            self.close_connection = True

    def _send(self, status: str, headers: list[tuple[str, str]], pieces: Iterable[bytes]) -> None:
        code, _, message = status.partition(" ")
        self.send_response(int(code), message)
        for name, value in headers:
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or code.startswith(_BODILESS)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        # HTTP/1.0 knows no pieces, and ends an answer with the connection.
        chunked = not (bodiless or has_length or self.request_version == "HTTP/1.0")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        # Headers and a first piece leave together.
        self._headers_buffer.append(b"\r\n")
        out, self._headers_buffer = b"".join(self._headers_buffer), []
        for piece in pieces:
            if piece and not bodiless:
                out += b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                self.wfile.write(out)
                out = b""
        if chunked:
            out += b"0\r\n\r\n"
        if out:
            self.wfile.write(out)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing."""


class _Body(BufferedIOBase):
    """A request's body, which ends where its length says.

    Args:
        stream: of the connection.
        length: in bytes.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most so many bytes; none at its end."""
        return self._taken(self._stream.read, size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line, or as much of it."""
        return self._taken(self._stream.readline, size)

    def _taken(self, take: Callable[[int], bytes], size: int | None) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        if not wanted:
            return b""
        content = take(wanted)
        # One that breaks off has no more.
        self._left = self._left - len(content) if content else 0
        return content
