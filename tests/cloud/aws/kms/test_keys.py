"""A key is changed by its id as by its ARN."""

from __future__ import annotations

import pytest

from tests.cloud.aws.conftest import Aws


@pytest.mark.parametrize("named", ["KeyId", "Arn"])
def test_states_of_a_key(aws: Aws, named: str) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"][named]

    def state() -> str:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    kms.disable_key(KeyId=key)
    assert state() == "Disabled"
    kms.enable_key(KeyId=key)
    assert state() == "Enabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key)
    assert state() == "Disabled"
