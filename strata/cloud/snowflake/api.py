"""The HTTP interface that Snowflake's clients speak: login, queries, sessions."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import secrets
from functools import partial
from typing import Any

from fakesnow.converter import from_binding
from fakesnow.transforms import SERVER_VERSION
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strata.cloud.github.issuer import Issuer
from strata.cloud.snapshot import PATH, Snapshot
from strata.cloud.snowflake import access_control, dispatch, parameters, snapshot
from strata.cloud.snowflake.catalog import User, now
from strata.cloud.snowflake.errors import LoginError, SqlError, not_implemented
from strata.cloud.snowflake.grammar import parse_name
from strata.cloud.snowflake.login import authenticate
from strata.cloud.snowflake.requests import QueryRequests
from strata.cloud.snowflake.results import ArrowRows, Rows
from strata.cloud.snowflake.session import SnowflakeAccount, SnowflakeSession

_log = logging.getLogger(__name__)
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
        self._ids = itertools.count(4_500_000_001)
        self._state = Snapshot(
            partial(snapshot.save, account), partial(snapshot.load, account, administrator=administrator)
        )

    def application(self) -> Starlette:
        ok = JSONResponse({"success": True, "data": None, "code": None, "message": None})

        async def accepted(request: Request) -> JSONResponse:
            return ok

        return Starlette(
            routes=[
                Route("/session/v1/login-request", self._login, methods=["POST"]),
                Route("/session", self._session, methods=["POST"]),
                Route("/session/heartbeat", self._session, methods=["POST"]),
                Route("/queries/v1/query-request", self._query, methods=["POST"]),
                Route("/queries/v1/abort-request", self._abort, methods=["POST"]),
                Route(PATH, self._snapshot, methods=["GET", "PUT"]),
                Route("/telemetry/send", accepted, methods=["POST"]),
                Route("/telemetry/send/sessionless", accepted, methods=["POST"]),
            ]
        )

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
        try:
            data = await run_in_threadpool(self._answer, session, sql, body, request_id)
        except SqlError as error:
            return _refused(f"{error.code:06d}", error.message, error.sqlstate, session.query_id)
        except Exception as error:
            # Clients retry HTTP 500; a defect must fail the statement instead.
            _log.exception("defect in the embedded Snowflake, statement: %s", sql)
            text = f"SQL execution internal error:\nProcessing aborted by {type(error).__name__}: {error}"
            return _refused("000603", text, "XX000", session.query_id)
        return JSONResponse({"data": data, "success": True, "code": None, "message": None})

    async def _abort(self, request: Request) -> JSONResponse:
        body = await _body(request)
        self._requests.abort(str(body.get("requestId") or ""))
        return JSONResponse({"success": True, "data": None, "code": None, "message": None})

    def _answer(
        self, session: SnowflakeSession, sql: str, body: dict[str, Any], request_id: str
    ) -> dict[str, Any]:
        if body.get("asyncExec"):
            raise not_implemented("asynchronous execution")
        given = body.get("parameters") or {}
        if str(given.get("MULTI_STATEMENT_COUNT", 1)) != "1":
            raise not_implemented("several statements in one request")
        timeout = float(parameters.value_of(session, "STATEMENT_TIMEOUT_IN_SECONDS"))
        return self._requests.run(request_id, session, lambda: _result(session, sql, body), timeout)


def _result(session: SnowflakeSession, sql: str, body: dict[str, Any]) -> dict[str, Any]:
    rows = (
        _describe(session, sql) if body.get("describeOnly") else _execute(session, sql, body.get("bindings"))
    )
    return rows.data() | {
        "queryId": session.query_id,
        "parameters": _parameters(session),
        "finalDatabaseName": session.database or None,
        "finalSchemaName": session.schema or None,
        "finalWarehouseName": session.warehouse or None,
        "finalRoleName": session.role,
    }


def _describe(session: SnowflakeSession, sql: str) -> Rows | ArrowRows:
    """Return the columns of a statement's result; of statements other than queries, a status column."""
    try:
        is_query = isinstance(parse_one(sql, read="snowflake"), exp.Query)
    except SqlglotError:
        is_query = False
    if not is_query:
        return Rows([("status", "text")], [])
    rows = dispatch.execute(session, sql)
    if isinstance(rows, ArrowRows):
        return ArrowRows(rows.table.slice(0, 0), rows.rowtype, rows.statement_type, rows.query_id)
    return rows


def _execute(session: SnowflakeSession, sql: str, bindings: dict[str, Any] | None) -> Rows | ArrowRows:
    if not bindings:
        return dispatch.execute(session, sql)
    if not all(key.isdigit() for key in bindings):
        return dispatch.execute(session, sql, {name: _bound(b) for name, b in bindings.items()})
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if not any(isinstance(binding["value"], list) for binding in ordered):
        return dispatch.execute(session, sql, tuple(_bound(binding) for binding in ordered))
    columns = [[_bound({**b, "value": value}) for value in b["value"]] for b in ordered]
    return dispatch.execute_many(session, sql, list(zip(*columns, strict=True)))


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
        raw = gzip.decompress(raw)
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
