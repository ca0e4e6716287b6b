"""A server that forwards to Snowflake, and answers a statement that it has forwarded before from memory.

What the connector takes for it is the connector's own time.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import multiprocessing
import urllib.request
from collections.abc import Iterator
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from strata.checkout.loopback import opener
from strata.cloud.listen import listen

_QUERY = "/queries/v1/query-request"
_KEPT = ("content-type", "accept", "authorization", "content-encoding", "user-agent")


@contextlib.contextmanager
def replaying(upstream: str) -> Iterator[int]:
    """Serve in a process of its own; yield the port.

    Args:
        upstream: where it forwards to, such as `http://127.0.0.1:8080`.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(upstream, theirs), daemon=True
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(upstream: str, ready: Connection) -> None:
    answers: dict[str, bytes] = {}

    async def answer(request: Request) -> Response:
        body = await request.body()
        text = _statement(body) if request.url.path == _QUERY else ""
        if text not in answers:
            content = _forward(upstream, request, body)
            if not text:
                return Response(content, media_type="application/json")
            answers[text] = content
        return Response(answers[text], media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    config = uvicorn.Config(app, log_level="error")
    listening = listen(0, "the floor")
    ready.send(listening.getsockname()[1])
    uvicorn.Server(config).run([listening])


def _statement(body: bytes) -> str:
    packed = body.startswith(b"\x1f\x8b")
    return str(json.loads(gzip.decompress(body) if packed else body)["sqlText"])


def _forward(upstream: str, request: Request, body: bytes) -> bytes:
    headers = {name: value for name, value in request.headers.items() if name in _KEPT}
    url = f"{upstream}{request.url.path}?{request.url.query}"
    asked = urllib.request.Request(url, body or None, headers, method=request.method)
    with opener.open(asked) as found:
        return bytes(found.read())
