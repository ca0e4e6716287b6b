"""Statements that run later, many in one request, or not at all: asynchronous, several, described."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.constants import FIELD_ID_TO_NAME, QueryStatus
from snowflake.connector.errors import DatabaseError, ProgrammingError

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.server import SnowflakeServer
from strata.cloud.snowflake.submissions import split

from .conftest import Snow
from .test_sessions import SLOW


@pytest.fixture
def snow(plain_server: SnowflakeServer) -> Iterator[Snow]:
    found = Snow(plain_server, paramstyle="qmark")
    found.script("create or replace database d; create schema d.s; create table t (n int, w varchar(3))")
    yield found
    found.rows("drop database d")
    found.connection.close()


@pytest.mark.parametrize(
    ("sql", "count", "parts"),
    [
        ("select 1; select 2", 2, ["select 1", "select 2"]),
        ("select 1; select 2;", 0, ["select 1", "select 2"]),
        ("select ';'; -- a; b\nselect $$;$$;;", 2, ["select ';'", "-- a; b\nselect $$;$$"]),
        ("select 1", 1, ["select 1"]),
        ("", 0, []),
    ],
)
def test_statements_are_split(sql: str, count: int, parts: list[str]) -> None:
    assert [part.strip() for part in split(sql, count)] == parts


@pytest.mark.parametrize(("sql", "count", "found"), [("select 1; select 2", 3, 2), ("select 1", 2, 1)])
def test_a_wrong_count_of_statements(sql: str, count: int, found: int) -> None:
    with pytest.raises(SqlError) as raised:
        split(sql, count)
    assert (raised.value.code, raised.value.sqlstate) == (8, "0A000")
    assert raised.value.message == (
        f"Actual statement count {found} did not match the desired statement count {count}."
    )


def test_several_statements(snow: Snow) -> None:
    with snow.connection.cursor() as cursor:
        cursor.execute("insert into t values (1, 'a'); select n, w from t; select 2 as z", num_statements=3)
        assert cursor.fetchall() == [(1,)]
        assert cursor.nextset() is not None
        assert cursor.fetchall() == [(1, "a")]
        assert cursor.nextset() is not None
        assert (cursor.description[0].name, cursor.fetchall()) == ("Z", [(2,)])
        assert cursor.nextset() is None


def test_statements_before_the_one_that_fails_are_done(snow: Snow) -> None:
    with snow.connection.cursor() as cursor, pytest.raises(ProgrammingError) as raised:
        cursor.execute(
            "insert into t values (1, 'a'); select 1/0; insert into t values (2, 'b')", num_statements=0
        )
    assert (raised.value.errno, raised.value.sqlstate) == (100051, "22012")
    assert snow.rows("select n from t") == [(1,)]


def test_a_wrong_count_runs_nothing(snow: Snow) -> None:
    with snow.connection.cursor() as cursor, pytest.raises(ProgrammingError, match="statement count 2"):
        cursor.execute("insert into t values (1, 'a'); select 1", num_statements=3)
    assert snow.rows("select n from t") == []


def test_an_asynchronous_query(snow: Snow) -> None:
    snow.rows("insert into t values (7, 'x')")
    with snow.connection.cursor() as cursor:
        query_id = cursor.execute_async("select n, w from t")["queryId"]
        cursor.get_results_from_sfqid(query_id)
        assert cursor.fetchall() == [(7, "x")]
        assert snow.connection.get_query_status(query_id) is QueryStatus.SUCCESS
        assert not snow.connection.is_still_running(QueryStatus.SUCCESS)
    with snow.connection.cursor() as another:
        assert another.query_result(query_id).fetchall() == [(7, "x")]


def test_an_asynchronous_query_that_fails(snow: Snow) -> None:
    with snow.connection.cursor() as cursor:
        query_id = cursor.execute_async("select 1/0")["queryId"]
        until = time.monotonic() + 20
        while snow.connection.get_query_status(query_id) is QueryStatus.RUNNING:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert snow.connection.get_query_status(query_id) is QueryStatus.FAILED_WITH_ERROR
        with pytest.raises(ProgrammingError, match="Division by zero") as raised:
            snow.connection.get_query_status_throw_if_error(query_id)
        assert raised.value.errno == 100051
        with pytest.raises(DatabaseError, match="Division by zero"):
            cursor.get_results_from_sfqid(query_id)


def test_an_asynchronous_query_is_aborted(snow: Snow) -> None:
    with snow.connection.cursor() as cursor:
        query_id = cursor.execute_async(SLOW)["queryId"]
        time.sleep(0.2)
        assert snow.connection.get_query_status(query_id) is QueryStatus.RUNNING
        cursor.abort_query(query_id)
        started = time.monotonic()

        def fetch() -> None:
            # The connector asks for the status first, and again before it fetches.
            cursor.get_results_from_sfqid(query_id)
            cursor.fetchall()

        with pytest.raises(DatabaseError, match="SQL execution canceled"):
            fetch()
        assert time.monotonic() - started < 5
    assert snow.one("select 1") == 1


def test_a_query_of_another_session_is_not_found(snow: Snow, plain_server: SnowflakeServer) -> None:
    other = Snow(plain_server)
    with snow.connection.cursor() as cursor:
        query_id = cursor.execute_async("select 1")["queryId"]
    assert other.connection.get_query_status(query_id) is QueryStatus.NO_DATA
    other.connection.close()


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select n, w, n / 2 as half from t", [("N", "FIXED"), ("W", "TEXT"), ("HALF", "FIXED")]),
        ("select ? as a, n from t where n = ?", [("A", "TEXT"), ("N", "FIXED")]),
        ("insert into t values (1, 'a')", [("number of rows inserted", "FIXED")]),
        ("delete from t", [("number of rows deleted", "FIXED")]),
        ("create table u (a int)", [("status", "TEXT")]),
        ("drop table t", [("status", "TEXT")]),
        ("show terse tables", [("created_on", "TIMESTAMP_LTZ"), ("name", "TEXT"), ("kind", "TEXT")]),
    ],
)  # fmt: skip
def test_a_statement_is_described_and_not_run(snow: Snow, sql: str, columns: list[Any]) -> None:
    with snow.connection.cursor() as cursor:
        found = cursor.describe(sql)
    assert [(c.name, FIELD_ID_TO_NAME[c.type_code]) for c in found][: len(columns)] == columns
    assert snow.rows("select count(*) from t") == [(0,)]
    assert len(snow.rows("show tables in schema d.s")) == 1


def test_what_cannot_be_described(snow: Snow) -> None:
    with (
        snow.connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="invalid identifier 'NOPE'"),
    ):
        cursor.describe("select nope from t")
