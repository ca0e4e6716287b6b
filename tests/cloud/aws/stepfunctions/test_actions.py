"""Step Functions' actions in their corners: versions, names, the end of an execution, definitions."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome

from strata.cloud.aws.run_ends import RunEnds
from strata.cloud.aws.stepfunctions import api, engine
from strata.cloud.aws.stepfunctions.definition import diagnose
from strata.cloud.aws.stepfunctions.sdk_tasks import as_api, as_states
from strata.cloud.aws.stepfunctions.versions import variable_references
from strata.cloud.clock import Clock

from ..conftest import ACCOUNT, REGION, Aws

CLOUD: Any = SimpleNamespace(clock=Clock(), glue_ends=RunEnds())
PASS = {"Only": {"Type": "Pass", "End": True}}


def published(aws: Aws, role: str, count: int) -> tuple[Any, str]:
    """A client, and a machine with so many versions."""
    client = aws.client("stepfunctions")
    machine = aws.machine("m", PASS, role)
    for number in range(count):
        states = {"Only": {"Type": "Pass", "End": True, "Comment": str(number)}}
        client.update_state_machine(
            stateMachineArn=machine,
            definition=json.dumps({"StartAt": "Only", "States": states}),
            publish=True,
        )
    return client, machine


def numbers(client: Any, machine: str, **more: Any) -> tuple[list[str], str | None]:
    found = client.list_state_machine_versions(stateMachineArn=machine, **more)
    return [v["stateMachineVersionArn"].rpartition(":")[2] for v in found["stateMachineVersions"]], found.get(
        "nextToken"
    )


def test_versions_come_in_pages(aws: Aws, role: str) -> None:
    client, machine = published(aws, role, 3)
    assert numbers(client, machine) == (["3", "2", "1"], None)
    first, token = numbers(client, machine, maxResults=2)
    assert first == ["3", "2"]
    assert numbers(client, machine, maxResults=2, nextToken=token) == (["1"], None)
    assert numbers(client, machine, maxResults=3) == (["3", "2", "1"], None)


def test_the_newest_version_that_is_left_counts(aws: Aws, role: str) -> None:
    client, machine = published(aws, role, 2)
    client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:2")
    # The definition is not that of version 1, so another version is made.
    again = client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    assert again == f"{machine}:3"
    client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    assert (
        client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        == f"{machine}:3"
    )
    for number in (3, 9):
        client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:{number}")
    assert numbers(client, machine) == ([], None)
    assert (
        client.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        == f"{machine}:4"
    )


def test_another_role_is_another_version(aws: Aws, role: str) -> None:
    client, machine = published(aws, role, 1)
    other = aws.role("other", {"Service": "states.amazonaws.com"})
    client.update_state_machine(stateMachineArn=machine, roleArn=other)
    found = client.publish_state_machine_version(stateMachineArn=machine)
    assert found["stateMachineVersionArn"] == f"{machine}:2"
    assert found["creationDate"]


def test_a_version_is_not_a_machine(aws: Aws, role: str) -> None:
    client, machine = published(aws, role, 1)
    for call in (client.publish_state_machine_version, client.list_state_machine_versions):
        for arn in (f"{machine}:1", f"{machine}2"):
            with pytest.raises(ClientError) as caught:
                call(stateMachineArn=arn)
            assert caught.value.response["Error"]["Code"] == "StateMachineDoesNotExist"


def test_a_revision_lasts_until_a_change(aws: Aws, role: str) -> None:
    """As recorded at AWS: a machine that was never updated has none; an update without a change keeps it."""
    client, machine = aws.client("stepfunctions"), aws.machine("m", PASS, role)

    def revision(arn: str = machine) -> str | None:
        found: str | None = client.describe_state_machine(stateMachineArn=arn).get("revisionId")
        return found

    def update(**change: Any) -> str | None:
        found: str | None = client.update_state_machine(stateMachineArn=machine, **change).get("revisionId")
        return found

    assert revision() is None
    first = update(definition=json.dumps({"StartAt": "Only", "States": PASS, "Comment": "2"}))
    assert first
    assert first == revision() == update(roleArn=role)
    version = client.publish_state_machine_version(stateMachineArn=machine, revisionId=first)
    other = aws.role("other", {"Service": "states.amazonaws.com"})
    second = update(roleArn=other, publish=True)
    assert first != second == revision() == revision(f"{machine}:2")
    assert revision(version["stateMachineVersionArn"]) == first
    with pytest.raises(ClientError, match=f"ConflictException.* revision is {second}"):
        client.publish_state_machine_version(stateMachineArn=machine, revisionId=first)


def test_versions_that_are_published_at_once_are_one(aws: Aws, role: str) -> None:
    client, machine = aws.client("stepfunctions"), aws.machine("m", PASS, role)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(client.publish_state_machine_version, stateMachineArn=machine) for _ in range(4)]
    assert {call.result()["stateMachineVersionArn"] for call in calls} == {f"{machine}:1"}


@pytest.mark.parametrize(
    ("state", "variables"),
    [
        ({"InputPath": "$a", "ResultPath": "$.r", "OutputPath": "$a.b"}, ["a"]),
        ({"Parameters": {"x.$": "States.Format('$no {}', $b, $$.Map.Item.Value, $.c)", "y": "$no"}}, ["b"]),
        ({"Choices": [{"Variable": "$z", "StringEqualsPath": "$y[0]", "Next": "$no"}]}, ["y", "z"]),
        ({"Assign": {"a": "$no", "b.$": "$.no"}}, None),
        ({"QueryLanguage": "JSONata", "Output": "{% $sum($a) + $states.input.b & '$no' %}"}, ["a"]),
        (
            {"QueryLanguage": "JSONata", "Output": "{% ($b := $a; $map($c, function($d){$d + $b})) %}"},
            ["a", "c"],
        ),
        ({"QueryLanguage": "JSONata", "Arguments": {"x.$": "$no"}}, None),
    ],
)
def test_variables_that_a_state_refers_to(state: dict[str, Any], variables: list[str] | None) -> None:
    inner = {"StartAt": "In", "States": {"In": state}}
    machine = {"StartAt": "Out", "States": {"Out": {"Type": "Parallel", "Branches": [inner]}}}
    assert variable_references(machine) == ({"In": variables} if variables else {})


@pytest.mark.parametrize("name", ["", "a b", "a<b"])
def test_the_name_of_an_execution(aws: Aws, role: str, name: str) -> None:
    machine = aws.machine("m", PASS, role)
    client = aws.client("stepfunctions", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        client.start_execution(stateMachineArn=machine, name=name)
    assert caught.value.response["Error"]["Code"] == "InvalidName"
    assert client.list_executions(stateMachineArn=machine)["executions"] == []


def test_when_an_execution_ended(aws: Aws, role: str) -> None:
    client, machine = aws.client("stepfunctions"), aws.machine("m", PASS, role)
    arn = client.start_execution(stateMachineArn=machine, input='{"é": 1}')["executionArn"]
    described = aws.ended(arn)
    assert described["output"] == '{"é": 1}'
    (listed,) = client.list_executions(stateMachineArn=machine)["executions"]
    assert listed["stopDate"] == described["stopDate"] >= described["startDate"]
    # A stop that comes too late changes nothing.
    stopped = client.stop_execution(executionArn=arn, error="E", cause="late")
    assert stopped["stopDate"] == described["stopDate"]
    again = aws.ended(arn)
    assert (again["status"], "error" in again) == ("SUCCEEDED", False)


def test_an_execution_that_runs_has_no_end(aws: Aws, role: str) -> None:
    client = aws.client("stepfunctions")
    machine = aws.machine("m", {"W": {"Type": "Wait", "Seconds": 600, "End": True}}, role)
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    assert "stopDate" not in client.describe_execution(executionArn=arn)
    assert "stopDate" not in client.list_executions(stateMachineArn=machine)["executions"][0]
    (steps,) = (service for service in aws.server.services._in_order if service.name == "stepfunctions")
    assert steps.unfinished() == f"the execution {arn} runs"
    client.stop_execution(executionArn=arn)
    aws.ended(arn)
    (steps,) = (service for service in aws.server.services._in_order if service.name == "stepfunctions")
    assert steps.unfinished() == ""


def test_a_stop_waits_for_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    environments = iter([None, SimpleNamespace(begun=False), SimpleNamespace(begun=True)])

    class Worker:
        @property
        def env(self) -> Any:
            return next(environments)

    monkeypatch.setattr(api.moto, "has_begun", lambda environment: environment.begun)
    api._await_start(SimpleNamespace(exec_worker=Worker()))
    assert next(environments, "all seen") == "all seen"
    monkeypatch.setattr(api, "_START_SECONDS", 0)
    for worker in (None, SimpleNamespace(env=SimpleNamespace(begun=False))):
        with pytest.raises(RuntimeError, match="the execution did not begin within 0 s"):
            api._await_start(SimpleNamespace(exec_worker=worker))


NOWHERE = {"Type": "Pass", "Next": "Nowhere"}


@pytest.mark.parametrize(
    ("state", "location"),
    [
        (NOWHERE, "/States/A/Next"),
        ({"Type": "Choice", "Choices": [
            {"Variable": "$.a", "IsNull": True, "Next": "A"}, {"Variable": "$.b", "IsNull": True, "Next": "Nowhere"},
        ]}, "/States/A/Choices[1]/Next"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "A"}], "Default": "Nowhere"},
         "/States/A/Default"),
        ({"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "B", "States": {"B": NOWHERE}}},
         "/States/A/ItemProcessor/States/B/Next"),
        ({"Type": "Map", "End": True, "Iterator": {"StartAt": "B", "States": {"B": NOWHERE}}},
         "/States/A/Iterator/States/B/Next"),
        ({"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}},
            {"StartAt": "Nowhere", "States": {"C": {"Type": "Succeed"}}},
        ]}, "/States/A/Branches[1]/StartAt"),
    ],
)  # fmt: skip
def test_a_state_that_leads_nowhere(state: dict[str, Any], location: str) -> None:
    found = diagnose(json.dumps({"StartAt": "A", "States": {"A": state}}))
    assert [fault for fault in found if fault["message"].startswith("Missing")] == [
        {
            "severity": "ERROR",
            "code": "MISSING_TRANSITION_TARGET",
            "message": "Missing 'Next' target: Nowhere",
            "location": location,
        }
    ]


def test_every_fault_is_told() -> None:
    nested = {"StartAt": "B", "States": {"B": NOWHERE}}
    states = {
        "A": NOWHERE,
        "M": {"Type": "Map", "ItemProcessor": nested, "Next": "Nowhere"},
        "I": {"Type": "Map", "Iterator": nested, "End": True},
        "P": {"Type": "Parallel", "Branches": [nested, nested], "End": True},
    }
    found = diagnose(json.dumps({"StartAt": "Nowhere", "States": states}))
    assert [fault["location"] for fault in found if fault["message"].startswith("Missing")] == [
        "/StartAt",
        "/States/A/Next",
        "/States/M/Next",
        "/States/M/ItemProcessor/States/B/Next",
        "/States/I/Iterator/States/B/Next",
        "/States/P/Branches[0]/States/B/Next",
        "/States/P/Branches[1]/States/B/Next",
    ]


def test_diagnostics_are_cut_off(aws: Aws) -> None:
    states = dict.fromkeys(("A", "B", "C"), NOWHERE)
    definition = json.dumps({"StartAt": "A", "States": states})
    client = aws.client("stepfunctions")
    for limit, shown, cut in ((3, 3, True), (4, 4, False), (None, 4, False)):
        more = {"maxResults": limit} if limit else {}
        answer = client.validate_state_machine_definition(definition=definition, **more)
        assert (answer["result"], len(answer["diagnostics"]), answer["truncated"]) == ("FAIL", shown, cut)


class Part:
    """A part of a retrier that gives a value."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def eval(self, env: Any) -> None:
        if self.value is not None:
            env.stack.append(self.value)


