"""Questions to the embedded Snowflake, through snowflake-connector-python."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strata.checkout.imports import left_out
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError

with left_out("pandas"):
    import snowflake.connector

# Snowflake's largest STATEMENT_TIMEOUT_IN_SECONDS: its warehouse's limit ends a statement, not the client's.
STATEMENT_SECONDS = 172_800


@dataclass(frozen=True)
class Answer:
    """A result set: column names, and rows as tuples of Python values."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


@contextlib.contextmanager
def connect(endpoints: Endpoints, **session: str | None) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """Log in as the embedded account's administrator.

    Args:
        endpoints: the embedded cloud.
        session: role, warehouse, database, schema; None leaves it as the user has it.

    Raises:
        StrataError: the login was refused.
    """
    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
    try:
        connection = snowflake.connector.connect(
            account=endpoints.snowflake_account,
            user=endpoints.snowflake_user,
            password=endpoints.snowflake_password,
            host=endpoints.snowflake_host,
            port=endpoints.snowflake_port,
            protocol="http",
            session_parameters={"QUERY_TAG": "strata"},
            # A server that is gone refuses at once; one that is slow is waited for.
            login_timeout=10,
            socket_timeout=STATEMENT_SECONDS,
            **session,
        )
    except snowflake.connector.errors.Error as error:
        raise StrataError(f"Snowflake refused the login: {error.msg}") from error
    with contextlib.closing(connection):
        yield connection


def ask(connection: snowflake.connector.SnowflakeConnection, sql: str) -> Answer:
    """Run one statement.

    Raises:
        StrataError: Snowflake's own words.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            columns = [column.name for column in cursor.description or []]
            return Answer(columns, [tuple(row) for row in cursor.fetchall()])
    except snowflake.connector.errors.Error as error:
        raise StrataError(f"Snowflake: {error.msg}") from error
