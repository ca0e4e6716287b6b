"""A pipeline that modules/stepfunctions 1 made goes on as modules/pipeline, in the same state."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import boto3
import pytest

from strata.cloud.endpoints import Endpoints
from tests.modules.module_lifecycle import Change, Root

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

CHECKOUT = Path(__file__).parents[2]
BEFORE = Path(__file__).parent / "stepfunctions_1" / "main.tf"
PROVIDER = 'provider "aws" {\n  skip_metadata_api_check = true\n}\n'
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def test_an_earlier_state_moves_without_a_create_or_a_delete(cloud: Endpoints, tmp_path: Path) -> None:
    account = cloud.for_account("300000000003", cloud.region)
    with Root.make(CHECKOUT, tmp_path / "pipeline", BEFORE.read_text("utf-8"), [], account) as root:
        (root.folder / "provider.tf").write_text(PROVIDER, "utf-8")
        (root.folder / "terraform.tfvars.json").write_text(json.dumps(_inputs(account)), "utf-8")
        root.apply()
        # Both by their contents as they are: the unit's root module is the module itself.
        for module in ("pipeline", "stepfunctions"):
            shutil.copytree(CHECKOUT / "modules" / module, tmp_path / module, dirs_exist_ok=True)
        root.run("init", "-input=false")
        assert root.changes() == {
            # The claims carry the name of their module as a tag.
            "aws_dynamodb_table.claims": Change("update"),
            "module.machine.aws_cloudwatch_log_group.this": Change(
                "move", "aws_cloudwatch_log_group.pipeline"
            ),
            "module.machine.aws_sfn_alias.this": Change("update", "aws_sfn_alias.pipeline"),
            "module.machine.aws_sfn_state_machine.this": Change("update", "aws_sfn_state_machine.pipeline"),
        }
        root.run("apply", "-input=false", "plan.bin")
        assert root.changes() == {}


def _inputs(account: Endpoints) -> dict[str, object]:
    """What both versions are given, with a role that the state machine can run as."""
    iam = boto3.client(
        "iam",
        endpoint_url=account.aws_url,
        region_name=account.region,
        aws_access_key_id=account.account_id,
        aws_secret_access_key="test",
    )
    role = iam.create_role(RoleName="strata-stepfunctions-test", AssumeRolePolicyDocument=json.dumps(TRUST))
    return {
        "context": {
            "account_id": account.account_id,
            "environment": "test",
            "project": "strata",
            "region": account.region,
        },
        "kms_key_arn": f"arn:aws:kms:{account.region}:{account.account_id}:key/00000000-0000-0000-0000-000000000000",
        "role_arn": role["Role"]["Arn"],
    }
