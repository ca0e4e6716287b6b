"""Accounts behind keys, and AssumeRole against trust policies."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.iam.identity import AccessDenied
from tests.cloud.aws.conftest import ACCOUNT, Aws

GLUE = {"Service": "glue.amazonaws.com"}


def test_key_of_twelve_digits_is_the_account(aws: Aws) -> None:
    other = aws.client("sts", {"AccessKeyId": "999988887777", "SecretAccessKey": "test"})
    assert aws.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert other.get_caller_identity()["Arn"] == "arn:aws:iam::999988887777:root"


UNKNOWN = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "test"}


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_key_is_refused(aws: Aws, service: str, call: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service, UNKNOWN), call)()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_key_of_a_user_is_known(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="person")
    key = iam.create_access_key(UserName="person")["AccessKey"]
    keys = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    assert aws.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/person")


def test_a_cloud_may_take_any_key_for_the_account(aws: Aws) -> None:
    aws.context.any_key = True
    assert aws.client("sts", UNKNOWN).get_caller_identity()["Account"] == ACCOUNT
    assert aws.client("s3", UNKNOWN).list_buckets()["Buckets"] == []


def test_session_acts_as_the_role_in_the_roles_account(aws: Aws) -> None:
    role_arn = aws.role("reader", {"AWS": ACCOUNT})
    assumed = aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    identity = aws.client("sts", assumed["Credentials"]).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (
        ACCOUNT,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me",
    )


@pytest.mark.parametrize(
    ("principal", "condition", "arguments", "allowed"),
    [
        ({"AWS": ACCOUNT}, {}, {}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {}, {}, True),
        (GLUE, {}, {}, False),
        ({"AWS": "arn:aws:iam::999988887777:root"}, {}, {}, False),
        ({"AWS": ACCOUNT}, {"StringEquals": {"sts:ExternalId": "ours"}}, {"ExternalId": "ours"}, True),
        ({"AWS": ACCOUNT}, {"StringEquals": {"sts:ExternalId": "ours"}}, {"ExternalId": "theirs"}, False),
        ({"AWS": ACCOUNT}, {"StringEquals": {"sts:ExternalId": "ours"}}, {}, False),
    ],
)
def test_assume_role_asks_the_trust_policy(
    aws: Aws, principal: dict[str, Any], condition: dict[str, Any], arguments: dict[str, str], allowed: bool
) -> None:
    role_arn = aws.role("r", principal, **({"Condition": condition} if condition else {}))
    sts = aws.client("sts")
    if allowed:
        assert sts.assume_role(RoleArn=role_arn, RoleSessionName="me", **arguments)["Credentials"]
        return
    with pytest.raises(ClientError) as caught:
        sts.assume_role(RoleArn=role_arn, RoleSessionName="me", **arguments)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "is not authorized to perform: sts:AssumeRole" in str(caught.value)


def test_role_that_does_not_exist(aws: Aws) -> None:
    with pytest.raises(ClientError, match="the role does not exist"):
        aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/none", RoleSessionName="me")


@pytest.mark.parametrize(
    ("source_arn", "allowed"),
    [
        (f"arn:aws:glue:eu-west-1:{ACCOUNT}:job/clean", True),
        ("arn:aws:glue:eu-west-1:999988887777:job/clean", False),
        ("", False),
    ],
)
def test_service_on_behalf_of_its_source(aws: Aws, source_arn: str, allowed: bool) -> None:
    role_arn = aws.role(
        "glue",
        GLUE,
        Condition={
            "ArnLike": {"aws:SourceArn": f"arn:aws:glue:eu-west-1:{ACCOUNT}:*"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    )
    if allowed:
        keys = aws.context.assume_role(
            role_arn, service="glue.amazonaws.com", source_arn=source_arn, session_name="run"
        )
        assert keys.assumed_role_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/glue/run"
    else:
        with pytest.raises(AccessDenied, match=r"glue.amazonaws.com is not authorized"):
            aws.context.assume_role(role_arn, service="glue.amazonaws.com", source_arn=source_arn)


def test_other_principal_with_an_external_id(aws: Aws) -> None:
    user = "arn:aws:iam::444455556666:user/snowflake"
    role_arn = aws.role("sf", {"AWS": user}, Condition={"StringEquals": {"sts:ExternalId": "ours"}})
    assert aws.context.assume_role(role_arn, principal_arn=user, external_id="ours").account_id == ACCOUNT
    for wrong in ({"external_id": "theirs"}, {"external_id": "ours", "principal_arn": f"{user}2"}):
        with pytest.raises(AccessDenied):
            aws.context.assume_role(role_arn, **{"principal_arn": user, **wrong})


def test_keys_are_given_again_while_half_of_their_life_is_left(aws: Aws) -> None:
    first, second = (aws.role(name, {"AWS": ACCOUNT}) for name in ("first", "second"))

    def keys(role_arn: str, **asked: Any) -> str:
        given = aws.context.assume_role(
            role_arn, **{"principal_arn": f"arn:aws:iam::{ACCOUNT}:root", **asked}
        )
        return str(given.access_key_id)

    kept = keys(first, reuse=True)
    assert keys(first, reuse=True) == kept
    others = [
        keys(first),
        keys(second, reuse=True),
        keys(first, reuse=True, session_name="other"),
        keys(first, reuse=True, principal_arn=f"arn:aws:iam::{ACCOUNT}:user/other"),
        # These expire in an hour: half of two is more.
        keys(first, reuse=True, duration=7200),
    ]
    assert len({kept, *others}) == 6
    # Those took their place.
    assert keys(first, reuse=True) == others[-1]


def test_who_is_not_trusted_any_more_gets_no_earlier_keys(aws: Aws) -> None:
    user = "arn:aws:iam::444455556666:user/snowflake"
    role_arn = aws.role("sf", {"AWS": user}, Condition={"StringEquals": {"sts:ExternalId": "ours"}})
    assert aws.context.assume_role(role_arn, principal_arn=user, external_id="ours", reuse=True)
    with pytest.raises(AccessDenied):
        aws.context.assume_role(role_arn, principal_arn=user, external_id="theirs", reuse=True)
    aws.client("iam").delete_role(RoleName="sf")
    with pytest.raises(AccessDenied):
        aws.context.assume_role(role_arn, principal_arn=user, external_id="ours", reuse=True)
