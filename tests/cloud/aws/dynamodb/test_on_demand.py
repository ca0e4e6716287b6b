"""Limits of tables and indexes on demand."""

from __future__ import annotations

from typing import Any

from tests.cloud.aws.conftest import Aws


def limits(reads: int) -> dict[str, int]:
    return {"MaxReadRequestUnits": reads, "MaxWriteRequestUnits": 7}


def test_limits_are_those_last_given(aws: Aws) -> None:
    client = aws.client("dynamodb")
    schema = [{"AttributeName": "k", "KeyType": "HASH"}]
    index: dict[str, Any] = {"KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
    indexes = [
        {"IndexName": "held", **index, "OnDemandThroughput": limits(2)},
        {"IndexName": "free", **index},
    ]
    client.create_table(
        TableName="t",
        KeySchema=schema,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        OnDemandThroughput=limits(1),
        GlobalSecondaryIndexes=indexes,
    )

    def shown() -> list[Any]:
        table = client.describe_table(TableName="t")["Table"]
        return [part.get("OnDemandThroughput") for part in (table, *table["GlobalSecondaryIndexes"])]

    assert shown() == [limits(1), limits(2), None]
    update = {"Update": {"IndexName": "held", "OnDemandThroughput": limits(4)}}
    client.update_table(TableName="t", OnDemandThroughput=limits(3), GlobalSecondaryIndexUpdates=[update])
    assert shown() == [limits(3), limits(4), None]
