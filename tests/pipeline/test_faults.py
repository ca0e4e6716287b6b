"""Files the platform must refuse, and a Spark process that dies: FAILED everywhere, and nothing harmed."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from strata.platform import pipeline
from tests.pipeline.conftest import Up, run_ids, wait_for_run

pytestmark = [pytest.mark.spark, pytest.mark.terraform]


@dataclass(frozen=True)
class Refused:
    name: str
    content: bytes
    says: str


REFUSED = [
    Refused("empty", b"", "empty"),
    Refused("picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "CSV"),
    Refused("weather", b"origin,year,month,day,temp\nEWR,2013,1,1,39.02\n", "column"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_refused_file_fails_loudly_and_harms_nothing(case: Refused, up: Up, tmp_path: Path) -> None:
    before = up.rows("SELECT OBJECT, COUNT(*) AS N FROM FLIGHTS GROUP BY OBJECT ORDER BY OBJECT")
    assert before, "there is data that could be harmed"
    queue = _subscribe(up, f"failures-{case.name}")
    path = tmp_path / f"{case.name}.csv"
    path.write_bytes(case.content)

    result = up.checkout.run("put", str(path), "--key", f"flights/{case.name}.csv", "--json")

    assert result.returncode == 1, result.stderr
    execution = json.loads(result.stdout)
    assert execution["status"] == "FAILED"
    assert execution["outcome"] == "Failed"
    assert case.says.lower() in (execution["error"] + execution["cause"]).lower()

    object_id = pipeline.object_id(up.names.raw_bucket, f"flights/{case.name}.csv")
    record = up.client("dynamodb").get_item(
        TableName="strata-claims-dev", Key={"object_id": {"S": object_id}}
    )["Item"]
    assert record["status"]["S"] == "FAILED"
    # Glue tells EventBridge of the failed run, and the pipeline of the failed object.
    of_glue, of_pipeline = sorted(
        _messages(up, queue, 2), key=lambda message: "Glue Job State Change" not in message
    )
    assert "strata-clean-dev" in of_glue
    assert f"flights/{case.name}.csv" in of_pipeline
    kept = up.client("s3").get_object(
        Bucket=up.names.processed_bucket, Key=f"quarantine/objects/object={object_id}/{case.name}.csv"
    )
    assert kept["Body"].read() == case.content
    assert up.rows("SELECT OBJECT, COUNT(*) AS N FROM FLIGHTS GROUP BY OBJECT ORDER BY OBJECT") == before


def test_a_killed_spark_process_fails_the_run_and_the_command(up: Up) -> None:
    glue = up.client("glue")
    known = set(run_ids(glue))
    put = up.checkout.start("put", "docs/examples/flights.csv", "--key", "flights/killed.csv")
    run = wait_for_run(up, known)
    # The run has one of the drivers, the others wait in stock; all of them may die.
    drivers = [line for line in up.checkout.processes() if "/spark/driver.py" in line]
    for line in drivers:
        os.kill(int(line.split()[0]), signal.SIGKILL)
    output, _ = put.communicate(timeout=120)

    assert drivers, "the run has a process"
    assert put.returncode == 1, output
    state = glue.get_job_run(JobName="strata-clean-dev", RunId=run)["JobRun"]
    assert state["JobRunState"] == "FAILED"
    assert state["ErrorMessage"]
    states = up.client("stepfunctions")
    execution = states.list_executions(stateMachineArn=up.names.state_machine_arn, statusFilter="FAILED")
    latest = execution["executions"][0]["executionArn"]
    types = [event["type"] for event in states.get_execution_history(executionArn=latest)["events"]]
    assert "TaskFailed" in types
    assert types[-1] == "ExecutionFailed"


def _subscribe(up: Up, name: str) -> str:
    """A queue that hears the failure topic."""
    sqs = up.client("sqs")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = f"arn:aws:sns:{up.endpoints.region}:{up.endpoints.account_id}:strata-failures-dev"
    up.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def _messages(up: Up, queue: str, count: int) -> list[str]:
    """The first messages of a queue, waited for; those of alarms come at a full minute, and are left out."""
    found: list[str] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        answer = up.client("sqs").receive_message(
            QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=count - len(found)
        )
        bodies = [str(message["Body"]) for message in answer.get("Messages", [])]
        found += [body for body in bodies if "AlarmArn" not in body]
    return found
