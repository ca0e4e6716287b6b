"""StartSyncExecution: what an Express execution answers; after what AWS was recorded to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ..conftest import ACCOUNT, REGION, Aws


def express(aws: Aws, role: str, *, kind: str = "EXPRESS") -> tuple[Any, str]:
    states = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "IsPresent": True, "Next": "No"}],
            "Default": "Yes",
        },
        "Yes": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "End": True},
        "No": {"Type": "Fail", "Error": "Own", "Cause": "Told"},
    }
    # boto3 would ask a host of another name.
    client = aws.client("stepfunctions", inject_host_prefix=False)
    definition = json.dumps({"StartAt": "Which", "States": states})
    made = client.create_state_machine(name="m", definition=definition, roleArn=role, type=kind)
    return client, made["stateMachineArn"]


def test_the_answer_is_the_end(aws: Aws, role: str) -> None:
    client, machine = express(aws, role)
    told = client.start_sync_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
    arn = told["executionArn"]
    assert arn.rpartition(":")[0] == f"arn:aws:states:{REGION}:{ACCOUNT}:express:m:one"
    assert (told["status"], told["name"], told["stateMachineArn"]) == ("SUCCEEDED", "one", machine)
    assert (told["input"], json.loads(told["output"])) == ('{"a": 1}', {"id": arn})
    assert told["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert told["stopDate"] >= told["startDate"]
    failed = client.start_sync_execution(stateMachineArn=machine, input='{"bad": 1}')
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Own", "Told")
    assert "output" not in failed


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("STANDARD", "{}", "StateMachineTypeNotSupported"),
        ("EXPRESS", "{", "InvalidExecutionInput"),
    ],
)
def test_what_is_refused(aws: Aws, role: str, kind: str, given: str, code: str) -> None:
    client, machine = express(aws, role, kind=kind)
    with pytest.raises(ClientError) as raised:
        client.start_sync_execution(stateMachineArn=machine, input=given)
    assert raised.value.response["Error"]["Code"] == code


def test_an_express_execution_is_not_listed_nor_described(aws: Aws, role: str) -> None:
    client, machine = express(aws, role)
    arn = client.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    assert arn.rpartition(":")[0] == f"arn:aws:states:{REGION}:{ACCOUNT}:express:m:one"
    with pytest.raises(ClientError, match="not supported by this type of state machine"):
        client.list_executions(stateMachineArn=machine)
    with pytest.raises(ClientError, match="Resource type not valid in this context: express"):
        client.describe_execution(executionArn=arn)
