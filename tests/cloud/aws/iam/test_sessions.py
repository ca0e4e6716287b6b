"""Sessions, users and anonymous callers; policies that are missing or not understood; what STS refuses."""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from flask import Flask

from strata.cloud.aws.context import no_roles
from strata.cloud.aws.iam import authorization, identity
from strata.cloud.aws.iam.identity import AccessDenied, Identity, InvalidTokenError, RoleSession

from ..conftest import ACCOUNT, REGION, Aws

APPLICATION = Flask("test")
ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error, meta = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    return error["Code"], meta["HTTPStatusCode"], error["Message"]


def keys_of(aws: Aws, policy: Any = ALL, **arguments: Any) -> Any:
    role = aws.role("r", {"AWS": ACCOUNT}, policy)
    return aws.client("sts").assume_role(RoleArn=role, RoleSessionName="me", **arguments)["Credentials"]


def test_a_user_is_its_keys_owner(aws: Aws) -> None:
    other = {"AccessKeyId": "999988887777", "SecretAccessKey": "x"}
    iam = aws.client("iam", other)
    user = iam.create_user(UserName="ann")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    keys = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    found = aws.client("sts", keys).get_caller_identity()
    assert (found["Account"], found["Arn"]) == ("999988887777", "arn:aws:iam::999988887777:user/ann")
    assert found["UserId"] == user["UserId"]


def caller(identities: Identity, headers: dict[str, str], url: str = "/") -> Any:
    with APPLICATION.test_request_context(url, headers=headers):
        found = identities.caller_of_request()
    return found.account_id, found.arns


def test_who_sends_a_request(aws: Aws) -> None:
    identities = aws.server.services.identity
    # The cloud itself has no ARN, and an anonymous caller neither.
    assert identities.caller_of_request().account_id == ACCOUNT
    assert identities.caller_of_request().arns == ()
    assert caller(identities, {}) == (ACCOUNT, ())
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=999988887777/20260101/r/s3/aws4_request, x"}
    assert caller(identities, signed) == ("999988887777", ("arn:aws:iam::999988887777:root",))
    assert caller(identities, {}, "/?AWSAccessKeyId=999988887777") == (
        "999988887777",
        ("arn:aws:iam::999988887777:root",),
    )
    keys = keys_of(aws)
    signed = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/20260101/r/s3/aws4_request, x"
    }
    assert caller(identities, signed) == (ACCOUNT, (f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me", ROLE))


SESSION = RoleSession(
    ROLE, f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me", "AROA:me", "token",
    datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC), (),
)  # fmt: skip
EXPIRED = RoleSession(ROLE, "arn", "AROA:me", "token", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), ())
INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid.")


@pytest.mark.parametrize(
    ("key", "token", "found"),
    [
        ("ASIA", "token", SESSION),
        ("ASIA", "other", INVALID),
        ("ASIA", None, INVALID),
        ("ASIAOLD", "token", ("ExpiredToken", "The security token included in the request is expired")),
        ("ASIAOLD", "other", INVALID),
        ("AKIA", None, None),
        ("AKIA", "token", INVALID),
        # The account's root, whatever a client sends along.
        (ACCOUNT, "token", None),
        (f"{ACCOUNT}0", "token", INVALID),
    ],
)
@pytest.mark.parametrize("place", ["header", "url"])
def test_a_session_and_its_token(place: str, key: str, token: str | None, found: Any) -> None:
    identities = Identity(Mock(account_id=ACCOUNT, region=REGION))
    identities._sessions |= {"ASIA": SESSION, "ASIAOLD": EXPIRED}
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/r/s3/aws4_request, x"}
    url = "/"
    if token and place == "header":
        headers["X-Amz-Security-Token"] = token
    elif token:
        url = f"/?X-Amz-Security-Token={token}"
    with APPLICATION.test_request_context(url, headers=headers):
        if isinstance(found, tuple):
            with pytest.raises(InvalidTokenError) as raised:
                identities.session_of_request()
            assert (raised.value.code, raised.value.message) == found
        else:
            assert identities.session_of_request() is found


