"""Queries of an external table, compared with what Snowflake documents."""

from __future__ import annotations

import gzip
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
) partition by (day) location = @st/e/ auto_refresh = false;
create stage raw url = 's3://{BUCKET}/' storage_integration = i;
create file format lines type = json;
create file format parquet type = parquet;
create file format stripped type = json strip_outer_array = true strip_null_values = true;
create file format pipes type = csv field_delimiter = '0x7C' null_if = ('NA') trim_space = true;
create file format quoted type = csv field_optionally_enclosed_by = '"';
create external table c (
  id number as (value:c1::number), name varchar as (value:c2::varchar), note varchar as (value:c3::varchar),
  last varchar as ($1:c3::varchar)
) location = @raw/c/ auto_refresh = false
  file_format = (type = csv skip_header = 1 field_optionally_enclosed_by = '"');
create external table j (id int as (value:id::int)) location = @raw/lines/ auto_refresh = false
  file_format = (format_name = lines);
create external table broken location = @raw/broken/ auto_refresh = false file_format = (format_name = lines)
"""
TEXTS = {
    "array/one.json": b'[{"id": 3}, {"x": {"y": null}, "id": 4}]',
    "blank/one.csv": b"1\n\n2\n",
    "broken/one.json": b'{"id": 1}\n{"id": 2',
    "c/one.csv": b'id,name,note\n1,Ann,2024-01-01\r\n2,"O""Neil, Bob",\n3,\\N,"x\ny"\n',
    "escape/one.csv": b"a\\tb\n",
    "lines/one.json": b'\xef\xbb\xbf{"id": 1, "tags": ["a", "b"], "n": 2.5}\n{"x": null,\n "id": 2}\n',
    "pipes/one.txt.gz": gzip.compress(b"4|  Di  |NA\n"),
    "plain/one.csv": b'1,a b\n2,\n3,"q"',
    "quoted/one.csv": b'1,2\n"x"y,1\n',
}
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
    for key, body in TEXTS.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    snow = Snow(server, paramstyle="qmark")
    snow.script(GIVEN)
    with snow.connection.cursor() as found:
        yield found
    snow.connection.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases("external", "files")])
def test_a_case(cursor: Any, case: dict[str, Any]) -> None:
    came = outcome(cursor, case)
    assert agrees(case, came), came
