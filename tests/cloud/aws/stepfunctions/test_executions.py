"""Executions of versions and aliases, executions that start others, and runs of a distributed Map."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from strata.cloud.aws.events import api as events
from strata.cloud.aws.stepfunctions.ended import EndedEnvironment
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws, eventually, run


def passing(result: Any) -> dict[str, Any]:
    return {"Only": {"Type": "Pass", "Result": result, "End": True}}


FAILING = {"Only": {"Type": "Fail", "Error": "Own", "Cause": "because"}}


def nested(child: str, pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "Start": {
            "Type": "Task",
            "Resource": f"arn:aws:states:::states:startExecution{pattern}",
            "Parameters": {"StateMachineArn": child, "Input": {"a.$": "$.n"}},
            "End": True,
            **more,
        }
    }


@pytest.mark.parametrize(
    ("pattern", "given", "gave"), [(".sync", '{"a":1}', '{"a": 1}'), (".sync:2", {"a": 1}, {"a": 1})]
)
def test_task_waits_for_the_execution_it_starts(
    aws: Aws, role: str, pattern: str, given: Any, gave: Any
) -> None:
    child = aws.machine("child", {"Only": {"Type": "Pass", "End": True}}, role)
    ended = run(aws, nested(child, pattern), role, {"n": 1})
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert (output["Status"], output["Input"], output["Output"]) == ("SUCCEEDED", given, gave)
    assert output["StateMachineArn"] == child


def test_task_starts_an_execution(aws: Aws, role: str) -> None:
    child = aws.machine("child", {"Only": {"Type": "Pass", "End": True}}, role)
    output = json.loads(run(aws, nested(child, ""), role, {"n": 1})["output"])
    assert {"ExecutionArn", "StartDate"} <= set(output)
    assert json.loads(aws.ended(output["ExecutionArn"])["output"]) == {"a": 1}


RETRIED = {
    "Each": {
        "Type": "Map",
        "ItemProcessor": {
            "StartAt": "Look",
            "States": {
                "Look": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:s3:headBucket",
                    "Parameters": {"Bucket.$": "$"},
                    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 1}],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Missing"}],
                    "End": True,
                },
                "Missing": {"Type": "Pass", "End": True},
            },
        },
        "End": True,
    }
}


def test_executions_of_one_definition_share_nothing(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("retried", RETRIED, role)
    inputs = [[f"missing-{i}-{j}" for j in range(2)] for i in range(6)]
    started = [client.start_execution(stateMachineArn=machine, input=json.dumps(i)) for i in inputs]
    for execution, given in zip(started, inputs, strict=True):
        assert json.loads(aws.ended(execution["executionArn"])["output"]) == given
        history = client.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)
        kinds = [event["type"] for event in history["events"]]
        assert kinds.count("TaskScheduled") == 2 * 3


@pytest.mark.parametrize(("states", "redrivable"), [(passing("x" * 9000), False), (FAILING, True)])
def test_what_is_kept_of_an_execution_that_has_ended(
    aws: Aws, role: str, states: dict[str, Any], redrivable: bool
) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", states, role)
    arn = client.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
    aws.ended(arn)
    backend: Any = stepfunctions_parser_backends[ACCOUNT][REGION]
    worker = backend.describe_execution(arn).exec_worker
    kept = eventually(lambda: worker.env, lambda env: isinstance(env, EndedEnvironment))
    assert (kept.place.name == "Only") is redrivable
    assert len(pickle.dumps(kept.event_manager)) < 1000
    events = client.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["executionStartedEventDetails"]["input"] == '{"n": 1}'
    assert events[0]["timestamp"].tzinfo is not None


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({"reverseOrder": True}, [4, 3, 2, 1]),
        ({"maxResults": 3}, [1, 2, 3]),
        ({"maxResults": 3, "nextToken": "3"}, [4]),
        ({"maxResults": 3, "nextToken": "3", "reverseOrder": True}, [1]),
        ({"maxResults": 0}, [1, 2, 3, 4]),
    ],
)
def test_a_page_of_a_history(aws: Aws, role: str, asked: dict[str, Any], ids: list[int]) -> None:
    ended = run(aws, {"Only": {"Type": "Pass", "End": True}}, role)
    client = aws.client("stepfunctions")
    page = client.get_execution_history(executionArn=ended["executionArn"], **asked)
    assert [event["id"] for event in page["events"]] == ids
    assert page.get("nextToken") == ("3" if asked == {"maxResults": 3} else None)


def test_a_page_has_a_hundred_events_at_most_unless_more_are_asked_for(aws: Aws, role: str) -> None:
    states = {str(n): {"Type": "Pass", "Next": str(n + 1)} for n in range(60)} | {"60": {"Type": "Succeed"}}
    client = aws.client("stepfunctions")
    ended = aws.ended(
        client.start_execution(stateMachineArn=aws.machine("long", states, role))["executionArn"]
    )
    pages = client.get_paginator("get_execution_history").paginate(executionArn=ended["executionArn"])
    assert [len(page["events"]) for page in pages] == [100, 24]


def test_a_history_without_data(aws: Aws, role: str) -> None:
    ended = run(aws, {"Only": {"Type": "Pass", "End": True}}, role, {"n": 1})
    client, arn = aws.client("stepfunctions"), ended["executionArn"]
    whole = client.get_execution_history(executionArn=arn)["events"]
    bare = client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert whole[1]["stateEnteredEventDetails"]["input"] == '{"n":1}'
    assert bare[1]["stateEnteredEventDetails"]["name"] == "Only"
    assert not any({"input", "output"} & set(part) for event in bare for part in event.values() if isinstance(part, dict))  # fmt: skip


def test_a_page_that_is_not_there(aws: Aws, role: str) -> None:
    ended = run(aws, {"Only": {"Type": "Pass", "End": True}}, role)
    client = aws.client("stepfunctions")
    for token in ("5", "second"):
        with pytest.raises(client.exceptions.InvalidToken):
            client.get_execution_history(executionArn=ended["executionArn"], nextToken=token)


def test_the_history_of_an_execution_that_timed_out_tells_so(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    definition = {
        "StartAt": "W",
        "TimeoutSeconds": 1,
        "States": {"W": {"Type": "Wait", "Seconds": 5, "End": True}},
    }
    machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    assert aws.ended(arn)["status"] == "TIMED_OUT"

    def last() -> str:
        return str(client.get_execution_history(executionArn=arn)["events"][-1]["type"])

    assert eventually(last, lambda kind: kind == "ExecutionTimedOut")


def test_results_of_optimised_tasks_tell_of_the_request(aws: Aws, role: str) -> None:
    child = aws.machine("child", {"Only": {"Type": "Pass", "End": True}}, role)
    output = json.loads(run(aws, nested(child, ""), role, {"n": 1})["output"])
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    headers = output["SdkHttpMetadata"]["HttpHeaders"]
    assert output["SdkHttpMetadata"]["AllHttpHeaders"] == {name: [value] for name, value in headers.items()}
    assert output["SdkResponseMetadata"]["RequestId"]
    ended = run(aws, nested(child, ".sync"), role, {"n": 1})
    waited = json.loads(ended["output"])
    history = aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])["events"]
    (submitted,) = [e["taskSubmittedEventDetails"] for e in history if e["type"] == "TaskSubmitted"]
    told = json.loads(submitted["output"])
    assert told["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert told.keys() == {"ExecutionArn", "StartDate", "SdkHttpMetadata", "SdkResponseMetadata"}
    assert not {"SdkHttpMetadata", "SdkResponseMetadata"} & waited.keys()
    assert (waited["InputDetails"], waited["OutputDetails"]) == ({"Included": True}, {"Included": True})


def test_the_cause_of_refused_entries_is_their_answer(aws: Aws, role: str) -> None:
    entry = {"Detail": "not JSON", "DetailType": "d", "Source": "s"}
    states = {
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Parameters": {"Entries": [entry]},
            "End": True,
        }
    }
    ended = run(aws, states, role)
    assert ended["error"] == "EventBridge.FailedEntry"
    assert json.loads(ended["cause"]) == {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}],
    }


@pytest.mark.parametrize(
    ("states", "described"),
    [
        (
            passing(1),
            {
                "redriveStatus": "NOT_REDRIVABLE",
                "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
                "outputDetails": {"included": True},
            },
        ),
        (FAILING, {"redriveStatus": "REDRIVABLE"}),
    ],
)
def test_an_execution_tells_whether_it_can_be_redriven(
    aws: Aws, role: str, states: Any, described: dict[str, Any]
) -> None:
    ended = run(aws, states, role)
    found = {name: value for name, value in ended.items() if name.startswith(("redriveS", "outputD"))}
    assert found == described
    assert (ended["redriveCount"], ended["inputDetails"]) == (0, {"included": True})


def test_a_task_that_is_told_to_fail_keeps_the_cause(aws: Aws, role: str) -> None:
    url, _ = aws.queue("q")
    states = {
        "Only": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
    }
    client = aws.client("stepfunctions")
    started = client.start_execution(stateMachineArn=aws.machine("m", states, role))
    (message,) = aws.messages(url)
    client.send_task_failure(taskToken=message["Body"], error="Own", cause="because")
    ended = aws.ended(started["executionArn"])
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Own", "because")


def test_a_machine_tells_how_it_logs(aws: Aws, role: str) -> None:
    machine = aws.machine("m", passing(1), role)
    described = aws.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}


def test_task_fails_with_the_execution_it_starts(aws: Aws, role: str) -> None:
    child = aws.machine("child", FAILING, role)
    ended = run(aws, nested(child, ".sync"), role, {"n": 1})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Own", "because")


def test_task_whose_machine_is_missing(aws: Aws, role: str) -> None:
    missing = "arn:aws:states:eu-west-1:111122223333:stateMachine:missing"
    ended = run(aws, nested(missing, ""), role, {"n": 1})
    assert ended["error"] == "StepFunctions.StateMachineDoesNotExistException"


def test_execution_of_a_version_and_of_an_alias(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", passing("one"), role)
    versions = []
    for result in ("one", "two", "three"):
        definition = json.dumps({"StartAt": "Only", "States": passing(result)})
        client.update_state_machine(stateMachineArn=machine, definition=definition)
        if result != "three":
            published = client.publish_state_machine_version(stateMachineArn=machine)
            versions.append(published["stateMachineVersionArn"])
    one, two = versions
    alias = client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": two, "weight": 100}]
    )["stateMachineAliasArn"]

    def start(arn: str) -> tuple[Any, Any, Any]:
        ended = aws.ended(client.start_execution(stateMachineArn=arn)["executionArn"])
        assert ended["stateMachineArn"] == machine
        return (
            json.loads(ended["output"]),
            ended.get("stateMachineVersionArn"),
            ended.get("stateMachineAliasArn"),
        )

    assert start(one) == ("one", one, None)
    assert start(alias) == ("two", two, alias)
    assert start(machine) == ("three", None, None)
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 3
    weights = [
        {"stateMachineVersionArn": one, "weight": 50},
        {"stateMachineVersionArn": two, "weight": 50},
    ]
    client.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=weights)
    assert {start(alias)[0] for _ in range(20)} == {"one", "two"}


def test_execution_that_begins_can_be_read(aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto lists an execution before it starts it; other clients read it in between."""
    client = aws.client("stepfunctions")
    machine = aws.machine("m", passing(1), role)
    read: list[Any] = []
    publish = events.publish

    def reading(*given: Any, detail: dict[str, Any], **more: Any) -> None:
        if detail["status"] == "RUNNING":
            arn = detail["executionArn"]
            listed = client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
            read.append([each["status"] for each in listed])
            read.append(client.describe_execution(executionArn=arn)["status"])
            read.append(client.get_execution_history(executionArn=arn)["events"])
            read.append(client.list_map_runs(executionArn=arn)["mapRuns"])
            with pytest.raises(ClientError) as raised:
                client.describe_map_run(mapRunArn=f"{arn.replace('execution', 'mapRun')}:x")
            read.append(raised.value.response["Error"]["Code"])
        publish(*given, detail=detail, **more)

    monkeypatch.setattr(events, "publish", reading)
    ended = aws.ended(client.start_execution(stateMachineArn=machine)["executionArn"])
    assert ended["status"] == "SUCCEEDED"
    assert read == [["RUNNING"], "RUNNING", [], [], "ResourceNotFound"]