@pytest.mark.parametrize("duration", [900, 3600])
def test_keys_expire(aws: Aws, duration: int) -> None:
    keys = keys_of(aws, DurationSeconds=duration)
    left = (keys["Expiration"] - datetime.datetime.now(datetime.UTC)).total_seconds()
    assert duration - 60 < left <= duration
    session = aws.server.services.identity._sessions[keys["AccessKeyId"]]
    assert abs((session.expiration - keys["Expiration"]).total_seconds()) < 2


def test_an_hour_by_default_and_at_most(aws: Aws) -> None:
    keys = keys_of(aws)
    left = (keys["Expiration"] - datetime.datetime.now(datetime.UTC)).total_seconds()
    assert 3540 < left <= 3600
    sts = aws.client("sts")
    code, status, message = refused(sts.assume_role, RoleArn=ROLE, RoleSessionName="me", DurationSeconds=3601)
    assert (code, status) == ("ValidationError", 400)
    assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    aws.client("iam").update_role(RoleName="r", MaxSessionDuration=7200)
    assert sts.assume_role(RoleArn=ROLE, RoleSessionName="me", DurationSeconds=7200)["PackedPolicySize"] == 6


@pytest.mark.parametrize("name", ["a", "a b", "x" * 65, "é?"])
def test_a_session_has_a_name_of_a_certain_form(aws: Aws, name: str) -> None:
    aws.role("r", {"AWS": ACCOUNT})
    sts = aws.client("sts", parameter_validation=False)
    code, _, message = refused(sts.assume_role, RoleArn=ROLE, RoleSessionName=name)
    assert code == "ValidationError"
    assert message == (
        f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}"
    )
    assert sts.assume_role(RoleArn=ROLE, RoleSessionName="a+=,.@-_9")["AssumedRoleUser"]["Arn"].endswith(
        "/r/a+=,.@-_9"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PolicyArns", [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]),
        ("Tags", [{"Key": "a", "Value": "b"}]),
        ("TransitiveTagKeys", ["a"]),
        ("ProvidedContexts", [{"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ContextAssertion": "abcd"}]),
    ],
)  # fmt: skip
def test_what_a_session_would_not_keep_is_refused(aws: Aws, name: str, value: Any) -> None:
    aws.role("r", {"AWS": ACCOUNT})
    code, status, message = refused(
        aws.client("sts").assume_role, RoleArn=ROLE, RoleSessionName="me", **{name: value}
    )
    assert (code, status) == ("AccessDenied", 403)
    assert message == f"the embedded STS does not know {name}, and would keep none of it"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_session_token", {}),
        ("get_federation_token", {"Name": "ann"}),
        (
            "assume_role_with_saml",
            {
                "RoleArn": ROLE,
                "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/p",
                "SAMLAssertion": "abcd",
            },
        ),
    ],
)
def test_keys_of_nobody_are_refused(aws: Aws, call: str, arguments: dict[str, Any]) -> None:
    sts = aws.client("sts")
    code, status, message = refused(getattr(sts, call), **arguments)
    operation = sts.meta.method_to_api_mapping[call]
    assert (code, status) == ("AccessDenied", 403)
    assert message == f"sts:{operation} is refused: the embedded cloud does not know whom such keys stand for"


@pytest.mark.parametrize("policy", ["{", '{"Statement": [{"Effect": "Perhaps"}]}'])
def test_a_session_policy_that_cannot_be_read(aws: Aws, policy: str) -> None:
    aws.role("r", {"AWS": ACCOUNT})
    code, status, message = refused(
        aws.client("sts").assume_role, RoleArn=ROLE, RoleSessionName="me", Policy=policy
    )
    assert (code, status) == ("MalformedPolicyDocument", 400)
    assert "session policy" in message


def policy_of(**statement: Any) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
    )


def test_a_session_policy_limits_a_role_that_takes_on_another(aws: Aws) -> None:
    aws.role("other", {"AWS": ACCOUNT})
    other = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other", "RoleSessionName": "two"}
    keys = keys_of(aws, Policy=policy_of(Action="sns:*"))
    assert refused(aws.client("sts", keys).assume_role, **other)[0] == "AccessDenied"
    keys = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me", Policy=policy_of(Action="sts:*"))
    assert aws.client("sts", keys["Credentials"]).assume_role(**other)["Credentials"]


