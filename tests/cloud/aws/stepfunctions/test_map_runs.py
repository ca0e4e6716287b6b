"""A distributed Map: its children, its batches and its results."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import MapRunStatus

from strata.cloud.aws.stepfunctions.map_fields import MapFields
from strata.cloud.aws.stepfunctions.map_runs import _counts

from ..conftest import ACCOUNT, REGION, STATES, Aws, eventually, run

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
# Items below ten succeed; the context of a child is its own.
CHILD = {
    "Which": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Fail"}],
        "Default": "Say",
    },
    "Say": {"Type": "Pass", "Parameters": {"n.$": "$.n", "of.$": "$$.StateMachine.Id"}, "End": True},
    "Fail": {"Type": "Fail", "Error": "Own", "Cause": "Too much"},
}


def distributed(
    states: dict[str, Any], *, kind: str = "STANDARD", language: str = "", **more: Any
) -> dict[str, Any]:
    """A Map labelled `L` that starts its children one after the other."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    processor |= {"StartAt": next(iter(states)), "States": states}
    given = {"QueryLanguage": language} if language else {}
    return {
        "Map": {"Type": "Map", "Label": "L", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
        | given
        | more
    }


def echo(**more: Any) -> dict[str, Any]:
    return distributed({"Echo": {"Type": "Pass", "End": True}}, **more)


def items(*numbers: int) -> list[dict[str, int]]:
    return [{"n": number} for number in numbers]


def started(aws: Aws, states: dict[str, Any], role: str, given: Any) -> tuple[Any, dict[str, Any], str]:
    """Run machine `m` to its end; return a client, the execution, and the ARN of its Map Run."""
    client = aws.client("stepfunctions")
    machine = aws.machine("m", states, role)
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    ended = aws.ended(arn)
    (found,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    assert found["stateMachineArn"] == f"{machine}/L"
    return client, ended, found["mapRunArn"]


def test_every_child_is_counted_by_its_status() -> None:
    children = [("PENDING", 1), ("RUNNING", 2), ("SUCCEEDED", 3), ("FAILED", 4), ("TIMED_OUT", 5)]
    children += [("ABORTED", 6), ("PENDING_REDRIVE", 7)]
    assert _counts(SimpleNamespace(status=MapRunStatus.RUNNING), children) == {
        "pending": 1,
        "running": 2,
        "succeeded": 3,
        "failed": 4,
        "timedOut": 5,
        "aborted": 6,
        "pendingRedrive": 7,
        "total": 28,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
    }


def test_children_are_executions(aws: Aws, role: str) -> None:
    client, ended, map_run = started(aws, distributed(CHILD, ToleratedFailureCount=1), role, items(1, 20, 3))
    listed = client.list_executions(mapRunArn=map_run)["executions"]
    assert [each["status"] for each in listed] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    begun = [each["startDate"] for each in listed]
    assert begun == sorted(begun, reverse=True)
    assert {each["itemCount"] for each in listed} == {1}
    assert {each["redriveCount"] for each in listed} == {0}
    assert {each["mapRunArn"] for each in listed} == {map_run}
    failed = client.describe_execution(executionArn=listed[1]["executionArn"])
    del failed["ResponseMetadata"]
    name = failed["name"]
    assert failed == {
        "executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m/L:{name}",
        "stateMachineArn": f"{MACHINE}/L",
        "name": name,
        "status": "FAILED",
        "startDate": failed["startDate"],
        "stopDate": failed["stopDate"],
        "input": '{"n":20}',
        "inputDetails": {"included": True},
        "mapRunArn": map_run,
        "error": "Own",
        "cause": "Too much",
        "redriveStatus": "REDRIVABLE_BY_MAP_RUN",
    }
    history = client.get_execution_history(executionArn=failed["executionArn"])["events"]
    kinds = [
        "ExecutionStarted",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ]
    assert [event["type"] for event in history] == kinds
    parent = client.list_executions(stateMachineArn=MACHINE)["executions"]
    assert [each["executionArn"] for each in parent] == [ended["executionArn"]]
    counts = client.describe_map_run(mapRunArn=map_run)["executionCounts"]
    assert {name: n for name, n in counts.items() if n} == {
        "succeeded": 2,
        "failed": 1,
        "total": 3,
        "resultsWritten": 3,
    }
    one, two, three = json.loads(ended["output"])
    assert (one, three) == tuple({"n": n, "of": f"{MACHINE}/L"} for n in (1, 3))
    assert two["ExecutionArn"] == failed["executionArn"]
    assert (two["Status"], two["Error"], two["Input"]) == ("FAILED", "Own", '{"n":20}')

    failures = client.list_executions(mapRunArn=map_run, statusFilter="FAILED")["executions"]
    assert [each["name"] for each in failures] == [name]
    first = client.list_executions(mapRunArn=map_run, maxResults=2)
    rest = client.list_executions(mapRunArn=map_run, nextToken=first["nextToken"])
    assert [*first["executions"], *rest["executions"]] == listed
    assert client.list_executions(mapRunArn=map_run, redriveFilter="REDRIVEN")["executions"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"stateMachineArn": MACHINE, "redriveFilter": "REDRIVEN"}, "ValidationException"),
        ({"stateMachineArn": MACHINE, "mapRunArn": "arn:x"}, "ValidationException"),
        ({"mapRunArn": f"{MACHINE.replace('stateMachine', 'mapRun')}/L:x"}, "ResourceNotFound"),
    ],
)
def test_list_executions_refuses(aws: Aws, role: str, asked: dict[str, str], code: str) -> None:
    aws.machine("m", {"A": {"Type": "Succeed"}}, role)
    with pytest.raises(ClientError) as raised:
        aws.client("stepfunctions").list_executions(**asked)
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("more", "given", "output"),
    [
        (
            {"ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"t.$": "$.t"}}, "ItemsPath": "$.items"},
            {"t": 7, "items": [1, 2, 3]},
            [{"BatchInput": {"t": 7}, "Items": [1, 2]}, {"BatchInput": {"t": 7}, "Items": [3]}],
        ),
        (
            {
                "ItemBatcher": {"MaxItemsPerBatchPath": "$.n"},
                "ItemsPath": "$.items",
                "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "n.$": "$.n"},
            },
            {"n": 2, "items": ["a", "b"]},
            [{"Items": [{"i": 0, "v": "a", "n": 2}, {"i": 1, "v": "b", "n": 2}]}],
        ),
        (
            {
                "language": "JSONata",
                "Items": "{% $states.input.items %}",
                "ItemBatcher": {
                    "MaxItemsPerBatch": "{% $states.input.n %}",
                    "BatchInput": {"t": "{% $states.input.n + 1 %}"},
                },
            },
            {"n": 1, "items": [1, 2]},
            [{"BatchInput": {"t": 2}, "Items": [1]}, {"BatchInput": {"t": 2}, "Items": [2]}],
        ),
        ({"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN"}}}, [[1, 2], 3], [1, 2, 3]),
    ],
)
def test_batches(aws: Aws, role: str, more: dict[str, Any], given: Any, output: Any) -> None:
    ended = run(aws, echo(**more), role, given)
    assert json.loads(ended["output"]) == output


