"""The evaluator, against decisions written by hand from AWS's documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.iam import (
    OidcProvider,
    Policy,
    PolicyError,
    PolicyOutcome,
    Principal,
    Request,
    decide,
    evaluate,
    trust_allows,
)
from strata.iam.workload_identity import oidc_login_allows
from tests import yaml_files

ROLE = Principal(
    account_id="111122223333",
    arns=("arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r"),
)
PRINCIPALS = {
    "role": ROLE,
    "root": Principal(account_id="111122223333", arns=("arn:aws:iam::111122223333:root",)),
    "glue": Principal(service="glue.amazonaws.com"),
    "nobody": Principal(),
}
GITHUB = "token.actions.githubusercontent.com"


def cases(name: str) -> list[Any]:
    found: list[Any] = yaml_files.load(Path(__file__).parent / name)
    return found


def document(statements: Any, version: str | None = "2012-10-17") -> str:
    return json.dumps({**({"Version": version} if version else {}), "Statement": statements})


@pytest.mark.parametrize(("condition", "context", "expected"), cases("conditions.yaml"))
def test_conditions(condition: Any, context: dict[str, Any], expected: bool | str) -> None:
    policy = document([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}])
    request = Request(action="a:B", context=context)
    if isinstance(expected, str):
        with pytest.raises(PolicyError, match=expected):
            decide([policy], request)
    else:
        assert decide([policy], request).allowed is expected


@pytest.mark.parametrize("case", cases("evaluation.yaml"), ids=lambda case: case["name"])
def test_evaluation(case: dict[str, Any]) -> None:
    version = case.get("version", "2012-10-17")

    def policy(name: str) -> str | None:
        return document(case[name], version) if name in case else None

    request = Request(
        action="s3:GetObject",
        resource=case.get("resource_asked", "arn:aws:s3:::b/k"),
        principal=PRINCIPALS[case.get("who", "role")],
        context=case.get("context", {}),
    )
    identity = (
        None
        if case["identity"] is None
        else [document(case[name], version) for name in ("identity", "identity_more") if name in case]
    )
    session = policy("session")
    decision = evaluate(
        request,
        identity,
        policy("resource"),
        policy("boundary"),
        session_policies=[session] if session else [],
        resource_account=case.get("resource_account", ""),
    )
    assert decision.outcome.value == case["expect"], decision.reason
    assert case.get("reason", "") in decision.reason
    if "by" in case:
        assert decision.statement is not None
        assert decision.statement.name == case["by"]
    if decision.outcome is PolicyOutcome.IMPLICIT_DENY:
        assert decision.statement is None
        assert "allows the s3:GetObject action" in decision.reason


@pytest.mark.parametrize(("source", "message"), cases("refused.yaml"))
def test_refused_by_name(source: Any, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.parse(source)
    assert message in str(caught.value)


@pytest.mark.parametrize("case", cases("trust.yaml"), ids=lambda case: case["name"])
def test_trust(case: dict[str, Any]) -> None:
    arn = f"arn:aws:iam::1:oidc-provider/{GITHUB}"
    both = [arn, "arn:aws:iam::1:oidc-provider/gitlab.com"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": case.get("federated", both)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": case["trust"],
    }
    decision = trust_allows(
        document([statement]),
        case["claims"],
        case.get("issuer", f"https://{GITHUB}"),
        [OidcProvider(arn, GITHUB, ("sts.amazonaws.com",))],
    )
    assert decision.outcome.value == case["expect"], decision.reason
    assert case.get("reason", "") in decision.reason


def test_trust_without_providers_takes_the_policys_word() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::1:oidc-provider/{GITHUB}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    assert trust_allows(document([statement]), {}, f"https://{GITHUB}").allowed
    assert not trust_allows(document([statement]), {}, "https://gitlab.com").allowed


def test_a_request_without_condition_keys_meets_only_what_may_be_missing() -> None:
    def asked(operator: str) -> bool:
        condition = {operator: {"a:k": "x"}}
        statement = {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": condition}
        return decide([document([statement])], Request("a:B")).allowed

    assert (asked("StringEquals"), asked("StringEqualsIfExists")) == (False, True)


# claims, the user's audiences, what is refused ("" for nothing)
LOGINS: list[tuple[dict[str, Any], list[str], str]] = [
    ({"iss": "i", "sub": "s", "aud": "snowflakecomputing.com"}, [], ""),
    ({"iss": "i", "sub": "s", "aud": ["x", "snowflakecomputing.com"]}, [], ""),
    ({"iss": "i", "sub": "s", "aud": "own"}, ["other", "own"], ""),
    ({"iss": "i", "sub": "s", "aud": "snowflakecomputing.com"}, ["own"], "because its audience is not own"),
    ({"iss": "i", "sub": "s", "aud": "own"}, [], "because its audience is not snowflakecomputing.com"),
    ({"iss": "i", "sub": "s"}, [], "because its audience is not snowflakecomputing.com"),
    ({"iss": "i", "sub": "s", "aud": []}, ["a", "b"], "because its audience is not a, b"),
    ({"iss": "j", "sub": "s", "aud": "snowflakecomputing.com"}, [], "because its issuer is not i"),
    ({"iss": "i", "sub": "S", "aud": "snowflakecomputing.com"}, [], "because its subject is not s"),
    ({"sub": "s", "aud": "snowflakecomputing.com"}, [], "because its issuer is not i"),
]


@pytest.mark.parametrize(("claims", "audiences", "refusal"), LOGINS)
def test_a_workload_identity(claims: dict[str, Any], audiences: list[str], refusal: str) -> None:
    decision = oidc_login_allows(claims, issuer="i", subject="s", audiences=audiences)
    assert (decision.allowed, decision.reason if refusal else "") == (not refusal, refusal)


def test_every_policy_that_aws_manages_is_understood() -> None:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    managed = json.loads(aws_managed_policies_data)
    assert len(managed) > 1000
    statements = [Policy.parse(policy["Document"], name).statements for name, policy in managed.items()]
    assert all(statements)