def test_a_boundary_limits_a_role_that_takes_on_another(aws: Aws) -> None:
    aws.role("other", {"AWS": ACCOUNT})
    keys = keys_of(aws)
    iam = aws.client("iam")
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=policy_of(Action="sns:*"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=limit)
    other = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other", "RoleSessionName": "two"}
    assert refused(aws.client("sts", keys).assume_role, **other)[0] == "AccessDenied"


def test_another_accounts_role_needs_both_words(aws: Aws) -> None:
    foreign = {"AccessKeyId": "999988887777", "SecretAccessKey": "x"}
    trust = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    other = aws.client("iam", foreign).create_role(
        RoleName="other", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]["Arn"]
    keys = keys_of(aws, [{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}])
    sts = aws.client("sts", keys)
    assert refused(sts.assume_role, RoleArn=other, RoleSessionName="two")[0] == "AccessDenied"
    aws.client("iam").put_role_policy(
        RoleName="r", PolicyName="more", PolicyDocument=policy_of(Action="sts:AssumeRole", Resource=other)
    )
    assumed = sts.assume_role(RoleArn=other, RoleSessionName="two")
    assert assumed["AssumedRoleUser"]["Arn"] == "arn:aws:sts::999988887777:assumed-role/other/two"


def test_a_policy_of_the_caller_that_is_not_understood(aws: Aws) -> None:
    aws.role("other", {"AWS": ACCOUNT})
    strange = {"Action": "sts:*", "Condition": {"StringAlmost": {"aws:PrincipalArn": "x"}}}
    keys = keys_of(aws)
    role = identity.find_role(ROLE)
    assert role is not None
    role.policies["own"] = policy_of(**strange)  # moto would refuse it
    code, status, message = refused(
        aws.client("sts", keys).assume_role,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/other",
        RoleSessionName="two",
    )
    assert (code, status) == ("AccessDenied", 403)
    assert "'StringAlmost' is not known" in message


@pytest.mark.parametrize("arn", ["arn:aws:iam", "r", f"arn:aws:sts::{ACCOUNT}:role/r", f"{ROLE}2"])
def test_a_role_is_found_by_its_whole_arn(aws: Aws, arn: str) -> None:
    aws.role("r", {"AWS": ACCOUNT})
    assert identity.find_role(arn) is None
    found = identity.find_role(ROLE)
    assert found is not None
    assert found.name == "r"


def test_the_policies_of_a_role(aws: Aws) -> None:
    iam = aws.client("iam")
    aws.role("r", {"AWS": ACCOUNT}, ALL)
    first, second = policy_of(Action="sns:*"), policy_of(Action="sqs:*")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=first)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    role = identity.find_role(ROLE)
    assert role is not None
    assert [json.loads(text)["Statement"][0]["Action"] for text in identity.role_policies(role)] == [
        "*",
        "sns:*",
    ]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=second, SetAsDefault=True)
    assert [json.loads(text)["Statement"][0]["Action"] for text in identity.role_policies(role)] == [
        "*",
        "sqs:*",
    ]
    assert identity.role_boundary(role) is None
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=arn)
    assert json.loads(str(identity.role_boundary(role)))["Statement"][0]["Action"] == "sqs:*"
    role.permissions_boundary_arn = f"{arn}2"
    # It allows nothing.
    assert json.loads(str(identity.role_boundary(role))) == {"Statement": []}


def test_what_a_roles_own_policies_allow(aws: Aws) -> None:
    aws.role("r", {"AWS": ACCOUNT}, [{"Effect": "Allow", "Action": "sns:*", "Resource": "arn:aws:sns:*:*:t"}])
    role = identity.find_role(ROLE)
    assert role is not None
    identity.check_role_permission(role, "sns:Publish", "arn:aws:sns:r:1:t")
    denied = f"{ROLE} is not authorized to perform: sns:Publish on resource: arn:aws:sns:r:1:u"
    with pytest.raises(AccessDenied) as raised:
        identity.check_role_permission(role, "sns:Publish", "arn:aws:sns:r:1:u")
    assert raised.value.message.startswith(f"{denied} ")
    strange = {"Action": "sns:*", "Condition": {"StringAlmost": {"aws:PrincipalArn": "x"}}}
    role.policies["own"] = policy_of(**strange)
    with pytest.raises(AccessDenied) as raised:
        identity.check_role_permission(role, "sns:Publish", "arn:aws:sns:r:1:u")
    assert raised.value.message.startswith(f"{denied}: ")


