"""Every request with a role's keys is decided by the role's policies, whatever the service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

HERE = f"{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"


def as_role(aws: Aws, *statements: dict[str, Any], **settings: Any) -> dict[str, str]:
    """Make a role with these statements; return keys of it."""
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    role_arn = aws.role("worker", {"AWS": ACCOUNT}, allowed or None)
    if settings.get("boundary"):
        document = json.dumps({"Version": "2012-10-17", "Statement": settings["boundary"]})
        policy = aws.client("iam").create_policy(PolicyName="limit", PolicyDocument=document)["Policy"]["Arn"]
        aws.client("iam").put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=policy)
    keys: dict[str, str] = aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")[
        "Credentials"
    ]
    return keys


def code_of(call: Any, **arguments: Any) -> str:
    """The error code of a call, `refused` for a refusal and for nothing else that is 403; `ok` if there is none."""
    try:
        call(**arguments)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        refusal = code in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return "refused" if refusal and status == 403 else f"{status} {code}" if status == 403 else code
    return "ok"


# statement, service, call, arguments, what comes of it: `ok`, `refused`, or the error after authorization
CALLS: list[Any] = [
    ({"Action": "dynamodb:GetItem", "Resource": f"arn:aws:dynamodb:{HERE}:table/lock"},
     "dynamodb", "get_item", {"TableName": "lock", "Key": {"LockID": {"S": "x"}}}, "ok"),
    ({"Action": "dynamodb:GetItem", "Resource": f"arn:aws:dynamodb:{HERE}:table/lock"},
     "dynamodb", "put_item", {"TableName": "lock", "Item": {"LockID": {"S": "x"}}}, "refused"),
    ({"Action": "dynamodb:*", "Resource": f"arn:aws:dynamodb:{HERE}:table/other"},
     "dynamodb", "get_item", {"TableName": "lock", "Key": {"LockID": {"S": "x"}}}, "refused"),
    ({"Action": "dynamodb:*", "Resource": "*"}, "dynamodb", "transact_get_items",
     {"TransactItems": [{"Get": {"TableName": "lock", "Key": {"LockID": {"S": "x"}}}}]}, "refused"),
    ({"Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{HERE}:q"}, "sqs", "send_message",
     {"QueueUrl": "URL", "MessageBody": "m"}, "ok"),
    ({"Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{HERE}:q2"}, "sqs", "send_message",
     {"QueueUrl": "URL", "MessageBody": "m"}, "refused"),
    ({"Action": "sns:CreateTopic", "Resource": f"arn:aws:sns:{HERE}:t-*"}, "sns", "create_topic", {"Name": "t-1"}, "ok"),
    ({"Action": "sns:CreateTopic", "Resource": f"arn:aws:sns:{HERE}:t-*"}, "sns", "create_topic", {"Name": "u"}, "refused"),
    # Tags at creation need the right to tag.
    ({"Action": "sns:CreateTopic", "Resource": "*"}, "sns", "create_topic",
     {"Name": "t", "Tags": [{"Key": "a", "Value": "b"}]}, "refused"),
    ({"Action": ["sns:CreateTopic", "sns:TagResource"], "Resource": "*"}, "sns", "create_topic",
     {"Name": "t", "Tags": [{"Key": "a", "Value": "b"}]}, "ok"),
    ({"Action": "events:PutRule", "Resource": f"arn:aws:events:{HERE}:rule/r"}, "events", "put_rule",
     {"Name": "r", "EventPattern": '{"source": ["x"]}'}, "ok"),
    ({"Action": "events:PutRule", "Resource": f"arn:aws:events:{HERE}:rule/r"}, "events", "put_rule",
     {"Name": "s", "EventPattern": '{"source": ["x"]}'}, "refused"),
    ({"Action": "events:PutEvents", "Resource": f"arn:aws:events:{HERE}:event-bus/default"}, "events", "put_events",
     {"Entries": [{"Source": "x", "DetailType": "y", "Detail": "{}"}]}, "ok"),
    ({"Action": "logs:CreateLogGroup", "Resource": f"arn:aws:logs:{HERE}:log-group:/g:*"}, "logs", "create_log_group",
     {"logGroupName": "/g"}, "ok"),
    ({"Action": "logs:CreateLogGroup", "Resource": f"arn:aws:logs:{HERE}:log-group:/g"}, "logs", "create_log_group",
     {"logGroupName": "/g"}, "refused"),
    ({"Action": "iam:GetRole", "Resource": ROLE}, "iam", "get_role", {"RoleName": "worker"}, "ok"),
    ({"Action": "iam:GetRole", "Resource": ROLE}, "iam", "get_role", {"RoleName": "other"}, "refused"),
    ({"Action": "iam:GetRole", "Resource": "*"}, "iam", "get_role", {"RoleName": "other"}, "NoSuchEntity"),
    ({"Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": {"StringEquals": {"cloudwatch:namespace": "Glue"}}},
     "cloudwatch", "put_metric_data", {"Namespace": "Glue", "MetricData": [{"MetricName": "m", "Value": 1}]}, "ok"),
    ({"Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": {"StringEquals": {"cloudwatch:namespace": "Glue"}}},
     "cloudwatch", "put_metric_data", {"Namespace": "Mine", "MetricData": [{"MetricName": "m", "Value": 1}]}, "refused"),
    ({"Action": "states:StartExecution", "Resource": f"arn:aws:states:{HERE}:stateMachine:m"}, "stepfunctions",
     "start_execution", {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"}, "StateMachineDoesNotExist"),
    ({"Action": "states:StartExecution", "Resource": f"arn:aws:states:{HERE}:stateMachine:m"}, "stepfunctions",
     "start_execution", {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:n"}, "refused"),
    ({"Action": "states:DescribeExecution", "Resource": f"arn:aws:states:{HERE}:execution:m:*"}, "stepfunctions",
     "describe_execution", {"executionArn": f"arn:aws:states:{HERE}:execution:m:1"}, "ExecutionDoesNotExist"),
    ({"Action": "glue:GetJob", "Resource": f"arn:aws:glue:{HERE}:job/j"}, "glue", "get_job", {"JobName": "j"}, "EntityNotFoundException"),
    ({"Action": "glue:GetJob", "Resource": f"arn:aws:glue:{HERE}:job/j"}, "glue", "get_job", {"JobName": "k"}, "refused"),
    ({"Action": "lambda:GetFunction", "Resource": f"arn:aws:lambda:{HERE}:function:f"}, "lambda", "get_function",
     {"FunctionName": "f"}, "ResourceNotFoundException"),
    ({"Action": "lambda:InvokeFunction", "Resource": f"arn:aws:lambda:{HERE}:function:f"}, "lambda", "invoke",
     {"FunctionName": f"arn:aws:lambda:{HERE}:function:g"}, "refused"),
    # A wildcard over one segment only, a variable, a region.
    ({"Action": "sns:CreateTopic", "Resource": f"arn:aws:sns:*:{ACCOUNT}:t"}, "sns", "create_topic", {"Name": "t"}, "ok"),
    ({"Action": "sns:CreateTopic", "Resource": f"arn:aws:sns:{HERE}:${{aws:PrincipalAccount}}-t"}, "sns", "create_topic",
     {"Name": f"{ACCOUNT}-t"}, "ok"),
    ({"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}, "sns",
     "create_topic", {"Name": "t"}, "refused"),
    # A key nobody fills in.
    ({"Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceTag/secret": "yes"}}}, "sns",
     "create_topic", {"Name": "t"}, "refused"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "service", "call", "arguments", "expected"), CALLS)
def test_calls(
    aws: Aws, statement: dict[str, Any], service: str, call: str, arguments: dict[str, Any], expected: str
) -> None:
    if service == "dynamodb":
        aws.client("dynamodb").create_table(
            TableName="lock",
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    if arguments.get("QueueUrl") == "URL":
        arguments = {**arguments, "QueueUrl": aws.queue("q")[0]}
    client = aws.client(service, as_role(aws, statement))
    assert code_of(getattr(client, call), **arguments) == expected


def test_the_refusal_says_who_what_and_why(aws: Aws) -> None:
    client = aws.client("sns", as_role(aws))
    with pytest.raises(ClientError) as caught:
        client.create_topic(Name="t")
    assert caught.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/me is not authorized to perform: sns:CreateTopic on "
        f"resource: arn:aws:sns:{HERE}:t because no identity-based policy allows the sns:CreateTopic action"
    )


def test_everybody_may_ask_who_they_are(aws: Aws) -> None:
    identity = aws.client("sts", as_role(aws)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/me"


@pytest.mark.parametrize(("service", "expected"), [("sqs", "refused"), ("sns", "ok")])
def test_a_boundary_limits_the_role(aws: Aws, service: str, expected: str) -> None:
    boundary = [{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]
    keys = as_role(aws, {"Action": ["sns:*", "sqs:*"], "Resource": "*"}, boundary=boundary)
    calls = {"sqs": ("create_queue", {"QueueName": "x"}), "sns": ("create_topic", {"Name": "x"})}
    name, arguments = calls[service]
    assert code_of(getattr(aws.client(service, keys), name), **arguments) == expected


@pytest.mark.parametrize(
    ("resource", "service", "expected"),
    [
        (ROLE, "states.amazonaws.com", "ok"),
        (ROLE, "glue.amazonaws.com", "refused"),
        (f"arn:aws:iam::{ACCOUNT}:role/other", "states.amazonaws.com", "refused"),
    ],
)
def test_who_makes_a_machine_must_be_allowed_to_pass_its_role(
    aws: Aws, resource: str, service: str, expected: str
) -> None:
    keys = as_role(
        aws,
        {"Action": "states:CreateStateMachine", "Resource": "*"},
        {
            "Action": "iam:PassRole",
            "Resource": resource,
            "Condition": {"StringEquals": {"iam:PassedToService": service}},
        },
    )
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    client = aws.client("stepfunctions", keys)
    assert code_of(client.create_state_machine, name="m", definition=definition, roleArn=ROLE) == expected


@pytest.mark.parametrize(("limit", "expected"), [("limit", "ok"), ("", "refused")])
def test_a_role_is_made_only_within_the_boundary(aws: Aws, limit: str, expected: str) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/limit"
    aws.client("iam").create_policy(
        PolicyName="limit",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        ),
    )
    condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    keys = as_role(aws, {"Action": "iam:CreateRole", "Resource": "*", "Condition": condition})
    more = {"PermissionsBoundary": boundary} if limit else {}
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
        }
    )
    made = code_of(
        aws.client("iam", keys).create_role, RoleName="new", AssumeRolePolicyDocument=trust, **more
    )
    assert made == expected


@pytest.mark.parametrize(("project", "expected"), [("strata", "ok"), ("other", "refused")])
def test_a_key_is_known_by_its_tags(aws: Aws, project: str, expected: str) -> None:
    key = aws.client("kms").create_key(Tags=[{"TagKey": "project", "TagValue": project}])["KeyMetadata"][
        "KeyId"
    ]
    condition = {"StringEquals": {"aws:ResourceTag/project": "strata"}}
    keys = as_role(
        aws,
        {"Action": "kms:EnableKeyRotation", "Resource": f"arn:aws:kms:{HERE}:key/*", "Condition": condition},
    )
    assert code_of(aws.client("kms", keys).enable_key_rotation, KeyId=key) == expected


@pytest.mark.parametrize(("alias", "expected"), [("alias/strata", "ok"), ("alias/other", "refused")])
def test_a_key_is_known_by_its_alias(aws: Aws, alias: str, expected: str) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/strata"}}
    keys = as_role(
        aws, {"Action": "kms:Encrypt", "Resource": f"arn:aws:kms:{HERE}:key/*", "Condition": condition}
    )
    assert code_of(aws.client("kms", keys).encrypt, KeyId=key, Plaintext=b"x") == expected


@pytest.mark.parametrize(
    ("statement", "trusted", "expected"),
    [
        ({"Action": "sts:AssumeRole", "Resource": "*"}, ACCOUNT, "ok"),
        ({"Action": "sns:*", "Resource": "*"}, ACCOUNT, "refused"),
        ({"Action": "sns:*", "Resource": "*"}, ROLE, "ok"),
        ({"Effect": "Deny", "Action": "sts:*", "Resource": "*"}, ROLE, "refused"),
    ],
)
def test_a_role_takes_on_another(aws: Aws, statement: dict[str, Any], trusted: str, expected: str) -> None:
    keys = as_role(aws, statement)
    other = aws.role("other", {"AWS": trusted})
    assert code_of(aws.client("sts", keys).assume_role, RoleArn=other, RoleSessionName="two") == expected


@pytest.mark.parametrize("wrong", ["token", "key"])
def test_keys_of_no_session_are_nobodys(aws: Aws, wrong: str) -> None:
    keys = as_role(aws, {"Action": "sns:*", "Resource": "*"})
    keys = (
        {**keys, "SessionToken": "x"} if wrong == "token" else {**keys, "AccessKeyId": "LSIAFORGOTTEN0000000"}
    )
    with pytest.raises(ClientError) as caught:
        aws.client("sns", keys).create_topic(Name="t")
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_role_that_is_gone_may_do_nothing(aws: Aws) -> None:
    keys = as_role(aws, {"Action": "sns:*", "Resource": "*"})
    iam = aws.client("iam")
    iam.delete_role_policy(RoleName="worker", PolicyName="own")
    iam.delete_role(RoleName="worker")
    assert code_of(aws.client("sns", keys).create_topic, Name="t") == "refused"
