"""What clients send and get: logins, contexts, bindings, descriptions and errors, without a server."""

from __future__ import annotations

import gzip
import json
import logging
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest

from strata.cloud.github.issuer import Issuer
from strata.cloud.snowflake import api
from strata.cloud.snowflake.api import Api
from strata.cloud.snowflake.catalog import User, WorkloadIdentity
from strata.cloud.snowflake.errors import LoginError
from strata.cloud.snowflake.login import authenticate, same_principal
from strata.cloud.snowflake.server import ADMIN
from strata.cloud.snowflake.statements.accounts import hash_password, password_matches

from .console import Console

ROLE = "arn:aws:iam::111122223333:role/loader"
LOGIN = "/session/v1/login-request"
QUERY = "/queries/v1/query-request"
AGAIN = {
    "data": {"errorCode": "390104", "sqlState": "08001"},
    "code": "390104",
    "message": "User must login again to access the service.",
    "success": False,
    "headers": None,
}


class Client:
    """A client of the application, logged in as a user."""

    def __init__(self, console: Console) -> None:
        with warnings.catch_warnings():
            # Starlette advises a successor of httpx.
            warnings.simplefilter("ignore", DeprecationWarning)
            from starlette.testclient import TestClient

        self.api = Api(console.account, lambda: "", Issuer(), ADMIN)
        self.http = TestClient(self.api.application(), raise_server_exceptions=False)
        self.token = ""

    def login(self, user: str = "U", password: str = "secret", **context: str) -> Any:
        data = {"LOGIN_NAME": user, "PASSWORD": password}
        answer = self.http.post(LOGIN, params=context, json={"data": data}).json()
        self.token = answer["data"].get("token", "")
        return answer

    def post(self, path: str, body: Any = None, **params: str) -> Any:
        headers = {"Authorization": f'Snowflake Token="{self.token}"'}
        return self.http.post(path, params=params, json=body, headers=headers).json()

    def query(self, sql: str, **body: Any) -> Any:
        return self.post(QUERY, {"sqlText": sql} | body)


@pytest.fixture
def client(console: Console) -> Client:
    console.script(
        "CREATE ROLE R; CREATE ROLE OTHER; CREATE WAREHOUSE W; CREATE WAREHOUSE HIDDEN; CREATE DATABASE D;"
        "CREATE SCHEMA D.S; CREATE DATABASE E; GRANT USAGE ON WAREHOUSE W TO ROLE R; GRANT USAGE ON DATABASE D TO ROLE R;"
        "GRANT USAGE ON SCHEMA D.S TO ROLE R; GRANT USAGE ON DATABASE E TO ROLE R; GRANT USAGE ON WAREHOUSE W TO ROLE OTHER;"
        "CREATE USER U PASSWORD = 'secret' DEFAULT_ROLE = R DEFAULT_WAREHOUSE = W DEFAULT_NAMESPACE = 'D.S';"
        "CREATE USER PLAIN PASSWORD = 'secret' DEFAULT_ROLE = OTHER; GRANT ROLE R TO USER U; GRANT ROLE OTHER TO USER U"
    )
    return Client(console)


def context(answer: Any) -> tuple[Any, ...]:
    info = answer["data"]["sessionInfo"]
    return tuple(info[f"{name}Name"] for name in ("role", "warehouse", "database", "schema"))


