"""Who can make an administrator of itself: a case is what one role may, and the steps that follow from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strata.ci.escalation import escalations
from tests.ci.test_role_rules import FACTS, plan, policy, statement

ROLES = "arn:aws:iam::111122223333:role/shop-*-dev"
BOUNDARY = "arn:aws:iam::111122223333:policy/shop-boundary-dev"
WITHIN = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}}
FUNCTION = ("aws_lambda_function", {"function_name": "shop-f-dev", "role": "x"})


def role(name: str, service: str = "", boundary: str | None = None) -> tuple[str, dict[str, Any]]:
    principal = {"Service": f"{service}.amazonaws.com"} if service else {"Federated": "github"}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}  # fmt: skip
    values = {"name": f"shop-{name}-dev", "assume_role_policy": json.dumps(trust)}
    return "aws_iam_role", {**values, "permissions_boundary": boundary}


WRITES = statement("iam:PutRolePolicy", resource=ROLES, **WITHIN)
TRUSTS = statement("iam:UpdateAssumeRolePolicy", resource=ROLES, **WITHIN)
CODES = statement("lambda:UpdateFunctionCode", resource="*")
REWRITES = statement("iam:CreatePolicyVersion", resource=BOUNDARY)
# name, what the role apply may, the steps
CASES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("nothing", [], []),
    ("roles within the boundary", [WRITES, TRUSTS, CODES], []),
    ("the boundary alone", [REWRITES], []),
    ("the boundary and code, no policy", [REWRITES, CODES], []),
    ("the boundary, a policy, code", [REWRITES, WRITES, CODES], ["apply rewrites the boundary", "apply writes the policy of lambda", "apply runs code as lambda (lambda:UpdateFunctionCode)"]),
    ("the boundary, a policy, a trust", [REWRITES, WRITES, TRUSTS], ["apply rewrites the boundary", "apply writes the policy of lambda", "apply makes lambda trust it"]),
    ("its own policy", [statement("iam:PutRolePolicy", resource=ROLES)], ["apply writes the policy of apply"]),
    ("its own policy, attached", [statement("iam:AttachRolePolicy", resource=ROLES)], ["apply writes the policy of apply"]),
    ("its own policy, denied", [statement("iam:*", resource=ROLES), {**statement("iam:*", resource="*"), "Effect": "Deny"}], []),
    ("a role without a boundary", [statement("iam:CreateRole", resource=ROLES)], ["apply makes a role without a boundary"]),
    ("a role within the boundary", [statement("iam:CreateRole", resource=ROLES, **WITHIN)], []),
    ("any boundary", [WRITES, CODES, statement("iam:PutRolePermissionsBoundary", resource=ROLES)], ["apply takes the boundary from lambda", "apply writes the policy of lambda", "apply runs code as lambda (lambda:UpdateFunctionCode)"]),
    ("this boundary alone", [WRITES, CODES, statement("iam:PutRolePermissionsBoundary", resource=ROLES, **WITHIN)], []),
    ("no boundary", [WRITES, CODES, statement("iam:DeleteRolePermissionsBoundary", resource=ROLES)], ["apply takes the boundary from lambda", "apply writes the policy of lambda", "apply runs code as lambda (lambda:UpdateFunctionCode)"]),
    ("the boundary by another version", [statement("iam:SetDefaultPolicyVersion", resource=BOUNDARY), WRITES, CODES], ["apply rewrites the boundary", "apply writes the policy of lambda", "apply runs code as lambda (lambda:UpdateFunctionCode)"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "may", "steps"), CASES, ids=[case[0] for case in CASES])
def test_ways(name: str, may: list[dict[str, Any]], steps: list[str]) -> None:
    document = plan(
        role("apply"),
        policy("apply", *(may or [statement("iam:GetRole")])),
        role("lambda", "lambda", BOUNDARY),
        policy("lambda", statement("logs:PutLogEvents")),
        FUNCTION,
    )
    found = {one.role: [step.replace("shop-", "").replace("-dev", "") for step in one.steps] for one in escalations(document, FACTS)}  # fmt: skip
    assert found == ({"shop-apply-dev": steps} if steps else {})


def test_what_a_boundary_lets_counts() -> None:
    """A role that is written may all that its boundary lets: here the making of roles."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement("iam:CreateRole", resource="*")]})
    document = plan(
        role("apply"),
        policy("apply", WRITES, CODES),
        role("lambda", "lambda", BOUNDARY),
        policy("lambda", statement("logs:PutLogEvents")),
        ("aws_iam_policy", {"name": "shop-boundary-dev", "policy": text}),
        FUNCTION,
    )
    (found,) = escalations(document, FACTS)
    assert found.steps[-1] == "shop-lambda-dev makes a role without a boundary"
