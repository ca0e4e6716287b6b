"""The console's server: pages, and what they ask for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from strata.console.guard import Guard
from strata.console.source import Source
from strata.errors import StrataError

_WEB = files("strata.console").joinpath("web")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_MOST = 500
_LOOK_SECONDS = 0.4
_PING_SECONDS = 15.0


class _Statement(BaseModel):
    sql: str


class _Selection(BaseModel):
    reason: str


_Body = TypeVar("_Body", bound=BaseModel)


def create_app(source: Source, token: str, port: int, stopping: threading.Event) -> Starlette:
    """Make the server.

    Args:
        source: the platform.
        token: the secret that every request must carry.
        port: where it will listen.
        stopping: set when it is about to end; who listens for news is let go.
    """
    api = _Api(source, stopping)
    routes = [
        Route("/", lambda request: _file("index.html")),
        Route("/web/{name}", lambda request: _file(request.path_params["name"])),
        Route("/api/environments", api.answer(lambda request: source.environments())),
        Route("/api/{env}/flow", api.answer(lambda request: source.flow(_env(request)))),
        Route("/api/{env}/runs", api.answer(api.runs)),
        Route("/api/{env}/runs/{name}", api.answer(api.trace)),
        Route("/api/{env}/datasets", api.answer(lambda request: source.datasets(_env(request)))),
        Route("/api/{env}/datasets/{name}/quarantine", api.answer(api.quarantine)),
        Route("/api/{env}/datasets/{name}/quarantine.jsonl", api.download),
        Route("/api/{env}/datasets/{name}/reprocess", api.process_again, methods=["POST"]),
        Route("/api/{env}/reprocess/{name}", api.answer(api.processing)),
        Route("/api/{env}/units", api.answer(lambda request: source.units(_env(request)))),
        Route("/api/{env}/query", api.query, methods=["POST"]),
        Route("/api/{env}/changes", api.changes),
    ]
    guard = Middleware(Guard, token=token, port=port)
    return Starlette(routes=routes, middleware=[guard])


def _env(request: Request) -> str:
    return str(request.path_params["env"])


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), most) if text.isdecimal() else default


def _file(name: str) -> Response:
    if name == "style.css":
        return Response(files("strata.pages").joinpath(name).read_bytes(), media_type="text/css")
    place = _WEB.joinpath(name)
    kind = _TYPES.get(PurePosixPath(name).suffix)
    if kind is None or not place.is_file():
        return Response("The page does not exist.\n", 404, media_type="text/plain")
    return Response(place.read_bytes(), media_type=kind)


def _failed(error: Exception) -> JSONResponse:
    """Say a fault in one shape: what, and what to do."""
    if isinstance(error, StrataError):
        fault, status = error, 409
    elif isinstance(error, ClientError):
        fault, status = StrataError(f"the embedded cloud refused: {error}"), 502
    else:
        message = f"the embedded cloud does not answer: {error}"
        fault, status = StrataError(message, remedy="restart it with `strata up`"), 503
    return JSONResponse(
        {"error": fault.message, "remedy": fault.remedy or "", "page": fault.page or ""}, status
    )


_FAULTS = (StrataError, ClientError, BotoCoreError, OSError)


class _Api:
    """What needs more than one line."""

    def __init__(self, source: Source, stopping: threading.Event) -> None:
        self._source = source
        self._stopping = stopping

    def answer(self, ask: Callable[[Request], Any]) -> Callable[[Request], Response]:
        """An endpoint that asks the platform, in a thread, and says faults."""

        def endpoint(request: Request) -> Response:
            try:
                found = ask(request)
            except _FAULTS as error:
                return _failed(error)
            return Response(TypeAdapter(Any).dump_json(found), media_type="application/json")

        return endpoint

    def runs(self, request: Request) -> Any:
        given = request.query_params
        offset = _number(request, "offset", 0, 10_000_000)
        limit = _number(request, "limit", 100, _MOST)
        text, status = given.get("text", ""), given.get("status", "")
        return self._source.runs(_env(request), text, status, offset, limit)

    def trace(self, request: Request) -> Any:
        return self._source.trace(_env(request), request.path_params["name"])

    def quarantine(self, request: Request) -> Any:
        given = request.query_params
        limit = _number(request, "limit", 100, _MOST)
        name = request.path_params["name"]
        return self._source.quarantine(
            _env(request), name, given.get("reason", ""), given.get("text", ""), limit
        )

    def download(self, request: Request) -> Response:
        try:
            text = "".join(self._source.quarantine_lines(_env(request), request.path_params["name"]))
        except _FAULTS as error:
            return _failed(error)
        headers = {"Content-Disposition": 'attachment; filename="quarantine.jsonl"'}
        return Response(text, media_type="application/x-ndjson", headers=headers)

    async def query(self, request: Request) -> Response:
        return await self._posted(request, _Statement, lambda one: self._source.query(_env(request), one.sql))

    async def process_again(self, request: Request) -> Response:
        name = request.path_params["name"]
        return await self._posted(
            request, _Selection, lambda one: self._source.process_again(_env(request), name, one.reason)
        )

    def processing(self, request: Request) -> Any:
        return self._source.processing(_env(request), request.path_params["name"])

    async def _posted(self, request: Request, kind: type[_Body], ask: Callable[[_Body], Any]) -> Response:
        """Answer a request with a JSON document, which no form of another page can send."""
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "the request is not JSON", "remedy": ""}, 415)
        try:
            body = kind.model_validate_json(await request.body())
        except ValidationError:
            names = ", ".join(kind.model_fields)
            return JSONResponse({"error": f"the request has no {names}", "remedy": f"give {names}"}, 400)
        return await run_in_threadpool(self.answer(lambda _: ask(body)), request)

    async def changes(self, request: Request) -> Response:
        return StreamingResponse(self._changes(_env(request), request), media_type="text/event-stream")

    async def _changes(self, environment: str, request: Request) -> AsyncIterator[str]:
        """Say whenever something has changed; the pages then ask for what they show."""
        said, quiet = "", 0.0
        while not self._stopping.is_set() and not await request.is_disconnected():
            try:
                now = await run_in_threadpool(self._source.revision, environment)
                event = "changed"
            except _FAULTS:
                now, event = "gone", "gone"
            if now != said or quiet >= _PING_SECONDS:
                yield f"event: {event if now != said else 'ping'}\ndata: {now}\n\n"
                said, quiet = now, 0.0
            await asyncio.sleep(_LOOK_SECONDS)
            quiet += _LOOK_SECONDS
