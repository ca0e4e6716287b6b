"""One AWS (moto, in this process) and one embedded Snowflake per test module, and a bucket of flights."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from moto.server import ThreadedMotoServer

from strata.cloud.aws import AwsServer
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.gateway.services import Services
from strata.cloud.client import embedded_client
from strata.cloud.snowflake import served_account, snapshot
from strata.cloud.snowflake.aws_account import USER_ARN
from strata.cloud.snowflake.server import ADMIN, SnowflakeServer
from strata.cloud.snowflake.session import SnowflakeAccount
from strata.cloud.snowflake.storage import StageStorage

from . import memory_bucket
from .console import Console

ACCOUNT = "111122223333"
# Whom moto alone takes for the owner of every bucket.
OWNER = "123456789012"
REGION = "eu-west-1"
EXTERNAL_ID = "strata-dev-111122223333"
ROLE_NAME = "strata-snowflake-dev"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
TRUST = {"Effect": "Allow", "Principal": {"AWS": USER_ARN}, "Action": "sts:AssumeRole"}


@contextmanager
def started(folder: Path) -> Iterator[tuple[CloudContext, SnowflakeServer]]:
    """The embedded AWS and Snowflake, which know each other."""
    context = CloudContext(ACCOUNT, REGION, folder)
    aws, server = AwsServer(context), SnowflakeServer(context)
    aws.start()
    try:
        server.start()
        yield context, server
    finally:
        server.stop()
        aws.stop()


def root_client(context: CloudContext, service: str) -> Any:
    """A client of the embedded AWS, with the keys of the account's root."""
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x"}
    return embedded_client(service, context.aws_url, REGION, keys)


def document(*statements: dict[str, Any]) -> str:
    """A policy's document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Refusal(Exception):
    """What the stand-in for the embedded STS raises."""


class Lake:
    """The bucket that external tables read, and the trust of the role that reads it."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.trusted_external_id = EXTERNAL_ID
        self.assumed: list[dict[str, Any]] = []

    def assume_role(self, role_arn: str, **asked: Any) -> SimpleNamespace:
        self.assumed.append({"role_arn": role_arn} | asked)
        if role_arn != ROLE or asked["external_id"] != self.trusted_external_id:
            raise Refusal("not authorized to perform sts:AssumeRole")
        return SimpleNamespace(access_key_id=OWNER, secret_access_key="x", session_token="x")

    def put(self, key: str, rows: list[dict[str, Any]] | None = None, body: bytes | None = None) -> str:
        """Write Parquet (or any bytes) to a key below curated/flights/ and return the full key."""
        if body is None:
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows or [], schema=SCHEMA), buffer)
            body = buffer.getvalue()
        full = f"curated/flights/{key}"
        self.s3.put_object(Bucket=self.bucket, Key=full, Body=body)
        return full

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=f"curated/flights/{key}")


SCHEMA = pa.schema(
    [
        ("carrier", pa.string()),
        ("flight", pa.int64()),
        ("arr_delay", pa.float64()),
        ("fare", pa.decimal128(10, 2)),
        ("sequencer", pa.string()),
    ]
)


def flight(
    carrier: str, number: int, delay: float | None = 0.0, fare: str = "0.10", sequencer: str = "01"
) -> dict:
    return {
        "carrier": carrier,
        "flight": number,
        "arr_delay": delay,
        "fare": Decimal(fare),
        "sequencer": sequencer,
    }


class Snow:
    """A logged-in client."""

    def __init__(self, server: SnowflakeServer, **login: Any) -> None:
        arguments = {"user": server.user, "password": server.password} | login
        self.connection = snowflake.connector.connect(
            account=server.account, host=server.host, port=server.port, protocol="http", **arguments
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            return list(cursor.execute(sql).fetchall())

    def one(self, sql: str) -> Any:
        ((value,),) = self.rows(sql)
        return value

    def records(self, sql: str) -> list[dict[str, Any]]:
        with self.connection.cursor(snowflake.connector.DictCursor) as cursor:
            return list(cursor.execute(sql).fetchall())

    def script(self, text: str) -> None:
        for statement in text.split(";"):
            if statement.strip():
                self.rows(statement)


@pytest.fixture(scope="module", autouse=True)
def clean_environment() -> Iterator[None]:
    """No AWS or Snowflake variable of this machine reaches the clients."""
    kept = {
        name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("AWS_", "SNOWFLAKE_"))
    }
    yield
    os.environ.update(kept)


@pytest.fixture(scope="module")
def moto_url(clean_environment: None) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def s3(moto_url: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=moto_url, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="x"
    )


_buckets = iter(range(1, 1000))


@pytest.fixture
def lake(s3: Any, lakes: dict[str, Lake]) -> Lake:
    bucket = f"strata-processed-{next(_buckets)}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    lakes["current"] = Lake(s3, bucket)
    return lakes["current"]


@pytest.fixture(scope="module")
def lakes() -> dict[str, Lake]:
    return {}


