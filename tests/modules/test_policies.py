"""Who may do what: the planned policies, evaluated together as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strata.iam import Decision, Outcome, Principal, Request, decide

pytestmark = pytest.mark.terraform

Planned = Callable[[str], dict[str, Any]]
ACCOUNT = "123456789012"
ROLES = ("eventbridge", "glue", "lambda", "snowflake", "stepfunctions")
RAW, PROCESSED = (
    "arn:aws:s3:::strata-raw-test-123456789012",
    "arn:aws:s3:::strata-processed-test-123456789012",
)

# role, action, bucket, rest of the resource, may it
ACCESS = [
    ("glue", "s3:GetObject", RAW, "/flights/a.csv", True),
    ("glue", "s3:PutObject", RAW, "/flights/a.csv", False),
    ("glue", "s3:PutObject", PROCESSED, "/curated/flights/a.parquet", True),
    ("glue", "s3:DeleteObject", PROCESSED, "/curated/flights/a.parquet", True),
    ("lambda", "s3:GetObject", PROCESSED, "/reports/flights/object=1/clean.json", True),
    ("lambda", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", False),
    ("lambda", "s3:GetObject", RAW, "/flights/a.csv", False),
    ("lambda", "s3:PutObject", PROCESSED, "/reports/flights/object=1/clean.json", False),
    ("snowflake", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", True),
    ("snowflake", "s3:GetObject", PROCESSED, "/clean/flights/a.parquet", False),
    ("snowflake", "s3:GetObject", PROCESSED, "/quarantine/flights/a.json", False),
    ("snowflake", "s3:PutObject", PROCESSED, "/curated/flights/a.parquet", False),
    ("stepfunctions", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", False),
    ("eventbridge", "s3:GetObject", RAW, "/flights/a.csv", False),
]


@pytest.mark.parametrize(("role", "action", "bucket", "rest", "allowed"), ACCESS)
def test_a_role_reaches_only_its_objects(
    planned: Planned, role: str, action: str, bucket: str, rest: str, allowed: bool
) -> None:
    identity = planned(f'module.iam.aws_iam_role_policy.this["{role}"]')["policy"]
    asked = {"action": action, "resource": bucket + rest}
    by_identity = decide([identity], Request(**asked))
    by_bucket = _by_bucket(planned, bucket, role, **asked)
    assert (by_identity.allowed and by_bucket.outcome is not Outcome.DENY) is allowed


@pytest.mark.parametrize(
    ("role", "action", "bucket", "rest", "denied"),
    [
        # What the bucket refuses even to somebody whom IAM allows everything.
        ("admin", "s3:GetObject", RAW, "/flights/a.csv", True),
        ("admin", "s3:PutObject", RAW, "/flights/a.csv", True),
        ("admin", "s3:DeleteObjectVersion", RAW, "/flights/a.csv", True),
        ("admin", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", True),
        ("admin", "s3:ListBucket", PROCESSED, "", True),
        ("admin", "s3:PutBucketPolicy", PROCESSED, "", False),
        ("apply", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", True),
        ("apply", "s3:ListBucket", PROCESSED, "", False),
        ("plan", "s3:GetObject", RAW, "/flights/a.csv", True),
        ("producer", "s3:PutObject", RAW, "/flights/a.csv", False),
        ("producer", "s3:GetObject", RAW, "/flights/a.csv", True),
        ("lambda", "s3:GetObject", PROCESSED, "/curated/flights/a.parquet", True),
        ("snowflake", "s3:GetObject", PROCESSED, "/clean/flights/a.parquet", True),
    ],
)
def test_a_bucket_refuses_others(
    planned: Planned, role: str, action: str, bucket: str, rest: str, denied: bool
) -> None:
    decision = _by_bucket(planned, bucket, role, action=action, resource=bucket + rest)
    assert (decision.outcome is Outcome.DENY) is denied


@pytest.mark.parametrize("bucket", [RAW, PROCESSED])
def test_a_bucket_refuses_plain_http(planned: Planned, bucket: str) -> None:
    asked = {"action": "s3:GetObject", "resource": f"{bucket}/flights/a.csv"}
    assert _by_bucket(planned, bucket, "glue", tls="false", **asked).outcome is Outcome.DENY


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_do_everything(planned: Planned, role: str) -> None:
    for statement in planned(f'module.iam.aws_iam_role_policy.this["{role}"]')["policy"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], statement["Sid"]
        assert statement["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("role", "service", "source", "trusted"),
    [
        ("glue", "glue.amazonaws.com", "arn:aws:glue:eu-west-1:123456789012:job/strata-clean-test", True),
        ("glue", "lambda.amazonaws.com", "arn:aws:lambda:eu-west-1:123456789012:function:f", False),
        (
            "stepfunctions",
            "states.amazonaws.com",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:strata-pipeline-test",
            True,
        ),
        (
            "stepfunctions",
            "states.amazonaws.com",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:x",
            False,
        ),
        (
            "eventbridge",
            "events.amazonaws.com",
            "arn:aws:events:eu-west-1:123456789012:rule/strata-raw-objects-test",
            True,
        ),
        ("eventbridge", "events.amazonaws.com", "arn:aws:events:eu-west-1:123456789012:rule/other", False),
    ],
)
@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_a_service_is_trusted_for_this_account_only(
    planned: Planned, role: str, service: str, source: str, trusted: bool, account: str
) -> None:
    trust = planned(f'module.iam.aws_iam_role.this["{role}"]')["assume_role_policy"]
    decision = decide(
        [trust],
        Request(
            "sts:AssumeRole",
            principal=Principal(service=service),
            context={"aws:sourceaccount": account, "aws:sourcearn": source},
        ),
        named=True,
    )
    assert decision.allowed is (trusted and account == ACCOUNT)


@pytest.mark.parametrize(
    ("arn", "external_id", "trusted"),
    [
        ("arn:aws:iam::999988887777:user/snowflake", "strata-test-1", True),
        ("arn:aws:iam::999988887777:user/snowflake", "another", False),
        ("arn:aws:iam::999988887777:user/other", "strata-test-1", False),
    ],
)
def test_snowflake_is_trusted_with_its_external_id(
    planned: Planned, arn: str, external_id: str, trusted: bool
) -> None:
    trust = planned('module.iam.aws_iam_role.this["snowflake"]')["assume_role_policy"]
    principal = Principal(account_id="999988887777", arns=(arn,))
    decision = decide(
        [trust],
        Request("sts:AssumeRole", principal=principal, context={"sts:externalid": external_id}),
        named=True,
    )
    assert decision.allowed is trusted


@pytest.mark.parametrize(
    ("subject", "roles"),
    [
        ("repo:acme/platform:pull_request", {"plan"}),
        ("repo:acme@11/platform@22:pull_request", {"plan"}),
        ("repo:acme/platform:ref:refs/heads/main", {"plan"}),
        ("repo:acme@11/platform@22:environment:test", {"apply"}),
        ("repo:acme/platform:environment:test", {"apply"}),
        ("repo:acme/platform:environment:prod", set()),
        ("repo:acme/platform:ref:refs/heads/feature", set()),
        ("repo:acme/platform:ref:refs/tags/v1", set()),
        ("repo:acme/other:pull_request", set()),
        ("repo:acme@12/platform@22:pull_request", set()),
        ("repo:acme/platform-fork:environment:test", set()),
    ],
)
@pytest.mark.parametrize("audience", ["sts.amazonaws.com", "https://github.com/acme"])
def test_a_github_token_opens_only_its_role(
    planned: Planned, subject: str, roles: set[str], audience: str
) -> None:
    issuer = "token.actions.githubusercontent.com"
    token = {f"{issuer}:sub": [subject], f"{issuer}:aud": [audience], f"{issuer}:repository_id": ["22"]}
    token[f"{issuer}:ref"] = ["refs/heads/main"]
    opened = {role for role in ("plan", "apply") if _token_fits(planned, role, token)}
    assert opened == (roles if audience == "sts.amazonaws.com" else set())


def _token_fits(planned: Planned, role: str, token: dict[str, list[str]]) -> bool:
    statements = planned(f'module.github-oidc.aws_iam_role.this["{role}"]')["assume_role_policy"]["Statement"]
    assert [list(s["Condition"]) for s in statements] == [["StringEquals"]]
    wanted = statements[0]["Condition"]["StringEquals"]
    return all(
        token[key][0] in (value if isinstance(value, list) else [value]) for key, value in wanted.items()
    )


def _by_bucket(
    planned: Planned, bucket: str, role: str, *, action: str, resource: str, tls: str = "true"
) -> Decision:
    name = bucket.removeprefix("arn:aws:s3:::strata-").split("-")[0]
    policy = planned(f'module.s3.aws_s3_bucket_policy.this["{name}"]')["policy"]
    arn = f"arn:aws:iam::{ACCOUNT}:role/strata-{role}-test"
    context = {"aws:principalarn": arn, "aws:securetransport": tls}
    principal = Principal(account_id=ACCOUNT, arns=(arn,))
    return decide([policy], Request(action, resource, principal, context), named=True)
