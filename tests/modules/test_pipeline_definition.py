"""The state machine, run by moto's engine: who gets the claim, and how every way out ends."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_glue import (
    StateTaskServiceGlue,
)

from strata.cloud.aws.stepfunctions.language import Language
from strata.cloud.aws.stepfunctions.sdk_tasks import as_api, as_states
from strata.testing.fixtures.planning import ModulePlanner

pytestmark = pytest.mark.terraform

KEY = "flights/january.csv"
OBJECT_ID = hashlib.sha256(f"raw/{KEY}".encode()).hexdigest()
REGION = "eu-west-1"
CLAIM = ["CheckKind", "CheckVersionId", "ReadGenerations", "FindGeneration", "Claim"]
WORK = ["ChooseJob", "Clean", "Curate", "Refresh", "Reconcile", "RecordSuccess"]


def planned_definition(plan: ModulePlanner, **more: Any) -> dict[str, Any]:
    """The planned definition; the account is moto's."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    inputs = {
        "await_seconds": 1,
        "kms_key_arn": key,
        "role_arn": "arn:aws:iam::123456789012:role/strata-stepfunctions-test",
        **more,
    }
    machine = plan("pipeline", inputs).modules["module.machine"].resources["aws_sfn_state_machine.this"]
    decoded: dict[str, Any] = json.loads(machine["values"]["definition"])
    return decoded


@pytest.fixture(scope="module")
def definition(plan: ModulePlanner) -> dict[str, Any]:
    return planned_definition(plan)


def test_the_states_have_the_names_others_rely_on(definition: dict[str, Any]) -> None:
    states = definition["States"]
    assert {"Claim", *WORK, "RecordFailure", "Notify", "Failed", "Duplicate", "Superseded"} <= set(states)
    assert {n for n, s in states.items() if s["Type"] == "Task" and "Catch" not in s} == set()
    assert {n for n, s in states.items() if s["Type"] == "Task" and "TimeoutSeconds" not in s} == set()


def test_no_state_of_the_pipeline_may_be_called_a_failure_state(
    plan: ModulePlanner, pytestconfig: pytest.Config
) -> None:
    some = {"InputBroken": {"errors": ["Glue.AWSGlueException"]}}
    states = planned_definition(plan, failure_states=some)["States"]
    variables = (pytestconfig.rootpath / "modules/pipeline/variables.tf").read_text()
    reserved = variables.partition("!contains([")[2].partition("], name)")[0]
    assert set(re.findall(r'"(\w+)"', reserved)) == set(states) - set(some)


def test_only_throttling_is_tried_again(definition: dict[str, Any]) -> None:
    states = definition["States"]
    retries = [retry for state in states.values() for retry in state.get("Retry", [])]
    errors = {error for retry in retries for error in retry["ErrorEquals"]}
    assert not [error for error in errors if error.startswith("States.")]
    assert {retry["JitterStrategy"] for retry in retries} == {"FULL"}


class Account:
    """An account of moto's with all that the state machine uses."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.states = boto3.client("stepfunctions", REGION)
        self.claims = boto3.resource("dynamodb", REGION).create_table(
            TableName="strata-claims-test",
            KeySchema=[{"AttributeName": "object_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "object_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.topic = boto3.client("sns", REGION).create_topic(Name="strata-failures-test")["TopicArn"]
        self.role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"][
            "Arn"
        ]
        boto3.client("s3", REGION).create_bucket(
            Bucket="raw", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        for job in ("clean", "curate", "remove"):
            self.create_job(job)
        functions = boto3.client("lambda", REGION)
        for function in ("refresh", "reconcile"):
            functions.create_function(
                FunctionName=f"strata-{function}-test",
                Role=self.role,
                Runtime="python3.11",
                Handler="f.handler",
                Code={"ZipFile": b"no zip is looked at"},
            )
        self.machine = self.create("strata-pipeline-test", definition)

    def create_job(self, job: str) -> None:
        generations = json.dumps({"flights": {"generation": "1", "references": ["airlines"]}})
        boto3.client("glue", REGION).create_job(
            Name=f"strata-{job}-test",
            Role=self.role,
            Command={"Name": "glueetl"},
            DefaultArguments={"--generations": generations},
        )

    def create(self, name: str, definition: dict[str, Any]) -> str:
        arn = self.states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self.role
        )
        return str(arn["stateMachineArn"])

    def start(self, *, etag: str = "a", sequencer: str = "01", machine: str | None = None) -> str:
        event = {
            "bucket": "raw",
            "key": KEY,
            "etag": etag,
            "version_id": f"v{sequencer}",
            "sequencer": sequencer,
            "size": 1,
            "event_id": "e",
            "time": "t",
        }
        started = self.states.start_execution(
            stateMachineArn=machine or self.machine, name=f"n{time.monotonic_ns()}", input=json.dumps(event)
        )
        return str(started["executionArn"])

    def visited(self, execution: str) -> list[str]:
        history = self.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return [e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e]

    def finish(self, execution: str) -> tuple[str, list[str]]:
        described = self.until(
            lambda: self.states.describe_execution(executionArn=execution), lambda d: d["status"] != "RUNNING"
        )
        return described["status"], self.visited(execution)

    def until(self, ask: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + 30
        while not good(answer := ask()):
            assert time.monotonic() < deadline, f"still {answer}"
            time.sleep(0.05)
        return answer

    def claim(self) -> dict[str, Any]:
        return dict(self.claims.get_item(Key={"object_id": OBJECT_ID}).get("Item", {}))

    def hold(self, holder: str, sequencer: str = "01") -> None:
        self.claims.put_item(
            Item={
                "object_id": OBJECT_ID,
                "status": "IN_PROGRESS",
                "etag": "a",
                "sequencer": sequencer,
                "execution": holder,
            }
        )


def _wait_for_run(task: Any, env: Any, **parts: Any) -> None:
    look = task._build_sync_resolver(env=env, **parts)
    while (run := look()) is None:
        time.sleep(0.02)
    env.stack.append(run)


def _call_service(
    task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], **_: Any
) -> None:
    client = boto3.client(task._get_boto_service_name(), resource_runtime_part.region)
    method = task._get_boto_service_action()
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    answer = getattr(client, method)(**as_api(normalised_parameters, operation.input_shape))
    env.stack.append(as_states(answer, operation.output_shape))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mend three faults of moto 5.2.5's engine that this definition meets.

    Glue's `.sync` always ends in an AttributeError (it interrupts a callback that it never made), an SDK
    integration hands AWS's spelling, ExecutionArn, to boto3, which wants executionArn, and the same back, and
    JSONata is not evaluated.
    """
    monkeypatch.setattr(StateTaskServiceGlue, "_eval_integration_pattern", _wait_for_run)
    monkeypatch.setattr(StateTaskServiceAwsSdk, "_eval_service_task", _call_service)
    monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_parameters", lambda *_: None)
    monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_response", lambda *_: None)
    language = Language()
    language.start()
    yield
    language.stop()


