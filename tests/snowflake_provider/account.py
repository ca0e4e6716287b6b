"""One embedded Snowflake in this process, the buckets it reads, and what a caller has made before a case."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import snowflake.connector
from moto.server import ThreadedMotoServer

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.gateway.services import Services
from strata.cloud.snowflake.server import SnowflakeServer
from tests.snowflake_provider.cases import ModuleCase

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_PROVIDERS = {"aws": "S3", "aws-cn": "S3CHINA", "aws-us-gov": "S3GOV"}


def _assume_role(role_arn: str, **asked: str) -> SimpleNamespace:
    return SimpleNamespace(access_key_id=ACCOUNT, secret_access_key="x", session_token="x")


@contextlib.contextmanager
def embedded_account(folder: Path) -> Iterator[SnowflakeServer]:
    """Serve a Snowflake account, and an S3 whose buckets its integrations may read."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        url = "http://{}:{}".format(*moto.get_host_and_port())
        context = CloudContext(ACCOUNT, REGION, folder, aws_url=url)
        context.objects = Services(context).objects
        server = SnowflakeServer(context, _assume_role)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        moto.stop()


def environment(server: SnowflakeServer) -> dict[str, str]:
    """The variables by which the provider logs in."""
    return {
        "SNOWFLAKE_HOST": server.host,
        "SNOWFLAKE_PORT": str(server.port),
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_USER": server.user,
        "SNOWFLAKE_PASSWORD": server.password,
    }


@contextlib.contextmanager
def prepared(server: SnowflakeServer, cases: Sequence[ModuleCase]) -> Iterator[None]:
    """Make what the cases refer to: integrations, buckets, users to be notified."""
    client = boto3.client(
        "s3",
        endpoint_url=server.context.aws_url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="x",
    )
    statements = []
    users, buckets = set(), set()
    for case in cases:
        users |= {
            u for m in case.inputs.get("resource_monitors", {}).values() for u in m.get("notify_users", ())
        }
        for stage in case.inputs.get("stages", {}).values() if case.inputs.get("external_tables") else ():
            buckets.add(case.bucket_format % stage["bucket"])
        if "integration_name" in case.inputs:
            partition = case.inputs["context"].get("partition", "aws")
            statements.append(
                f"CREATE STORAGE INTEGRATION {case.inputs['integration_name']} TYPE = EXTERNAL_STAGE "
                f"STORAGE_PROVIDER = '{_PROVIDERS[partition]}' ENABLED = TRUE STORAGE_ALLOWED_LOCATIONS = ('*') "
                f"STORAGE_AWS_ROLE_ARN = 'arn:{partition}:iam::{ACCOUNT}:role/reader'"
            )
    rows(server, [*statements, *(f"CREATE USER {user}" for user in sorted(users))])
    for bucket in buckets:
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        yield
    finally:
        # moto has one memory for all servers of a process.
        for bucket in buckets:
            client.delete_bucket(Bucket=bucket)


def left(server: SnowflakeServer, case: ModuleCase) -> list[str]:
    """The objects of the account that a case has made and not taken away."""
    kept = {case.inputs.get("integration_name")}
    return [
        f"{kind} {'.'.join(path)}"
        for kind, path, _ in server.catalog.walk()
        if len(path) == 1 and path[0].endswith(f"_{case.label.upper()}") and path[0] not in kept
    ]


def rows(server: SnowflakeServer, statements: Sequence[str]) -> list[dict[str, Any]]:
    """Run statements as the account's administrator; return the last one's rows."""
    found: list[dict[str, Any]] = []
    with (
        contextlib.closing(
            snowflake.connector.connect(
                account=server.account,
                user=server.user,
                password=server.password,
                host=server.host,
                port=server.port,
                protocol="http",
            )
        ) as connection,
        connection.cursor(snowflake.connector.DictCursor) as cursor,
    ):
        for statement in statements:
            found = [dict(row) for row in cursor.execute(statement).fetchall()]
    return found
