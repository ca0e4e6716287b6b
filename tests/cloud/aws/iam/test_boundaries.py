"""A boundary is a policy that exists, and stays while it bounds a role."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import ACCOUNT, Aws

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})  # fmt: skip
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]})  # fmt: skip
MISSING = f"arn:aws:iam::{ACCOUNT}:policy/missing"


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_boundary_must_exist(aws: Aws) -> None:
    iam = aws.client("iam")
    said = ("NoSuchEntity", f"Scope ARN: {MISSING} does not exist or is not attachable.")
    wanted = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}
    assert refusal(iam.create_role, **wanted, PermissionsBoundary=MISSING) == said
    iam.create_role(**wanted)
    assert refusal(iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary=MISSING) == said
    assert "PermissionsBoundary" not in iam.get_role(RoleName="r")["Role"]
    # What no ARN of a policy looks like is another fault.
    assert refusal(iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary="x" * 20)[0] != "NoSuchEntity"  # fmt: skip


def test_a_policy_that_bounds_a_role_stays(aws: Aws) -> None:
    iam = aws.client("iam")
    arn, other = (iam.create_policy(PolicyName=n, PolicyDocument=POLICY)["Policy"]["Arn"] for n in "ab")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == (
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    iam.delete_policy(PolicyArn=other)
    iam.delete_role(RoleName="r")
    iam.delete_policy(PolicyArn=arn)
