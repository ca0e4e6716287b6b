"""Connections of the AWS server: one serves many requests, whatever is left of the one before."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from strata.cloud.aws.gateway.connections import AwsHttpServer
from strata.cloud.listen import listen

from ..conftest import eventually

Serve = Callable[[Any], http.client.HTTPConnection]
TEXT = [("Content-Type", "text/plain")]


def begun(application: Any) -> tuple[http.client.HTTPConnection, Callable[[], None]]:
    """A connection to a server of the application, and what ends the server."""
    listening = listen(0, "AWS")
    server = AwsHttpServer(listening.getsockname()[1], application, listening.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        listening.close()
        thread.join(10)

    return http.client.HTTPConnection(*listening.getsockname(), timeout=10), end


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an application; returns a connection to it."""
    ends: list[Callable[[], None]] = []

    def begin(application: Any) -> http.client.HTTPConnection:
        connection, end = begun(application)
        ends.append(end)
        return connection

    yield begin
    for end in ends:
        end()


def asked(connection: http.client.HTTPConnection, *request: Any, **more: Any) -> tuple[int, bytes]:
    connection.request(*request, **more)
    answer = connection.getresponse()
    return answer.status, answer.read()


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with what it has read; /unread does not read, /zero no byte, /half five."""
    path = environ["PATH_INFO"]
    size = {"/zero": 0, "/half": 5}.get(path, -1)
    body = b"" if path == "/unread" else environ["wsgi.input"].read(size)
    start("200 OK", [*TEXT, ("Content-Length", str(len(body)))])
    return [body]


def test_a_connection_serves_many_requests(serve: Serve) -> None:
    connection = serve(echo)
    assert asked(connection, "POST", "/", b"one") == (200, b"one")
    first = connection.sock
    assert first is not None
    for path, body, answer in (
        ("/unread", b"GET / HTTP/1.1\r\n\r\n", b""),
        ("/zero", b"not a request\r\n", b""),
        ("/half", b"x" * 3_000_000, b"xxxxx"),
        ("/", b"", b""),
        ("/", b"last", b"last"),
    ):
        assert asked(connection, "POST", path, body) == (200, answer)
    assert asked(connection, "POST", "/", iter([b"in ", b"chunks"]), encode_chunked=True) == (
        200,
        b"in chunks",
    )
    assert asked(connection, "POST", "/unread", iter([b"in ", b"chunks"]), encode_chunked=True) == (200, b"")
    assert asked(connection, "GET", "/") == (200, b"")
    assert connection.sock is first


@pytest.mark.parametrize(
    ("status", "headers", "pieces", "method", "answer"),
    [
        ("200 OK", TEXT, [b"of ", b"", b"no length"], "GET", b"of no length"),
        ("200 OK", TEXT, [], "GET", b""),
        ("200 OK", [("Content-Length", "9")], [b"of ", b"length"], "GET", b"of length"),
        ("200 OK", [("Content-Length", "9")], [], "HEAD", b""),
        ("200 OK", TEXT, [b"no body"], "HEAD", b""),
        ("204 No Content", TEXT, [], "DELETE", b""),
        ("304 Not Modified", TEXT, [], "GET", b""),
    ],
    ids=["pieces", "nothing", "length", "head", "head-of-a-body", "204", "304"],
)
def test_an_answer_ends_where_it_ends(
    serve: Serve, status: str, headers: Any, pieces: list[bytes], method: str, answer: bytes
) -> None:
    closed = []

    class Pieces(list[bytes]):
        def close(self) -> None:
            closed.append(self)

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start(status, headers)
        return Pieces(pieces)

    connection = serve(application)
    for number in (1, 2):
        assert asked(connection, method, "/") == (int(status[:3]), answer)
        eventually(lambda number=number: len(closed) == number)


def test_a_client_is_told_to_go_on(serve: Serve) -> None:
    connection = serve(echo)
    connection.connect()
    connection.sock.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sock.sendall(b"body")
    # One permission is followed by the answer.
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_old_client_reads_to_the_end_of_the_connection(serve: Serve) -> None:
    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", TEXT)
        return [b"of ", b"no length"]

    connection = serve(application)
    connection.connect()
    connection.sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b"".join(iter(lambda: connection.sock.recv(4096), b""))
    assert answer.endswith(b"\r\n\r\nof no length")


def test_a_fault_ends_the_connection(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "10")])
        yield b"half"
        raise RuntimeError("of the application")

    connection = serve(application)
    with caplog.at_level(logging.ERROR), pytest.raises(http.client.IncompleteRead):
        asked(connection, "GET", "/fails")
    assert caplog.messages == ["the embedded AWS failed at GET /fails HTTP/1.1"]


def test_the_end_of_the_server_is_the_end_of_its_connections() -> None:
    connection, end = begun(echo)
    assert asked(connection, "GET", "/") == (200, b"")
    end()
    assert connection.sock.recv(1) == b""
