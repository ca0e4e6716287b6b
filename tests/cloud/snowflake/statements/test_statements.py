"""The control plane: what SHOW and DESC say after CREATE, ALTER and DROP, and what is refused."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from ..conftest import Lake, Snow

# Columns that Snowflake's Go client reads from each SHOW; from the SDK of snowflakedb/snowflake 2.20.0.
CLIENT_COLUMNS = json.loads(Path(__file__).with_name("show_columns.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("create", "show", "expected"),
    [
        (
            "CREATE DATABASE D COMMENT = 'c'",
            "DATABASES LIKE 'd'",
            {"name": "D", "comment": "c", "kind": "STANDARD"},
        ),
        (
            "CREATE TRANSIENT DATABASE D",
            "DATABASES LIKE 'D'",
            {"options": "TRANSIENT", "retention_time": "1"},
        ),
        ('CREATE DATABASE "lower"', "DATABASES LIKE 'lower'", {"name": "lower", "owner": "ACCOUNTADMIN"}),
        ("CREATE ROLE R COMMENT = 'it''s'", "ROLES LIKE 'R'", {"comment": "it's", "assigned_to_users": "0"}),
        (
            "CREATE WAREHOUSE W WAREHOUSE_SIZE = 'XSMALL' AUTO_SUSPEND = 60 INITIALLY_SUSPENDED = TRUE",
            "WAREHOUSES LIKE 'W'",
            {"size": "X-Small", "auto_suspend": "60", "state": "SUSPENDED", "auto_resume": "true"},
        ),
        ("CREATE WAREHOUSE W WITH WAREHOUSE_SIZE = XXLARGE", "WAREHOUSES LIKE 'W'", {"size": "2X-Large"}),
        (
            "CREATE USER U TYPE = SERVICE DEFAULT_ROLE = 'PUBLIC' WORKLOAD_IDENTITY = (TYPE = AWS ARN = "
            "'arn:aws:iam::111122223333:role/x')",
            "USERS LIKE 'U'",
            {"type": "SERVICE", "has_workload_identity": "true", "has_password": "false", "login_name": "U"},
        ),
        (
            "CREATE RESOURCE MONITOR M WITH CREDIT_QUOTA = 10 TRIGGERS ON 80 PERCENT DO NOTIFY "
            "ON 100 PERCENT DO SUSPEND",
            "RESOURCE MONITORS LIKE 'M'",
            {
                "credit_quota": "10.00",
                "notify_at": "80%",
                "suspend_at": "100%",
                "suspend_immediately_at": None,
            },
        ),
    ],
)
def test_created_objects_are_shown(admin: Snow, create: str, show: str, expected: dict[str, Any]) -> None:
    admin.rows(create)
    (row,) = admin.records(f"SHOW {show}")
    assert {name: row[name] for name in expected} == expected
    if "RESOURCE" in create:
        admin.rows("DROP RESOURCE MONITOR M")


@pytest.mark.parametrize("kind", sorted(CLIENT_COLUMNS))
def test_show_has_the_columns_that_clients_read(flights: Snow, kind: str) -> None:
    flights.script("CREATE RESOURCE MONITOR M WITH CREDIT_QUOTA = 1")
    rows = flights.records(f"SHOW {kind}")
    flights.rows("DROP RESOURCE MONITOR M")
    assert set(CLIENT_COLUMNS[kind]) - set(rows[0]) == set()


def test_alter_and_rename(admin: Snow) -> None:
    admin.script(
        "CREATE DATABASE D; ALTER DATABASE D SET COMMENT = 'x' DATA_RETENTION_TIME_IN_DAYS = 3;"
        "ALTER DATABASE D RENAME TO E; CREATE SCHEMA E.S; ALTER SCHEMA E.S RENAME TO E.T;"
        "CREATE TABLE E.T.A (I INT)"
    )
    (row,) = admin.records("SHOW DATABASES LIKE 'E'")
    assert (row["comment"], row["retention_time"]) == ("x", "3")
    (parameter,) = admin.records("SHOW PARAMETERS LIKE 'DATA_RETENTION_TIME_IN_DAYS' IN SCHEMA E.T")
    assert (parameter["value"], parameter["level"]) == ("3", "DATABASE")
    admin.rows("ALTER DATABASE E UNSET COMMENT, DATA_RETENTION_TIME_IN_DAYS")
    assert admin.records("SHOW DATABASES LIKE 'E'")[0]["retention_time"] == "1"
    with pytest.raises(ProgrammingError, match="while it holds tables"):
        admin.rows("ALTER DATABASE E RENAME TO F")


def test_replaced_and_dropped(admin: Snow) -> None:
    admin.script("CREATE DATABASE D; CREATE TABLE D.PUBLIC.A (I INT); CREATE OR REPLACE DATABASE D")
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        admin.rows("SELECT * FROM D.PUBLIC.A")
    assert "already exists" in admin.one("CREATE DATABASE IF NOT EXISTS D")
    admin.rows("DROP DATABASE D")
    assert "already dropped" in admin.one("DROP DATABASE IF EXISTS D")
    assert admin.one("SELECT CURRENT_DATABASE()") is None


def test_an_integration_is_described(admin: Snow) -> None:
    admin.rows(
        "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::111122223333:role/r' STORAGE_AWS_EXTERNAL_ID = 'ours' "
        "STORAGE_ALLOWED_LOCATIONS = ('s3://bucket/a/', 's3://bucket/b/') STORAGE_BLOCKED_LOCATIONS = ('s3://bucket/a/x/')"
    )
    said = {row["property"]: row["property_value"] for row in admin.records("DESC STORAGE INTEGRATION I")}
    assert said.pop("STORAGE_AWS_IAM_USER_ARN").startswith("arn:aws:iam::")
    assert said == {
        "ENABLED": "true",
        "STORAGE_PROVIDER": "S3",
        "STORAGE_ALLOWED_LOCATIONS": "s3://bucket/a/,s3://bucket/b/",
        "STORAGE_BLOCKED_LOCATIONS": "s3://bucket/a/x/",
        "STORAGE_AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/r",
        "STORAGE_AWS_EXTERNAL_ID": "ours",
        "USE_PRIVATELINK_ENDPOINT": "false",
        "COMMENT": "",
    }


def test_a_stage_and_a_table_are_described(flights: Snow, lake: Lake) -> None:
    said = {
        (row["parent_property"], row["property"]): row["property_value"]
        for row in flights.records("DESC STAGE PROCESSED")
    }
    assert said["STAGE_LOCATION", "URL"] == f'["s3://{lake.bucket}/curated/"]'
    assert said["STAGE_FILE_FORMAT", "TYPE"] == "PARQUET"
    columns = {
        row["name"]: (row["type"], row["kind"]) for row in flights.records("DESC EXTERNAL TABLE FLIGHTS")
    }
    assert columns["VALUE"] == ("VARIANT", "COLUMN")
    assert columns["FARE"] == ("NUMBER(10,2)", "VIRTUAL")
    flights.rows("CREATE VIEW V AS SELECT FARE, CARRIER FROM FLIGHTS")
    described = [(row["name"], row["type"]) for row in flights.records("DESC VIEW V")]
    assert described == [("FARE", "NUMBER(10,2)"), ("CARRIER", "VARCHAR(16777216)")]


def test_listing_a_stage(flights: Snow, lake: Lake) -> None:
    key = lake.put("a.parquet", body=b"12345")
    ((name, size, _, _),) = flights.rows("LIST @PROCESSED/flights/")
    assert (name, size) == (f"s3://{lake.bucket}/{key}", 5)


def test_tables_and_exact_sums(admin: Snow) -> None:
    admin.script("CREATE DATABASE D; CREATE TABLE T (I INT, S VARCHAR, N NUMBER(12,2))")
    with admin.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO T VALUES (%s, %s, %s)", [(1, "a", "0.10"), (2, "b'c", "0.20")])
    assert admin.rows("SELECT SUM(I), SUM(N), COUNT(*) FROM T") == [(3, Decimal("0.30"), 2)]
    assert admin.rows("SELECT S FROM T WHERE I = 2") == [("b'c",)]
    admin.rows("DELETE FROM T WHERE I = 1")
    assert admin.one("SELECT COUNT(*) FROM T") == 1


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("CURRENT_ROLE()", "ACCOUNTADMIN"),
        ("CURRENT_WAREHOUSE()", "COMPUTE_WH"),
        ("CURRENT_ACCOUNT()", "LOCAL"),
        ("CURRENT_ORGANIZATION_NAME()", "STRATA"),
        ("CURRENT_REGION()", "AWS_EU_WEST_1"),
        ("IS_ROLE_IN_SESSION('SYSADMIN')", True),
    ],
)
def test_context_functions(admin: Snow, function: str, value: Any) -> None:
    assert admin.one(f"SELECT {function}") == value
    with admin.connection.cursor() as cursor:
        assert cursor.execute(f"SELECT {function}").description[0].name == function


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE PIPE P AS COPY INTO T FROM @S", "CREATE PIPE"),
        ("CREATE NETWORK POLICY P ALLOWED_IP_LIST = ('1.1.1.1')", "CREATE NETWORK POLICY"),
        ("CREATE NOTIFICATION INTEGRATION N TYPE = QUEUE", "CREATE NOTIFICATION INTEGRATION"),
        ("ALTER ACCOUNT SET TIMEZONE = 'UTC'", "ALTER ACCOUNT"),
        ("DROP TASK T", "DROP TASK"),
        ("SHOW TASKS", "SHOW TASKS"),
        ("DESC TASK T", "DESCRIBE TASK"),
        ("GRANT DATABASE ROLE R TO ROLE S", "DATABASE ROLE"),
        ("GRANT USAGE ON FUNCTION F TO ROLE PUBLIC", "FUNCTION"),
        ("CALL P()", "CALL"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("COPY INTO T FROM @S", "COPY INTO"),
        ("UNDROP DATABASE D", "UNDROP DATABASE"),
        ("CREATE DATABASE D CLONE E", "CLONE"),
        ("CREATE STAGE S DIRECTORY = (ENABLE = TRUE)", ""),
        ("SELECT * FROM read_csv('/etc/hostname')", "READ_CSV"),
        ("SELECT * FROM '/etc/hostname'", ""),
        ("SELECT 1; SELECT 2", "Actual statement count 2"),
        ("SELEC 1", ""),
        ("CREATE WAREHOUSE W COLOUR = 'RED'", "invalid property 'COLOUR' for 'WAREHOUSE'"),
        ("CREATE WAREHOUSE W WAREHOUSE_SIZE = 'HUGE'", "invalid value .HUGE. for parameter 'WAREHOUSE_SIZE'"),
        ("CREATE USER U TYPE = SERVICE PASSWORD = 'x'", "PASSWORD"),
        ("CREATE DATABASE", "unexpected '<EOF>'"),
        ("CREATE ROLE 'R'", "unexpected 'R'"),
        ("CREATE INTEGRATION I ENABLED = TRUE", "CREATE INTEGRATION"),
        ("ALTER ROLE PUBLIC SWAP WITH R", "ALTER ROLE SWAP"),
        ("DROP ROLE ACCOUNTADMIN", "system role"),
        (
            "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE",
            "Missing option",
        ),
        ("SELECT * FROM NO.SUCH.THING", "'NO.SUCH.THING' does not exist or not authorized"),
    ],
)
def test_what_is_not_done_fails_with_its_name(admin: Snow, statement: str, named: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        admin.rows(statement)
    assert named in str(raised.value).replace("[", ".").replace("]", ".")
    assert "internal error" not in str(raised.value)
    assert admin.one("SELECT 1") == 1


def test_describing_a_statement_does_not_run_it(admin: Snow) -> None:
    with admin.connection.cursor() as cursor:
        assert [column.name for column in cursor.describe("SELECT 1 AS A, 'x' AS B")] == ["A", "B"]
        cursor.describe("CREATE DATABASE NEVER")
    assert admin.records("SHOW DATABASES LIKE 'NEVER'") == []


def test_a_session_without_a_database_casts_timestamps(admin: Snow) -> None:
    found = admin.one("SELECT '2013-01-01T10:00:00'::TIMESTAMP_NTZ")
    assert found == datetime.datetime(2013, 1, 1, 10)


@pytest.mark.parametrize(
    ("statements", "show", "column", "expected"),
    [
        ("ALTER VIEW D.PUBLIC.V SET COMMENT = 'd'", "VIEWS IN DATABASE D", "comment", ["d"]),
        ("ALTER VIEW D.PUBLIC.V UNSET COMMENT", "VIEWS IN DATABASE D", "comment", [""]),
        ("ALTER VIEW D.PUBLIC.V RENAME TO D.PUBLIC.W", "VIEWS IN DATABASE D", "name", ["W"]),
        ("DROP VIEW D.PUBLIC.V", "VIEWS IN DATABASE D", "name", []),
        ("ALTER ROLE A RENAME TO C", "GRANTS TO ROLE C", "name", ["D"]),
        ("ALTER ROLE A RENAME TO C", "GRANTS TO ROLE B", "name", ["D.PUBLIC"]),
        ("GRANT ROLE A TO ROLE B", "GRANTS TO ROLE B", "name", ["A", "D.PUBLIC"]),
        ("CREATE USER B; GRANT ROLE A TO USER B", "GRANTS TO ROLE B", "name", ["D.PUBLIC"]),
        ("GRANT ROLE A TO ROLE B", "GRANTS OF ROLE A", "grantee_name", ["B"]),
        ("GRANT ROLE A TO ROLE B; DROP ROLE B", "GRANTS OF ROLE A", "grantee_name", []),
    ],
)
def test_views_and_roles_are_changed(
    admin: Snow, statements: str, show: str, column: str, expected: list[str]
) -> None:
    admin.script(
        "CREATE DATABASE D; CREATE VIEW D.PUBLIC.V COMMENT = 'c' AS SELECT 1 AS X; CREATE ROLE A; CREATE ROLE B;"
        "GRANT USAGE ON DATABASE D TO ROLE A; GRANT USAGE ON SCHEMA D.PUBLIC TO ROLE B"
    )
    admin.script(statements)
    assert sorted(row[column] for row in admin.records(f"SHOW {show}")) == expected
