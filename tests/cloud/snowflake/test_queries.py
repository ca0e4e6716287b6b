"""Queries and DML: which names they resolve, what they need, what their columns are called."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from strata.cloud.snowflake.errors import SqlError

from .conftest import new_account
from .console import Console

GIVEN = """
CREATE ROLE R; CREATE DATABASE D; CREATE SCHEMA D.S; CREATE TABLE D.S.T (A INT, B VARCHAR);
INSERT INTO D.S.T VALUES (1, 'x'), (2, 'y'); CREATE TABLE D.S."low" (A INT); INSERT INTO D.S."low" VALUES (7);
CREATE VIEW D.S.V AS SELECT A + 10 AS C FROM T; CREATE VIEW D.S.W (X, "y") AS SELECT A, B FROM D.S.T;
CREATE TABLE D.PUBLIC.T (A INT); INSERT INTO D.PUBLIC.T VALUES (5)
"""
OPEN = """
GRANT USAGE ON DATABASE D TO ROLE R; GRANT USAGE ON SCHEMA D.S TO ROLE R; GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE R
"""


@pytest.fixture
def given(console: Console) -> Console:
    console.script(GIVEN)
    console.run("USE SCHEMA D.S")
    return console


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The same, for statements that change nothing."""
    with new_account(tmp_path_factory.mktemp("cloud")) as account:
        found = Console(account)
        found.script(GIVEN)
        found.run("USE SCHEMA D.S")
        yield found


def refusal(console: Console, sql: str, role: str = "ACCOUNTADMIN") -> tuple[int, str, str]:
    with pytest.raises(SqlError) as raised:
        console.run(sql, role)
    return raised.value.code, raised.value.sqlstate, " ".join(raised.value.message.split("\n"))


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT A FROM T ORDER BY A", [{"A": 1}, {"A": 2}]),
        ("SELECT A FROM s.t ORDER BY A LIMIT 1", [{"A": 1}]),
        ('SELECT A FROM "low"', [{"A": 7}]),
        ('SELECT A FROM D.S."low"', [{"A": 7}]),
        ("SELECT A FROM PUBLIC.T", [{"A": 5}]),
        ("SELECT D.S.T.A FROM D.S.T WHERE D.S.T.B = 'y'", [{"A": 2}]),
        ("SELECT D.S.V.C FROM D.S.V WHERE D.S.V.C > 11", [{"C": 12}]),
        ("SELECT V.C FROM D.S.V", [{"C": 11}, {"C": 12}]),
        ("SELECT Q.C, V.C AS E FROM V Q JOIN V ON Q.C < V.C", [{"C": 11, "E": 12}]),
        ('SELECT X, "y" FROM W WHERE X = 2', [{"X": 2, "y": "y"}]),
        ("SELECT * FROM W ORDER BY X LIMIT 1", [{"X": 1, "y": "x"}]),
        ("SELECT w.* FROM W ORDER BY 1 LIMIT 1", [{"X": 1, "y": "x"}]),
        ("WITH T AS (SELECT 9 AS A) SELECT A FROM T", [{"A": 9}]),
        ("WITH q AS (SELECT A FROM T) SELECT COUNT(*) AS N FROM Q", [{"N": 2}]),
        ("SELECT (SELECT MAX(C) FROM V) AS M", [{"M": 12}]),
        ("SELECT A FROM T WHERE A IN (SELECT C - 10 FROM V) AND B = 'x'", [{"A": 1}]),
        ("SELECT A FROM T UNION ALL SELECT A FROM PUBLIC.T ORDER BY A", [{"A": 1}, {"A": 2}, {"A": 5}]),
        ("SELECT COUNT(*) AS N FROM D.INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'PUBLIC'", [{"N": 1}]),
        ("SELECT F.VALUE AS V FROM TABLE(FLATTEN(INPUT => PARSE_JSON('[1]'))) F", [{"V": "1"}]),
    ],
)
def test_names_are_found(world: Console, sql: str, rows: list[dict[str, Any]]) -> None:
    assert world.run(sql) == rows


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("SELECT * FROM NO_SUCH", (2003, "42S02", "SQL compilation error: Object 'D.S.NO_SUCH' does not exist or not authorized.")),
        ("SELECT * FROM E.S.T", (2003, "42S02", "SQL compilation error: Object 'E.S.T' does not exist or not authorized.")),
        ("SELECT * FROM X.T", (2003, "42S02", "SQL compilation error: Object 'D.X.T' does not exist or not authorized.")),
        ("SELECT * FROM READ_PARQUET('x')", (2141, "42601", "SQL compilation error: Unknown table function READ_PARQUET.")),
        ("SELECT * FROM @STAGE", (2, "0A000", "not implemented by the embedded Snowflake: SELECT * from a stage")),
        ("CREATE TABLE X CLONE T", (2, "0A000", "not implemented by the embedded Snowflake: CREATE TABLE ... CLONE")),
        ("CREATE SEQUENCE Q", (2, "0A000", "not implemented by the embedded Snowflake: CREATE SEQUENCE")),
        ("DROP SEQUENCE Q", (2, "0A000", "not implemented by the embedded Snowflake: DROP SEQUENCE")),
        ("ALTER TABLE NO_SUCH ADD COLUMN C INT", (2003, "42S02", "SQL compilation error: Object 'D.S.NO_SUCH' does not exist or not authorized.")),
        ("MERGE INTO V USING T ON V.C = T.A WHEN MATCHED THEN DELETE", (1003, "42000", "SQL compilation error: MERGE cannot change the view 'V'.")),
    ],
)  # fmt: skip
def test_what_is_not_found(world: Console, sql: str, refused: tuple[int, str, str]) -> None:
    assert refusal(world, sql) == refused


