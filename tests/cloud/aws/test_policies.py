"""IAM decisions, expected by the evaluation logic of the IAM User Guide."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.aws.policies import Decision, Principal, Request, UnsupportedConditionError, decide

ALLOW, DENY, NEITHER = Decision.ALLOW, Decision.DENY, Decision.IMPLICIT_DENY
ROLE = Principal(
    account_id="111122223333",
    arns=("arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r"),
)
GLUE = Principal(service="glue.amazonaws.com")


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*", **more}


GET = Request(action="s3:GetObject", resource="arn:aws:s3:::b/k")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], ALLOW),
        ([statement(Action="S3:GETOBJECT")], ALLOW),
        ([statement(Action="s3:Put*")], NEITHER),
        ([statement(Action=["s3:Put*", "s3:Get?bject"])], ALLOW),
        ([statement(Resource="arn:aws:s3:::B/*")], NEITHER),
        ([statement(), statement("Deny")], DENY),
        ([statement("Deny", Condition={"StringEquals": {"aws:SourceAccount": "1"}}), statement()], ALLOW),
        ([{"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}, statement()], ALLOW),
        ([{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/k"}, statement()], ALLOW),
        ([{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/x*"}, statement()], DENY),
        ([], NEITHER),
    ],
)
def test_statements(statements: list[dict[str, Any]], expected: Decision) -> None:
    assert decide([{"Statement": statements}], GET) is expected


def test_one_statement_needs_no_list() -> None:
    assert decide(['{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'], GET) is ALLOW


@pytest.mark.parametrize(
    ("named", "principal", "expected"),
    [
        ("*", ROLE, ALLOW),
        ({"AWS": "*"}, ROLE, ALLOW),
        ({"AWS": "111122223333"}, ROLE, ALLOW),
        ({"AWS": "arn:aws:iam::111122223333:root"}, ROLE, ALLOW),
        ({"AWS": "arn:aws:iam::111122223333:role/r"}, ROLE, ALLOW),
        ({"AWS": ["arn:aws:iam::111122223333:role/rr"]}, ROLE, NEITHER),
        ({"AWS": "arn:aws:iam::999999999999:root"}, ROLE, NEITHER),
        ({"Service": "glue.amazonaws.com"}, ROLE, NEITHER),
        ({"Service": ["lambda.amazonaws.com", "glue.amazonaws.com"]}, GLUE, ALLOW),
        ({"Service": "lambda.amazonaws.com"}, GLUE, NEITHER),
        ({"AWS": "111122223333"}, GLUE, NEITHER),
    ],
)
def test_principals(named: Any, principal: Principal, expected: Decision) -> None:
    document = {"Statement": [{"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"}]}
    assert decide([document], Request(action="sts:AssumeRole", principal=principal)) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"sts:ExternalId": "x"}}, {"sts:externalid": "x"}, ALLOW),
        ({"StringEquals": {"sts:ExternalId": ["w", "x"]}}, {"sts:externalid": "x"}, ALLOW),
        ({"StringEquals": {"sts:ExternalId": "x"}}, {"sts:externalid": "X"}, NEITHER),
        ({"StringEquals": {"sts:ExternalId": "x"}}, {}, NEITHER),
        ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, {}, ALLOW),
        ({"StringNotEquals": {"k": "x"}}, {}, ALLOW),
        ({"StringNotEquals": {"k": ["x", "y"]}}, {"k": "y"}, NEITHER),
        ({"StringLike": {"k": "a*c"}}, {"k": "abc"}, ALLOW),
        ({"StringNotLike": {"k": "a*c"}}, {"k": "abc"}, NEITHER),
        ({"ArnLike": {"k": "arn:aws:glue:*:1:*"}}, {"k": "arn:aws:glue:eu:1:job/x"}, ALLOW),
        ({"ArnLike": {"k": "arn:aws:*:job/x"}}, {"k": "arn:aws:glue:eu:1:job/x"}, NEITHER),
        ({"ArnNotLike": {"k": ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]}},
         {"k": "arn:aws:iam::1:role/b"}, NEITHER),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "true"}, NEITHER),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:securetransport": "true"}, ALLOW),
        ({"Null": {"k": "true"}}, {}, ALLOW),
        ({"Null": {"k": "true"}}, {"k": "v"}, NEITHER),
        ({"NumericLessThan": {"k": "10"}}, {"k": "9"}, ALLOW),
        ({"ForAnyValue:StringEquals": {"k": ["a", "b"]}}, {"k": ["c", "b"]}, ALLOW),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["c", "b"]}, NEITHER),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {}, ALLOW),
        ({"StringEquals": {"a": "1", "b": "2"}}, {"a": "1"}, NEITHER),
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, Any], context: dict[str, Any], expected: Decision) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]}
    assert decide([document], Request(action="a:B", context=context)) is expected


def test_unknown_operator_is_not_guessed() -> None:
    document = {
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"k": "2027"}}}
        ]
    }
    with pytest.raises(UnsupportedConditionError, match="DateLessThan"):
        decide([document], Request(action="a:B", context={"k": "2026"}))