def test_no_cloud_has_no_roles() -> None:
    with pytest.raises(LookupError, match=f"no embedded AWS runs that has the role {ROLE}"):
        no_roles(ROLE, service="glue.amazonaws.com")


@pytest.mark.parametrize(("team", "allowed"), [("data", True), ("web", False)])
@pytest.mark.parametrize("key", ["aws:PrincipalTag/team", "aws:ResourceTag/team"])
def test_a_role_is_known_by_its_tags(aws: Aws, key: str, team: str, allowed: bool) -> None:
    condition = {"StringEquals": {key: "data"}}
    keys = keys_of(
        aws, [{"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*", "Condition": condition}]
    )
    aws.client("iam").tag_role(
        RoleName="r", Tags=[{"Key": "team", "Value": team}, {"Key": "a", "Value": "b"}]
    )
    client = aws.client("iam", keys)
    if allowed:
        assert client.get_role(RoleName="r")["Role"]["Arn"] == ROLE
    else:
        assert refused(client.get_role, RoleName="r")[0] == "AccessDenied"


@pytest.mark.parametrize("limited", [True, False])
def test_a_role_is_known_by_its_boundary(aws: Aws, limited: bool) -> None:
    iam = aws.client("iam")
    aws.role("other", {"AWS": ACCOUNT})
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=policy_of(Action="s3:*"))["Policy"]["Arn"]
    if limited:
        iam.put_role_permissions_boundary(RoleName="other", PermissionsBoundary=limit)
    condition = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    statement = {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*", "Condition": condition}
    client = aws.client("iam", keys_of(aws, [statement]))
    asked = {"RoleName": "other", "PolicyName": "p", "PolicyDocument": policy_of(Action="s3:*")}
    if limited:
        client.put_role_policy(**asked)
    else:
        assert refused(client.put_role_policy, **asked)[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (None, {}),
        ([], {}),
        ({}, {}),
        ({"a": {"Key": "a", "Value": "b"}}, {"a": "b"}),
        ([{"Key": "a", "Value": 1}, {"Key": "c", "Value": "d"}], {"a": "1", "c": "d"}),
    ],
)
def test_moto_keeps_tags_in_two_ways(tags: Any, found: dict[str, str]) -> None:
    assert authorization._role_tags(SimpleNamespace(tags=tags)) == found  # type: ignore[arg-type]
    assert authorization._role_tags(None) == {}


def test_the_conditions_of_a_request(aws: Aws) -> None:
    aws.role("r", {"AWS": ACCOUNT})
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    with APPLICATION.test_request_context(
        "/", headers={"User-Agent": "me"}, environ_base={"REMOTE_ADDR": "10.1.2.3"}
    ):
        found = authorization.caller_conditions(SESSION, "eu-south-2")
        anonymous = authorization.caller_conditions(None, "eu-south-2")
    times = [datetime.datetime.fromisoformat(str(found.pop("aws:currenttime"))),
             datetime.datetime.fromtimestamp(int(str(found.pop("aws:epochtime"))), datetime.UTC)]  # fmt: skip
    assert all(before <= time <= before + datetime.timedelta(seconds=60) for time in times)
    general = {
        "aws:securetransport": "true", "aws:principalisawsservice": "false", "aws:viaawsservice": "false",
        "aws:requestedregion": "eu-south-2", "aws:sourceip": "10.1.2.3", "aws:useragent": "me",
    }  # fmt: skip
    assert found == general | {
        "aws:principalaccount": ACCOUNT, "aws:principalarn": ROLE, "aws:principaltype": "AssumedRole",
        "aws:userid": "AROA:me",
    }  # fmt: skip
    assert anonymous.keys() == general.keys() | {"aws:currenttime", "aws:epochtime"}