def test_without_a_current_database_or_schema(console: Console) -> None:
    message = "Cannot perform operation. This session does not have a current {}. Call 'USE {}', or use a qualified name."
    assert refusal(console, "SELECT * FROM T") == (90105, "22000", message.format("database", "DATABASE"))
    assert refusal(console, "SELECT * FROM S.T") == (90105, "22000", message.format("database", "DATABASE"))
    console.script("CREATE DATABASE D; DROP SCHEMA D.PUBLIC")
    assert refusal(console, "SELECT * FROM T") == (90106, "22000", message.format("schema", "SCHEMA"))
    assert refusal(console, "SHOW GRANTS ON TABLE A.B.C.D") == (
        1003,
        "42000",
        "SQL compilation error: Invalid identifier 'A.B.C.D'.",
    )


@pytest.mark.parametrize(
    ("privilege", "sql"),
    [
        ("SELECT", "SELECT A FROM D.S.T"),
        ("INSERT", "INSERT INTO D.S.T (A) VALUES (3)"),
        ("INSERT", "MERGE INTO D.S.T USING (SELECT 1 AS A) Q ON T.A = Q.A WHEN NOT MATCHED THEN INSERT (A) VALUES (Q.A)"),
        ("UPDATE", "UPDATE D.S.T SET A = 1"),
        ("DELETE", "DELETE FROM D.S.T"),
        ("TRUNCATE", "TRUNCATE TABLE D.S.T"),
    ],
)  # fmt: skip
def test_a_table_needs_one_privilege(given: Console, privilege: str, sql: str) -> None:
    given.script(OPEN)
    hidden = "SQL compilation error: Object 'D.S.T' does not exist or not authorized."
    assert refusal(given, sql, "R") == (2003, "42S02", hidden)
    given.run("GRANT REFERENCES ON TABLE D.S.T TO ROLE R")
    refused = "SQL access control error: Insufficient privileges to operate on table 'T'."
    assert refusal(given, sql, "R") == (3001, "42501", refused)
    given.run(f"GRANT {privilege} ON TABLE D.S.T TO ROLE R")
    given.run("USE SCHEMA D.S", "R")
    given.run(sql, "R")