@pytest.mark.parametrize("qualifier", ["9", "nothing"])
def test_execution_of_a_revision_that_is_missing(aws: Aws, role: str, qualifier: str) -> None:
    machine = aws.machine("m", passing(1), role)
    with pytest.raises(ClientError) as raised:
        aws.client("stepfunctions").start_execution(stateMachineArn=f"{machine}:{qualifier}")
    assert raised.value.response["Error"]["Code"] == "StateMachineDoesNotExist"


def distributed(**more: Any) -> dict[str, Any]:
    """Four items of which the odd ones fail."""
    odd = {"Or": [{"Variable": "$", "NumericEquals": n} for n in (1, 3)], "Next": "Fail"}
    children = {
        "Which": {"Type": "Choice", "Choices": [odd], "Default": "Pass"},
        "Pass": {"Type": "Pass", "End": True},
        "Fail": {"Type": "Fail", "Error": "Own"},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Which",
        "States": children,
    }
    return {"Map": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True, **more}}


@pytest.mark.parametrize(
    ("threshold", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49}, "FAILED"),
        ({"ToleratedFailurePercentage": 49.9}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2, "ToleratedFailurePercentage": 49}, "FAILED"),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100}, "FAILED"),
    ],
)
def test_map_tolerates_failures(aws: Aws, role: str, threshold: Any, status: str) -> None:
    ended = run(aws, distributed(**threshold), role, [0, 1, 2, 3])
    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
        assert ended["cause"] == "The specified tolerated failure threshold was exceeded"


