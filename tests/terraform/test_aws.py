"""The real AWS provider, from where this machine has it, in one unit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from strata.errors import StrataError
from strata.live.model import GeneratedFile
from strata.terraform.diagnostics import Changes
from strata.terraform.runner import Runner
from strata.terraform.toolchain import find_toolchain

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud, FakeTree

TOPIC = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
variable "name" { type = string }
resource "aws_sns_topic" "it" { name = var.name }
output "arn" { value = aws_sns_topic.it.arn }
"""
PROVIDER = """provider "aws" {
  skip_metadata_api_check = true
  allowed_account_ids     = ["123456789012"]
}
"""


@pytest.mark.terraform
def test_a_topic_is_made_found_unchanged_and_removed(tree: FakeTree, cloud: Cloud) -> None:
    if not (shutil.which("terraform") or shutil.which("tofu")):
        pytest.skip("no terraform and no tofu on PATH")
    try:
        toolchain = find_toolchain(tree.root / "state")
    except StrataError as error:
        pytest.skip(str(error))
    tree.add("topic", TOPIC, inputs=lambda outputs: {"name": "failures"})
    rendered, inputs = tree.rendered["live/dev/topic"]
    generated = (*rendered.generated, GeneratedFile("provider.tf", PROVIDER))
    tree.add("topic", TOPIC, inputs=inputs, generated=generated)
    runner = Runner(tree, toolchain, cloud.endpoints, tree.root / "work")

    (made,) = runner.apply("dev")
    assert made.error is None
    assert (made.changes, made.resources) == (Changes(add=1), 1)
    assert dict(made.outputs) == {"arn": "arn:aws:sns:eu-west-1:123456789012:failures"}
    topics = [topic["TopicArn"] for topic in cloud.client("sns").list_topics()["Topics"]]
    assert topics == ["arn:aws:sns:eu-west-1:123456789012:failures"]
    assert [result.changes for result in runner.plan("dev")] == [Changes()]
    assert [result.changes for result in runner.destroy("dev")] == [Changes(remove=1)]
    assert cloud.client("sns").list_topics()["Topics"] == []
