"""What an execution leaves in the log group of its state machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

GROUP = "/aws/vendedlogs/states/m"
FAILS = {"Only": {"Type": "Fail", "Error": "E", "Cause": "too bad"}}
HISTORY = ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def run(aws: Aws, level: str, include_data: bool) -> str:
    """Run a machine that fails and logs so; return the execution's ARN."""
    states = aws.client("stepfunctions")
    role = aws.role("states", {"Service": "states.amazonaws.com"})
    destination = {"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"}
    machine = states.create_state_machine(
        name="m",
        definition=json.dumps({"StartAt": "Only", "States": FAILS}),
        roleArn=role,
        loggingConfiguration={
            "level": level,
            "includeExecutionData": include_data,
            "destinations": [{"cloudWatchLogsLogGroup": destination}],
        },
    )["stateMachineArn"]
    arn = str(states.start_execution(stateMachineArn=machine, name="one", input='{"n": 1}')["executionArn"])
    assert aws.ended(arn)["status"] == "FAILED"
    history = states.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in history] == HISTORY
    return arn


@pytest.mark.parametrize(
    ("level", "logged"),
    [("ALL", HISTORY), ("ERROR", HISTORY[1:]), ("FATAL", HISTORY[2:]), ("OFF", [])],
)
def test_each_event_of_the_level_is_a_line(aws: Aws, level: str, logged: list[str]) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    arn = run(aws, level, include_data=False)
    events = logs.filter_log_events(logGroupName=GROUP)["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["type"] for line in lines] == logged
    assert {line["execution_arn"] for line in lines} <= {arn}
    assert all(event["logStreamName"].startswith("states/m/") for event in events)
    assert [line["event_timestamp"] for line in lines] == [str(event["timestamp"]) for event in events]


@pytest.mark.parametrize(("include_data", "given"), [(True, {"n": 1}), (False, None)])
def test_data_is_logged_only_if_asked_for(aws: Aws, include_data: bool, given: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    run(aws, "ALL", include_data)
    started, *_, failed = (
        json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=GROUP)["events"]
    )
    assert json.loads(started["details"].get("input", "null")) == given
    assert (failed["id"], failed["previous_event_id"]) == ("3", "2")
    assert failed["details"] == {"error": "E", "cause": "too bad"}


def test_a_group_that_is_gone_is_not_made_again(aws: Aws) -> None:
    run(aws, "ALL", include_data=True)
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
