"""Which permissions a call needs, on which resources, under which condition keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.api_call import ApiCall
from strata.cloud.aws.iam.authorization import Conditions
from strata.cloud.aws.iam.identity import AccessDenied, Credentials, _key_of, aws_principal
from strata.cloud.aws.iam.permissions import UnknownPermissionError, permissions
from strata.iam import PolicyError
from tests import yaml_files

from ..conftest import ACCOUNT, REGION

CASES = yaml_files.load(Path(__file__).with_name("permissions.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["call"])
def test_a_call_needs(case: dict[str, Any]) -> None:
    service, _, operation = case["call"].partition(":")
    call = ApiCall(service, operation, case["with"], ACCOUNT, REGION, "aws")
    if "unknown" in case:
        with pytest.raises(UnknownPermissionError, match=f"^{case['unknown']}$"):
            permissions(call)
        return
    found = permissions(call)
    needs = [f"{p.action} {p.resource if p.resource is not None else '(unknown)'}" for p in found]
    assert needs == case["needs"]
    assert [dict(p.context) for p in found] == case.get("conditions", [{}] * len(found))


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("aws:requestedregion", True),
        ("aws:calledvia", True),
        ("aws:requesttag/team", True),
        ("aws:principaltag/team", True),
        ("kms:encryptioncontext:x", True),
        ("kms:viaservice", True),
        ("sts:externalid", True),
        ("aws:resourcetag/team", False),
        ("x:aws:requesttag/team", False),
        ("s3:prefix", False),
    ],
)
def test_a_condition_key_is_known_or_refused(key: str, known: bool) -> None:
    conditions = Conditions({"aws:requestedregion": REGION})
    if known:
        assert conditions.get(key, "none") == (REGION if key == "aws:requestedregion" else "none")
        return
    with pytest.raises(PolicyError, match=f"^the embedded cloud does not know the condition key {key}$"):
        conditions.get(key)
    conditions.absent_prefixes = ("aws:resourcetag/", "x:", "s3:")
    assert conditions.get(key) is None


SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.mark.parametrize(
    ("authorization", "url", "key"),
    [
        (SIGNED, "http://h/", "AKIA"),
        ("", "http://h/?X-Amz-Credential=ASIA%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", "ASIA"),
        ("", "http://h/?AWSAccessKeyId=OLD&Signature=x", "OLD"),
        (SIGNED, "http://h/?X-Amz-Credential=ASIA/20260101", "AKIA"),
        ("Bearer x", "http://h/", ""),
        ("", "http://h/?a=b", ""),
    ],
)
def test_the_key_of_a_request(authorization: str, url: str, key: str) -> None:
    assert _key_of(authorization, url) == key


@pytest.mark.parametrize(
    "arn", [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/a:b", f"arn:aws:sts::{ACCOUNT}:assumed-role/no-such/me"]
)  # fmt: skip
def test_a_principal_is_its_arn(arn: str) -> None:
    principal = aws_principal(arn)
    assert (principal.account_id, principal.arns) == (ACCOUNT, (arn,))


@pytest.mark.parametrize(("arn", "named"), [("", "no caller"), ("arn:aws:iam", "arn:aws:iam")])
def test_what_is_not_a_principal(arn: str, named: str) -> None:
    with pytest.raises(AccessDenied) as raised:
        aws_principal(arn)
    assert raised.value.message == f"{named} is not the ARN of a principal"


def test_the_environment_of_credentials() -> None:
    credentials = Credentials("id", "secret", "token", None, ACCOUNT, "arn")
    assert credentials.environment() == {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    }
