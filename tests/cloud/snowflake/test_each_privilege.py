"""Which privilege each statement needs: with it alone it runs, with all others it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from snowflake.connector.errors import ProgrammingError

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import Snow

SETUP = """
CREATE DATABASE D; CREATE SCHEMA D.S; CREATE TABLE D.S.T (A INT); INSERT INTO D.S.T VALUES (1), (2);
CREATE ROLE R; CREATE WAREHOUSE W; GRANT ROLE R TO USER {user}; GRANT USAGE ON WAREHOUSE W TO ROLE R
"""
CONTAINERS = ("USAGE ON DATABASE D", "USAGE ON SCHEMA D.S")
TABLE = ("APPLYBUDGET", "DELETE", "EVOLVE SCHEMA", "INSERT", "REFERENCES", "SELECT", "TRUNCATE", "UPDATE")


@pytest.fixture
def owner(admin: Snow, server: SnowflakeServer) -> Snow:
    admin.script(SETUP.format(user=server.user))
    return admin


@pytest.fixture
def other(owner: Snow, server: SnowflakeServer) -> Iterator[Snow]:
    snow = Snow(server, role="R", warehouse="W")
    yield snow
    snow.connection.close()


def grant(owner: Snow, *privileges: str) -> None:
    for privilege in privileges:
        owner.rows(f"GRANT {privilege} TO ROLE R")


@pytest.mark.parametrize(
    ("privilege", "statement"),
    [
        ("DELETE", "DELETE FROM D.S.T"),
        ("INSERT", "INSERT INTO D.S.T VALUES (3)"),
        ("SELECT", "SELECT A FROM D.S.T"),
        ("TRUNCATE", "TRUNCATE TABLE D.S.T"),
        ("UPDATE", "UPDATE D.S.T SET A = 3"),
    ],
)
def test_a_statement_needs_its_privilege(owner: Snow, other: Snow, privilege: str, statement: str) -> None:
    others = [f"{name} ON TABLE D.S.T" for name in TABLE if name != privilege]
    grant(owner, *CONTAINERS, *others)
    with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on table"):
        other.rows(statement)
    for name in others:
        owner.rows(f"REVOKE {name} FROM ROLE R")
    grant(owner, f"{privilege} ON TABLE D.S.T")
    other.rows(statement)


@pytest.mark.parametrize("privilege", ["APPLYBUDGET", "CREATE SCHEMA", "MODIFY", "MONITOR"])
def test_of_the_database_it_is_usage(owner: Snow, other: Snow, privilege: str) -> None:
    grant(owner, f"{privilege} ON DATABASE D", "USAGE ON SCHEMA D.S", "SELECT ON TABLE D.S.T")
    with pytest.raises(ProgrammingError, match="Database 'D' does not exist or not authorized"):
        other.rows("SELECT A FROM D.S.T")
    grant(owner, "USAGE ON DATABASE D")
    assert len(other.rows("SELECT A FROM D.S.T")) == 2


@pytest.mark.parametrize("privilege", ["CREATE TABLE", "MODIFY", "MONITOR"])
def test_of_the_schema_it_is_usage(owner: Snow, other: Snow, privilege: str) -> None:
    grant(owner, "USAGE ON DATABASE D", f"{privilege} ON SCHEMA D.S", "SELECT ON TABLE D.S.T")
    with pytest.raises(ProgrammingError, match=r"Schema 'D.S' does not exist or not authorized"):
        other.rows("SELECT A FROM D.S.T")
    grant(owner, "USAGE ON SCHEMA D.S")
    assert len(other.rows("SELECT A FROM D.S.T")) == 2


def test_of_the_warehouse_it_is_usage(owner: Snow, other: Snow) -> None:
    grant(owner, *CONTAINERS, "SELECT ON TABLE D.S.T", "OPERATE ON WAREHOUSE W", "MONITOR ON WAREHOUSE W")
    owner.rows("REVOKE USAGE ON WAREHOUSE W FROM ROLE R")
    with pytest.raises(ProgrammingError, match="No active warehouse selected"):
        other.rows("SELECT A FROM D.S.T")


def test_a_view_is_joined_with_itself(owner: Snow) -> None:
    owner.script("USE WAREHOUSE W; CREATE VIEW D.S.V AS SELECT A FROM D.S.T")
    joined = owner.rows("SELECT L.A, R.A FROM D.S.V L JOIN D.S.V R ON L.A = R.A ORDER BY 1")
    assert joined == [(1, 1), (2, 2)]
    owner.rows("CREATE VIEW D.S.VV AS SELECT L.A FROM D.S.V L JOIN D.S.V R ON L.A < R.A")
    assert owner.rows("SELECT A FROM D.S.VV") == [(1,)]
