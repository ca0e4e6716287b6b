"""The linter of policies: each row was judged by hand with AWS's Service Authorization Reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strata.lint.iam_reference import overlaps
from strata.lint.policies import CHECKS, Kind, check, check_policy
from strata.plan.document import PlannedResource

BUCKET = "arn:aws:s3:::data-dev"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/*"
GROUP = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/x"
ISSUER = "token.actions.githubusercontent.com"


def _allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "A", "Effect": "Allow", "Action": action, "Resource": resource, **more}


def _trust(principal: Any, action: str = "sts:AssumeRole", **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": principal, "Action": action}
    return found | ({"Condition": condition} if condition else {})


# What is right: nothing is found.
RIGHT: dict[str, tuple[Kind, Any]] = {
    "objects": ("identity", _allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/raw/*")),
    "bucket and objects": ("identity", _allow(["s3:ListBucket", "s3:GetObject"], [BUCKET, f"{BUCKET}/*"])),
    "no resource known": ("identity", _allow("logs:DescribeLogGroups")),
    "a stream": ("identity", _allow("logs:PutLogEvents", f"{GROUP}:*")),
    "a wildcard that denies": (
        "resource",
        _allow("s3:*", [BUCKET, f"{BUCKET}/*"], Effect="Deny", Principal="*"),
    ),
    "a key of one service": (
        "identity",
        _allow(
            "kms:Decrypt", KEY, Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
        ),
    ),
    "a key of the resource": (
        "identity",
        _allow(
            "kms:Decrypt", KEY, Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/x"}}
        ),
    ),
    "an alias, a resource without condition keys": (
        "identity",
        _allow("kms:CreateAlias", KEY, Condition={"StringEquals": {"kms:CallerAccount": "111122223333"}}),
    ),
    "a key with a variable part": (
        "resource",
        _allow(
            "kms:Decrypt",
            Principal={"Service": "logs.eu-west-1.amazonaws.com"},
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{GROUP}"}},
        ),
    ),
    "a tag": (
        "identity",
        _allow("kms:Decrypt", KEY, Condition={"StringEquals": {"aws:ResourceTag/project": "x"}}),
    ),
    "pass role": (
        "identity",
        _allow(
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/x",
            Condition={"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}},
        ),
    ),
    "a service's trust": (
        "trust",
        _trust({"Service": "glue.amazonaws.com"}, StringEquals={"aws:SourceAccount": "111122223333"}),
    ),
    "an account's trust": ("trust", _trust({"AWS": "arn:aws:iam::444455556666:root"})),
    "GitHub's trust": (
        "trust",
        _trust(
            {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={f"{ISSUER}:aud": "x", f"{ISSUER}:sub": "y", f"{ISSUER}:ref": "refs/heads/main"},
        ),
    ),
}

# check, kind, statement or document, part of what is said
WRONG: list[tuple[str, Kind, Any, str]] = [
    ("policy-invalid", "identity", {"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}, "Allow or Deny"),
    ("policy-invalid", "identity", {"Version": "2008-10-17", "Statement": [_allow("logs:DescribeLogGroups")]}, "version"),
    ("policy-size", "identity", _allow("s3:GetObject", f"{BUCKET}/{'x' * 10240}"), "10240 are allowed"),
    ("policy-sid", "identity", {"Version": "2012-10-17", "Statement": [_allow("logs:DescribeLogGroups")] * 2}, "statement 2"),
    ("policy-sid", "identity", _allow("logs:DescribeLogGroups") | {"Sid": "with space"}, "statement 1"),
    ("policy-action", "identity", _allow("s3:GetObjects", f"{BUCKET}/*"), "action s3:GetObjects does not exist"),
    ("policy-action", "identity", _allow("glu:GetJob", f"{BUCKET}/*"), "action glu:GetJob does not exist"),
    ("policy-wildcard-action", "identity", _allow("glue:BatchGetJ*", "arn:aws:glue:eu-west-1:111122223333:job/x"), "glue:BatchGetJ* allows 1 actions"),
    ("policy-wildcard-action", "resource", _allow("kms:*", "*", Principal={"AWS": "arn:aws:iam::111122223333:root"}), "kms:* allows"),
    ("policy-not", "identity", {"Sid": "A", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction"),
    ("policy-not", "identity", {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{BUCKET}/*"}, "NotResource"),
    ("policy-star", "identity", _allow("s3:GetObject"), 's3:GetObject on "*"'),
    ("policy-star", "identity", _allow("s3:GetObject", "arn:*:*:*:*:*"), 's3:GetObject on "*"'),
    ("policy-resource", "identity", _allow("s3:ListBucket", f"{BUCKET}/*"), "no resource here is one of s3:ListBucket"),
    ("policy-resource", "identity", _allow("s3:GetObject", BUCKET), "no resource here is one of s3:GetObject"),
    ("policy-resource", "identity", _allow("logs:PutLogEvents", GROUP), "no resource here is one of logs:PutLogEvents"),
    ("policy-resource", "identity", _allow("logs:DescribeLogGroups", f"{GROUP}:*"), 'knows no resource but "*"'),
    ("policy-resource", "identity", _allow("s3:GetObject", [f"{BUCKET}/*", BUCKET]), f"no action here knows {BUCKET}"),
    ("policy-condition-key", "identity", _allow("s3:GetObject", f"{BUCKET}/*", Condition={"StringLike": {"s3:prefix": "a/*"}}), "s3:GetObject does not carry s3:prefix"),
    ("policy-condition-key", "identity", _allow("s3:GetObject", f"{BUCKET}/*", Condition={"StringLike": {"aws:SourceAcount": "1"}}), "condition key aws:SourceAcount does not exist"),
    ("policy-condition-key", "trust", _trust({"Federated": f"arn:aws:iam::1:oidc-provider/{ISSUER}"}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{ISSUER}:aud": "x", f"{ISSUER}:sub": "y", f"{ISSUER}:event_name": "push"}), "does not carry"),
    ("policy-condition-type", "identity", _allow("s3:ListBucket", BUCKET, Condition={"NumericEquals": {"s3:prefix": "1"}}), "does not compare s3:prefix, which is String"),
    ("policy-condition-type", "identity", _allow("kms:Decrypt", KEY, Condition={"StringEquals": {"kms:ResourceAliases": "alias/x"}}), "say ForAnyValue:StringEquals"),
    ("policy-condition-type", "identity", _allow("s3:ListBucket", BUCKET, Condition={"ForAnyValue:StringEquals": {"s3:prefix": "1"}}), "has one value"),
    ("policy-for-all-values", "identity", _allow("kms:Decrypt", KEY, Condition={"ForAllValues:StringEquals": {"kms:ResourceAliases": "alias/x"}}), "allows requests without kms:ResourceAliases"),
    ("policy-public", "resource", _allow("s3:GetObject", f"{BUCKET}/*", Principal="*"), "open to everyone"),
    ("policy-public", "resource", _allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": "*"}), "open to everyone"),
    ("policy-public", "trust", _trust({"Federated": f"arn:aws:iam::1:oidc-provider/{ISSUER}"}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{ISSUER}:aud": "x"}), f"{ISSUER}:sub is not asked for"),
    ("policy-confused-deputy", "trust", _trust({"Service": "states.amazonaws.com"}), "states.amazonaws.com may act"),
    ("policy-confused-deputy", "resource", _allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", Principal={"Service": "events.amazonaws.com"}), "events.amazonaws.com"),
    ("policy-pass-role", "identity", _allow("iam:PassRole", "arn:aws:iam::111122223333:role/x"), "iam:PassedToService"),
]  # fmt: skip


def _text(source: Any) -> str:
    return json.dumps(source if "Statement" in source else {"Version": "2012-10-17", "Statement": [source]})


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_found_in_a_right_policy(name: str) -> None:
    kind, statement = RIGHT[name]
    assert list(check_policy(_text(statement), kind)) == []


@pytest.mark.parametrize(
    ("rule", "kind", "source", "said"), WRONG, ids=[f"{n}-{w[0]}" for n, w in enumerate(WRONG)]
)
def test_a_wrong_policy_is_found(rule: str, kind: Kind, source: Any, said: str) -> None:
    found = list(check_policy(_text(source), kind))
    assert {check_name for check_name, _, _ in found} == {rule}, found
    assert said in " ".join(text for _, _, text in found)


def test_every_check_is_planted() -> None:
    assert {rule for rule, *_ in WRONG} == set(CHECKS) - {"policy-unknown"}


def test_the_subject_is_the_statement_and_the_unknown_is_found() -> None:
    policy = _text(_allow("s3:GetObject"))
    open_to_all = _text(_allow("s3:GetObject", f"{BUCKET}/*", Principal="*"))
    planned = [
        PlannedResource("module.a.aws_iam_role_policy.this", "aws_iam_role_policy", {"policy": policy}, {}),
        PlannedResource("module.b.aws_sqs_queue.this", "aws_sqs_queue", {}, {"policy": True}),
        PlannedResource("module.c.aws_sqs_queue.this", "aws_sqs_queue", {"policy": None}, {}),
        PlannedResource(
            "module.d.aws_new.this", "aws_new", {"x": '{"a": 1}', "y": "{", "access": open_to_all}, {}
        ),
    ]
    assert [(finding.check, finding.subject) for finding in check(planned)] == [
        ("policy-star", "module.a.aws_iam_role_policy.this A"),
        ("policy-unknown", "module.b.aws_sqs_queue.this"),
        ("policy-public", "module.d.aws_new.this A"),
    ]


OBJECT = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
ONLY_BUCKET = "arn:${Partition}:s3:::${BucketName}"
STREAM = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}"


@pytest.mark.parametrize(
    ("resource", "arn", "wanted"),
    [
        ("arn:aws:s3:::b/*", OBJECT, True),
        ("arn:aws:s3:::b", OBJECT, False),
        ("arn:aws:s3:::b*", OBJECT, True),
        ("arn:aws:s3:::b/x", ONLY_BUCKET, False),
        ("arn:aws:s3:::b-*-dev", ONLY_BUCKET, True),
        ("arn:aws:s3:::", ONLY_BUCKET, False),
        ("*", STREAM, True),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/b:*", STREAM, True),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/b", STREAM, False),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/*-dev", STREAM, False),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/*-dev:log-stream:x?", STREAM, True),
        ("arn:aws:logs:eu-west-1:1:log-group:/a/${aws:PrincipalTag/x}:log-stream:y", STREAM, True),
        ("arn:aws:sqs:eu-west-1:1:q", STREAM, False),
    ],
)
def test_a_resource_and_the_format_of_an_arn(resource: str, arn: str, wanted: bool) -> None:
    assert overlaps(resource, arn) is wanted
