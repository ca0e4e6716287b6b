"""The unit `state-backend` adopts the bucket and the table that the bootstrap makes, and leaves it nothing to do."""

from __future__ import annotations

import pytest

from strata.bootstrap.aws import aws_steps
from strata.live import LiveTree
from strata.live.facts import environment_facts
from tests.pipeline.conftest import Up


@pytest.mark.spark
@pytest.mark.terraform
def test_the_state_backend_is_adopted(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = LiveTree.load(up.checkout.folder)
    facts = environment_facts(tree, "dev")
    assert facts.lock_table is not None
    # A bucket or a table made anew would have lost what units wrote before this one was applied.
    written = {f"{unit.path}/terraform.tfstate" for unit in tree.units("dev")}
    listed = up.client("s3").list_objects_v2(Bucket=facts.state_bucket, Prefix="live/dev/")["Contents"]
    assert {item["Key"] for item in listed} == written
    items = up.client("dynamodb").scan(TableName=facts.lock_table)["Items"]
    assert {item["LockID"]["S"] for item in items} == {f"{facts.state_bucket}/{key}-md5" for key in written}
    # What the unit made of them is what the bootstrap wants: its first two steps change nothing.
    for name, value in up.endpoints.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    bucket, table, *_ = aws_steps(up.checkout.folder, facts)
    assert (bucket.title, table.title) == ("State bucket: versioned, encrypted, not public", "Lock table")
    assert (bucket.apply(), table.apply()) == ([], [])
