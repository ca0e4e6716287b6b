"""A GitHub job logs in: the embedded issuer's tokens, and AssumeRoleWithWebIdentity with AWS's errors."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import jwt
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from strata.ci.login import identity_token
from strata.cloud.github import issuer as github_oidc
from strata.cloud.github.job import WorkflowJob, register
from strata.errors import StrataError
from tests.cloud.aws.conftest import ACCOUNT, Aws

HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
JOB = WorkflowJob("acme", 11, "platform", 22, event="pull_request", ref="refs/pull/7/merge")


def trusting(aws: Aws, **condition: Any) -> str:
    """Make GitHub's provider and a role for acme's pull requests; return the role's ARN."""
    aws.client("iam").create_open_id_connect_provider(
        Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"]
    )
    wanted = condition or {
        "StringEquals": {
            f"{HOST}:aud": "sts.amazonaws.com",
            f"{HOST}:sub": JOB.subject(),
            f"{HOST}:repository_id": "22",
        }
    }
    return aws.role(
        "plan",
        {"Federated": PROVIDER},
        [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
        Action="sts:AssumeRoleWithWebIdentity",
        Condition=wanted,
    )


def log_in(aws: Aws, role_arn: str, web_token: str, **more: Any) -> Any:
    sts = aws.client("sts", signature_version=UNSIGNED)
    return sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="run-1", WebIdentityToken=web_token, **more
    )


