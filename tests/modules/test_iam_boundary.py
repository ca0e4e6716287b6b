"""The boundary that modules/iam 1 made stays as it is: iam forgets it, and github-oidc takes it over."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from strata.cloud.endpoints import Endpoints
from tests.modules.module_lifecycle import Change, Root

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

CHECKOUT = Path(__file__).parents[2]
PROVIDER = 'provider "aws" {\n  skip_metadata_api_check = true\n}\n'
# What modules/iam 1.0.0 made of the boundary, with its address and name.
BEFORE = """
variable "context" {
  type = object({ account_id = string, environment = string, project = string, region = string })
}

variable "roles" {
  type = any
}

resource "aws_iam_policy" "boundary" {
  count  = 1
  name   = "strata-boundary-test"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}
"""
GITHUB = {"apply_environment": "test", "owner": "acme", "owner_id": 11, "repository": "platform", "repository_id": 22}  # fmt: skip


def test_the_policy_changes_hands(cloud: Endpoints, tmp_path: Path) -> None:
    account = cloud.for_account("300000000004", cloud.region)
    context = {"account_id": account.account_id, "environment": "test", "project": "strata", "region": account.region}  # fmt: skip
    arn = f"arn:aws:iam::{account.account_id}:policy/strata-boundary-test"
    with (
        _root(tmp_path / "iam", BEFORE, account, {"context": context, "roles": {}}) as iam,
        _root(tmp_path / "login", "", account, {"context": context, "github": GITHUB}) as login,
    ):
        iam.apply()
        shutil.copytree(CHECKOUT / "modules" / "github-oidc", login.folder, dirs_exist_ok=True)
        login.run("init", "-input=false")
        login.run("import", "-input=false", "aws_iam_policy.services_boundary[0]", arn)
        login.apply()
        assert login.changes() == {}

        (iam.folder / "main.tf").unlink()
        shutil.copytree(CHECKOUT / "modules" / "iam", iam.folder, dirs_exist_ok=True)
        assert iam.changes() == {"aws_iam_policy.boundary[0]": Change("remove")}
        iam.run("apply", "-input=false", "plan.bin")
        assert iam.changes() == {}
        # It is still there, and as the other module says.
        assert login.changes() == {}


@contextlib.contextmanager
def _root(folder: Path, text: str, account: Endpoints, inputs: dict[str, object]) -> Iterator[Root]:
    with Root.make(CHECKOUT, folder, text, [], account) as root:
        (root.folder / "provider.tf").write_text(PROVIDER, "utf-8")
        (root.folder / "terraform.tfvars.json").write_text(json.dumps(inputs), "utf-8")
        root.run("init", "-input=false")
        yield root
