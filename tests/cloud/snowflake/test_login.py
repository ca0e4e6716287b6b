"""Logins: a password or a workload identity; everything else is refused."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

import boto3
import jwt
import pytest
from snowflake.connector.errors import DatabaseError

from strata.cloud.github import issuer as github_oidc
from strata.cloud.snowflake.errors import LoginError
from strata.cloud.snowflake.login import caller_arn, same_principal
from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import ACCOUNT, REGION, Snow

WORKLOAD = {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"}


@pytest.mark.parametrize(
    ("login", "message"),
    [
        ({"password": "wrong"}, "Incorrect username or password"),
        ({"user": "NOBODY"}, "Incorrect username or password"),
        ({"role": "NO_SUCH"}, "Role 'NO_SUCH' specified in the connect string does not exist"),
        ({"user": "GONE", "password": "secret"}, "User access disabled"),
        ({"user": "PERSON", "password": "secret", "role": "ACCOUNTADMIN"}, "'ACCOUNTADMIN' specified"),
        ({"authenticator": "oauth", "token": "x"}, "does not support authenticator OAUTH"),
    ],
)
def test_refused(admin: Snow, server: SnowflakeServer, login: dict[str, str], message: str) -> None:
    admin.script(
        "CREATE USER GONE PASSWORD = 'secret' DISABLED = TRUE; CREATE USER PERSON PASSWORD = 'secret'"
    )
    with pytest.raises(DatabaseError, match=message):
        Snow(server, **login)


def test_a_user_has_its_defaults(admin: Snow, server: SnowflakeServer) -> None:
    admin.script(
        "CREATE DATABASE D; CREATE WAREHOUSE W; CREATE ROLE R; GRANT USAGE ON WAREHOUSE W TO ROLE R;"
        "CREATE USER U PASSWORD = 'secret' DEFAULT_ROLE = 'R' DEFAULT_WAREHOUSE = 'W' "
        "DEFAULT_NAMESPACE = 'D.PUBLIC';"
        "GRANT ROLE R TO USER U"
    )
    snow = Snow(server, user="u", password="secret")
    assert snow.rows("SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE()") == [
        ("U", "R", "W", None)
    ]
    admin.rows("GRANT USAGE ON DATABASE D TO ROLE R")
    assert Snow(server, user="U", password="secret").one("SELECT CURRENT_DATABASE()") == "D"


@pytest.fixture
def assumed(moto_url: str, server: SnowflakeServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes this process a session of a role, as a Lambda is."""

    def become(name: str) -> None:
        clients = {
            service: boto3.client(
                service,
                endpoint_url=moto_url,
                region_name=REGION,
                aws_access_key_id="AKIA",
                aws_secret_access_key="x",
            )
            for service in ("iam", "sts")
        }
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        credentials = clients["sts"].assume_role(RoleArn=arn, RoleSessionName="function")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        monkeypatch.setenv("AWS_REGION", REGION)
        suffixes = server.context.snowflake_environment["SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES"]
        monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", suffixes)

    return become


@pytest.fixture
def loader(admin: Snow) -> None:
    admin.script(
        "CREATE ROLE LOADER; CREATE USER LOADER TYPE = SERVICE DEFAULT_ROLE = 'LOADER' WORKLOAD_IDENTITY = "
        f"(TYPE = AWS ARN = 'arn:aws:iam::{ACCOUNT}:role/strata-lambda-dev');"
        "GRANT ROLE LOADER TO USER LOADER"
    )


def test_a_function_logs_in_with_its_role(loader: None, server: SnowflakeServer, assumed: Any) -> None:
    assumed("strata-lambda-dev")
    snow = Snow(server, user="LOADER", password=None, **WORKLOAD)
    assert snow.rows("SELECT CURRENT_USER(), CURRENT_ROLE()") == [("LOADER", "LOADER")]


@pytest.mark.parametrize(
    ("role", "user", "change"),
    [
        ("strata-glue-dev", "LOADER", ""),
        ("strata-lambda-dev", "OTHER", ""),
        ("strata-lambda-dev", "LOADER", "ALTER USER LOADER SET DISABLED = TRUE"),
        ("strata-lambda-dev", "LOADER", "ALTER USER LOADER UNSET WORKLOAD_IDENTITY"),
        ("strata-lambda-dev", "LOADER", "DROP USER LOADER"),
    ],
)
def test_a_workload_that_is_not_the_users_is_refused(
    loader: None, admin: Snow, server: SnowflakeServer, assumed: Any, role: str, user: str, change: str
) -> None:
    admin.rows("CREATE USER OTHER TYPE = SERVICE")
    if change:
        admin.rows(change)
    assumed(role)
    with pytest.raises(DatabaseError, match=r"No user's workload identity matches|User access disabled"):
        Snow(server, user=user, password=None, **WORKLOAD)


PULL_REQUEST = "repo:acme@11/platform@22:pull_request"
TOKEN = {"sub": PULL_REQUEST, "aud": "snowflakecomputing.com"}