@pytest.fixture(scope="module")
def server(
    moto_url: str, lakes: dict[str, Lake], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SnowflakeServer]:
    context = CloudContext(ACCOUNT, REGION, Path(tmp_path_factory.mktemp("cloud")), aws_url=moto_url)
    context.objects = Services(context).objects
    found = SnowflakeServer(
        context, lambda role_arn, **asked: lakes["current"].assume_role(role_arn, **asked)
    )
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def plain_server(
    clean_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SnowflakeServer]:
    """An embedded Snowflake without an AWS."""
    found = SnowflakeServer(CloudContext(ACCOUNT, REGION, tmp_path_factory.mktemp("cloud")), refused_role)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def admin(server: SnowflakeServer) -> Iterator[Snow]:
    snow = Snow(server)
    yield snow
    for kind, column in (
        ("DATABASES", "DATABASE"),
        ("INTEGRATIONS", "INTEGRATION"),
        ("WAREHOUSES", "WAREHOUSE"),
        ("RESOURCE MONITORS", "RESOURCE MONITOR"),
    ):
        for row in snow.records(f"SHOW {kind}"):
            if row["name"] != "COMPUTE_WH":
                snow.rows(f'DROP {column} "{row["name"]}"')
    system = {"ACCOUNTADMIN", "PUBLIC", "SECURITYADMIN", "SYSADMIN", "USERADMIN"}
    for row in snow.records("SHOW ROLES"):
        if row["name"] not in system:
            snow.rows(f'DROP ROLE "{row["name"]}"')
    for row in snow.records("SHOW USERS"):
        if row["name"] != server.user:
            snow.rows(f'DROP USER "{row["name"]}"')
    snow.connection.close()


DDL = """
CREATE DATABASE STRATA_DEV;
CREATE SCHEMA STRATA_DEV.CURATED;
CREATE STORAGE INTEGRATION STRATA_S3_DEV TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = '{role}' STORAGE_AWS_EXTERNAL_ID = '{external_id}'
  STORAGE_ALLOWED_LOCATIONS = ('s3://{bucket}/curated/');
CREATE STAGE STRATA_DEV.CURATED.PROCESSED URL = 's3://{bucket}/curated/' STORAGE_INTEGRATION = STRATA_S3_DEV
  FILE_FORMAT = (TYPE = PARQUET);
CREATE EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS (
  CARRIER VARCHAR AS (VALUE:carrier::VARCHAR),
  FLIGHT NUMBER(38,0) AS (VALUE:flight::NUMBER(38,0)),
  ARR_DELAY FLOAT AS (VALUE:arr_delay::FLOAT),
  FARE NUMBER(10,2) AS (VALUE:fare::NUMBER(10,2)),
  SEQUENCER VARCHAR AS (VALUE:sequencer::VARCHAR),
  FLIGHT_DATE DATE AS (SPLIT_PART(SPLIT_PART(METADATA$FILENAME, 'flight_date=', 2), '/', 1)::DATE),
  OBJECT VARCHAR AS (SPLIT_PART(SPLIT_PART(METADATA$FILENAME, 'object=', 2), '/', 1))
) PARTITION BY (FLIGHT_DATE, OBJECT) LOCATION = @STRATA_DEV.CURATED.PROCESSED/flights/
  REFRESH_ON_CREATE = FALSE AUTO_REFRESH = FALSE FILE_FORMAT = (TYPE = PARQUET)
"""


@pytest.fixture
def flights(admin: Snow, lake: Lake) -> Snow:
    """The administrator, in the schema of the external table FLIGHTS, which has no files yet."""
    admin.script(DDL.format(role=ROLE, external_id=EXTERNAL_ID, bucket=lake.bucket))
    admin.rows("USE SCHEMA STRATA_DEV.CURATED")
    return admin


def decoded(text: str) -> Any:
    return json.loads(text)


@contextmanager
def new_account(place: Path) -> Iterator[SnowflakeAccount]:
    context = CloudContext(ACCOUNT, REGION, place)
    found = served_account.new_account(context, "STRATA-LOCAL", ADMIN, "secret", refused_role)
    yield found
    found.storage.close()
    found.engine.close()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeAccount]:
    with new_account(tmp_path_factory.mktemp("cloud")) as found:
        yield found


def refused_role(role_arn: str, **asked: Any) -> Any:
    raise Refusal("not authorized to perform sts:AssumeRole")


@pytest.fixture
def console(account: SnowflakeAccount) -> Iterator[Console]:
    """Sessions of an account that holds what a new one holds."""
    empty = snapshot.save(account)
    yield Console(account)
    snapshot.load(account, empty, ADMIN)


@pytest.fixture
def bucket(account: SnowflakeAccount, monkeypatch: pytest.MonkeyPatch) -> memory_bucket.Bucket:
    found = memory_bucket.Bucket(account.storage.files)

    def opened(*_: Any) -> memory_bucket.Bucket:
        found.opened += 1
        return found

    monkeypatch.setattr(StageStorage, "open", opened)
    return found


@pytest.fixture
def table(console: Console, bucket: memory_bucket.Bucket) -> Iterator[Console]:
    console.script(memory_bucket.DDL)
    bucket.put("d=2026-01-01/o=x/1.parquet", [{"a": 1, "b": "p"}, {"a": 2, "b": "q"}])
    bucket.put("d=2026-01-01/o=y/2.parquet", [{"a": 3, "b": None, "c": "r"}])
    bucket.put("d=2026-01-02/o=x/3.parquet", [{"a": 4, "b": "s"}])
    console.run("ALTER EXTERNAL TABLE T REFRESH")
    bucket.listed.clear()
    return console
