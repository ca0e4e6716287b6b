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


OBJECTS = """
CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::111122223333:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://bucket/');
CREATE STAGE D.S.ST URL = 's3://bucket/' STORAGE_INTEGRATION = I;
CREATE VIEW D.S.V AS SELECT A FROM D.S.T
"""
# Snowflake's access-control reference, as far as the kinds that this project makes.
GRANTED = {
    "DATABASE D": ["APPLYBUDGET", "CREATE DATABASE ROLE", "CREATE SCHEMA", "MODIFY", "MONITOR", "USAGE"],
    "SCHEMA D.S": ["ADD SEARCH OPTIMIZATION", "APPLYBUDGET", "CREATE EXTERNAL TABLE", "CREATE FILE FORMAT", "CREATE STAGE", "CREATE TABLE", "CREATE VIEW", "MODIFY", "MONITOR", "USAGE"],
    "WAREHOUSE W": ["APPLYBUDGET", "MODIFY", "MONITOR", "OPERATE", "USAGE"],
    "INTEGRATION I": ["USAGE", "USE_ANY_ROLE"],
    "STAGE D.S.ST": ["USAGE"],
    "TABLE D.S.T": ["APPLYBUDGET", "DELETE", "EVOLVE SCHEMA", "INSERT", "REFERENCES", "SELECT", "TRUNCATE", "UPDATE"],
    "VIEW D.S.V": ["REFERENCES", "SELECT"],
}  # fmt: skip


@pytest.mark.parametrize("place", GRANTED)
def test_the_privileges_of_a_kind(owner: Snow, place: str) -> None:
    owner.script(OBJECTS)
    owner.rows("CREATE ROLE ALL_OF_THEM")
    for privilege in GRANTED[place]:
        owner.rows(f"GRANT {privilege} ON {place} TO ROLE ALL_OF_THEM")
    found = owner.records("SHOW GRANTS TO ROLE ALL_OF_THEM")
    assert sorted(row["privilege"] for row in found) == GRANTED[place]
    with pytest.raises(ProgrammingError, match="Invalid privilege 'EXECUTE TASK'"):
        owner.rows(f"GRANT EXECUTE TASK ON {place} TO ROLE ALL_OF_THEM")


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("SYSADMIN", "CREATE DATABASE X"),
        ("SYSADMIN", "CREATE WAREHOUSE X"),
        ("USERADMIN", "CREATE ROLE X"),
        ("USERADMIN", "CREATE USER X"),
        ("SECURITYADMIN", "GRANT USAGE ON DATABASE D TO ROLE R"),
        # What a role is granted, its own roles have: SECURITYADMIN has USERADMIN's.
        ("SECURITYADMIN", "CREATE ROLE X"),
    ],
)
def test_what_the_system_roles_may(owner: Snow, server: SnowflakeServer, role: str, statement: str) -> None:
    snow = Snow(server, role=role)
    snow.rows(statement)
    snow.connection.close()
    nobody = Snow(server, role="R")
    with pytest.raises(ProgrammingError, match=r"Insufficient privileges|not authorized"):
        nobody.rows(statement.replace(" X", " Y"))
    nobody.connection.close()
