"""The same text again, after what its answer depends on has changed: the plan of a query must not outlive it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from strata.cloud.snowflake import dispatch, queries
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.session import SnowflakeSession

from .console import Console

GIVEN = """
CREATE DATABASE D; CREATE SCHEMA D.A; CREATE SCHEMA D.B; CREATE DATABASE E; CREATE SCHEMA E.A;
CREATE TABLE D.A.T (N INT); INSERT INTO D.A.T VALUES (1);
CREATE TABLE D.B.T (N VARCHAR); INSERT INTO D.B.T VALUES ('b');
CREATE TABLE E.A.T (N INT); INSERT INTO E.A.T VALUES (3);
CREATE VIEW D.A.V AS SELECT N FROM T;
CREATE VIEW D.A.W AS SELECT CURRENT_SCHEMA() AS S, N FROM V;
CREATE ROLE R; CREATE ROLE OTHER; GRANT ROLE R TO USER STRATA_ADMIN; GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE R;
GRANT USAGE ON DATABASE D TO ROLE R; GRANT USAGE ON SCHEMA D.A TO ROLE R; GRANT SELECT ON TABLE D.A.T TO ROLE R;
GRANT SELECT ON VIEW D.A.V TO ROLE R;
USE SCHEMA D.A
"""


@dataclass(frozen=True)
class Case:
    """A query whose answer changes from `before` to `after`; a text is a part of an error's message."""

    name: str
    sql: str
    before: Any
    change: str
    after: Any


CASES = [
    Case("another schema", "SELECT N FROM T", [(1,)], "USE SCHEMA D.B", [("b",)]),
    Case("another database", "SELECT N FROM A.T", [(1,)], "USE DATABASE E", [(3,)]),
    Case(
        "no schema",
        "SELECT N FROM T",
        [(1,)],
        "CREATE DATABASE F; DROP SCHEMA F.PUBLIC; USE DATABASE F",
        "does not have a current schema",
    ),
    Case(
        "the schema is dropped",
        "SELECT N FROM T",
        [(1,)],
        "DROP SCHEMA D.A",
        "does not have a current schema",
    ),
    Case(
        "another time zone",
        "SELECT '2024-02-29 10:00:00 +0000'::TIMESTAMP_TZ::TIMESTAMP_LTZ::TIMESTAMP_NTZ::VARCHAR",
        [("2024-02-29 10:00:00.000",)],
        "ALTER SESSION SET TIMEZONE = 'Asia/Tokyo'",
        [("2024-02-29 19:00:00.000",)],
    ),
    Case(
        "the table is replaced",
        "SELECT N FROM T",
        [(1,)],
        "CREATE OR REPLACE TABLE T (N NUMBER(10,2)); INSERT INTO T VALUES (1.25)",
        [(Decimal("1.25"),)],
    ),
    Case(
        "a type is other",
        "SELECT N || '!' FROM T",
        [("1!",)],
        "CREATE OR REPLACE TABLE T AS SELECT TO_VARIANT('a') AS N",
        [("a!",)],
    ),
    Case("a column is added", "SELECT * FROM T", [(1,)], "ALTER TABLE T ADD COLUMN M INT", [(1, None)]),
    Case(
        "a column is renamed",
        "SELECT N FROM T",
        [(1,)],
        "ALTER TABLE T RENAME COLUMN N TO M",
        "invalid identifier 'N'",
    ),
    Case(
        "another table has the name",
        "SELECT N FROM T",
        [(1,)],
        "CREATE TABLE U (N INT); INSERT INTO U VALUES (9); ALTER TABLE T RENAME TO O; ALTER TABLE U RENAME TO T",
        [(9,)],
    ),
    Case("the table is dropped", "SELECT N FROM T", [(1,)], "DROP TABLE T", "'D.A.T' does not exist"),
    Case(
        "a view has the name",
        "SELECT N FROM T",
        [(1,)],
        "DROP TABLE T; CREATE VIEW T AS SELECT 7 AS N",
        [(7,)],
    ),
    Case("the view is replaced", "SELECT N FROM V", [(1,)], "CREATE OR REPLACE VIEW V AS SELECT 8 AS N", [(8,)]),
    Case(
        "the view's table is replaced",
        "SELECT S, N FROM W",
        [("A", 1)],
        "CREATE OR REPLACE TABLE T (N VARCHAR); INSERT INTO T VALUES ('new')",
        [("A", "new")],
    ),
    Case("a view asks for the session", "SELECT S, N FROM D.A.W", [("A", 1)], "USE SCHEMA D.B", [("B", 1)]),
    Case("another role", "SELECT CURRENT_ROLE()", [("ACCOUNTADMIN",)], "USE ROLE R", [("R",)]),
    Case(
        "a role without rights",
        "SELECT N FROM D.B.T",
        [("b",)],
        "USE ROLE R",
        "Schema 'D.B' does not exist or not authorized",
    ),
    Case("a role is granted", "SELECT IS_ROLE_IN_SESSION('OTHER')", [(False,)], "GRANT ROLE OTHER TO ROLE ACCOUNTADMIN",
         [(True,)]),
    Case("another value", "SELECT $X + 1 AS Y", [(2,)], "SET X = 5", [(6,)]),
    Case("another last result", "SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))", [(0,)], "SELECT 4 AS A, 5 AS B",
         [(4, 5)]),
    Case("no warehouse", "SELECT N FROM T", [(1,)],
         "ALTER WAREHOUSE COMPUTE_WH SET AUTO_RESUME = FALSE; ALTER WAREHOUSE COMPUTE_WH SUSPEND", "is suspended"),
    Case("more rows", "SELECT COUNT(*) FROM T", [(1,)], "INSERT INTO T VALUES (2)", [(2,)]),
]  # fmt: skip


