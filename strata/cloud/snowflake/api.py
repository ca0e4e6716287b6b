"""The HTTP interface that Snowflake's clients speak: login, queries, sessions."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import secrets
import uuid
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from fakesnow.converter import from_binding
from fakesnow.transforms import SERVER_VERSION
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from strata.cloud.github.issuer import Issuer
from strata.cloud.snapshot import PATH, Snapshot
from strata.cloud.snowflake import access_control, dispatch, parameters, snapshot, submissions
from strata.cloud.snowflake.catalog import User, now
from strata.cloud.snowflake.errors import LoginError, SqlError, not_implemented
from strata.cloud.snowflake.grammar import SqlStatement, parse_name
from strata.cloud.snowflake.login import authenticate
from strata.cloud.snowflake.requests import QueryRequests
from strata.cloud.snowflake.results import ArrowRows, Rows
from strata.cloud.snowflake.session import SnowflakeAccount, SnowflakeSession
from strata.cloud.snowflake.submissions import Submissions

_log = logging.getLogger(__name__)
# What zlib reads: text packed by gzip.
_GZIP = 31
# Statements at once; others wait.
_AT_ONCE = 40
_PARAMETERS = {
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    "CLIENT_TELEMETRY_ENABLED": False,
}


class Api:
    """Holds the sessions of one server and handles its clients' requests.

    Args:
        account: what the sessions share.
        aws_url: returns the address of the embedded STS.
        issuer: stands in for GitHub's issuer of OIDC tokens.
        administrator: the user who keeps the password when another state is loaded.
    """

    def __init__(self, account: SnowflakeAccount, aws_url: Any, issuer: Issuer, administrator: str) -> None:
        self._account = account
        self._aws_url = aws_url
        self._issuer = issuer
        self._sessions: dict[str, SnowflakeSession] = {}
        self._requests = QueryRequests()
        self._submissions = Submissions()
        self._workers = ThreadPoolExecutor(_AT_ONCE, "snowflake-statement")
        self._ids = itertools.count(4_500_000_001)
        self._state = Snapshot(
            partial(snapshot.save, account), partial(snapshot.load, account, administrator=administrator)
        )

    def application(self) -> Router:
        ok = JSONResponse({"success": True, "data": None, "code": None, "message": None})

        async def accepted(request: Request) -> JSONResponse:
            return ok

        # A router alone: the middleware of an application words a defect for a browser.
        return Router(
            routes=[
                Route("/queries/v1/query-request", self._query, methods=["POST"]),
                Route("/session/v1/login-request", self._login, methods=["POST"]),
                Route("/session", self._session, methods=["POST"]),
                Route("/session/heartbeat", self._session, methods=["POST"]),
                Route("/queries/v1/abort-request", self._abort, methods=["POST"]),
                Route("/queries/{query_id}/result", self._fetched, methods=["GET"]),
                Route("/queries/{query_id}/abort-request", self._abort_query, methods=["POST"]),
                Route("/monitoring/queries/{query_id}", self._monitor, methods=["GET"]),
                # As version 5 of the connector writes it.
                Route("/monitoring/queries//{query_id}", self._monitor, methods=["GET"]),
                Route(PATH, self._snapshot, methods=["GET", "PUT"]),
                Route("/telemetry/send", accepted, methods=["POST"]),
                Route("/telemetry/send/sessionless", accepted, methods=["POST"]),
            ]
        )

    def close(self) -> None:
        """Abort the statements that run: the process waits for their threads when it ends."""
        self._requests.abort_all()
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _login(self, request: Request) -> JSONResponse:
        body = await _body(request)
        try:
            token, session = await run_in_threadpool(
                self._open, body.get("data") or {}, dict(request.query_params)
            )
        except LoginError as error:
            return _refused(str(error.code), error.message)
        given = [{"name": name, "value": value} for name, value in _PARAMETERS.items()]
        data = {
            "token": token,
            # Clients since version 5 require a master token.
            "masterToken": secrets.token_urlsafe(32),
            "validityInSeconds": 3600,
            "masterValidityInSeconds": 14400,
            "sessionId": session.id,
            "serverVersion": SERVER_VERSION,
            "parameters": given + _parameters(session),
            "displayUserName": session.user,
            "sessionInfo": {
                "databaseName": session.database or None,
                "schemaName": session.schema or None,
                "warehouseName": session.warehouse or None,
                "roleName": session.role,
            },
        }
        return JSONResponse({"data": data, "success": True, "code": None, "message": None})

    def _open(self, data: dict[str, Any], requested: dict[str, str]) -> tuple[str, SnowflakeSession]:
        # Another session may create a user meanwhile: asking STS must not hold the catalogue's lock.
        with self._account.lock:
            users = list(self._account.catalog.users.values())
        user = authenticate(users, data, self._aws_url(), self._issuer)
        with self._account.lock:
            session = SnowflakeSession(
                account=self._account,
                id=next(self._ids),
                user=user.name,
                role=self._role(user, requested.get("roleName")),
                connection=self._account.engine.connect(),
                client=" ".join(str(data[n]) for n in ("CLIENT_APP_ID", "CLIENT_APP_VERSION") if data.get(n)),
            )
            user.last_success_login = now()
            self._context(session, user, requested)
            try:
                parameters.set_at_login(session, data.get("SESSION_PARAMETERS") or {})
            except SqlError as error:
                raise LoginError(error.message, error.code) from None
        token = secrets.token_urlsafe(32)
        self._sessions[token] = session
        return token, session

    def _role(self, user: User, requested: str | None) -> str:
        catalog = self._account.catalog
        may_use = access_control.roles_of_user(catalog, user.name)
        if requested:
            role = _name(requested)
            if role not in may_use:
                raise LoginError(
                    f"Role '{role}' specified in the connect string does not exist or not authorized. "
                    "Contact your "
                    "local system administrator, or attempt to login with another role, e.g. PUBLIC.",
                    390189,
                )
            return role
        default = _name(user.options.get("DEFAULT_ROLE") or "PUBLIC")
        return default if default in may_use else "PUBLIC"

    @staticmethod
    def _context(session: SnowflakeSession, user: User, requested: dict[str, str]) -> None:
        """Set warehouse, database and schema; leave out those the role may not use, as Snowflake does."""
        namespace = user.options.get("DEFAULT_NAMESPACE") or ""
        wanted = [("WAREHOUSE", requested.get("warehouse") or user.options.get("DEFAULT_WAREHOUSE"))]
        if requested.get("databaseName"):
            wanted.append(("DATABASE", requested["databaseName"]))
        elif namespace:
            wanted.append(("DATABASE", namespace.split(".")[0]))
        schema = requested.get("schemaName") or namespace.partition(".")[2]
        wanted.append(("SCHEMA", schema))
        for kind, name in wanted:
            if not name:
                continue
            try:
                dispatch.use(session, kind, parse_name(name))
            except SqlError as error:
                _log.info("login of %s without %s %s: %s", user.name, kind.lower(), name, error.message)

    async def _session(self, request: Request) -> JSONResponse:
        token = _token(request)
        session = self._sessions.get(token)
        if session is None:
            return _refused("390104", "User must login again to access the service.")
        if request.query_params.get("delete"):
            del self._sessions[token]
            self._submissions.forget(session.id)
            await run_in_threadpool(self._close, session)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    def _close(self, session: SnowflakeSession) -> None:
        with session.lock, self._account.lock:
            session.close()

    async def _snapshot(self, request: Request) -> Response:
        status, content = await run_in_threadpool(self._state.answer, request.method, await request.body())
        return Response(content, status, media_type="application/octet-stream")

    async def _query(self, request: Request) -> JSONResponse:
        session = self._sessions.get(_token(request))
        if session is None:
            return _refused("390104", "User must login again to access the service.")
        body = await _body(request)
        sql = str(body.get("sqlText") or "")
        request_id = request.query_params.get("requestId", "")
        query_id = str(uuid.uuid4())
        if body.get("asyncExec"):
            self._submissions.start(
                session.id, query_id, lambda: self._answer(session, sql, body, query_id, query_id)
            )
            data = {"queryId": query_id, "getResultUrl": f"/queries/{query_id}/result"}
            told = "Query execution in progress. Asynchronous."
            return JSONResponse({"data": data, "success": True, "code": "333334", "message": told})
        return await self._respond(
            lambda: self._answer(session, sql, body, request_id, query_id), query_id, sql
        )

    async def _respond(self, work: Callable[[], dict[str, Any]], query_id: str, about: str) -> JSONResponse:
        try:
            data = await asyncio.get_running_loop().run_in_executor(self._workers, work)
        except SqlError as error:
            return _refused(f"{error.code:06d}", error.message, error.sqlstate, query_id)
        except Exception as error:
            # Clients retry HTTP 500; a defect must fail the statement instead.
            _log.exception("defect in the embedded Snowflake, statement: %s", about)
            text = f"SQL execution internal error:\nProcessing aborted by {type(error).__name__}: {error}"
            return _refused("000603", text, "XX000", query_id)
        return JSONResponse({"data": data, "success": True, "code": None, "message": None})

    async def _monitor(self, request: Request) -> JSONResponse:
        session = self._sessions.get(_token(request))
        if session is None:
            return _refused("390104", "User must login again to access the service.")
        query_id = request.path_params["query_id"]
        queries = self._submissions.status(session.id, query_id)
        if not queries and query_id in session.history.ids:
            # One that the client has waited for: Snowpark asks for its rows once more, one by one.
            queries = [submissions.succeeded(query_id)]
        return JSONResponse({"data": {"queries": queries}, "success": True, "code": None, "message": None})

    async def _fetched(self, request: Request) -> JSONResponse:
        session = self._sessions.get(_token(request))
        if session is None:
            return _refused("390104", "User must login again to access the service.")
        query_id = request.path_params["query_id"]

        def result() -> dict[str, Any]:
            return self._submissions.find(session.id, query_id).result()

        return await self._respond(result, query_id, query_id)

    async def _abort_query(self, request: Request) -> JSONResponse:
        self._requests.abort(request.path_params["query_id"])
        return JSONResponse({"success": True, "data": None, "code": None, "message": None})

    async def _abort(self, request: Request) -> JSONResponse:
        body = await _body(request)
        self._requests.abort(str(body.get("requestId") or ""))
        return JSONResponse({"success": True, "data": None, "code": None, "message": None})

    def _answer(
        self, session: SnowflakeSession, sql: str, body: dict[str, Any], request_id: str, query_id: str
    ) -> dict[str, Any]:
        count = int((body.get("parameters") or {}).get("MULTI_STATEMENT_COUNT", 1))
        timeout = float(parameters.value_of(session, "STATEMENT_TIMEOUT_IN_SECONDS"))

        def work() -> dict[str, Any]:
            if count == 1:
                return _result(session, sql, body, query_id)
            return self._several(session, submissions.split(sql, count), body, query_id)

        return self._requests.run(request_id, session, work, timeout)

    def _several(
        self, session: SnowflakeSession, parts: list[str], body: dict[str, Any], query_id: str
    ) -> dict[str, Any]:
        if body.get("bindings"):
            raise not_implemented("bound values of several statements")
        done = []
        for part in parts:
            found = _result(session, part, body, str(uuid.uuid4()))
            self._submissions.keep(session.id, found["queryId"], found)
            done.append((found["queryId"], found["statementTypeId"]))
        return _of_session(session, submissions.of_parts(query_id, done))


def _result(session: SnowflakeSession, sql: str, body: dict[str, Any], query_id: str = "") -> dict[str, Any]:
    if body.get("describeOnly"):
        # Version 5 of the connector asks before it sends the values of many rows at once.
        described = {"arrayBindSupported": SqlStatement(sql).word() == "INSERT"}
        data = dispatch.describe(session, sql, query_id).data() | described
    else:
        data = _execute(session, sql, body.get("bindings"), query_id).data()
    return _of_session(session, data | {"queryId": session.query_id})


def _of_session(session: SnowflakeSession, data: dict[str, Any]) -> dict[str, Any]:
    """Return a result with what it tells the client of the session."""
    return data | {
        "parameters": _parameters(session),
        "finalDatabaseName": session.database or None,
        "finalSchemaName": session.schema or None,
        "finalWarehouseName": session.warehouse or None,
        "finalRoleName": session.role,
    }


def _execute(
    session: SnowflakeSession, sql: str, bindings: dict[str, Any] | None, query_id: str
) -> Rows | ArrowRows:
    if not bindings:
        return dispatch.execute(session, sql, query_id=query_id)
    if not all(key.isdigit() for key in bindings):
        named = {name: _bound(binding) for name, binding in bindings.items()}
        return dispatch.execute(session, sql, named, query_id)
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if not any(isinstance(binding["value"], list) for binding in ordered):
        return dispatch.execute(session, sql, tuple(_bound(binding) for binding in ordered), query_id)
    columns = [[_bound({**b, "value": value}) for value in b["value"]] for b in ordered]
    return dispatch.execute_many(session, sql, list(zip(*columns, strict=True)), query_id)


def _bound(binding: dict[str, Any]) -> Any:
    return None if binding["value"] is None else from_binding(binding)


def _parameters(session: SnowflakeSession) -> list[dict[str, Any]]:
    """Return the parameters that clients follow."""
    return [
        {"name": "AUTOCOMMIT", "value": parameters.value_of(session, "AUTOCOMMIT") == "true"},
        {"name": "TIMEZONE", "value": parameters.value_of(session, "TIMEZONE")},
    ]


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = zlib.decompress(raw, _GZIP)
    loaded = json.loads(raw) if raw else {}
    return loaded if isinstance(loaded, dict) else {}


def _token(request: Request) -> str:
    # Snowflake Token="..."
    return request.headers.get("Authorization", "").partition('"')[2].rstrip('"')


def _name(text: str) -> str:
    return text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text.upper()


def _refused(code: str, message: str, sqlstate: str = "08001", query_id: str = "") -> JSONResponse:
    data = {"errorCode": code, "sqlState": sqlstate} | ({"queryId": query_id} if query_id else {})
    return JSONResponse({"data": data, "code": code, "message": message, "success": False, "headers": None})
