"""Step Functions: the API, and the engine's tasks against this server."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.stepfunctions.sdk_tasks import SdkTasks
from tests.cloud.aws.conftest import ACCOUNT, STATES, Aws, eventually, run

WAIT = {"Hold": {"Type": "Wait", "Seconds": 30, "Next": "End"}, "End": {"Type": "Succeed"}}
PASS = {"Only": {"Type": "Pass", "End": True}}


@pytest.mark.parametrize(
    ("definition", "code", "words"),
    [
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, None, ""),
        (
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sns:publish",
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}],
                        "End": True,
                    }
                },
            },
            "MISSING_TRANSITION_TARGET",
            "D",
        ),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Poss", "End": True}}},
            "SCHEMA_VALIDATION_FAILED",
            "Poss",
        ),
        (
            {
                "StartAt": "A",
                "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::glue:nothing", "End": True}},
            },
            "SCHEMA_VALIDATION_FAILED",
            "glue:nothing",
        ),
        ("{", "INVALID_JSON_DESCRIPTION", "Invalid JSON"),
    ],
)
def test_validate_definition(aws: Aws, definition: Any, code: str | None, words: str) -> None:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    answer = aws.client("stepfunctions").validate_state_machine_definition(definition=text)
    assert answer["result"] == ("OK" if code is None else "FAIL")
    assert [d["code"] for d in answer["diagnostics"]] == ([] if code is None else [code])
    assert all(words in d["message"] and d["severity"] == "ERROR" for d in answer["diagnostics"])


def test_create_refuses_what_validate_refuses(aws: Aws, role: str) -> None:
    with pytest.raises(ClientError, match="MISSING_TRANSITION_TARGET") as caught:
        aws.machine("m", {"A": {"Type": "Pass", "Next": "B"}}, role)
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"


def test_create_twice(aws: Aws, role: str) -> None:
    assert aws.machine("m", PASS, role) == aws.machine("m", PASS, role)
    with pytest.raises(ClientError) as caught:
        aws.machine("m", WAIT, role)
    assert caught.value.response["Error"]["Code"] == "StateMachineAlreadyExists"


def test_versions(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", PASS, role)
    assert client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"] == []
    first = client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    assert client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == first
    definition = json.dumps({"StartAt": "Hold", "States": WAIT})
    second = client.update_state_machine(stateMachineArn=machine, definition=definition, publish=True)
    assert second["stateMachineVersionArn"] == f"{machine}:2"
    listed = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in listed] == [f"{machine}:2", f"{machine}:1"]
    client.delete_state_machine_version(stateMachineVersionArn=first)
    listed = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in listed] == [f"{machine}:2"]


def test_unnamed_executions_get_names_of_their_own(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", PASS, role)
    names = {client.start_execution(stateMachineArn=machine)["executionArn"].split(":")[-1] for _ in range(2)}
    assert len(names) == 2
    assert all(str(uuid.UUID(name)) == name for name in names)


def test_named_start_is_idempotent_while_it_runs(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", WAIT, role)
    arguments = {"stateMachineArn": machine, "name": "one", "input": '{"a": 1}'}
    first = client.start_execution(**arguments)
    assert client.start_execution(**arguments)["executionArn"] == first["executionArn"]
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        client.start_execution(**{**arguments, "input": '{"a": 2}'})
    client.stop_execution(executionArn=first["executionArn"], error="Told", cause="by the test")
    ended = aws.ended(first["executionArn"])
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Told", "by the test")
    assert ended["stopDate"] >= ended["startDate"]
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        client.start_execution(**arguments)


def test_concurrent_starts_with_one_name_run_once(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", WAIT, role)
    threads = [
        threading.Thread(target=client.start_execution, kwargs={"stateMachineArn": machine, "name": "one"})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1


def test_intrinsic_functions(aws: Aws, role: str) -> None:
    states = {
        "Only": {
            "Type": "Pass",
            "Parameters": {
                "id.$": "States.Hash(States.Format('{}/{}', $.bucket, $.key), 'SHA-256')",
                "json.$": "States.JsonToString($)",
            },
            "End": True,
        }
    }
    ended = run(aws, states, role, {"bucket": "b", "key": "flights/é 'x' \"y\".csv"})
    # printf %s "b/flights/é 'x' \"y\".csv" | sha256sum
    assert json.loads(ended["output"])["id"] == (
        "5b55202d8c67c8cc46a380dac5d48371d1361b5a6f74adc015a80b1ccbf371db"
    )


def claim(condition: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName": "claims",
            "Key": {"object_id": {"S.$": "$.id"}},
            "UpdateExpression": "SET #status = :s",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":s": {"S": "IN_PROGRESS"}},
        },
        "ResultPath": None,
        **more,
    }


def claims_table(aws: Aws) -> Any:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="claims",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "object_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "object_id", "AttributeType": "S"}],
    )
    return client


def test_conditional_update_is_caught_by_its_name(aws: Aws, role: str) -> None:
    dynamodb = claims_table(aws)
    caught = {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Taken"}
    states = {
        "Claim": claim("attribute_not_exists(object_id)", Catch=[caught], End=True),
        "Taken": {"Type": "Fail", "Error": "Taken", "Cause": "by another"},
    }
    assert run(aws, states, role, {"id": "1"})["status"] == "SUCCEEDED"
    item = dynamodb.get_item(TableName="claims", Key={"object_id": {"S": "1"}})["Item"]
    assert item == {"object_id": {"S": "1"}, "status": {"S": "IN_PROGRESS"}}
    again = run(aws, states, role, {"id": "1"})
    assert (again["status"], again["error"], again["cause"]) == ("FAILED", "Taken", "by another")


def test_sdk_integration_names_the_same_error_otherwise(aws: Aws, role: str) -> None:
    claims_table(aws)
    state = claim("attribute_exists(object_id)", End=True)
    state["Resource"] = "arn:aws:states:::aws-sdk:dynamodb:updateItem"
    assert (
        run(aws, {"Claim": state}, role, {"id": "1"})["error"] == "DynamoDb.ConditionalCheckFailedException"
    )


def test_uncaught_error_fails_the_execution(aws: Aws, role: str) -> None:
    claims_table(aws)
    ended = run(aws, {"Claim": claim("attribute_exists(object_id)", End=True)}, role, {"id": "1"})
    assert (ended["status"], ended["error"]) == ("FAILED", "DynamoDB.ConditionalCheckFailedException")
    assert "The conditional request failed" in ended["cause"]


def test_role_without_the_permission_is_refused_by_the_service(aws: Aws) -> None:
    claims_table(aws)
    role = aws.role("powerless", STATES)
    ended = run(aws, {"Claim": claim("attribute_exists(object_id)", End=True)}, role, {"id": "1"})
    assert (ended["status"], ended["error"]) == ("FAILED", "DynamoDB.AccessDeniedException")
    assert "dynamodb:UpdateItem" in ended["cause"]


def test_publish_sends_an_object_as_json(aws: Aws, role: str) -> None:
    topic = aws.client("sns").create_topic(Name="failures")["TopicArn"]
    url, queue = aws.queue("q")
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    states = {
        "Notify": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": topic, "Subject": "s", "Message": {"id.$": "$.id"}},
            "End": True,
        }
    }
    assert run(aws, states, role, {"id": "1"})["status"] == "SUCCEEDED"
    (message,) = aws.messages(url)
    body = json.loads(message["Body"])
    assert (body["Subject"], json.loads(body["Message"])) == ("s", {"id": "1"})


def test_tasks_act_as_the_role_of_the_machine(aws: Aws) -> None:
    source = {"ArnLike": {"aws:SourceArn": f"arn:aws:states:*:{ACCOUNT}:stateMachine:m-*"}}
    trusting = aws.role("trusting", STATES, Condition=source)
    states = {
        "Who": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "End": True}
    }
    ended = run(aws, states, trusting)
    assert json.loads(ended["output"])["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/trusting/states"
    for name, condition in {
        "other": {"ArnLike": {"aws:SourceArn": f"arn:aws:states:*:{ACCOUNT}:stateMachine:other"}},
        "foreign": {"StringEquals": {"aws:SourceAccount": "999988887777"}},
    }.items():
        refused = run(aws, states, aws.role(name, STATES, Condition=condition))
        assert refused["status"] == "FAILED"
        assert "states.amazonaws.com is not authorized to perform: sts:AssumeRole" in refused["cause"]


def failures(aws: Aws, ended: dict[str, Any]) -> list[float]:
    """When the tasks of an execution failed, in seconds."""
    history = aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    return [e["timestamp"].timestamp() for e in history["events"] if e["type"] == "TaskFailed"]


def test_retry_waits_as_long_as_it_says(aws: Aws, role: str) -> None:
    claims_table(aws)
    retry = {
        "ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"],
        "IntervalSeconds": 1,
        "BackoffRate": 100,
        "MaxDelaySeconds": 2,
        "MaxAttempts": 2,
    }
    state = claim("attribute_exists(object_id)", Retry=[retry], End=True)
    ended = run(aws, {"Claim": state}, role, {"id": "1"})
    assert ended["status"] == "FAILED"
    first, second, third = failures(aws, ended)
    assert second - first >= 1
    assert 2 <= third - second < 50  # MaxDelaySeconds, not 100 times the interval


def test_full_jitter_makes_the_wait_shorter(aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: low)
    claims_table(aws)
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 60,
        "BackoffRate": 1,
        "MaxAttempts": 3,
        "JitterStrategy": "FULL",
    }
    state = claim("attribute_exists(object_id)", Retry=[retry], End=True)
    ended = run(aws, {"Claim": state}, role, {"id": "1"})
    assert len(failures(aws, ended)) == 4


def test_wait_takes_its_time(aws: Aws, role: str) -> None:
    start = time.monotonic()
    states = {"Hold": {"Type": "Wait", "Seconds": 1, "Next": "End"}, "End": {"Type": "Succeed"}}
    assert run(aws, states, role)["status"] == "SUCCEEDED"
    assert time.monotonic() - start >= 1


def test_stop_interrupts_a_retry(aws: Aws, role: str) -> None:
    claims_table(aws)
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}
    machine = aws.machine("m", {"Claim": claim("attribute_exists(object_id)", Retry=[retry], End=True)}, role)
    client = aws.client("stepfunctions")
    execution = client.start_execution(stateMachineArn=machine, input='{"id": "1"}')["executionArn"]
    eventually(
        lambda: [e["type"] for e in client.get_execution_history(executionArn=execution)["events"]],
        lambda types: "TaskFailed" in types,
    )
    client.stop_execution(executionArn=execution)
    assert aws.ended(execution, seconds=30)["status"] == "ABORTED"


def test_stop_of_an_execution_that_is_only_starting(
    aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    machine = aws.machine("m", WAIT, role)
    parse = AmazonStateLanguageParser.parse

    def slow(definition: str) -> Any:
        time.sleep(0.5)
        return parse(definition)

    monkeypatch.setattr(AmazonStateLanguageParser, "parse", slow)
    client = aws.client("stepfunctions")
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.stop_execution(executionArn=execution, cause="by the test")
    ended = aws.ended(execution, seconds=30)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "by the test")


def test_stop_in_the_middle_of_a_task_that_fails_is_a_stop(
    aws: Aws, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error is caught, and moto makes a failure of it that the stopped program has no next state."""
    claims_table(aws)
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Caught"}
    states = {
        "Claim": claim("attribute_exists(object_id)", Catch=[catch], End=True),
        "Caught": {"Type": "Succeed"},
    }
    machine = aws.machine("m", states, role)
    client = aws.client("stepfunctions")
    client.describe_state_machine(stateMachineArn=machine)
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_dynamodb as dynamodb,
    )

    at_work, stopped = threading.Event(), threading.Event()
    plain = dynamodb.StateTaskServiceDynamoDB._eval_service_task

    def late(*arguments: Any, **named: Any) -> Any:
        at_work.set()
        assert stopped.wait(30)
        return plain(*arguments, **named)

    monkeypatch.setattr(dynamodb.StateTaskServiceDynamoDB, "_eval_service_task", late)
    execution = client.start_execution(stateMachineArn=machine, input='{"id": "1"}')["executionArn"]
    assert at_work.wait(30)
    client.stop_execution(executionArn=execution, cause="by the test")
    stopped.set()
    ended = aws.ended(execution, seconds=30)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "by the test")