@pytest.mark.parametrize(
    ("claims", "seconds", "change", "message"),
    [
        (TOKEN, 300, "", None),
        ({**TOKEN, "aud": "https://acme.example"}, 300, "ALTER USER PLANNER SET WORKLOAD_IDENTITY = (TYPE = OIDC "
         f"ISSUER = '{github_oidc.ISSUER}' SUBJECT = '{PULL_REQUEST}' OIDC_AUDIENCE_LIST = ('https://acme.example'))", None),
        ({**TOKEN, "sub": "repo:acme@11/platform@22:ref:refs/heads/main"}, 300, "", "its subject is not"),
        ({**TOKEN, "aud": "sts.amazonaws.com"}, 300, "", "its audience is not snowflakecomputing.com"),
        ({**TOKEN, "iss": "https://gitlab.com"}, 300, "", "is not valid: Invalid issuer"),
        (TOKEN, -60, "", "is not valid: Signature has expired"),
        (TOKEN, 300, "ALTER USER PLANNER SET DISABLED = TRUE", "User access disabled"),
        (TOKEN, 300, "DROP USER PLANNER", "no user has a workload identity of the type OIDC"),
    ],
)  # fmt: skip
def test_a_github_job_logs_in_as_the_user_of_its_subject(
    loader: None,
    admin: Snow,
    server: SnowflakeServer,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, str],
    seconds: int,
    change: str,
    message: str | None,
) -> None:
    admin.script(
        "CREATE ROLE READER; CREATE USER PLANNER TYPE = SERVICE DEFAULT_ROLE = 'READER' WORKLOAD_IDENTITY = "
        f"(TYPE = OIDC ISSUER = '{github_oidc.ISSUER}' SUBJECT = '{PULL_REQUEST}'); GRANT ROLE READER TO USER PLANNER"
    )
    if change:
        admin.rows(change)
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", server.host)
    arguments = {
        "authenticator": "WORKLOAD_IDENTITY",
        "workload_identity_provider": "OIDC",
        "token": server.context.issuer.mint(claims, seconds=seconds),
    }
    if message is None:
        snow = Snow(server, user="PLANNER", password=None, **arguments)
        assert snow.rows("SELECT CURRENT_USER(), CURRENT_ROLE()") == [("PLANNER", "READER")]
        return
    with pytest.raises(DatabaseError, match=message):
        Snow(server, user="PLANNER", password=None, **arguments)


def test_a_token_that_the_issuer_did_not_sign_is_refused(
    admin: Snow, server: SnowflakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = jwt.encode({**TOKEN, "iss": github_oidc.ISSUER, "iat": 1, "exp": 9_999_999_999}, "k" * 32)
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", server.host)
    with pytest.raises(DatabaseError, match="The workload identity's token is not valid"):
        Snow(server, user="X", password=None, authenticator="WORKLOAD_IDENTITY",
             workload_identity_provider="OIDC", token=token)  # fmt: skip


GOOD = {
    "url": "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
    "method": "POST",
    "headers": {
        "Host": "sts.eu-west-1.amazonaws.com",
        "X-Snowflake-Audience": "snowflakecomputing.com",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/sts/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-snowflake-audience, Signature=0",
    },
}


def _attestation(**changes: Any) -> str:
    return base64.b64encode(json.dumps(GOOD | changes).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "no base64",
        base64.b64encode(b"[]").decode(),
        _attestation(method="GET"),
        _attestation(url="https://sts.example.com/?Action=GetCallerIdentity"),
        _attestation(url="https://sts.amazonaws.com/?Action=AssumeRole"),
        _attestation(headers=GOOD["headers"] | {"X-Snowflake-Audience": "another"}),
        _attestation(headers={k: v for k, v in GOOD["headers"].items() if k != "Authorization"}),
        _attestation(
            headers=GOOD["headers"]
            | {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request"}
        ),
    ],
)
def test_an_attestation_of_another_form_is_refused(token: str) -> None:
    with pytest.raises(LoginError):
        caller_arn(token, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("arn", "caller", "same"),
    [
        ("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/a", True),
        ("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/b", False),
        ("arn:aws:iam::111122223333:role/a", "arn:aws:sts::111122223333:assumed-role/a/session", True),
        ("arn:aws:iam::111122223333:role/path/a", "arn:aws:sts::111122223333:assumed-role/a/session", True),
        ("arn:aws:iam::111122223333:role/a", "arn:aws:sts::444455556666:assumed-role/a/session", False),
        ("arn:aws:iam::111122223333:role/ab", "arn:aws:sts::111122223333:assumed-role/a/b", False),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", True),
    ],
)
def test_which_caller_is_which_principal(arn: str, caller: str, same: bool) -> None:
    assert same_principal(arn, caller) is same


def test_a_login_answer_has_what_later_clients_want(server: SnowflakeServer, admin: Snow) -> None:
    body = {"data": {"LOGIN_NAME": server.user, "PASSWORD": server.password, "SESSION_PARAMETERS": {}}}
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}/session/v1/login-request",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        data = json.loads(answer.read())["data"]
    assert {"token", "masterToken", "validityInSeconds", "masterValidityInSeconds", "sessionId"} <= set(data)


def test_a_closed_session_is_over(server: SnowflakeServer, admin: Snow) -> None:
    snow = Snow(server)
    token = snow.connection.rest.token
    snow.connection.close()
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}/queries/v1/query-request",
        data=json.dumps({"sqlText": "SELECT 1"}).encode(),
        headers={"Authorization": f'Snowflake Token="{token}"'},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.loads(answer.read())["code"] == "390104"