@pytest.mark.parametrize(
    ("user", "requested", "expected"),
    [
        ("U", {}, ("R", "W", "D", "S")),
        ("u", {}, ("R", "W", "D", "S")),
        ("U", {"roleName": "other"}, ("OTHER", "W", None, None)),
        ("U", {"roleName": '"R"'}, ("R", "W", "D", "S")),
        ("U", {"warehouse": "HIDDEN"}, ("R", None, "D", "S")),
        ("U", {"databaseName": "E"}, ("R", "W", "E", "PUBLIC")),
        ("U", {"databaseName": "E", "schemaName": "NONE"}, ("R", "W", "E", "PUBLIC")),
        ("U", {"databaseName": "D", "schemaName": "S"}, ("R", "W", "D", "S")),
        ("U", {"databaseName": "NONE"}, ("R", "W", None, None)),
        ("PLAIN", {}, ("PUBLIC", None, None, None)),
    ],
)
def test_where_a_session_begins(
    client: Client, console: Console, user: str, requested: dict[str, str], expected: tuple[Any, ...]
) -> None:
    console.script("GRANT USAGE ON SCHEMA E.PUBLIC TO ROLE R")
    answer = client.login(user, **requested)
    assert context(answer) == expected
    role, warehouse, database, schema = expected
    data = client.query("SHOW ROLES LIKE 'NO_SUCH'")["data"]
    assert [data[f"final{n}Name"] for n in ("Role", "Warehouse", "Database", "Schema")] == [role, warehouse, database, schema]  # fmt: skip
    assert data["parameters"] == [
        {"name": "AUTOCOMMIT", "value": True},
        {"name": "TIMEZONE", "value": "Etc/UTC"},
    ]


def test_what_a_login_answers(client: Client, console: Console) -> None:
    answer = client.login()
    data = answer.pop("data")
    assert answer == {"success": True, "code": None, "message": None}
    parameters = {p["name"]: p["value"] for p in data.pop("parameters")}
    assert parameters == {
        "AUTOCOMMIT": True, "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0, "CLIENT_TELEMETRY_ENABLED": False, "TIMEZONE": "Etc/UTC",
    }  # fmt: skip
    assert len(data.pop("token")) > 40
    assert len(data.pop("masterToken")) > 40
    assert data.pop("serverVersion")
    assert data.pop("sessionInfo")["roleName"] == "R"
    assert data == {
        "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "sessionId": 4500000001, "displayUserName": "U",
    }  # fmt: skip
    assert client.login()["data"]["sessionId"] == 4500000002
    (shown,) = console.run("SHOW USERS LIKE 'U'")
    assert shown["last_success_login"] == "<time>"


@pytest.mark.parametrize(
    ("user", "password", "requested", "code", "message"),
    [
        ("U", "wrong", {}, "390100", "Incorrect username or password was specified."),
        ("NOBODY", "secret", {}, "390100", "Incorrect username or password was specified."),
        ("U", "", {}, "390100", "Incorrect username or password was specified."),
        (
            "U", "secret", {"roleName": "SYSADMIN"}, "390189",
            "Role 'SYSADMIN' specified in the connect string does not exist or not authorized. Contact your local "
            "system administrator, or attempt to login with another role, e.g. PUBLIC.",
        ),
    ],
)  # fmt: skip
def test_a_login_is_refused(
    client: Client, user: str, password: str, requested: dict[str, str], code: str, message: str
) -> None:
    data = {"errorCode": code, "sqlState": "08001"}
    expected = {"data": data, "code": code, "message": message, "success": False, "headers": None}
    assert client.login(user, password, **requested) == expected


def test_a_session_ends(client: Client) -> None:
    assert client.query("SELECT 1") == AGAIN
    assert client.post("/session/heartbeat") == AGAIN
    client.login()
    done = {"data": None, "code": None, "message": None, "success": True}
    assert client.post("/session/heartbeat") == done
    assert client.query("SELECT 1 AS A")["success"] is True
    assert client.post("/session", delete="true") == done
    assert client.query("SELECT 1") == AGAIN
    for path in ("/queries/v1/abort-request", "/telemetry/send", "/telemetry/send/sessionless"):
        assert client.post(path) == done


def test_a_request_may_be_compressed_empty_or_odd(client: Client) -> None:
    body = gzip.compress(json.dumps({"data": {"LOGIN_NAME": "U", "PASSWORD": "secret"}}).encode())
    answer = client.http.post(LOGIN, content=body, headers={"Content-Encoding": "gzip"}).json()
    assert answer["success"] is True
    for odd in (b"", b"[]", b'"text"', b"{}"):
        assert client.http.post(LOGIN, content=odd).json()["code"] == "390100"


def value(answer: Any) -> Any:
    return answer["data"]["rowset"]


