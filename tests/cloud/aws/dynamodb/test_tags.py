"""Tags of a table."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from moto.dynamodb.models import dynamodb_backends

from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws


class Slow(list[dict[str, str]]):
    """Tags that take a while to be read."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        found = list(super().__iter__())
        time.sleep(0.02)
        return iter(found)


def test_tags_are_set_anew_and_none_is_lost(aws: Aws) -> None:
    client = aws.client("dynamodb")
    arn = client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    )["TableDescription"]["TableArn"]
    table = dynamodb_backends[ACCOUNT][REGION].tables["t"]
    table.tags = Slow(table.tags)
    changes = [
        lambda: client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}]),
        lambda: client.untag_resource(ResourceArn=arn, TagKeys=["b"]),
        lambda: client.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "4"}]),
    ]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda change: change(), changes))
    tags = client.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert sorted((one["Key"], one["Value"]) for one in tags) == [("a", "3"), ("c", "4")]
