"""What both functions share: the reports of the Glue jobs in S3 and a session in Snowflake.

The session logs in as the function's own role (workload identity): no password, key or token is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import snowflake.connector
from snowflake.connector import SnowflakeConnection

LOGIN_TIMEOUT = 30  # seconds: a wrong account or host shall not eat up the function's own time


def report(dataset: str, object_id: str, name: str) -> dict[str, Any]:
    """Reads the report `clean` or `curate` of an object from the bucket PROCESSED_BUCKET.

    Raises:
        botocore.exceptions.ClientError: the report is not there or may not be read.
    """
    key = f"reports/{dataset}/object={object_id}/{name}.json"
    body = boto3.client("s3").get_object(Bucket=os.environ["PROCESSED_BUCKET"], Key=key)["Body"]
    document: dict[str, Any] = json.loads(body.read())
    return document


@contextmanager
def session() -> Iterator[SnowflakeConnection]:
    """A session of SNOWFLAKE_USER with SNOWFLAKE_ROLE, WAREHOUSE, DATABASE and SCHEMA.

    SNOWFLAKE_HOST, PORT and PROTOCOL are for accounts behind a private address; without them the connector
    makes the host of the account's name.

    Raises:
        snowflake.connector.errors.Error: the login was refused or Snowflake cannot be reached.
    """
    address: dict[str, Any] = {
        name: os.environ[variable]
        for name, variable in (("host", "SNOWFLAKE_HOST"), ("protocol", "SNOWFLAKE_PROTOCOL"))
        if os.environ.get(variable)
    }
    if port := os.environ.get("SNOWFLAKE_PORT"):
        address["port"] = int(port)
    connection = snowflake.connector.connect(
        account=os.environ["SNOWFLAKE_ACCOUNT"],
        user=os.environ["SNOWFLAKE_USER"],
        role=os.environ["SNOWFLAKE_ROLE"],
        warehouse=os.environ["SNOWFLAKE_WAREHOUSE"],
        database=os.environ["SNOWFLAKE_DATABASE"],
        schema=os.environ["SNOWFLAKE_SCHEMA"],
        authenticator="WORKLOAD_IDENTITY",
        workload_identity_provider="AWS",
        login_timeout=LOGIN_TIMEOUT,
        session_parameters={"QUERY_TAG": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")},
        **address,
    )
    try:
        yield connection
    finally:
        connection.close()


def table() -> str:
    """The external table's full name, quoted."""
    parts = (os.environ[f"SNOWFLAKE_{part}"] for part in ("DATABASE", "SCHEMA", "TABLE"))
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
