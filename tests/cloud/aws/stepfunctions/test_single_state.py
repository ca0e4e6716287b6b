"""TestState: one state by itself; expected values follow the Step Functions Developer Guide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import Aws

PASS = {"Type": "Pass", "Result": 7, "ResultPath": "$.n", "Next": "Other"}
CHOICE = {
    "Type": "Choice",
    "Choices": [{"Variable": "$.n", "NumericGreaterThan": 4, "Next": "Big"}],
    "Default": "Small",
}
EXPRESSION = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a + 1 %}", "End": True}


def result_of(aws: Aws, state: dict[str, Any], given: Any, role: str, **more: Any) -> dict[str, Any]:
    # boto3 puts `sync-` before the host's name, which a loopback address does not take.
    client = aws.client("stepfunctions", inject_host_prefix=False)
    found: dict[str, Any] = client.test_state(
        definition=json.dumps(state), input=json.dumps(given), roleArn=role, **more
    )
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize(
    ("state", "given", "expected"),
    [
        (PASS, {"a": 1}, {"status": "SUCCEEDED", "output": {"a": 1, "n": 7}, "nextState": "Other"}),
        (CHOICE, {"n": 5}, {"status": "SUCCEEDED", "output": {"n": 5}, "nextState": "Big"}),
        (CHOICE, {"n": 4}, {"status": "SUCCEEDED", "output": {"n": 4}, "nextState": "Small"}),
        (EXPRESSION, {"a": 1}, {"status": "SUCCEEDED", "output": 2}),
        ({"Type": "Succeed"}, {"a": 1}, {"status": "SUCCEEDED", "output": {"a": 1}}),
        (
            {"Type": "Fail", "Error": "Own", "Cause": "because"},
            {},
            {"status": "FAILED", "error": "Own", "cause": "because"},
        ),
    ],
)
def test_a_state(aws: Aws, role: str, state: dict[str, Any], given: Any, expected: dict[str, Any]) -> None:
    found = result_of(aws, state, given, role)
    if "output" in found:
        found["output"] = json.loads(found["output"])
    assert found == expected


def test_a_task_calls_as_its_role(aws: Aws, role: str) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "End": True}
    found = result_of(aws, state, {}, role)
    assert found["status"] == "SUCCEEDED", found
    assert ":assumed-role/" in json.loads(found["output"])["Arn"]


def test_no_execution_is_left_or_told(aws: Aws, role: str) -> None:
    url, arn = aws.queue("q")
    aws.rule("told", {"source": ["aws.states"]}, {"Id": "q", "Arn": arn})
    result_of(aws, PASS, {}, role)
    assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert aws.earlier(url) == []


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        ({"Type": "Pass"}, {}, "One of these fields is required: [Next, End]"),
        ({**PASS, "InputPath": "$.a["}, {}, "must be a valid JSONPath"),
        ({"Type": "Nothing", "End": True}, {}, "SCHEMA_VALIDATION_FAILED"),
        (PASS, {"variables": "{}"}, "The embedded cloud tests no state with: variables"),
        (PASS, {"inspectionLevel": "DEBUG"}, "inspectionLevel DEBUG"),
        ({**PASS, "Retry": [], "Catch": []}, {}, "Catch, Retry"),
        (
            {
                "Type": "Parallel",
                "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}],
                "End": True,
            },
            {},
            "a state of type Parallel",
        ),
    ],
)
def test_what_is_not_tested_is_refused(
    aws: Aws, role: str, state: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match="InvalidDefinition") as refused:
        result_of(aws, state, {}, role, **more)
    assert words in refused.value.response["Error"]["Message"]


def test_an_input_that_is_not_json(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions", inject_host_prefix=False)
    with pytest.raises(ClientError, match="Invalid State Input: 'Expecting property name") as refused:
        client.test_state(definition=json.dumps(PASS), input="{", roleArn=role)
    assert refused.value.response["Error"]["Code"] == "InvalidExecutionInput"
