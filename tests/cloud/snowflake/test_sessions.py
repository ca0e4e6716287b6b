"""Sessions as the connector sees them: transactions, parameters, batches, cancellation, errors."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import Snow

SLOW = "select count(*) from table(generator(rowcount => 200000)) a, table(generator(rowcount => 200000)) b"


@pytest.fixture
def snow(plain_server: SnowflakeServer) -> Iterator[Snow]:
    found = Snow(plain_server, paramstyle="qmark")
    found.script("create or replace database d; create table t (a int, b varchar(3))")
    yield found
    found.connection.close()


def other(server: SnowflakeServer, **login: object) -> Snow:
    return Snow(server, database="D", schema="PUBLIC", paramstyle="qmark", **login)


def test_without_autocommit_nothing_is_kept_before_commit(plain_server: SnowflakeServer, snow: Snow) -> None:
    writer = other(plain_server, autocommit=False)
    writer.rows("insert into t values (1, 'x')")
    assert (writer.one("select count(*) from t"), snow.one("select count(*) from t")) == (1, 0)
    writer.connection.rollback()
    assert writer.one("select count(*) from t") == 0
    writer.rows("insert into t values (2, 'y')")
    writer.connection.commit()
    assert snow.one("select a from t") == 2
    writer.connection.close()


def test_a_login_sets_parameters(plain_server: SnowflakeServer, snow: Snow) -> None:
    found = other(plain_server, session_parameters={"TIMEZONE": "Asia/Tokyo", "QUERY_TAG": "nightly"})
    shown = {row["key"]: row["value"] for row in found.records("show parameters in session")}
    assert (shown["TIMEZONE"], shown["QUERY_TAG"]) == ("Asia/Tokyo", "nightly")
    moment = found.one("select '2024-02-29 10:00:00'::timestamp_ltz")
    assert moment.isoformat() == "2024-02-29T10:00:00+09:00"
    found.connection.close()


def test_a_login_with_a_parameter_that_would_change_results_is_refused(plain_server: SnowflakeServer) -> None:
    with pytest.raises(DatabaseError, match="not implemented by the embedded Snowflake: WEEK_START = 1"):
        Snow(plain_server, session_parameters={"WEEK_START": 1})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, "x"), (2, "long")], "String 'long' is too long and would be truncated"),
        ([(1, "x"), ("no", "y")], "Numeric value 'no' is not recognized"),
    ],
)
def test_a_batch_with_a_bad_row_writes_nothing(snow: Snow, rows: list[tuple], words: str) -> None:
    with snow.connection.cursor() as cursor, pytest.raises(ProgrammingError, match=words):
        cursor.executemany("insert into t values (?, ?)", rows)
    assert snow.one("select count(*) from t") == 0


def test_a_batch_is_one_statement(snow: Snow) -> None:
    with snow.connection.cursor() as cursor:
        cursor.executemany("insert into t (b, a) values (?, ?)", [("x", 1), (None, 2), ("z", 3)])
        assert cursor.rowcount == 3
    assert snow.rows("select a, b from t order by a") == [(1, "x"), (2, None), (3, "z")]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("number(38,0)", (12345678901234567890123, None, -1)),
        ("number(10,2)", (Decimal("1.50"), Decimal("-0.25"), None)),
        ("float", (1.5, None, -2.25)),
        ("boolean", (True, False, None)),
        ("varchar", ("it's", "", None)),
        ("date", (datetime.date(2024, 2, 29), None, datetime.date(1969, 1, 1))),
        ("time", (datetime.time(10, 11, 12), datetime.time(0, 0))),
        ("timestamp_ntz", (datetime.datetime(2024, 2, 29, 10, 11, 12, 123456), None, None)),
        ("binary", (b"\xff\x00", None, b"a")),
        ("variant", (None, None, None)),
    ],
)
def test_a_batch_keeps_values_of_a_type(snow: Snow, kind: str, values: tuple[Any, ...]) -> None:
    snow.rows(f"create or replace table kept (n int, v {kind})")
    with snow.connection.cursor() as cursor:
        cursor.executemany("insert into kept values (?, ?)", list(enumerate(values)))
    assert [value for (value,) in snow.rows("select v from kept order by n")] == list(values)


def test_a_batch_of_queries_is_one_change(snow: Snow) -> None:
    insert = "insert into t select ?, ?"
    with snow.connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.executemany(insert, [(1, "x"), (2, "long")])
    assert snow.one("select count(*) from t") == 0
    with snow.connection.cursor() as cursor:
        cursor.executemany(insert, [(1, "x"), (2, "y")])
        assert cursor.rowcount == 2


def test_a_statement_that_takes_too_long_is_cancelled(snow: Snow) -> None:
    started = time.monotonic()
    with snow.connection.cursor() as cursor, pytest.raises(ProgrammingError) as raised:
        cursor.execute(SLOW, timeout=1)
    assert (raised.value.errno, raised.value.sqlstate) == (604, "57014")
    assert time.monotonic() - started < 4
    assert snow.one("select 1") == 1


def test_the_statement_timeout_of_a_session_cancels(snow: Snow) -> None:
    snow.rows("alter session set statement_timeout_in_seconds = 1")
    with pytest.raises(ProgrammingError, match=r"timeout of 1 second\(s\) and was canceled") as raised:
        snow.rows(SLOW)
    assert (raised.value.errno, raised.value.sqlstate) == (630, "57014")
    assert snow.one("select 1") == 1


@pytest.mark.parametrize(
    ("sql", "errno", "sqlstate"),
    [
        ("select 1/0", 100051, "22012"),
        ("select nope from t", 904, "42000"),
        ("select * from no_such", 2003, "42S02"),
        ("selec 1", 1003, "42000"),
        ("select hash('x')", 2, "0A000"),
    ],
)
def test_errors_carry_number_state_and_query_id(snow: Snow, sql: str, errno: int, sqlstate: str) -> None:
    with pytest.raises(ProgrammingError) as raised:
        snow.rows(sql)
    assert (raised.value.errno, raised.value.sqlstate) == (errno, sqlstate)
    assert raised.value.sfqid is not None
    assert len(raised.value.sfqid) == 36


def test_the_id_of_a_query_is_the_one_that_result_scan_takes(snow: Snow) -> None:
    with snow.connection.cursor() as cursor:
        cursor.execute("select 7 as x")
        query_id = cursor.sfqid
    assert snow.one("select last_query_id()") == query_id
    assert snow.one(f"select x from table(result_scan('{query_id}'))") == 7


def test_a_null_timestamp_is_fetched(snow: Snow) -> None:
    assert snow.rows("select null::timestamp_ntz, null::timestamp_tz, null::timestamp_ltz") == [
        (None, None, None)
    ]


def test_objects_are_shown_over_several_lines(snow: Snow) -> None:
    assert snow.one("""select parse_json('{"b": [1, {}], "a": 1.50}')""") == (
        '{\n  "a": 1.50,\n  "b": [\n    1,\n    {}\n  ]\n}'
    )
