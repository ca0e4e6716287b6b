"""What both functions share: the reports of the Glue jobs in S3 and a session in Snowflake.

The session logs in as the function's own role (workload identity): no password, key or token is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import snowflake.connector
from snowflake.connector import SnowflakeConnection

# What a report and the event of the execution must agree on.
VERSION = ("object_id", "etag", "version_id", "sequencer")
LOGIN_TIMEOUT = 30  # seconds: a wrong account or host must not eat up the function's own time


class OtherVersionError(Exception):
    """The report is of another version of the object than the execution's."""


def report(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Reads the report `clean` or `curate` of the event's version from the bucket PROCESSED_BUCKET.

    Args:
        event: `dataset`, and what VERSION names.
        name: `clean` or `curate`.

    Raises:
        OtherVersionError: the report that is there is of another version.
        botocore.exceptions.ClientError: the report is not there or may not be read.
    """
    key = f"reports/{event['dataset']}/object={event['object_id']}/{name}.json"
    body = boto3.client("s3").get_object(Bucket=os.environ["PROCESSED_BUCKET"], Key=key)["Body"]
    document: dict[str, Any] = json.loads(body.read())
    for field in VERSION:
        if document.get(field) != event[field]:
            raise OtherVersionError(
                f"the report {name} is of {field} {document.get(field)}, the execution of {event[field]}"
            )
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


def table(dataset: str) -> str:
    """The full name, quoted, of a data set's external table: it has the data set's name in upper case."""
    parts = (os.environ["SNOWFLAKE_DATABASE"], os.environ["SNOWFLAKE_SCHEMA"], dataset.upper())
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