def test_failed_map_is_caught_and_starts_no_more_children(aws: Aws, role: str) -> None:
    catch = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Caught"}]
    states = {**distributed(Catch=catch), "Caught": {"Type": "Pass", "End": True}}
    ended = run(aws, states, role, [0, 1, 2, 3])
    assert ended["status"] == "SUCCEEDED"
    client = aws.client("stepfunctions")
    (map_run,) = client.list_map_runs(executionArn=ended["executionArn"])["mapRuns"]
    described = client.describe_map_run(mapRunArn=map_run["mapRunArn"])
    assert described["status"] == "FAILED"
    counts = {name: number for name, number in described["itemCounts"].items() if number}
    assert counts == {"succeeded": 1, "failed": 1, "pending": 2, "total": 4, "resultsWritten": 4}
    assert described["toleratedFailureCount"] == 0


@pytest.mark.usefixtures("in_order")
@pytest.mark.parametrize(
    ("states", "ended"),
    [
        (
            passing("r"),
            {
                "status": "SUCCEEDED",
                "output": '"r"',
                "outputDetails": {"included": True},
                "redriveStatus": "NOT_REDRIVABLE",
                "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
                "error": None,
                "cause": None,
            },
        ),
        (
            FAILING,
            {
                "status": "FAILED",
                "output": None,
                "outputDetails": None,
                "redriveStatus": "REDRIVABLE",
                "redriveStatusReason": None,
                "error": "Own",
                "cause": "because",
            },
        ),
    ],
)
def test_start_and_end_of_an_execution_are_told(aws: Aws, role: str, states: Any, ended: Any) -> None:
    url, arn = aws.queue("q")
    aws.rule("told", {"source": ["aws.states"]}, {"Id": "q", "Arn": arn})
    execution = run(aws, states, role, {"n": 1})
    told: list[dict[str, Any]] = []
    while len(told) < 2:
        told += [json.loads(message["Body"]) for message in aws.messages(url)]
    first, last = sorted(told, key=lambda event: event["detail"]["status"] != "RUNNING")
    for event in (first, last):
        assert event["detail-type"] == "Step Functions Execution Status Change"
        assert event["resources"] == [execution["executionArn"]]
        assert event["detail"]["stateMachineArn"] == execution["stateMachineArn"]
        assert event["detail"]["input"] == '{"n": 1}'
        assert event["detail"]["inputDetails"] == {"included": True}
        assert event["detail"]["startDate"] == int(execution["startDate"].timestamp() * 1000)
    assert first["detail"]["stopDate"] is None
    assert first["detail"]["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert {name: last["detail"][name] for name in ended} == ended
    assert last["detail"]["stopDate"] == int(execution["stopDate"].timestamp() * 1000)
