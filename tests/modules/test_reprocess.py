"""The machine that processes objects again, as live/dev plans it: with its own role, over a table of claims."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from strata.cloud.aws import AwsServer, CloudContext
from tests.modules.conftest import Planned

pytestmark = pytest.mark.terraform

ACCOUNT, REGION = "111122223333", "eu-west-1"
CLAIMS = "strata-claims-dev"
# The pipeline's stand-in: an object called bad fails.
PIPELINE = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.key", "StringMatches": "*bad*", "Next": "Failed"}],
            "Default": "Done",
        },
        "Failed": {"Type": "Fail"},
        "Done": {"Type": "Succeed"},
    },
}


class Account:
    """An account with claims, the pipeline's stand-in, and the machine under its planned policy."""

    def __init__(self, url: str, planned: Planned) -> None:
        self._url = url
        self.states, self.dynamodb = self.client("stepfunctions"), self.client("dynamodb")
        self.dynamodb.create_table(
            TableName=CLAIMS,
            KeySchema=[{"AttributeName": "object_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "object_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        role = planned("iam", 'aws_iam_role.this["reprocess"]')
        created = self.client("iam").create_role(
            RoleName=role["name"], AssumeRolePolicyDocument=json.dumps(role["assume_role_policy"])
        )
        self.policy = planned("iam", 'aws_iam_role_policy.this["reprocess"]')["policy"]
        self.allow(self.policy)
        arn = created["Role"]["Arn"]
        self.pipeline = self.machine("strata-pipeline-dev", PIPELINE, arn)
        definition = planned("stepfunctions", "module.reprocess[0].aws_sfn_state_machine.this")["definition"]
        self.reprocess = self.machine("strata-reprocess-dev", definition, arn)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def allow(self, policy: Any) -> None:
        self.client("iam").put_role_policy(
            RoleName="strata-reprocess-dev", PolicyName="own", PolicyDocument=json.dumps(policy)
        )

    def machine(self, name: str, definition: Any, role: str) -> str:
        created = self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        return str(created["stateMachineArn"])

    def claim(self, key: str, **more: str) -> None:
        item = {
            "object_id": key,
            "bucket": "raw",
            "key": key,
            "etag": f"e-{key}",
            "version_id": "v2",
            "sequencer": "02",
            "status": "SUCCEEDED",
            "claimed_at": "2026-03-05T10:00:00.000Z",
            **more,
        }
        self.dynamodb.put_item(TableName=CLAIMS, Item={name: {"S": value} for name, value in item.items()})

    def run(self, **selection: str) -> dict[str, Any]:
        started = self.states.start_execution(stateMachineArn=self.reprocess, input=json.dumps(selection))
        deadline = time.monotonic() + 120
        while True:
            described: dict[str, Any] = self.states.describe_execution(executionArn=started["executionArn"])
            if described["status"] != "RUNNING":
                return described
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def started(self) -> list[dict[str, Any]]:
        """The inputs of the pipeline's executions, by key."""
        pages = self.states.get_paginator("list_executions").paginate(stateMachineArn=self.pipeline)
        inputs = [
            json.loads(self.states.describe_execution(executionArn=one["executionArn"])["input"])
            for page in pages
            for one in page["executions"]
        ]
        return sorted(inputs, key=lambda event: str(event["key"]))


@pytest.fixture
def account(planned: Planned, tmp_path: Path) -> Iterator[Account]:
    context = CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path)
    server = AwsServer(context, leave_out=("glue", "lambda"))
    url = server.start()
    try:
        yield Account(url, planned)
    finally:
        server.stop()


def test_each_claim_of_each_page_is_started_once_and_a_failure_stops_no_other(account: Account) -> None:
    keys = [f"flights/{number:03}{'-bad' if number % 40 == 0 else ''}" for number in range(105)]
    for key in keys:
        account.claim(key)
    ended = account.run()
    assert ended["status"] == "SUCCEEDED", ended
    assert [event["key"] for event in account.started()] == keys
    runs = account.states.list_map_runs(executionArn=ended["executionArn"])["mapRuns"]
    counts = [account.states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"] for run in runs]
    assert sorted(count["total"] for count in counts) == [5, 100]
    assert sum(count["failed"] for count in counts) == 3
    assert sum(count["succeeded"] for count in counts) == 102


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["flights/a", "flights/b", "flights/c", "trips/a"]),
        ({"prefix": "flights/"}, ["flights/a", "flights/b", "flights/c"]),
        ({"since": "2026-03-06"}, ["flights/b"]),
        ({"reason": "unknown_carrier"}, ["flights/a"]),
        ({"reason": "other_columns"}, ["flights/c"]),
        ({"reason": "unknown"}, []),
        ({"prefix": "flights/", "since": "2026-03-01", "reason": "unknown_carrier"}, ["flights/a"]),
    ],
)
def test_a_selection(account: Account, selection: dict[str, str], expected: list[str]) -> None:
    account.claim("flights/a", reconciliation='{"rows_read":2,"reasons":{"unknown_carrier":1}}')
    account.claim("flights/b", claimed_at="2026-03-06T00:00:00.000Z")
    account.claim("flights/c", status="FAILED", cause="x.RefusedObject: other_columns: a, not b")
    account.claim("trips/a")
    account.claim("trips/folder/", status="FOLDER")
    # An item that is not an object's claim.
    account.dynamodb.put_item(TableName=CLAIMS, Item={"object_id": {"S": "other"}})
    assert account.run(**selection)["status"] == "SUCCEEDED"
    assert [event["key"] for event in account.started()] == expected


def test_an_event_is_of_the_last_version_or_of_the_shown_one_where_that_is_gone(account: Account) -> None:
    shown = {"processed_etag": "e1", "processed_version_id": "v1", "processed_sequencer": "01"}
    account.claim("flights/failed", status="FAILED", **shown)
    account.claim("flights/gone", status="SUPERSEDED", **shown)
    account.claim("flights/never", status="SUPERSEDED")
    account.run()
    assert [
        [event[name] for name in ("bucket", "etag", "version_id", "sequencer")] for event in account.started()
    ] == [
        ["raw", "e-flights/failed", "v2", "02"],
        ["raw", "e1", "v1", "01"],
        ["raw", "e-flights/never", "v2", "02"],
    ]


@pytest.mark.parametrize("action", ["dynamodb:Scan", "states:StartExecution", "states:DescribeExecution"])
def test_without_an_action_of_its_role_nothing_is_processed(account: Account, action: str) -> None:
    account.claim("flights/a")
    policy = copy.deepcopy(account.policy)
    policy["Statement"] = [one for one in policy["Statement"] if one["Action"] not in (action, [action])]
    assert len(policy["Statement"]) == len(account.policy["Statement"]) - 1
    account.allow(policy)
    ended = account.run()
    runs = account.states.list_map_runs(executionArn=ended["executionArn"])["mapRuns"]
    failed = [
        account.states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]["failed"] for run in runs
    ]
    assert ended["status"] == "FAILED" or failed == [1]