@pytest.mark.parametrize(
    ("body", "code", "state", "message"),
    [
        ({"sqlText": "SHOW TASKS"}, "000002", "0A000", "not implemented by the embedded Snowflake: SHOW TASKS"),
        ({"sqlText": ""}, "000900", "42601", "SQL compilation error:\nEmpty SQL statement."),
        ({}, "000900", "42601", "SQL compilation error:\nEmpty SQL statement."),
        (
            {"sqlText": "SELEC", "describeOnly": True}, "001003", "42000",
            "SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'SELEC'.",
        ),
    ],
)  # fmt: skip
def test_a_statement_fails(client: Client, body: Any, code: str, state: str, message: str) -> None:
    client.login()
    data = {"errorCode": code, "sqlState": state}
    expected = {"data": data, "code": code, "message": message, "success": False, "headers": None}
    answer = client.post(QUERY, body)
    assert answer["data"].pop("queryId")
    assert answer == expected


def test_a_defect_fails_the_statement(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client.login()
    monkeypatch.setattr(api.dispatch, "execute", Mock(side_effect=KeyError("surprise")))
    with caplog.at_level(logging.ERROR, logger=api.__name__):
        answer = client.query("SELECT 1")
    message = "SQL execution internal error:\nProcessing aborted by KeyError: 'surprise'"
    assert (answer["code"], answer["message"], answer["data"]["sqlState"]) == ("000603", message, "XX000")
    assert caplog.messages == ["defect in the embedded Snowflake, statement: SELECT 1"]


def binding(value: Any, kind: str = "FIXED") -> dict[str, Any]:
    return {"type": kind, "value": value}


def test_bindings(client: Client, console: Console) -> None:
    console.script("GRANT CREATE TABLE ON SCHEMA D.S TO ROLE R")
    client.login()
    client.query("CREATE TABLE T (A INT, B VARCHAR)")
    insert = "INSERT INTO T VALUES (?, ?)"
    one = {"1": binding("1"), "2": binding("x", "TEXT")}
    assert value(client.query(insert, bindings=one)) == [["1"]]
    many = {"1": binding(["2", "3", "4"]), "2": binding(["y", "z", None], "TEXT")}
    answer = client.query(insert, bindings=many)
    assert (value(answer), answer["data"]["rowtype"][0]["name"]) == ([["3"]], "number of rows inserted")
    assert answer["data"]["statementTypeId"] == 0x3100
    ordered = {str(n): binding(str(n)) for n in range(1, 12)}
    placeholders = ", ".join("?" * 11)
    updated = client.query(f"UPDATE T SET B = 'w' WHERE A IN ({placeholders}) AND A > 2", bindings=ordered)
    assert value(updated)[0][0] == "2"
    (row,) = console.run("SELECT SUM(A) AS A, COUNT(B) AS B FROM D.S.T")
    assert (str(row["A"]), row["B"]) == ("10", 4)
    assert client.query("SHOW TABLES LIKE 'T'", bindings={})["success"] is True


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT 1 AS A, 'x' AS B", ["A", "B"]),
        ("WITH Q AS (SELECT 1 AS C) SELECT C FROM Q", ["C"]),
        ("CREATE DATABASE NEVER", ["status"]),
        ("SHOW VARIABLES", ["session_id", "created_on", "updated_on", "name", "value", "type", "comment"]),
    ],
)
def test_a_description_runs_nothing(client: Client, console: Console, sql: str, columns: list[str]) -> None:
    client.login()
    data = client.query(sql, describeOnly=True)["data"]
    assert ([column["name"] for column in data["rowtype"]], data["total"]) == (columns, 0)
    assert console.run("SHOW DATABASES LIKE 'NEVER'") == []


@pytest.mark.parametrize(
    ("text", "name"), [("r", "R"), ('"r"', "r"), ('"r', '"R'), ('r"', 'R"'), ('"', '"'), ('""', "")]
)
def test_a_name_is_folded_unless_it_is_quoted(text: str, name: str) -> None:
    assert api._name(text) == name