@pytest.mark.parametrize("sql", ["DROP TABLE D.S.T", "ALTER TABLE D.S.T ADD COLUMN C INT"])
def test_only_its_owner_changes_a_table(given: Console, sql: str) -> None:
    given.script(OPEN)
    given.run("GRANT ALL ON TABLE D.S.T TO ROLE R")
    refused = "SQL access control error: Insufficient privileges to operate on table 'T'."
    assert refusal(given, sql, "R") == (3001, "42501", refused)
    given.run("GRANT OWNERSHIP ON TABLE D.S.T TO ROLE R REVOKE CURRENT GRANTS")
    given.run(sql, "R")


def test_a_table_needs_its_schemas_privilege(given: Console) -> None:
    given.script(OPEN)
    refused = "SQL access control error: Insufficient privileges to operate on schema 'S'."
    assert refusal(given, "CREATE TABLE D.S.N (A INT)", "R") == (3001, "42501", refused)
    given.run("GRANT CREATE TABLE ON SCHEMA D.S TO ROLE R")
    given.run("CREATE TABLE D.S.N (A INT)", "R")
    given.run("CREATE OR REPLACE TABLE D.S.N (B INT)", "R")
    (row,) = given.run("SHOW TABLES LIKE 'N'")
    assert (row["owner"], row["schema_name"]) == ("R", "S")
    given.run("DROP TABLE D.S.N", "R")
    assert given.run("SHOW TABLES LIKE 'N'") == []
    assert given.run("CREATE TABLE AS_QUERY AS SELECT A FROM T WHERE A = 2")
    assert given.run("SELECT A FROM AS_QUERY") == [{"A": 2}]


def test_information_schema_needs_the_database(given: Console) -> None:
    sql = "SELECT COUNT(*) AS N FROM D.INFORMATION_SCHEMA.TABLES"
    hidden = "SQL compilation error: Database 'D' does not exist or not authorized."
    assert refusal(given, sql, "R") == (2003, "02000", hidden)
    given.run("GRANT USAGE ON DATABASE D TO ROLE R")
    assert given.one(sql, "R") == 0


def test_a_table_is_read_with_a_warehouse(given: Console) -> None:
    given.script(OPEN)
    given.run("GRANT SELECT ON TABLE D.S.T TO ROLE R")
    count = "SELECT COUNT(*) AS N FROM D.S.T"
    given.run("CREATE WAREHOUSE W INITIALLY_SUSPENDED = TRUE")
    none = "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command. "
    session = given.session("R")
    for warehouse in ("", "NO_SUCH", "W"):
        session.warehouse = warehouse
        assert refusal(given, count, "R") == (606, "57P03", none)
    # What reads no table needs none.
    assert given.one("SELECT 1 AS N", "R") == 1
    given.run("GRANT MONITOR ON WAREHOUSE W TO ROLE R")
    assert refusal(given, count, "R")[0] == 606
    given.run("GRANT USAGE ON WAREHOUSE W TO ROLE R")
    assert given.one(count, "R") == 2
    (row,) = given.run("SHOW WAREHOUSES LIKE 'W'")
    assert row["state"] == "STARTED"
    given.script("ALTER WAREHOUSE W SUSPEND; ALTER WAREHOUSE W SET AUTO_RESUME = FALSE")
    refused = "Warehouse 'W' is suspended and AUTO_RESUME is off."
    assert refusal(given, count, "R") == (606, "57P03", refused)


