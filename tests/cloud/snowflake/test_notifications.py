"""Notifications of a bucket refresh the external tables over it, without a statement."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws import CloudContext
from strata.cloud.snowflake.aws_account import USER_ARN
from strata.cloud.snowflake.server import SnowflakeServer

from .conftest import REGION, ROLE, ROLE_NAME, TRUST, Snow, document, root_client, started

ALL = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
DDL = f"""
create database d; create schema d.s;
create storage integration i type = external_stage storage_provider = 'S3' enabled = true
  storage_aws_role_arn = '{ROLE}' storage_allowed_locations = ('s3://lake/', 's3://versioned/');
create stage lake url = 's3://lake/' storage_integration = i file_format = (type = parquet);
create stage versioned url = 's3://versioned/' storage_integration = i file_format = (type = parquet)
"""


class Lake:
    """Buckets whose notifications go to Snowflake's queue, and a client of Snowflake."""

    def __init__(self, context: CloudContext, server: SnowflakeServer) -> None:
        self.s3, iam = root_client(context, "s3"), root_client(context, "iam")
        iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=document(TRUST))
        read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"}
        iam.put_role_policy(RoleName=ROLE_NAME, PolicyName="own", PolicyDocument=document(read))
        self.server, self.snow = server, Snow(server)
        self.snow.script(DDL)
        for bucket in ("lake", "versioned"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.snow.rows("create external table d.s.first location = @d.s.lake/first/")
        for bucket in ("lake", "versioned"):
            self.notify(bucket, self.shown("first")["notification_channel"])

    def notify(self, bucket: str, queue: str) -> None:
        configuration = {"QueueConfigurations": [{"QueueArn": queue, "Events": ALL}]}
        self.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    def put(self, key: str, number: int, bucket: str = "lake") -> None:
        body = io.BytesIO()
        pq.write_table(pa.table({"a": [number]}), body)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())

    def create(self, table: str, options: str) -> None:
        self.snow.rows(f"create external table d.s.{table} (a int as (value:a::int)) location = {options}")

    def shown(self, table: str) -> dict[str, Any]:
        (row,) = self.snow.records(f"show external tables like '{table}' in d.s")
        return row

    def rows(self, table: str) -> list[int]:
        return [row[0] for row in self.snow.rows(f"select a from d.s.{table} order by a")]

    def becomes(self, table: str, *wanted: int) -> bool:
        """Return whether a table has these rows at last."""
        end = time.monotonic() + 10
        while (found := self.rows(table)) != list(wanted) and time.monotonic() < end:
            time.sleep(0.01)
        return found == list(wanted)


@pytest.fixture(scope="module")
def lake(clean_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with started(tmp_path_factory.mktemp("cloud")) as (context, server):
        found = Lake(context, server)
        yield found
        found.snow.connection.close()


def test_the_channel_is_shown_where_it_is_used(lake: Lake) -> None:
    lake.create("off", "@d.s.lake/none/ auto_refresh = false")
    channel = lake.shown("first")["notification_channel"]
    assert channel.startswith(f"arn:aws:sqs:{REGION}:{USER_ARN.split(':')[4]}:sf-snowpipe-AIDA")
    assert lake.shown("off")["notification_channel"] is None


def test_objects_come_change_and_go(lake: Lake) -> None:
    lake.put("t/1.parquet", 1)
    lake.create("t", "@d.s.lake/t/ pattern = '.*[.]parquet'")
    lake.create("still", "@d.s.lake/t/ auto_refresh = false refresh_on_create = false")
    assert lake.rows("t") == [1]
    lake.put("t/a b+c.parquet", 2)
    assert lake.becomes("t", 1, 2)
    # Neither is one of the table's files; the event after them shows that theirs have been read.
    lake.put("other/3.parquet", 3)
    lake.put("t/3.txt", 3)
    lake.put("t/1.parquet", 4)
    lake.put("t/5.parquet", 5)
    assert lake.becomes("t", 2, 4, 5)
    # An object that is listed under the key of one that goes is another.
    lake.put("t/a b+c.parquet.parquet", 6)
    assert lake.becomes("t", 2, 4, 5, 6)
    lake.s3.delete_object(Bucket="lake", Key="t/a b+c.parquet")
    assert lake.becomes("t", 4, 5, 6)
    assert lake.rows("still") == []


def test_auto_refresh_is_turned_off_and_on(lake: Lake) -> None:
    lake.create("left", "@d.s.lake/turn/ refresh_on_create = false")
    lake.create("right", "@d.s.lake/turn/ auto_refresh = false")
    lake.snow.rows("alter external table d.s.left set auto_refresh = false")
    lake.snow.rows("alter external table d.s.right set auto_refresh = true")
    lake.put("turn/1.parquet", 1)
    assert lake.becomes("right", 1)
    assert lake.rows("left") == []


def test_a_table_that_cannot_be_refreshed_stays_and_others_go_on(lake: Lake) -> None:
    lake.snow.script(
        "create storage integration j type = external_stage storage_provider = 'S3' enabled = true "
        "storage_aws_role_arn = 'arn:aws:iam::111122223333:role/none' storage_allowed_locations = "
        "('s3://lake/'); create stage d.s.broken url = 's3://lake/' storage_integration = j file_format = "
        "(type = parquet)"
    )
    lake.create("a", "@d.s.broken/both/ refresh_on_create = false")
    lake.create("b", "@d.s.lake/both/")
    lake.put("both/2.parquet", 2)
    assert lake.becomes("b", 2)
    assert lake.shown("a")["last_refreshed_on"] is None


def test_a_queue_that_is_not_there_is_refused(lake: Lake) -> None:
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        lake.notify("lake", f"arn:aws:sqs:{REGION}:210987654321:another")


def test_a_delete_marker_takes_a_file_out(lake: Lake) -> None:
    lake.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    lake.put("m/1.parquet", 1, "versioned")
    lake.create("marked", "@d.s.versioned/m/")
    assert lake.rows("marked") == [1]
    lake.s3.delete_object(Bucket="versioned", Key="m/1.parquet")
    table = lake.server.catalog.get("EXTERNAL TABLE", ("D", "S", "MARKED"))
    lake.put("m/2.parquet", 2, "versioned")
    assert lake.becomes("marked", 2)
    assert list(table.files) == ["m/2.parquet"]