@pytest.mark.parametrize(
    ("batcher", "sizes"),
    [
        ({"MaxItemsPerBatch": 3}, [3, 1]),
        # {"Items":["aaa","aaa"]} has 23 bytes.
        ({"MaxInputBytesPerBatch": 23}, [2, 2]),
        ({"MaxInputBytesPerBatch": 22}, [1, 1, 1, 1]),
        ({"MaxInputBytesPerBatch": 28}, [2, 2]),
        ({"MaxInputBytesPerBatch": 29}, [3, 1]),
        ({"MaxInputBytesPerBatch": 29, "MaxItemsPerBatch": 2}, [2, 2]),
    ],
)
def test_sizes_of_batches(batcher: dict[str, int], sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    fields = MapFields("JSONPath", "STANDARD", "", batcher, None)
    monkeypatch.setattr(MapFields, "_evaluated", lambda _, template, env: template)
    assert [count for _, count in fields.batches(["aaa"] * 4, SimpleNamespace())] == sizes


@pytest.mark.parametrize(
    ("batcher", "error"),
    [
        ({"MaxItemsPerBatchPath": "$.zero"}, "States.Runtime"),
        ({"MaxInputBytesPerBatch": 13}, "States.DataLimitExceeded"),
    ],
)
def test_batches_that_cannot_be_made(aws: Aws, role: str, batcher: dict[str, Any], error: str) -> None:
    states = echo(ItemBatcher=batcher, ItemsPath="$.items")
    ended = run(aws, states, role, {"zero": 0, "items": ["aaa"]})
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def objects(s3: Any, bucket: str) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {o["Key"]: s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}


def writer(bucket: str, **config: str) -> dict[str, Any]:
    found = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "r"}}
    return {**found, "WriterConfig": config} if config else found