@pytest.mark.parametrize(
    ("expression", "name", "value"),
    [
        ("CURRENT_ACCOUNT()", "CURRENT_ACCOUNT()", "LOCAL"),
        ("CURRENT_ACCOUNT_NAME()", "CURRENT_ACCOUNT_NAME()", "LOCAL"),
        ("CURRENT_ORGANIZATION_NAME()", "CURRENT_ORGANIZATION_NAME()", "STRATA"),
        ("CURRENT_REGION()", "CURRENT_REGION()", "AWS_EU_WEST_1"),
        ("CURRENT_USER()", "CURRENT_USER()", "STRATA_ADMIN"),
        ("CURRENT_USER", "CURRENT_USER", "STRATA_ADMIN"),
        ("CURRENT_ROLE()", "CURRENT_ROLE()", "ACCOUNTADMIN"),
        ("CURRENT_ROLE_TYPE()", "CURRENT_ROLE_TYPE()", "ROLE"),
        ("CURRENT_SESSION()", "CURRENT_SESSION()", "1"),
        ("CURRENT_WAREHOUSE()", "CURRENT_WAREHOUSE()", "COMPUTE_WH"),
        ("CURRENT_DATABASE()", "CURRENT_DATABASE()", "D"),
        ("CURRENT_SCHEMA()", "CURRENT_SCHEMA()", "S"),
        ("current_schema()", "CURRENT_SCHEMA()", "S"),
        ("CURRENT_SCHEMA() AS X", "X", "S"),
        ("UPPER(CURRENT_SCHEMA()) AS X", "X", "S"),
        ("IS_ROLE_IN_SESSION('SYSADMIN')", "IS_ROLE_IN_SESSION('SYSADMIN')", True),
        ("IS_ROLE_IN_SESSION('R') AS X", "X", False),
        ("1::INT AS X", "X", 1),
        ("SUM(0.10::NUMBER(10,2))", "SUM(0.10::NUMBER(10,2))", Decimal("0.10")),
    ],
)
def test_functions_of_the_session(world: Console, expression: str, name: str, value: Any) -> None:
    (row,) = world.run(f"SELECT {expression}")
    found = dict(row)
    if name.startswith(("IS_", "SUM")):
        assert list(found.values()) == [value]
    else:
        assert found == {name: value}


def test_functions_without_a_context(console: Console) -> None:
    console.session().warehouse = ""
    (row,) = console.run("SELECT CURRENT_DATABASE() AS D, CURRENT_SCHEMA() AS S, CURRENT_WAREHOUSE() AS W")
    assert row == {"D": None, "S": None, "W": None}
    assert console.one("SELECT IS_ROLE_IN_SESSION('PUBLIC') AS X") is True


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1.5::FLOAT", 1.5),
        ("1.50::NUMBER(10,2)", Decimal("1.50")),
        ("'2026-01-02'::DATE", datetime.date(2026, 1, 2)),
        ("TRUE", True),
        ("NULL", None),
        ("ARRAY_CONSTRUCT(1, 2)", "[1,2]"),
        ("OBJECT_CONSTRUCT('a', 1)", '{"a":1}'),
        ("1::TINYINT", 1),
        ("1::SMALLINT", 1),
    ],
)
def test_values_are_sent(console: Console, expression: str, value: Any) -> None:
    found = console.one(f"SELECT {expression} AS X")
    assert ("".join(found.split()) if isinstance(found, str) else found) == value


def test_bindings(world: Console) -> None:
    assert world.run("SELECT A FROM T WHERE A = ? AND B = ?", parameters=(2, "y")) == [{"A": 2}]


def test_a_query_warns_of_nothing(world: Console) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert world.one("SELECT COUNT(*) AS N FROM T") == 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        world.run("SELECT A FROM T")
        warnings.warn("told", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["told"]


@pytest.mark.parametrize(
    ("sql", "code", "state", "words"),
    [
        ("SELEC 1", 1003, "42000", "Invalid expression"),
        ("SELECT NO_SUCH FROM D.S.T", 904, "42000", "invalid identifier 'NO_SUCH'"),
        ("SELECT 'x'::INT AS A", 100038, "22018", "Numeric value 'x' is not recognized"),
    ],
)
def test_faults_of_the_engine(world: Console, sql: str, code: int, state: str, words: str) -> None:
    found = refusal(world, sql)
    assert (found[:2], words in found[2]) == ((code, state), True)