@pytest.fixture
def account(engine: None, definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    config: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with mock_aws(config=config):
        yield Account(definition)


def test_an_object_is_worked_on_once(account: Account) -> None:
    assert account.finish(account.start()) == ("SUCCEEDED", [*CLAIM, *WORK])
    claim = account.claim()
    assert (claim["status"], claim["etag"], claim["sequencer"], claim["key"]) == ("SUCCEEDED", "a", "01", KEY)
    assert account.finish(account.start())[1][-1] == "Duplicate"


def test_the_same_content_put_again_is_a_duplicate_and_outdates_what_lay_between(account: Account) -> None:
    account.finish(account.start(etag="a", sequencer="01"))
    assert account.finish(account.start(etag="a", sequencer="03"))[1][-2:] == ["RefreshClaim", "Duplicate"]
    assert account.finish(account.start(etag="b", sequencer="02"))[1][-1] == "Superseded"


def test_a_newer_version_is_worked_on_and_an_older_one_is_not(account: Account) -> None:
    account.finish(account.start(etag="a", sequencer="02"))
    assert account.finish(account.start(etag="b", sequencer="03")) == ("SUCCEEDED", [*CLAIM, *WORK])
    assert account.finish(account.start(etag="c", sequencer="01"))[1][-1] == "Superseded"
    assert account.claim()["etag"] == "b"


def test_an_abandoned_claim_is_taken_over(account: Account) -> None:
    account.hold(f"arn:aws:states:{REGION}:{DEFAULT_ACCOUNT_ID}:execution:strata-pipeline-test:gone")
    status, visited = account.finish(account.start())
    assert (status, visited[-7:]) == ("SUCCEEDED", ["TakeOver", *WORK])


def test_a_claim_in_use_is_waited_for(account: Account) -> None:
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}
    holder = account.start(machine=account.create("holder", waiting))
    account.hold(holder)
    execution = account.start()
    account.until(lambda: account.visited(execution), lambda states: states.count("AwaitClaim") == 2)
    assert "Clean" not in account.visited(execution)
    account.states.stop_execution(executionArn=holder)
    assert account.finish(execution)[0] == "SUCCEEDED"


def test_a_failure_is_recorded_and_told_and_ends_as_one(account: Account) -> None:
    boto3.client("glue", REGION).delete_job(JobName="strata-curate-test")
    execution = account.start()
    status, visited = account.finish(execution)
    assert (status, visited) == (
        "FAILED",
        [*CLAIM, "ChooseJob", "Clean", "Curate", "RecordFailure", "Notify", "Failed"],
    )
    claim = account.claim()
    assert claim["status"] == "FAILED"
    assert "strata-curate-test" in claim["cause"]
    [message] = [
        sent[1] for sent in sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[account.topic].sent_notifications
    ]
    told = json.loads(message)
    assert (told["key"], told["object_id"], told["execution"]) == (KEY, OBJECT_ID, execution)
    assert told["error"] == claim["error"]
    ended = account.states.describe_execution(executionArn=execution)
    assert ended["error"] == f"Pipeline.{claim['error']}"


def test_a_failed_object_may_be_tried_again(account: Account) -> None:
    boto3.client("glue", REGION).delete_job(JobName="strata-curate-test")
    assert account.finish(account.start())[0] == "FAILED"
    account.create_job("curate")
    assert account.finish(account.start()) == ("SUCCEEDED", [*CLAIM, *WORK])


@pytest.mark.parametrize(
    ("errors", "end"),
    [
        (["Glue.*"], "Unreachable"),
        (["Glue.EntityNotFoundException"], "Unreachable"),
        (["Lambda.*"], "Failed"),
    ],
)
def test_an_error_ends_in_the_state_that_is_given_for_it(
    plan: ModulePlanner, account: Account, errors: list[str], end: str
) -> None:
    definition = planned_definition(plan, failure_states={"Unreachable": {"errors": errors}})
    boto3.client("glue", REGION).delete_job(JobName="strata-curate-test")
    execution = account.start(machine=account.create("classifying", definition))
    status, visited = account.finish(execution)
    assert (status, visited[-3:]) == ("FAILED", ["Notify", "ClassifyFailure", end])
    ended = account.states.describe_execution(executionArn=execution)
    prefix = "Pipeline" if end == "Failed" else end
    assert ended["error"] == f"{prefix}.{account.claim()['error']}"
