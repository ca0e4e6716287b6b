"""RedriveExecution: what goes on, and what the history tells; after what AWS was recorded to answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.stepfunctions import redrive

from ..conftest import ACCOUNT, REGION, Aws

TABLE = {"TableName": "t", "Key": {"k": {"S": "a"}}}


def task(**more: Any) -> dict[str, Any]:
    """A task that fails until the table is there."""
    return {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": TABLE, **more}


def table(aws: Aws) -> None:
    aws.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def begun(aws: Aws, states: dict[str, Any], role: str, given: Any = None) -> tuple[Any, str, dict[str, Any]]:
    """Run a machine to its end; return a client, the execution's ARN and its description."""
    client = aws.client("stepfunctions")
    machine = aws.machine("m", states, role)
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
    return client, arn, aws.ended(arn)


def told(client: Any, arn: str) -> list[tuple[int, int, str]]:
    events = client.get_execution_history(executionArn=arn)["events"]
    return [(event["id"], event["previousEventId"], event["type"]) for event in events]


def test_a_task_goes_on_from_its_entry(aws: Aws, role: str) -> None:
    states = {
        "Before": {"Type": "Pass", "Assign": {"kept": 7}, "Next": "Work"},
        "Work": task(ResultPath="$.work", Next="After"),
        "After": {
            "Type": "Pass",
            "Parameters": {"kept.$": "$kept", "execution.$": "$$.Execution", "in.$": "$.in"},
            "End": True,
        },
    }
    client, arn, failed = begun(aws, states, role, {"in": 1})
    assert (failed["status"], failed["redriveStatus"], failed["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    before = told(client, arn)
    table(aws)
    date = client.redrive_execution(executionArn=arn, clientToken="one")["redriveDate"]
    ended = aws.ended(arn)
    assert ended["status"] == "SUCCEEDED"
    assert (ended["redriveCount"], ended["redriveDate"]) == (1, date)
    assert ended["startDate"] == failed["startDate"]
    output = json.loads(ended["output"])
    assert (output["kept"], output["in"], output["execution"]["RedriveCount"]) == (7, 1, 1)
    assert output["execution"]["RedriveTime"].endswith("Z")
    after = told(client, arn)
    assert after[: len(before)] == before
    assert before[3:] == [
        (4, 3, "TaskStateEntered"),
        (5, 4, "TaskScheduled"),
        (6, 5, "TaskStarted"),
        (7, 6, "TaskFailed"),
        (8, 7, "ExecutionFailed"),
    ]
    assert after[8:] == [
        (9, 8, "ExecutionRedriven"),
        (10, 4, "TaskScheduled"),
        (11, 10, "TaskStarted"),
        (12, 11, "TaskSucceeded"),
        (13, 12, "TaskStateExited"),
        (14, 13, "PassStateEntered"),
        (15, 14, "PassStateExited"),
        (16, 15, "ExecutionSucceeded"),
    ]
    event = client.get_execution_history(executionArn=arn)["events"][8]
    assert event["executionRedrivenEventDetails"] == {"redriveCount": 1}
    # The token tells its own redrive, also of an execution that cannot be redriven any more.
    assert client.redrive_execution(executionArn=arn, clientToken="one")["redriveDate"] == date
    with pytest.raises(ClientError) as raised:
        client.redrive_execution(executionArn=arn, clientToken="two")
    assert raised.value.response["Error"] == {
        "Code": "ExecutionNotRedrivable",
        "Message": f"Execution {arn} invalid for redrive as: Execution is SUCCEEDED and cannot be redriven",
    }
    assert (
        client.list_executions(stateMachineArn=ended["stateMachineArn"])["executions"][0]["redriveCount"] == 1
    )


def test_a_fail_state_fails_again(aws: Aws, role: str) -> None:
    client, arn, _ = begun(aws, {"No": {"Type": "Fail", "Error": "Own", "Cause": "always"}}, role)
    client.redrive_execution(executionArn=arn)
    ended = aws.ended(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Own", "always")
    assert told(client, arn)[2:] == [
        (3, 2, "ExecutionFailed"),
        (4, 3, "ExecutionRedriven"),
        (5, 4, "ExecutionFailed"),
    ]


def test_only_the_branches_that_failed_run_again(aws: Aws, role: str) -> None:
    def branch(name: str, state: dict[str, Any]) -> dict[str, Any]:
        return {"StartAt": name, "States": {name: {**state, "End": True}}}

    done, fails = (
        {"Type": "Pass", "Result": "done"},
        task(ResultSelector={"code.$": "$.SdkHttpMetadata.HttpStatusCode"}),
    )
    # A branch that fails waits, so that the other one has ended.
    later = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": {**fails, "End": True}},
    }
    states = {"P": {"Type": "Parallel", "Branches": [branch("A", done), later], "End": True}}
    client, arn, failed = begun(aws, states, role)
    assert failed["status"] == "FAILED"
    before = len(told(client, arn))
    table(aws)
    client.redrive_execution(executionArn=arn)
    assert json.loads(aws.ended(arn)["output"]) == ["done", {"code": 200}]
    after = told(client, arn)
    entered = next(at for at, _, kind in after if kind == "TaskStateEntered")
    assert [(previous, kind) for _, previous, kind in after[before : before + 2]] == [
        (before, "ExecutionRedriven"),
        (entered, "TaskScheduled"),
    ]
    kinds = [kind for _, _, kind in after]
    assert [
        kinds.count(kind) for kind in ("ParallelStateStarted", "PassStateEntered", "WaitStateEntered")
    ] == [1, 1, 1]


def test_an_inline_map_goes_on_with_what_did_not_succeed(aws: Aws, role: str) -> None:
    which = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "Ok"}],
        "Default": "Work",
    }
    select = {"code.$": "$.SdkHttpMetadata.HttpStatusCode"}
    inner = {
        "Which": which,
        "Ok": {"Type": "Pass", "Result": "ok", "End": True},
        "Work": task(ResultSelector=select, End=True),
    }
    states = {
        "M": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": {"StartAt": "Which", "States": inner},
            "End": True,
        }
    }
    client, arn, failed = begun(aws, states, role, [0, 1, 2])
    assert failed["status"] == "FAILED"
    before = len(told(client, arn))
    table(aws)
    client.redrive_execution(executionArn=arn)
    assert json.loads(aws.ended(arn)["output"]) == ["ok", {"code": 200}, {"code": 200}]
    kinds = [kind for _, _, kind in told(client, arn)]
    assert kinds.count("MapStateStarted") == 1
    # The first two began before, the third begins now.
    assert kinds.count("MapIterationStarted") == 3
    assert kinds[before:].count("MapIterationSucceeded") == 2
    assert kinds.count("ChoiceStateEntered") == 3