def error_of(aws: Aws, role_arn: str, web_token: str, **more: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        log_in(aws, role_arn, web_token, **more)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


def test_a_job_logs_in_and_gets_what_the_role_may(aws: Aws) -> None:
    role_arn = trusting(aws)
    environ = register(aws.context.aws_url, JOB.claims())
    answer = log_in(aws, role_arn, identity_token("sts.amazonaws.com", environ))
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/plan/run-1"
    assert answer["SubjectFromWebIdentityToken"] == "repo:acme@11/platform@22:pull_request"
    assert answer["Audience"] == "sts.amazonaws.com"
    aws.bucket("data")
    s3 = aws.client("s3", answer["Credentials"])
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["data"]
    with pytest.raises(ClientError, match="is not authorized to perform: s3:ListBucket"):
        s3.list_objects_v2(Bucket="data")


@pytest.mark.parametrize(
    ("claims", "code", "status", "says"),
    [
        (
            {"sub": "repo:acme/platform:ref:refs/heads/x"},
            "AccessDenied",
            403,
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        ({"repository_id": "23"}, "AccessDenied", 403, "as repo:acme@11/platform@22:pull_request"),
        ({"aud": "https://github.com/acme"}, "InvalidIdentityToken", 400, "Incorrect token audience"),
        (
            {"iss": "https://gitlab.com"},
            "InvalidIdentityToken",
            400,
            "No OpenIDConnect provider found in your account for https://gitlab.com",
        ),
    ],
)
def test_a_wrong_token_is_refused(
    aws: Aws, claims: dict[str, str], code: str, status: int, says: str
) -> None:
    role_arn = trusting(aws)
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com", **claims})
    found = error_of(aws, role_arn, minted)
    assert found[:2] == (code, status)
    assert says in found[2]


def test_a_token_that_expired(aws: Aws) -> None:
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"}, seconds=-60)
    assert error_of(aws, trusting(aws), minted)[:2] == ("ExpiredTokenException", 400)


@pytest.mark.parametrize("kind", ["signed by somebody else", "changed", "not signed", "no token"])
def test_a_token_that_the_issuer_did_not_sign(aws: Aws, kind: str) -> None:
    role_arn = trusting(aws)
    claims = {
        **JOB.claims(),
        "aud": "sts.amazonaws.com",
        "iss": f"https://{HOST}",
        "iat": 1,
        "exp": 9_999_999_999,
    }
    head, body, sign = aws.context.issuer.mint(claims).split(".")
    other = jwt.encode({**claims, "sub": "repo:evil"}, "x" * 32, algorithm="HS256")
    wrong = {
        "signed by somebody else": other,
        "changed": ".".join([head, other.split(".")[1], sign]),
        "not signed": jwt.encode(claims, None, algorithm="none"),
        "no token": "any.token.passes",
    }
    assert body
    assert error_of(aws, role_arn, wrong[kind])[:2] == ("InvalidIdentityToken", 400)


def test_without_a_provider_in_the_account(aws: Aws) -> None:
    role_arn = aws.role("plan", {"Federated": PROVIDER}, Action="sts:AssumeRoleWithWebIdentity")
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    assert "No OpenIDConnect provider" in error_of(aws, role_arn, minted)[2]


def test_a_provider_whose_keys_are_not_here(aws: Aws) -> None:
    role_arn = trusting(aws)
    aws.client("iam").create_open_id_connect_provider(
        Url="https://gitlab.com", ClientIDList=["sts.amazonaws.com"]
    )
    minted = aws.context.issuer.mint({"iss": "https://gitlab.com", "sub": "x", "aud": "sts.amazonaws.com"})
    code, status, message = error_of(aws, role_arn, minted)
    assert (code, status) == ("InvalidIdentityToken", 400)
    assert "plays https://token.actions.githubusercontent.com only" in message


def test_a_role_that_trusts_accounts_only(aws: Aws) -> None:
    trusting(aws)
    role_arn = aws.role("people", {"AWS": ACCOUNT})
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    assert error_of(aws, role_arn, minted)[0] == "AccessDenied"


def test_a_trust_policy_that_is_not_understood(aws: Aws) -> None:
    role_arn = trusting(aws, StringAlmost={f"{HOST}:sub": "x"})
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    code, _, message = error_of(aws, role_arn, minted)
    assert code == "AccessDenied"
    assert "'StringAlmost' is not known" in message


def test_longer_than_the_role_allows(aws: Aws) -> None:
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    assert error_of(aws, trusting(aws), minted, DurationSeconds=7200)[0] == "ValidationError"


def test_a_session_policy_limits_the_session(aws: Aws) -> None:
    role_arn = trusting(aws)
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    nothing = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    )
    keys = log_in(aws, role_arn, minted, Policy=nothing)["Credentials"]
    with pytest.raises(ClientError, match="with an explicit deny in a session policy"):
        aws.client("s3", keys).list_buckets()


def test_no_token_without_the_request_token(aws: Aws) -> None:
    environ = register(aws.context.aws_url, JOB.claims())
    with pytest.raises(StrataError, match="refused: 401"):
        identity_token("sts.amazonaws.com", {**environ, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "guessed"})


def test_the_issuer_shows_its_key(aws: Aws) -> None:
    with urllib.request.urlopen(
        f"{aws.context.aws_url}{github_oidc.PREFIX}/.well-known/openid-configuration"
    ) as answer:
        described = json.load(answer)
    assert described["issuer"] == f"https://{HOST}"
    with urllib.request.urlopen(described["jwks_uri"]) as answer:
        key = jwt.PyJWK(json.load(answer)["keys"][0])
    minted = identity_token("x", register(aws.context.aws_url, JOB.claims()))
    assert jwt.decode(minted, key, algorithms=["RS256"], audience="x")["sub"] == JOB.subject()


@pytest.mark.parametrize(
    ("job", "subject"),
    [
        (JOB, "repo:acme@11/platform@22:pull_request"),
        (WorkflowJob("acme", 11, "platform", 22, "pull_request", "refs/pull/7/merge", immutable_subject=False), "repo:acme/platform:pull_request"),
        (WorkflowJob("acme", 11, "platform", 22, "push", "refs/heads/main"), "repo:acme@11/platform@22:ref:refs/heads/main"),
        (WorkflowJob("acme", 11, "platform", 22, "push", "refs/tags/v1"), "repo:acme@11/platform@22:ref:refs/tags/v1"),
        (WorkflowJob("acme", 11, "platform", 22, "pull_request", "refs/pull/7/merge", environment="dev"), "repo:acme@11/platform@22:environment:dev"),
        (WorkflowJob("acme", 11, "platform", 22, "push", "refs/heads/main", environment="a:b"), "repo:acme@11/platform@22:environment:a%3Ab"),
        (WorkflowJob("acme", 11, "platform", 22, "pull_request_target", "refs/heads/main"), "repo:acme@11/platform@22:ref:refs/heads/main"),
    ],
)  # fmt: skip
def test_the_subject_of_a_job(job: WorkflowJob, subject: str) -> None:
    assert job.claims()["sub"] == subject


def test_a_role_that_is_not_there(aws: Aws) -> None:
    trusting(aws)
    minted = aws.context.issuer.mint({**JOB.claims(), "aud": "sts.amazonaws.com"})
    missing = f"arn:aws:iam::{ACCOUNT}:role/none"
    found = error_of(aws, missing, minted)
    assert found[:2] == ("AccessDenied", 403)
    assert found[2] == f"Not authorized to perform sts:AssumeRoleWithWebIdentity on {missing}"