@pytest.mark.parametrize(
    ("equals", "attempts", "outcome"),
    [
        (False, None, RetrierOutcome.Skipped),
        (True, MaxAttemptsOutcome.EXHAUSTED, RetrierOutcome.Failed),
        (True, MaxAttemptsOutcome.SUCCESS, RetrierOutcome.Executed),
    ],
)
def test_what_comes_of_a_retrier(equals: bool, attempts: Any, outcome: RetrierOutcome) -> None:
    env: Any = SimpleNamespace(stack=[], is_running=lambda: True, program_state_event=threading.Event())
    retrier: Any = SimpleNamespace(
        error_equals=Part(equals), max_attempts=Part(attempts), interval_seconds=Part(0.0), backoff_rate=Part(),
        max_delay_seconds=Part(), jitter_strategy=Part(),
    )  # fmt: skip
    engine.Engine(CLOUD, SimpleNamespace()).retry(retrier, env)  # type: ignore[arg-type]
    assert env.stack == [outcome]


def test_a_stop_just_before_a_wait_is_seen() -> None:
    signal = engine.Signal()
    signal.set()
    signal.clear()
    assert signal.wait(0)
    assert not signal.wait(0)


def test_a_task_that_is_over_stops_its_glue_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    run = {"JobName": "j", "JobRunId": "jr_1"}
    env: Any = SimpleNamespace(stack=[run], is_running=lambda: len(asked) < 2)

    def resolve() -> None:
        asked.append("ended?")

    client = SimpleNamespace(batch_stop_job_run=lambda **named: asked.append(named))
    monkeypatch.setattr(engine, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(engine.moto, "glue_resolver", lambda *_: resolve)
    monkeypatch.setattr(engine.moto, "glue_client", lambda *_: client)
    service = engine.Engine(CLOUD, SimpleNamespace())  # type: ignore[arg-type]
    service.await_glue_run("task", env, "resource", {}, "credentials")
    assert asked == ["ended?", "ended?", {"JobName": "j", "JobRunIds": ["jr_1"]}]
    assert env.stack == [run, run]


def test_a_task_waits_for_its_glue_run(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Any = iter([None, None, {"JobRunState": "SUCCEEDED"}])
    env: Any = SimpleNamespace(stack=[{"JobName": "j", "JobRunId": "jr_1"}], is_running=lambda: True)
    monkeypatch.setattr(engine, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(engine.moto, "glue_resolver", lambda *_: lambda: next(answers))
    service = engine.Engine(CLOUD, SimpleNamespace())  # type: ignore[arg-type]
    service.await_glue_run("task", env, "resource", {}, "credentials")
    assert env.stack[-1] == {"JobRunState": "SUCCEEDED"}


def test_an_execution_ends_in_a_state_that_is_known() -> None:
    state = SimpleNamespace()
    env = SimpleNamespace(program_state=lambda: state)
    execution = SimpleNamespace(exec_worker=SimpleNamespace(env=env), exec_status="RUNNING")
    service = engine.Engine(CLOUD, SimpleNamespace())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="the execution ended in SimpleNamespace"):
        service.reflect_status(SimpleNamespace(execution=execution))
    assert execution.exec_status == "RUNNING"


def shape(service: str, operation: str, kind: str) -> Any:
    import boto3

    client = boto3.session.Session().client(
        service, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="x"
    )
    return getattr(client.meta.service_model.operation_model(operation), kind)


def test_members_are_spelled_as_each_side_does() -> None:
    asked = {
        "StateMachineArn": "a",
        "LoggingConfiguration": {"IncludeExecutionData": True, "Destinations": [{"CloudWatchLogsLogGroup": {}}]},
        "Unheard": {"Of": 1},
    }  # fmt: skip
    assert as_api(asked, shape("stepfunctions", "UpdateStateMachine", "input_shape")) == {
        "stateMachineArn": "a",
        "loggingConfiguration": {"includeExecutionData": True, "destinations": [{"cloudWatchLogsLogGroup": {}}]},
        "Unheard": {"Of": 1},
    }  # fmt: skip
    # The keys of a map are the caller's own.
    item = {"Item": {"someKey": {"s": "x"}}, "tableName": "t"}
    assert as_api(item, shape("dynamodb", "PutItem", "input_shape")) == {
        "Item": {"someKey": {"S": "x"}},
        "TableName": "t",
    }
    answer = {"executions": [{"executionArn": "a", "name": "n"}], "nextToken": "t"}
    assert as_states(answer, shape("stepfunctions", "ListExecutions", "output_shape")) == {
        "Executions": [{"ExecutionArn": "a", "Name": "n"}],
        "NextToken": "t",
    }


def test_a_text_that_is_given_as_a_value_becomes_json() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"""
    asked = {"stateMachineArn": "a", "input": {"é": [1, {"b": None}]}, "name": 7}
    assert as_api(asked, shape("stepfunctions", "StartExecution", "input_shape")) == {
        "stateMachineArn": "a",
        "input": '{"é":[1,{"b":null}]}',
        "name": "7",
    }


def test_times_become_text() -> None:
    import datetime

    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    found = as_states({"stopDate": moment}, shape("stepfunctions", "StopExecution", "output_shape"))
    assert found == {"StopDate": "2026-01-02T03:04:05+00:00"}
