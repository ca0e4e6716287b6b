"""The modules plan with version 6 of the AWS provider as with 5.100: what they use is there and not deprecated.

The provider itself is not at hand; its schema is, in `arguments.json` (`record.py` says where from).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.hcl.syntax import parse
from tests.module_tools.aws_6.uses import ROOT, Use, attributes, used

# resource, block, argument: deprecated in 6.x by the pages of the provider's documentation on each resource
# and its guides on version 6 and on enhanced region support.
DEPRECATED = {
    ("aws_dynamodb_table", "global_secondary_index", "hash_key"),
    ("aws_dynamodb_table", "global_secondary_index", "range_key"),
    ("aws_iam_role", "", "inline_policy"),
    ("aws_iam_role", "", "managed_policy_arns"),
    ("aws_s3_bucket", "", "acceleration_status"),
    ("aws_s3_bucket", "", "acl"),
    ("aws_s3_bucket", "", "cors_rule"),
    ("aws_s3_bucket", "", "grant"),
    ("aws_s3_bucket", "", "lifecycle_rule"),
    ("aws_s3_bucket", "", "logging"),
    ("aws_s3_bucket", "", "object_lock_configuration"),
    ("aws_s3_bucket", "", "policy"),
    ("aws_s3_bucket", "", "replication_configuration"),
    ("aws_s3_bucket", "", "request_payer"),
    ("aws_s3_bucket", "", "server_side_encryption_configuration"),
    ("aws_s3_bucket", "", "versioning"),
    ("aws_s3_bucket", "", "website"),
    ("aws_s3_bucket_lifecycle_configuration", "rule", "prefix"),
}


@pytest.fixture(scope="module")
def resources() -> Any:
    found = json.loads(Path(__file__).with_name("arguments.json").read_text())
    assert found["provider"].startswith("6.")
    return found["resources"]


def test_every_argument_is_one_of_version_6(resources: Any) -> None:
    uses = list(used(ROOT))
    assert len(uses) > 300
    unknown = [use for use in uses if use.name not in resources[use.kind]["arguments"].get(use.block, ())]
    assert unknown == []


def test_every_attribute_is_one_of_version_6(resources: Any) -> None:
    uses = list(attributes(ROOT))
    assert len(uses) > 20
    assert [use for use in uses if use.name not in resources[use.kind]["attributes"]] == []


def test_nothing_deprecated_is_used() -> None:
    assert [use for use in used(ROOT) if (use.kind, use.block, use.name) in DEPRECATED] == []


def test_no_data_source_is_used() -> None:
    """Theirs would be recorded too: version 6 deprecates `name` of aws_region, and others."""
    found = [
        block.labels
        for file in (ROOT / "modules").glob("*/*.tf")
        for block in parse(file.name, file.read_bytes()).body.children("data")
    ]
    assert [labels for labels in found if labels[0].startswith("aws_")] == []


def test_the_reader_of_uses_looks_into_blocks(tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "m"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(
        """resource "aws_glue_job" "it" {
  for_each = {}
  name     = "x"
  command {
    script_location = aws_s3_object.script["a"].key
  }
  dynamic "execution_property" {
    for_each = []
    content {
      max_concurrent_runs = 1
    }
  }
  lifecycle {
    ignore_changes = [tags]
  }
}
"""
    )
    kind, file = "aws_glue_job", "modules/m/main.tf"
    assert list(used(tmp_path)) == [
        Use(kind, "", "name", f"{file}:3"),
        Use(kind, "", "command", f"{file}:4"),
        Use(kind, "command", "script_location", f"{file}:5"),
        Use(kind, "", "execution_property", f"{file}:7"),
        Use(kind, "execution_property", "max_concurrent_runs", f"{file}:10"),
    ]
    assert list(attributes(tmp_path)) == [Use("aws_s3_object", "", "key", f"{file}:5")]
