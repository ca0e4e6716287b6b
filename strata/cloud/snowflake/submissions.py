"""Queries whose results a client fetches later: asynchronous ones, and the parts of several statements."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.grammar import refuse_block

Data = dict[str, Any]
_KEPT = 200
_MULTIPLE = 40960


class Submissions:
    """The last queries of a server whose results may be fetched by the query's id, in their session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: OrderedDict[tuple[int, str], Future[Data]] = OrderedDict()

    def start(self, session: int, query_id: str, work: Callable[[], Data]) -> None:
        """Run a query in a thread of its own."""
        future = self._new(session, query_id)

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name=f"snowflake-query-{query_id}", daemon=True).start()

    def keep(self, session: int, query_id: str, data: Data) -> None:
        """Keep the result of a query that has run."""
        self._new(session, query_id).set_result(data)

    def forget(self, session: int) -> None:
        """Forget the queries of a session, which has ended."""
        with self._lock:
            for key in [key for key in self._queries if key[0] == session]:
                del self._queries[key]

    def find(self, session: int, query_id: str) -> Future[Data]:
        """Return a query of a session.

        Raises:
            SqlError: none of this id was submitted in the session, or too long ago.
        """
        with self._lock:
            found = self._queries.get((session, query_id))
        if found is None:
            raise SqlError(f"Statement {query_id} not found", code=709, sqlstate="02000")
        return found

    def status(self, session: int, query_id: str) -> list[Data]:
        """Return what the client reads of a query: nothing if there is none."""
        try:
            future = self.find(session, query_id)
        except SqlError:
            return []
        told = succeeded(query_id)
        if not future.done():
            told["status"] = "RUNNING"
        else:
            error = future.exception()
            told["status"] = "SUCCESS" if error is None else "FAILED_WITH_ERROR"
            if isinstance(error, SqlError):
                told |= {"errorCode": f"{error.code:06d}", "errorMessage": error.message}
            elif error is not None:
                told |= {"errorCode": "000603", "errorMessage": str(error)}
        return [told]

    def _new(self, session: int, query_id: str) -> Future[Data]:
        future: Future[Data] = Future()
        with self._lock:
            self._queries[session, query_id] = future
            while len(self._queries) > _KEPT:
                self._queries.popitem(last=False)
        return future


def succeeded(query_id: str) -> Data:
    """Return what the client reads of a query that has succeeded."""
    return {"id": query_id, "status": "SUCCESS", "errorCode": "", "errorMessage": ""}


def split(sql: str, expected: int) -> list[str]:
    """Return the statements of a text.

    Args:
        sql: the text.
        expected: how many they are; 0 for any number.

    Raises:
        SqlError: they are more or fewer.
    """
    try:
        tokens = sqlglot.tokenize(sql, read="snowflake")
    except SqlglotError:
        return [sql]
    refuse_block(tokens)
    parts, start, empty = [], 0, True
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            if not empty:
                parts.append(sql[start : token.start])
            start, empty = token.end + 1, True
        else:
            empty = False
    if not empty:
        parts.append(sql[start:])
    # What the grammar library takes for one command may be a text with semicolons of its own.
    if expected and len(parts) != expected:
        raise SqlError(
            f"Actual statement count {len(parts)} did not match the desired statement count {expected}.",
            code=8,
            sqlstate="0A000",
        )
    return parts


def of_parts(query_id: str, parts: list[tuple[str, int]]) -> Data:
    """Return the result of several statements, by the ids and types of their own results."""
    column = {"name": "multiple statement execution", "type": "text", "nullable": False}
    column |= {"length": 16777216, "byteLength": 16777216, "precision": None, "scale": None}
    return {
        "queryId": query_id,
        "resultIds": ",".join(part for part, _ in parts),
        "resultTypes": ",".join(str(kind) for _, kind in parts),
        "rowtype": [column],
        "rowset": [["Multiple statements executed successfully."]],
        "total": 1,
        "returned": 1,
        "statementTypeId": _MULTIPLE,
        "queryResultFormat": "json",
    }
