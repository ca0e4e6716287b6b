"""State bucket and lock table, and reading states without Terraform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from strata.errors import StrataError
from strata.terraform.state import StateBackend, UnitState

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud


def remote_state(name: str, **more: Any) -> dict[str, Any]:
    config = {
        "bucket": f"state-{name}",
        "key": "live/dev/s3/terraform.tfstate",
        "dynamodb_table": f"lock-{name}",
    }
    return {"backend": "s3", "config": config | more}


def test_the_backend_is_made_once_and_closed(cloud: Cloud) -> None:
    config = remote_state("made")
    for _ in range(2):
        StateBackend(cloud.endpoints).bootstrap(config)
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket="state-made")["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket="state-made")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(
        s3.get_public_access_block(Bucket="state-made")["PublicAccessBlockConfiguration"].values()
    ) == {True}
    table = cloud.client("dynamodb").describe_table(TableName="lock-made")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]


def test_what_the_buckets_own_unit_has_chosen_stays(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    StateBackend(cloud.endpoints).bootstrap(remote_state("kept", bucket_sse_algorithm="AES256"))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="state-kept", ServerSideEncryptionConfiguration={"Rules": [rule]})
    StateBackend(cloud.endpoints).bootstrap(remote_state("kept", bucket_sse_algorithm="AES256"))
    rules = s3.get_bucket_encryption(Bucket="state-kept")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [rule]


def test_a_state_is_read_without_terraform(cloud: Cloud) -> None:
    backend, config = StateBackend(cloud.endpoints), remote_state("read")
    assert backend.read(config) is None
    backend.bootstrap(config)
    assert backend.read(config) is None
    document = {
        "version": 4,
        "serial": 7,
        "outputs": {
            "arn": {"value": "arn:x", "type": "string"},
            "password": {"value": "p", "type": "string", "sensitive": True},
        },
        "resources": [
            {"mode": "managed", "type": "aws_s3_bucket", "instances": [{}, {}]},
            {"mode": "managed", "type": "aws_sns_topic", "instances": [{}]},
            {"mode": "data", "type": "aws_region", "instances": [{}]},
        ],
    }
    cloud.client("s3").put_object(
        Bucket="state-read", Key="live/dev/s3/terraform.tfstate", Body=json.dumps(document)
    )
    assert backend.read(config) == UnitState(7, {"arn": "arn:x", "password": "p"}, 3)


@pytest.mark.parametrize(
    "config", [{}, {"backend": "local", "config": {"path": "x"}}, remote_state("x", key="")]
)
def test_another_backend_is_refused(cloud: Cloud, config: dict[str, Any]) -> None:
    with pytest.raises(StrataError, match="keeps states in S3 only"):
        StateBackend(cloud.endpoints).read(config)


def test_a_cloud_that_is_gone_is_said(cloud: Cloud) -> None:
    gone = cloud.endpoints.model_copy(update={"aws_url": "http://127.0.0.1:9"})
    with pytest.raises(StrataError, match=r"at http://127\.0\.0\.1:9 does not answer"):
        StateBackend(gone).read(remote_state("gone"))