@pytest.fixture
def given(console: Console) -> Console:
    console.script(GIVEN)
    console.script("SET X = 1; SELECT 0 AS A")
    return console


def answer(console: Console, sql: str, role: str = "ACCOUNTADMIN") -> Any:
    try:
        return [tuple(row.values()) for row in console.run(sql, role)]
    except SqlError as error:
        return error.message


def assert_described_as_new(session: SnowflakeSession, sql: str) -> None:
    """Require the same names and types of columns with a plan and without one."""
    kept = dispatch.execute(session, sql).data()["rowtype"]
    session.plans.clear()
    assert dispatch.execute(session, sql).data()["rowtype"] == kept


def same(found: Any, expected: Any) -> bool:
    return expected in found if isinstance(expected, str) else bool(found == expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_text_after_a_change(given: Console, case: Case) -> None:
    found = answer(given, case.sql)
    assert same(found, case.before), found
    if "LAST_QUERY_ID" not in case.sql:
        assert answer(given, case.sql) == found
    given.script(case.change)
    found = answer(given, case.sql)
    assert same(found, case.after), found
    if not isinstance(found, str):
        assert_described_as_new(given.session(), case.sql)


@pytest.mark.parametrize(
    "change",
    [
        "REVOKE SELECT ON TABLE D.A.T FROM ROLE R",
        "REVOKE USAGE ON SCHEMA D.A FROM ROLE R",
        "REVOKE USAGE ON DATABASE D FROM ROLE R",
        "REVOKE USAGE ON WAREHOUSE COMPUTE_WH FROM ROLE R",
    ],
)
def test_the_same_text_after_a_revoke(given: Console, change: str) -> None:
    sql = "SELECT N FROM D.A.T"
    assert answer(given, sql, "R") == answer(given, sql, "R") == [(1,)]
    given.run(change)
    refused = answer(given, sql, "R")
    assert isinstance(refused, str)
    assert refused == answer(given, f"{sql} -- not read before", "R")
    given.run(change.replace("REVOKE", "GRANT").replace("FROM ROLE", "TO ROLE"))
    assert answer(given, sql, "R") == [(1,)]


def test_a_view_runs_with_the_rights_that_its_owner_has_now(given: Console) -> None:
    given.script("GRANT CREATE VIEW ON SCHEMA D.A TO ROLE R; GRANT CREATE VIEW ON SCHEMA D.A TO ROLE OTHER")
    given.run("CREATE VIEW D.A.OWN AS SELECT N FROM D.A.T", "R")
    assert answer(given, "SELECT N FROM D.A.OWN") == answer(given, "SELECT N FROM D.A.OWN") == [(1,)]
    given.run("REVOKE SELECT ON TABLE D.A.T FROM ROLE R")
    assert "not authorized" in answer(given, "SELECT N FROM D.A.OWN")


def test_a_temporary_table_is_its_sessions(given: Console) -> None:
    given.run("GRANT ALL ON SCHEMA D.A TO ROLE R")
    given.run("CREATE TEMPORARY TABLE D.A.OWN (N INT)", "R")
    assert answer(given, "SELECT N FROM D.A.OWN", "R") == []
    assert "does not exist" in answer(given, "SELECT N FROM D.A.OWN")


def test_values_have_types_of_their_own(given: Console) -> None:
    found = [
        tuple(given.run("SELECT ? AS V, ? || '!' AS W", parameters=(value, value))[0].values())
        for value in (1, "1", True)
    ]
    assert [(type(value), text) for value, text in found] == [(int, "1!"), (str, "1!"), (bool, "true!")]


@pytest.mark.parametrize(
    ("sql", "times"),
    [
        ("SELECT N FROM T", 1),
        ("SELECT N FROM V", 1),
        ("SELECT CURRENT_TIMESTAMP() IS NULL", 1),
        ("SELECT CURRENT_ROLE()", 2),
        ("SELECT $X", 2),
        ("SELECT TABLE_NAME FROM D.INFORMATION_SCHEMA.TABLES", 2),
    ],
)
def test_how_often_a_text_is_translated(
    given: Console, monkeypatch: pytest.MonkeyPatch, sql: str, times: int
) -> None:
    translate, translations = queries.translate, []

    def counted(*arguments: Any) -> Any:
        translations.append(arguments)
        return translate(*arguments)

    monkeypatch.setattr(queries, "translate", counted)
    assert given.run(sql) == given.run(sql)
    assert len(translations) == times
