"""A snapshot of the embedded Snowflake: after it, all is as it was before."""

from __future__ import annotations

import urllib.error
import urllib.request

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import Snow

BEFORE = """
CREATE DATABASE KEPT;
CREATE SCHEMA KEPT.S;
CREATE VIEW KEPT.S.V AS SELECT 1 AS N;
CREATE ROLE READER;
CREATE DATABASE GONE
"""
MEANWHILE = """
CREATE SCHEMA KEPT.MORE;
CREATE TABLE KEPT.S.T (N NUMBER);
INSERT INTO KEPT.S.T VALUES (1);
DROP VIEW KEPT.S.V;
DROP ROLE READER;
DROP DATABASE GONE;
CREATE DATABASE MADE;
CREATE USER ADA
"""


def ask(server: SnowflakeServer, method: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://{server.host}:{server.port}/_strata/snapshot", method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def held(snow: Snow) -> list[str]:
    kinds = (
        "DATABASES",
        "SCHEMAS IN ACCOUNT",
        "TABLES IN ACCOUNT",
        "VIEWS IN DATABASE KEPT",
        "ROLES",
        "USERS",
    )
    return sorted(row["name"] for kind in kinds for row in snow.records(f"SHOW {kind}"))


def test_what_a_test_does_is_undone(admin: Snow, server: SnowflakeServer) -> None:
    admin.script(BEFORE)
    before = held(admin)
    assert ask(server, "POST") == (200, "")
    admin.script(MEANWHILE)
    assert held(admin) != before
    assert ask(server, "DELETE") == (200, "")
    assert held(admin) == before
    assert admin.one("SELECT N FROM KEPT.S.V") == 1
    # What was put back works on, and what went left nothing.
    admin.script(
        "CREATE SCHEMA KEPT.MORE; CREATE TABLE GONE.PUBLIC.T (N NUMBER); CREATE TABLE KEPT.S.T (M VARCHAR)"
    )
    assert admin.rows("SELECT * FROM KEPT.S.T") == []
    assert ask(server, "DELETE") == (409, "POST saves, DELETE puts back what was saved")


def test_rows_that_could_not_be_put_back_are_refused(admin: Snow, server: SnowflakeServer) -> None:
    admin.script("CREATE DATABASE D; CREATE TABLE D.PUBLIC.T (N NUMBER)")
    status, text = ask(server, "POST")
    assert status == 409
    assert text.startswith("the embedded Snowflake cannot be saved: rows of D.PUBLIC.T cannot be restored")
