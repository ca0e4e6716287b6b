"""Queries of an external table, compared with what Snowflake documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import EXTERNAL_ID, REGION, ROLE, Lake, Snow
from .matrix_cases import agrees, cases, outcome

BUCKET = "strata-matrix"
GIVEN = f"""
create database d; create schema d.s;
create table pairs (a int, b varchar); insert into pairs values (1, 'x'), (2, 'y');
create storage integration i type = external_stage storage_provider = 'S3' enabled = true
  storage_aws_role_arn = '{ROLE}' storage_aws_external_id = '{EXTERNAL_ID}'
  storage_allowed_locations = ('s3://{BUCKET}/');
create stage st url = 's3://{BUCKET}/' storage_integration = i file_format = (type = parquet);
create external table e (
  id number as (value:id::number),
  name varchar as (value:name::varchar),
  clean variant as (case when lower(value:id) = 'null' then null else value:id end),
  day date as (split_part(split_part(metadata$filename, 'day=', 2), '/', 1)::date)
) partition by (day) location = @st/e/ auto_refresh = false
"""
FILES = {
    "e/day=2024-01-01/a.parquet": {
        "id": pa.array([1, 2], pa.int64()),
        "v": pa.array([10, None], pa.int64()),
        "tags": pa.array([["a", "b"], []], pa.list_(pa.string())),
        "doc": pa.array([{"x": 5}, None], pa.struct([("x", pa.int32())])),
        "name": pa.array(["Ann", None], pa.string()),
    },
    "e/day=2024-01-02/b.parquet": {
        "id": pa.array([3], pa.int32()),
        "v": pa.array(["text"], pa.string()),
        "name": pa.array(["Cy"], pa.string()),
    },
}


@pytest.fixture(scope="module")
def cursor(server: SnowflakeServer, s3: Any, lakes: dict[str, Lake]) -> Iterator[Any]:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    lakes["current"] = Lake(s3, BUCKET)
    for key, columns in FILES.items():
        body = io.BytesIO()
        pq.write_table(pa.table(columns), body)
        s3.put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
    snow = Snow(server, paramstyle="qmark")
    snow.script(GIVEN)
    with snow.connection.cursor() as found:
        yield found
    snow.connection.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases("external")])
def test_a_case(cursor: Any, case: dict[str, Any]) -> None:
    came = outcome(cursor, case)
    assert agrees(case, came), came