def test_results_are_written(aws: Aws, role: str) -> None:
    s3 = aws.bucket("results")
    states = distributed(CHILD, ToleratedFailureCount=1, ResultWriter=writer("results"))
    _, ended, map_run = started(aws, states, role, items(1, 20))
    folder = f"r/{map_run.rpartition(':')[2]}"
    found = objects(s3, "results")
    names = ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert sorted(found) == [f"{folder}/{name}" for name in names]
    failed, succeeded, manifest = (found[f"{folder}/{name}"] for name in names)
    assert json.loads(ended["output"]) == {
        "MapRunArn": map_run,
        "ResultWriterDetails": {"Bucket": "results", "Key": f"{folder}/manifest.json"},
    }
    assert json.loads(manifest) == {
        "DestinationBucket": "results",
        "MapRunArn": map_run,
        "ResultFiles": {
            "FAILED": [{"Key": f"{folder}/FAILED_0.json", "Size": len(failed)}],
            "PENDING": [],
            "SUCCEEDED": [{"Key": f"{folder}/SUCCEEDED_0.json", "Size": len(succeeded)}],
        },
    }
    (one,) = json.loads(succeeded)
    name = one["Name"]
    assert one == {
        "ExecutionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m/L:{name}",
        "Input": '{"n":1}',
        "InputDetails": {"Included": True},
        "Name": name,
        "Output": json.dumps({"n": 1, "of": f"{MACHINE}/L"}, separators=(",", ":")),
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": one["StartDate"],
        "StateMachineArn": f"{MACHINE}/L",
        "Status": "SUCCEEDED",
        "StopDate": one["StopDate"],
    }
    (two,) = json.loads(failed)
    assert (two["Cause"], two["Error"], two["RedriveStatus"]) == ("Too much", "Own", "REDRIVABLE_BY_MAP_RUN")
    assert "Output" not in two


def test_results_of_a_run_that_failed_are_written_as_lines(aws: Aws, role: str) -> None:
    s3 = aws.bucket("results")
    config = {"Transformation": "COMPACT", "OutputType": "JSONL"}
    written = writer("results", **config)
    written["Parameters"]["Prefix"] = "r/"
    states = distributed(CHILD, ResultWriter=written)
    _, ended, map_run = started(aws, states, role, items(1, 2, 20, 3))
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    assert {key.rpartition("/")[0] for key in objects(s3, "results")} == {f"r/{map_run.rpartition(':')[2]}"}
    found = {key.rpartition("/")[2]: body for key, body in objects(s3, "results").items()}
    assert sorted(found) == ["FAILED_0.json", "PENDING_0.json", "SUCCEEDED_0.json", "manifest.json"]
    lines = found["SUCCEEDED_0.json"].decode().splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2]
    assert json.loads(found["PENDING_0.json"]) == {
        "Input": '{"n":3}',
        "InputDetails": {"Included": True},
        "Status": "PENDING",
    }


ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("denied", "error"),
    [("states:StartExecution", "States.Runtime"), ("s3:PutObject", "States.ResultWriterFailed")],
)
def test_the_role_needs_rights(aws: Aws, denied: str, error: str) -> None:
    aws.bucket("results")
    role = aws.role("narrow", STATES, [ALL, {"Effect": "Deny", "Action": denied, "Resource": "*"}])
    ended = run(aws, echo(ResultWriter=writer("results")), role, [1])
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert denied in ended["cause"]


def test_children_end_with_their_parent(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", distributed({"Hold": {"Type": "Wait", "Seconds": 60, "End": True}}), role)
    arn = client.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]

    def children() -> list[Any]:
        runs = client.list_map_runs(executionArn=arn)["mapRuns"]
        return [c for r in runs for c in client.list_executions(mapRunArn=r["mapRunArn"])["executions"]]

    eventually(children)
    client.stop_execution(executionArn=arn, error="Told", cause="by the test")
    assert aws.ended(arn)["status"] == "ABORTED"
    eventually(children, lambda found: [child["status"] for child in found] == ["ABORTED"])
    (map_run,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    assert client.describe_map_run(mapRunArn=map_run["mapRunArn"])["status"] == "ABORTED"
    history = client.get_execution_history(executionArn=arn)["events"]
    assert [e["type"] for e in history][-2:] == ["MapRunAborted", "ExecutionAborted"]


def test_express_children(aws: Aws, role: str) -> None:
    client, ended, map_run = started(aws, echo(kind="EXPRESS"), role, [1])
    (child,) = client.list_executions(mapRunArn=map_run)["executions"]
    assert child["executionArn"] == f"arn:aws:states:{REGION}:{ACCOUNT}:express:m/L:{child['name']}"
    assert client.describe_execution(executionArn=child["executionArn"])["output"] == "1"
    assert ended["output"] == "[1]"