def test_a_password_is_kept_as_a_salted_hash() -> None:
    one, other = hash_password("secret"), hash_password("secret")
    assert one != other
    assert "secret" not in one
    assert password_matches(one, "secret")
    assert password_matches(other, "secret")
    assert not password_matches(one, "Secret")
    assert not password_matches(None, "")
    assert not password_matches("", "")


def _users() -> list[User]:
    found = [User(name=name, owner="R", options={"LOGIN_NAME": name}) for name in ("A", "B", "C")]
    found[1].workload_identity = WorkloadIdentity("AWS", arn=ROLE)
    found[2].workload_identity = WorkloadIdentity("OIDC", issuer="https://i", subject="s")
    return found


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        ({"AUTHENTICATOR": "oauth"}, 390201, "The embedded Snowflake does not support authenticator OAUTH."),
        (
            {"AUTHENTICATOR": "workload_identity", "PROVIDER": "azure"}, 394400,
            "The embedded Snowflake cannot verify a workload identity of provider AZURE.",
        ),
        (
            {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "oidc", "TOKEN": "x"}, 394400,
            "The workload identity's token is not valid: Not enough segments",
        ),
        (
            {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "AWS", "TOKEN": "x"}, 394400,
            "The workload identity's attestation cannot be read.",
        ),
        ({}, 390100, "Incorrect username or password was specified."),
        ({"LOGIN_NAME": "A"}, 390100, "Incorrect username or password was specified."),
    ],
)  # fmt: skip
def test_what_does_not_log_in(data: dict[str, str], code: int, message: str) -> None:
    with pytest.raises(LoginError) as raised:
        authenticate(_users(), data, "http://127.0.0.1:1", Issuer())
    assert (raised.value.code, raised.value.message) == (code, message)


def test_a_token_of_another_subject() -> None:
    issuer = Issuer()
    token = issuer.mint({"sub": "other", "aud": "snowflakecomputing.com"})
    for name, reason in (
        ("A", "no user has a workload identity of the type OIDC"),
        ("c", "because its issuer is not https://i"),
    ):
        data = {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "OIDC", "TOKEN": token, "LOGIN_NAME": name}
        with pytest.raises(LoginError) as raised:
            authenticate(_users(), data, "", issuer)
        prefix = "No user's workload identity matches the token of other: "
        assert raised.value.message.startswith(prefix + reason)
        assert raised.value.code == 394400


def test_a_caller_that_is_nobodys_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = "arn:aws:sts::111122223333:assumed-role/loader/me"
    monkeypatch.setattr("strata.cloud.snowflake.login.caller_arn", lambda token, url: caller)
    data = {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "aws", "TOKEN": "t"}
    assert authenticate(_users(), data, "", Issuer()).name == "B"
    assert authenticate(_users(), data | {"LOGIN_NAME": "b"}, "", Issuer()).name == "B"
    with pytest.raises(LoginError) as raised:
        authenticate(_users(), data | {"LOGIN_NAME": "A"}, "", Issuer())
    message = f"No user's workload identity matches the caller {caller}."
    assert (raised.value.code, raised.value.message) == (394400, message)
    users = _users()
    users[1].options["DISABLED"] = True
    with pytest.raises(LoginError) as raised:
        authenticate(users, data, "", Issuer())
    assert raised.value.code == 390101
    assert raised.value.message == "User access disabled. Contact your local system administrator."


def test_a_partition_is_part_of_a_principal() -> None:
    assert not same_principal(ROLE, "arn:aws-cn:sts::111122223333:assumed-role/loader/me")
    assert not same_principal(f"x{ROLE}", "arn:aws:sts::111122223333:assumed-role/loader/me")
    assert not same_principal(ROLE, "arn:aws:sts::111122223333:assumed-role/loader/me/more")


def test_a_server_that_stops_ends_the_statements_that_run(client: Client) -> None:
    client.login()
    slow = (
        "select count(*) from table(generator(rowcount => 200000)) a, table(generator(rowcount => 200000)) b"
    )
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.query, slow)
        time.sleep(0.3)
        client.api.close()
        assert answer.result(10)["code"] == "000604"