def test_an_execution_that_was_stopped_goes_on(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    states = {"Hold": {"Type": "Wait", "SecondsPath": "$.s", "Next": "End"}, "End": {"Type": "Succeed"}}
    machine = aws.machine("m", states, role)
    arn = client.start_execution(stateMachineArn=machine, input='{"s": 1}')["executionArn"]
    with pytest.raises(ClientError, match="Execution is RUNNING and cannot be redriven"):
        client.redrive_execution(executionArn=arn)
    client.stop_execution(executionArn=arn, error="Told")
    assert aws.ended(arn)["status"] == "ABORTED"
    client.redrive_execution(executionArn=arn)
    described = client.describe_execution(executionArn=arn)
    assert "error" not in described
    ended = aws.ended(arn)
    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1)
    assert [kind for _, _, kind in told(client, arn)] == [
        "ExecutionStarted",
        "WaitStateEntered",
        "ExecutionAborted",
        "ExecutionRedriven",
        "WaitStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]


def test_a_map_run_is_redriven(aws: Aws, role: str) -> None:
    bucket = aws.bucket("results")
    select = {"code.$": "$.SdkHttpMetadata.HttpStatusCode"}
    which = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "Ok"}],
        "Default": "Work",
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Which",
        "States": {
            "Which": which,
            "Ok": {"Type": "Pass", "Result": "ok", "End": True},
            "Work": task(ResultSelector=select, End=True),
        },
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results"}}
    writer["WriterConfig"] = {"Transformation": "COMPACT", "OutputType": "JSON"}
    states = {
        "M": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": processor,
            "ResultWriter": writer,
            "End": True,
        }
    }
    client, arn, failed = begun(aws, states, role, [0, 1, 2])
    assert failed["status"] == "FAILED"
    (found,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    map_run = found["mapRunArn"]
    first = client.list_executions(mapRunArn=map_run, statusFilter="FAILED")["executions"]
    with pytest.raises(ClientError, match="Labeled Execution ARNs are not supported for this API") as raised:
        client.redrive_execution(executionArn=first[0]["executionArn"])
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    table(aws)
    client.redrive_execution(executionArn=arn)
    ended = aws.ended(arn)
    assert ended["status"] == "SUCCEEDED"
    described = client.describe_map_run(mapRunArn=map_run)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    assert described["redriveDate"] > described["startDate"]
    assert described["itemCounts"]["succeeded"] == 3
    assert client.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"] == map_run
    events = client.get_execution_history(executionArn=arn)["events"]
    started = next(e["id"] for e in events if e["type"] == "MapStateStarted")
    redriven = next(e for e in events if e["type"] == "MapRunRedriven")
    assert redriven["previousEventId"] == started
    assert redriven["mapRunRedrivenEventDetails"] == {"mapRunArn": map_run, "redriveCount": 1}
    # The child that failed goes on, the one that waited begins, the one that succeeded is left alone.
    again = client.list_executions(mapRunArn=map_run, redriveFilter="REDRIVEN")["executions"]
    assert [each["executionArn"] for each in again] == [first[0]["executionArn"]]
    kinds = [kind for _, _, kind in told(client, first[0]["executionArn"])]
    assert kinds.count("ExecutionStarted") == kinds.count("ExecutionRedriven") == 1
    # The files of the redrive lie beside those of the first attempt, whose successes stay named.
    folder = map_run.rpartition(":")[2]
    key = json.loads(ended["output"])["ResultWriterDetails"]["Key"]
    assert key == f"{folder}/Redrive-1/manifest.json"
    files = json.loads(bucket.get_object(Bucket="results", Key=key)["Body"].read())["ResultFiles"]
    assert {status: [each["Key"] for each in named] for status, named in files.items()} == {
        "FAILED": [],
        "PENDING": [],
        "SUCCEEDED": [f"{folder}/SUCCEEDED_0.json", f"{folder}/Redrive-1/SUCCEEDED_0.json"],
    }


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        ("execution:m:gone", "ExecutionDoesNotExist"),
        ("express:m:one:two", "InvalidArn"),
    ],
)
def test_redrive_refuses(aws: Aws, role: str, arn: str, error: str) -> None:
    aws.machine("m", {"A": {"Type": "Succeed"}}, role)
    with pytest.raises(ClientError) as raised:
        aws.client("stepfunctions").redrive_execution(executionArn=f"arn:aws:states:{REGION}:{ACCOUNT}:{arn}")
    assert raised.value.response["Error"]["Code"] == error


def test_two_redrives_of_an_execution_wait_for_each_other(
    aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, arn, _ = begun(aws, {"Work": task(End=True)}, role)
    held, refusal = [], redrive.refusal

    def seen(execution: Any) -> str:
        held.append(redrive._REDRIVING.locked())
        return refusal(execution)

    monkeypatch.setattr(redrive, "refusal", seen)
    client.redrive_execution(executionArn=arn)
    aws.ended(arn)
    assert held[0] is True
