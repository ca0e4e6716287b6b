"""Roles and grants decide what a session may see and do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from snowflake.connector.errors import ProgrammingError

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import Lake, Snow, flight

READER = """
CREATE ROLE READER; CREATE WAREHOUSE W; GRANT ROLE READER TO USER {user};
GRANT USAGE ON DATABASE STRATA_DEV TO ROLE READER; GRANT USAGE ON SCHEMA STRATA_DEV.CURATED TO ROLE READER;
GRANT SELECT ON EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS TO ROLE READER;
GRANT USAGE ON WAREHOUSE W TO ROLE READER
"""
COUNT = "SELECT COUNT(*) FROM STRATA_DEV.CURATED.FLIGHTS"


@pytest.fixture
def reader(flights: Snow, lake: Lake, server: SnowflakeServer) -> Iterator[Snow]:
    lake.put("flight_date=2013-01-01/object=aaa/p.parquet", [flight("UA", 1)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    flights.script(READER.format(user=server.user))
    snow = Snow(server, role="READER", warehouse="W")
    yield snow
    snow.connection.close()


def test_a_reader_reads_and_no_more(reader: Snow) -> None:
    assert reader.one(COUNT) == 1
    for statement, message in (
        (
            "ALTER EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS REFRESH",
            "Insufficient privileges to operate on external table",
        ),
        ("DROP EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS", "Insufficient privileges"),
        ("CREATE DATABASE D", "Insufficient privileges to operate on account"),
        ("CREATE VIEW STRATA_DEV.CURATED.V AS SELECT 1 AS A", "Insufficient privileges to operate on schema"),
        (
            "GRANT SELECT ON EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS TO ROLE PUBLIC",
            "Insufficient privileges",
        ),
        ("DESC INTEGRATION STRATA_S3_DEV", "does not exist or not authorized"),
        ("LIST @STRATA_DEV.CURATED.PROCESSED", "does not exist or not authorized"),
    ):
        with pytest.raises(ProgrammingError, match=message):
            reader.rows(statement)


@pytest.mark.parametrize(
    ("revoked", "message"),
    [
        (
            "REVOKE SELECT ON EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS FROM ROLE READER",
            "does not exist or not authorized",
        ),
        (
            "REVOKE USAGE ON SCHEMA STRATA_DEV.CURATED FROM ROLE READER",
            "Schema 'STRATA_DEV.CURATED' does not exist",
        ),
        ("REVOKE USAGE ON DATABASE STRATA_DEV FROM ROLE READER", "Database 'STRATA_DEV' does not exist"),
        ("REVOKE USAGE ON WAREHOUSE W FROM ROLE READER", "No active warehouse selected"),
        ("DROP WAREHOUSE W", "No active warehouse selected"),
    ],
)
def test_every_grant_is_needed(reader: Snow, flights: Snow, revoked: str, message: str) -> None:
    flights.rows(revoked)
    with pytest.raises(ProgrammingError, match=message):
        reader.rows(COUNT)


def test_a_role_inherits_what_it_is_granted(reader: Snow, flights: Snow) -> None:
    flights.script("CREATE ROLE ANALYST; GRANT ROLE READER TO ROLE ANALYST")
    reader.rows("USE ROLE PUBLIC")
    with pytest.raises(ProgrammingError, match=r"No active warehouse|does not exist"):
        reader.rows(COUNT)
    flights.rows(f"GRANT ROLE ANALYST TO USER {flights.one('SELECT CURRENT_USER()')}")
    reader.rows("USE ROLE ANALYST")
    assert reader.one(COUNT) == 1
    with pytest.raises(ProgrammingError, match="would make a cycle"):
        flights.rows("GRANT ROLE ANALYST TO ROLE READER")


def test_a_role_of_another_is_not_used(reader: Snow, flights: Snow) -> None:
    flights.script("CREATE ROLE OTHER; CREATE USER U PASSWORD = 'secret'; GRANT ROLE READER TO USER U")
    with pytest.raises(ProgrammingError, match="'NO_SUCH' does not exist"):
        reader.rows("USE ROLE NO_SUCH")


def test_a_view_is_read_with_its_owners_rights(reader: Snow, flights: Snow) -> None:
    flights.script(
        "CREATE VIEW STRATA_DEV.CURATED.V AS SELECT CARRIER FROM FLIGHTS;"
        "GRANT SELECT ON VIEW STRATA_DEV.CURATED.V TO ROLE READER;"
        "REVOKE SELECT ON EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS FROM ROLE READER"
    )
    assert reader.rows("SELECT * FROM STRATA_DEV.CURATED.V") == [("UA",)]
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        reader.rows(COUNT)
    flights.script("CREATE ROLE POOR; GRANT OWNERSHIP ON VIEW V TO ROLE POOR COPY CURRENT GRANTS")
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        reader.rows("SELECT * FROM STRATA_DEV.CURATED.V")


def test_future_grants_make_owner_and_reader(reader: Snow, flights: Snow) -> None:
    flights.script(
        "CREATE ROLE LOADER; GRANT OWNERSHIP ON FUTURE VIEWS IN SCHEMA STRATA_DEV.CURATED TO ROLE LOADER;"
        "GRANT OWNERSHIP ON EXTERNAL TABLE FLIGHTS TO ROLE LOADER COPY CURRENT GRANTS;"
        "GRANT USAGE ON DATABASE STRATA_DEV TO ROLE LOADER; GRANT USAGE ON SCHEMA CURATED TO ROLE LOADER;"
        "GRANT SELECT ON FUTURE VIEWS IN DATABASE STRATA_DEV TO ROLE PUBLIC;"
        "GRANT SELECT ON FUTURE VIEWS IN SCHEMA STRATA_DEV.CURATED TO ROLE READER;"
        "CREATE VIEW V AS SELECT CARRIER FROM FLIGHTS"
    )
    (row,) = flights.records("SHOW VIEWS LIKE 'V' IN SCHEMA STRATA_DEV.CURATED")
    assert row["owner"] == "LOADER"
    grants = {(r["privilege"], r["grantee_name"]) for r in flights.records("SHOW GRANTS ON VIEW V")}
    assert grants == {("OWNERSHIP", "LOADER"), ("SELECT", "READER")}
    assert reader.rows("SELECT CARRIER FROM STRATA_DEV.CURATED.V") == [("UA",)]
    future = flights.records("SHOW FUTURE GRANTS IN SCHEMA STRATA_DEV.CURATED")
    assert {(r["privilege"], r["grant_on"], r["grantee_name"]) for r in future} == {
        ("OWNERSHIP", "VIEW", "LOADER"),
        ("SELECT", "VIEW", "READER"),
    }


def test_show_grants(reader: Snow, flights: Snow) -> None:
    granted = {
        (r["privilege"], r["granted_on"], r["name"]) for r in flights.records("SHOW GRANTS TO ROLE READER")
    }
    assert granted == {
        ("USAGE", "DATABASE", "STRATA_DEV"),
        ("USAGE", "SCHEMA", "STRATA_DEV.CURATED"),
        ("SELECT", "EXTERNAL_TABLE", "STRATA_DEV.CURATED.FLIGHTS"),
        ("USAGE", "WAREHOUSE", "W"),
    }
    (of,) = flights.records("SHOW GRANTS OF ROLE READER")
    assert (of["granted_to"], of["grantee_name"]) == ("USER", flights.one("SELECT CURRENT_USER()"))


def test_ownership_needs_a_word_about_the_grants_there_are(reader: Snow, flights: Snow) -> None:
    flights.rows("CREATE ROLE LOADER")
    give = "GRANT OWNERSHIP ON EXTERNAL TABLE FLIGHTS TO ROLE LOADER"
    with pytest.raises(ProgrammingError, match="Dependent grant of privilege 'SELECT'"):
        flights.rows(give)
    flights.rows(f"{give} REVOKE CURRENT GRANTS")
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        reader.rows(COUNT)


def test_privileges_are_those_of_the_kind(flights: Snow) -> None:
    with pytest.raises(ProgrammingError, match="Invalid privilege 'INSERT' for object type 'EXTERNAL TABLE'"):
        flights.rows("GRANT INSERT ON EXTERNAL TABLE FLIGHTS TO ROLE PUBLIC")
