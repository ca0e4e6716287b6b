"""A snapshot of the embedded Snowflake: after it, all is as it was before."""

from __future__ import annotations

import pickle
import urllib.error
import urllib.request
from typing import Any

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


def ask(server: SnowflakeServer, method: str, content: bytes | None = None) -> tuple[int, bytes]:
    url = f"http://{server.host}:{server.port}/_strata/snapshot"
    request = urllib.request.Request(url, method=method, data=content)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


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


def test_what_happened_since_is_undone(admin: Snow, server: SnowflakeServer) -> None:
    admin.script(BEFORE)
    before = held(admin)
    status, saved = ask(server, "GET")
    assert status == 200
    admin.script(MEANWHILE)
    assert held(admin) != before
    # As often as one likes.
    for _ in range(2):
        assert ask(server, "PUT", saved) == (200, b"")
        assert held(admin) == before
        assert admin.one("SELECT N FROM KEPT.S.V") == 1
    # What was loaded works on, and what went left nothing.
    admin.script(
        "CREATE SCHEMA KEPT.MORE; CREATE TABLE GONE.PUBLIC.T (N NUMBER); CREATE TABLE KEPT.S.T (M VARCHAR)"
    )
    assert admin.rows("SELECT * FROM KEPT.S.T") == []


def test_a_column_goes_on_to_number_itself(admin: Snow, server: SnowflakeServer) -> None:
    admin.script(
        "CREATE DATABASE D; CREATE TABLE D.PUBLIC.T (ID INT IDENTITY(10, 5), N INT); "
        "CREATE TABLE D.PUBLIC.U (ID INT AUTOINCREMENT, N INT); INSERT INTO D.PUBLIC.T (N) VALUES (1), (2)"
    )
    _, saved = ask(server, "GET")
    admin.rows("INSERT INTO D.PUBLIC.T (N) VALUES (3)")
    for _ in range(2):
        assert ask(server, "PUT", saved) == (200, b"")
        admin.script("INSERT INTO D.PUBLIC.T (N) VALUES (4); INSERT INTO D.PUBLIC.U (N) VALUES (4)")
        assert admin.rows("SELECT ID FROM D.PUBLIC.T ORDER BY ID") == [(10,), (15,), (20,)]
        assert admin.one("SELECT ID FROM D.PUBLIC.U") == 1


def described_table(snow: Snow) -> list[dict[str, Any]]:
    snow.script('USE DATABASE "lower"')
    return snow.records('DESCRIBE TABLE "lower".PUBLIC.T')


def test_rows_are_saved_with_their_types(admin: Snow, server: SnowflakeServer) -> None:
    admin.script(
        """
        CREATE DATABASE "lower";
        CREATE TABLE "lower".PUBLIC.T (N NUMBER(20, 3) NOT NULL, S VARCHAR(7), D DATE, TS TIMESTAMP_NTZ, V VARIANT);
        INSERT INTO "lower".PUBLIC.T SELECT 12345678901234567.125, 'a''b', '2024-02-29', '2024-02-29 12:34:56.789',
            PARSE_JSON('{"a": [1, null]}');
        INSERT INTO "lower".PUBLIC.T (N) VALUES (0);
        CREATE TABLE "lower".PUBLIC.EMPTY (N NUMBER)
        """
    )
    select = 'SELECT * FROM "lower".PUBLIC.T ORDER BY N'
    rows, described = admin.rows(select), described_table(admin)
    assert len(rows) == 2
    saved = ask(server, "GET")[1]
    admin.script('DROP DATABASE "lower"')
    assert ask(server, "PUT", saved) == (200, b"")
    assert admin.rows(select) == rows
    assert described_table(admin) == described
    assert admin.rows('SELECT * FROM "lower".PUBLIC.EMPTY') == []
    admin.script("INSERT INTO \"lower\".PUBLIC.T (N, S) VALUES (1, 'more')")
    assert len(admin.rows(select)) == 3


def test_bytes_that_are_not_a_state_change_nothing(admin: Snow, server: SnowflakeServer) -> None:
    admin.script("CREATE DATABASE KEPT")
    before = held(admin)
    saved = ask(server, "GET")[1]
    for damaged in (
        b"",
        b"no pickle",
        saved[: len(saved) // 2],
        pickle.dumps({"catalog": 1}),
        pickle.dumps(print),
    ):
        status, text = ask(server, "PUT", damaged)
        assert (status, text[:25]) == (409, b"the state cannot be read:"), damaged[:40]
    assert held(admin) == before
