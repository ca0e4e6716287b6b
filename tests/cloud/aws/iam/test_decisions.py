"""The decisions on requests of role sessions are recorded for `strata prove`."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.iam.decisions import PATH
from tests.cloud.aws.conftest import ACCOUNT, Aws, eventually


def recorded(aws: Aws, method: str = "GET") -> list[dict[str, Any]]:
    request = urllib.request.Request(aws.context.aws_url + PATH, method=method)
    with urllib.request.urlopen(request) as answer:
        return [json.loads(line) for line in answer.read().decode().splitlines()]


def test_each_kind_of_request_is_recorded_once(aws: Aws) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::raw/*"}
    role = aws.role("reader", {"AWS": ACCOUNT}, [statement])
    aws.bucket("raw").put_object(Bucket="raw", Key="a", Body=b"x")
    recorded(aws, "DELETE")
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="reads")["Credentials"]
    s3 = aws.client("s3", keys)
    for _ in range(2):
        s3.get_object(Bucket="raw", Key="a")
    with pytest.raises(ClientError):
        s3.delete_object(Bucket="raw", Key="a")
    with pytest.raises(ClientError):
        aws.client("sqs", keys).list_queues()
    found = [(one["role"], one["action"], one["resource"], one["allowed"]) for one in recorded(aws)]
    assert sorted(found) == [
        (role, "s3:DeleteObject", "arn:aws:s3:::raw/a", False),
        (role, "s3:GetObject", "arn:aws:s3:::raw/a", True),
        (role, "sqs:ListQueues", "*", False),
    ]
    assert recorded(aws, "DELETE") == []
    assert recorded(aws) == []


def test_a_role_that_starts_a_machine_for_a_rule_is_recorded(aws: Aws, role: str) -> None:
    machine = aws.machine("m", {"Only": {"Type": "Succeed"}}, role)
    statement = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    starter = aws.role("starter", {"Service": "events.amazonaws.com"}, [statement])
    aws.rule("all", {"source": ["own"]}, {"Id": "m", "Arn": machine, "RoleArn": starter})
    recorded(aws, "DELETE")
    aws.client("events").put_events(Entries=[{"Source": "own", "DetailType": "T", "Detail": "{}"}])
    (found,) = eventually(lambda: [one for one in recorded(aws) if one["role"] == starter])
    assert (found["action"], found["resource"], found["allowed"]) == ("states:StartExecution", machine, True)


def test_the_account_is_not_recorded(aws: Aws) -> None:
    recorded(aws, "DELETE")
    aws.client("s3").list_buckets()
    assert recorded(aws) == []
