"""What the embedded Snowflake answers, compared with what Snowflake documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import Snow
from .matrix_cases import agrees, cases, outcome

GIVEN = (
    "create database d",
    "create schema d.s",
    "create table people (id int, name varchar(20), city varchar, amount number(10,2), born date, tags variant)",
    "insert into people select 1, 'Ann', 'Oslo', 10.50, '2000-01-31', parse_json('[\"a\",\"b\"]')",
    "insert into people select 2, 'Bob', 'Rome', 20.50, '1999-12-25', parse_json('[]')",
    "insert into people select 3, 'Cy', null, 30.00, null, null",
    "create table pairs (a int, b varchar)",
    "insert into pairs values (1, 'x'), (2, 'y')",
    'create table mixed ("a" int)',
    "insert into mixed values (7)",
    "create table docs (id int, doc variant)",
    """insert into docs select 1, parse_json('{"a": {"b": 2}, "list": [10, 20, 30], "name": "Ann", "price": 9.5,
       "day": "2024-02-29", "ok": true, "none": null}')""",
    """insert into docs select 2, parse_json('{"name": "Bob", "list": []}')""",
)
FILES = ("errors", "numbers", "dates", "texts", "variants", "queries", "sessions", "statements", "objects")


@pytest.fixture(scope="module")
def cursor(plain_server: SnowflakeServer) -> Iterator[Any]:
    connection = Snow(plain_server, paramstyle="qmark").connection
    with connection.cursor() as found:
        for statement in GIVEN:
            found.execute(statement)
        yield found
    connection.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases(*FILES)])
def test_a_case(cursor: Any, case: dict[str, Any]) -> None:
    if (cursor.connection.database, cursor.connection.schema) != ("D", "S"):
        cursor.execute("use schema d.s")
    if cursor.connection.warehouse != "COMPUTE_WH":
        cursor.execute("use warehouse compute_wh")
    for name, value in case.get("session", {}).items():
        cursor.execute(f"alter session set {name} = '{value}'")
    came = outcome(cursor, case)
    for name in case.get("session", {}):
        cursor.execute(f"alter session unset {name}")
    assert agrees(case, came), came