def test_execution_that_times_out(aws: Aws, role: str) -> None:
    ended = run(aws, WAIT, role, TimeoutSeconds=1)
    assert ended["status"] == "TIMED_OUT"
    assert ended["stopDate"] > ended["startDate"]


def test_sdk_integration_speaks_the_states_language(aws: Aws, role: str) -> None:
    first = run(aws, {"Only": {"Type": "Pass", "End": True}}, role)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
        "Parameters": {"ExecutionArn": first["executionArn"]},
        "End": True,
    }
    ended = run(aws, {"Look": task}, role)
    assert ended["status"] == "SUCCEEDED", ended
    answer = json.loads(ended["output"])
    assert (answer["Status"], answer["ExecutionArn"]) == ("SUCCEEDED", first["executionArn"])


def test_errors_of_the_sdk_have_names_that_a_catch_finds(aws: Aws, role: str) -> None:
    states = {
        "Get": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": "missing", "Key": "k"},
            "Catch": [{"ErrorEquals": ["S3.NoSuchBucketException"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Pass", "End": True},
    }
    ended = run(aws, states, role)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["Error"] == "S3.NoSuchBucketException"


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("s3", "S3"),
        ("glue", "Glue"),
        ("dynamodb", "DynamoDb"),
        ("sfn", "Sfn"),
        ("sqs", "Sqs"),
        ("lambda", "Lambda"),
        ("cloudwatchlogs", "CloudWatchLogs"),
        ("cloudwatch", "CloudWatch"),
        ("eventbridge", "EventBridge"),
        ("secretsmanager", "SecretsManager"),
    ],
)
def test_prefix_of_the_errors_of_a_service(service: str, prefix: str) -> None:
    assert SdkTasks().error_prefix(service) == prefix


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ("text", '"text"'),
        ({"Dict": "é"}, '{"Dict":"é"}'),
        (["List", 1], '["List",1]'),
        (False, "false"),
        (0, "0"),
    ],
)
def test_body_of_an_object_is_json_and_read_as_text(aws: Aws, role: str, body: Any, stored: str) -> None:
    s3 = aws.bucket("raw")
    task = {"Type": "Task", "Parameters": {"Bucket": "raw", "Key": "k"}}
    states = {
        "Put": {
            **task,
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": "raw", "Key": "k", "Body": body},
            "Next": "Get",
        },
        "Get": {**task, "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "End": True},
    }
    ended = run(aws, states, role)
    assert json.loads(ended["output"])["Body"] == stored
    assert s3.get_object(Bucket="raw", Key="k")["Body"].read().decode() == stored
