"""What is asked of a table is shown again, or refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

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


@pytest.fixture
def client(aws: Aws) -> Any:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def test_class_and_encryption_are_those_last_given(client: Any) -> None:
    def shown(name: str) -> Any:
        return client.describe_table(TableName="t")["Table"].get(name)

    assert (shown("TableClassSummary"), shown("SSEDescription")) == (None, None)
    client.update_table(TableName="t", TableClass="STANDARD_INFREQUENT_ACCESS")
    assert shown("TableClassSummary") == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    client.update_table(TableName="t", SSESpecification={"Enabled": True})
    assert shown("SSEDescription")["KMSMasterKeyArn"].startswith("arn:aws:kms:")
    key = "arn:aws:kms:eu-west-1:111122223333:key/k"
    client.update_table(TableName="t", SSESpecification={"Enabled": True, "KMSMasterKeyId": key})
    assert shown("SSEDescription")["KMSMasterKeyArn"] == key
    client.update_table(TableName="t", SSESpecification={"Enabled": False})
    assert shown("SSEDescription") is None


def test_a_replica_is_refused_by_its_name(client: Any) -> None:
    with pytest.raises(ClientError, match="dynamodb:UpdateTable: the field ReplicaUpdates") as raised:
        client.update_table(TableName="t", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-2"}}])
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
