"""An external table over the embedded AWS itself: what the storage role may do is asked for on each access."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector.errors import ProgrammingError

from strata.cloud.aws import CloudContext
from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import REGION, ROLE, ROLE_NAME, TRUST, Snow, document, root_client, started

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::lake"}
DDL = f"""
create database d; create schema d.s;
create storage integration i type = external_stage storage_provider = 'S3' enabled = true
  storage_aws_role_arn = '{ROLE}' storage_allowed_locations = ('s3://lake/');
create stage st url = 's3://lake/' storage_integration = i file_format = (type = parquet);
create external table e (a int as (value:a::int)) location = @st/ auto_refresh = false
"""


class Lake:
    """The bucket, its role, and a client of Snowflake."""

    def __init__(self, context: CloudContext, server: SnowflakeServer) -> None:
        self.s3, self.iam = root_client(context, "s3"), root_client(context, "iam")
        self.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        for number in (1, 2, 3):
            body = io.BytesIO()
            pq.write_table(pa.table({"a": [number]}), body)
            self.s3.put_object(Bucket="lake", Key=f"{number}.parquet", Body=body.getvalue())
        self.iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=document(TRUST))
        self.allow(READ, LIST)
        self.snow = Snow(server)
        self.snow.script(DDL)

    def allow(self, *statements: dict[str, Any]) -> None:
        self.iam.put_role_policy(RoleName=ROLE_NAME, PolicyName="own", PolicyDocument=document(*statements))

    def rows(self) -> list[int]:
        return [row[0] for row in self.snow.rows("select a from d.s.e order by a")]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Lake]:
    with started(tmp_path) as (context, server):
        found = Lake(context, server)
        yield found
        found.snow.connection.close()


def test_a_right_that_is_lost_counts_in_the_next_query(reader: Lake) -> None:
    assert reader.rows() == [1, 2, 3]
    reader.allow(LIST, READ | {"Resource": "arn:aws:s3:::lake/2.parquet"})
    assert reader.rows() == [2]
    reader.allow(LIST)
    assert reader.rows() == []
    reader.allow(LIST, READ)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::lake/1.parquet",
    }
    reader.s3.put_bucket_policy(Bucket="lake", Policy=document(deny))
    assert reader.rows() == [2, 3]
    reader.allow(READ)
    with pytest.raises(ProgrammingError, match="s3:ListBucket") as raised:
        reader.rows()
    assert raised.value.errno == 91003
    reader.iam.delete_role_policy(RoleName=ROLE_NAME, PolicyName="own")
    reader.iam.delete_role(RoleName=ROLE_NAME)
    with pytest.raises(ProgrammingError, match="Error assuming AWS_ROLE"):
        reader.rows()


def test_a_changed_object_is_read_and_a_deleted_one_is_not(reader: Lake) -> None:
    assert reader.rows() == [1, 2, 3]
    body = io.BytesIO()
    pq.write_table(pa.table({"a": [9]}), body)
    reader.s3.put_object(Bucket="lake", Key="1.parquet", Body=body.getvalue())
    reader.s3.delete_object(Bucket="lake", Key="2.parquet")
    assert reader.rows() == [3, 9]
