"""The picture of a platform: what is connected to what, and what needs attention."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from strata.console.flow import Flow
from strata.console.models import Graph, GraphNode
from strata.platform.names import PlatformTable

AT = datetime(2026, 1, 2, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-1:1:stateMachine:{}"
PATTERN = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["raw-1"]}}}
TABLE = PlatformTable("LAKE", "CURATED", "ORDERS")
OUTPUTS: dict[str, dict[str, Any]] = {
    "s3": {"bucket_names": {"raw": "raw-1", "processed": "processed-1", "logs": "logs-1"}},
    "stepfunctions": {
        "state_machine_arn": ARN.format("pipeline"),
        "jobs_state_machine_arn": ARN.format("jobs"),
        "claims_table_name": "claims",
    },
    "eventbridge": {
        "rule_names": {"objects": "p-objects-dev", "daily": "p-daily-dev"},
        "dead_letter_queue_names": {"objects": "p-dlq"},
    },
    "glue": {"job_names": {"clean": "p-clean-dev", "summary": "p-summary-dev"}},
    "lambda": {"function_names": {"refresh": "p-refresh-dev"}},
}


class Services:
    """Every service that the picture asks.

    Args:
        letters: how many events the dead-letter queue holds.
        runs: the states of the runs of each job.
    """

    def __init__(self, letters: int = 0, runs: tuple[str, ...] = ("SUCCEEDED",)) -> None:
        self._letters = letters
        self._runs = runs

    def list_objects_v2(self, Bucket: str) -> dict[str, Any]:
        return {"KeyCount": 1000, "IsTruncated": True} if Bucket == "raw-1" else {"KeyCount": 0}

    def list_executions(self, **_: Any) -> dict[str, Any]:
        return {"executions": []}

    def describe_rule(self, Name: str) -> dict[str, Any]:
        if Name == "p-daily-dev":
            return {"State": "DISABLED", "ScheduleExpression": "rate(1 day)"}
        return {"State": "ENABLED", "EventPattern": json.dumps(PATTERN)}

    def list_targets_by_rule(self, Rule: str) -> dict[str, Any]:
        if Rule == "p-daily-dev":
            return {"Targets": [{"Arn": ARN.format("jobs"), "Input": '{"job": "summary"}'}]}
        return {"Targets": [{"Arn": ARN.format("pipeline")}]}

    def get_queue_url(self, QueueName: str) -> dict[str, Any]:
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self._letters), "Other": "0"}}

    def get_job_runs(self, JobName: str, **_: Any) -> dict[str, Any]:
        runs = [{"JobRunState": state, "StartedOn": AT} for state in self._runs]
        return {"JobRuns": runs if JobName == "p-clean-dev" else []}

    def describe_state_machine(self, stateMachineArn: str) -> dict[str, Any]:
        used = ["p-clean-dev", "arn:aws:lambda:eu-west-1:1:function:p-refresh-dev:live", "p-summary-dev-2"]
        return {"definition": json.dumps(used if stateMachineArn.endswith("pipeline") else [])}


def drawn(services: Services, rows: int | None = 3, **counts: int) -> Graph:
    environment: Any = SimpleNamespace(
        outputs=lambda component: OUTPUTS.get(component, {}),
        client=lambda service: services,
        index=SimpleNamespace(counts=lambda: Counter(counts)),
        platform=SimpleNamespace(external_tables=(TABLE,), reader_role="READER", warehouse="MAIN"),
    )
    return Flow(environment, {str(TABLE): rows}).graph()


def nodes(graph: Graph) -> dict[str, GraphNode]:
    return {f"{node.kind} {node.label}": node for node in graph.nodes}


def test_columns_from_buckets_to_queries() -> None:
    found = nodes(drawn(Services()))
    assert sorted(found, key=lambda name: (found[name].x, name)) == [
        "bucket S3 raw",
        "rule daily",
        "rule objects",
        "machine jobs",
        "machine pipeline",
        "job clean",
        "job refresh",
        "job summary",
        "store S3 processed",
        "table ORDERS",
        "query SELECT",
    ]
    assert found["bucket S3 raw"].detail == "1000+ objects"
    assert found["table ORDERS"].href == "#/data/orders"
    assert found["rule daily"].facts["takes"] == "rate(1 day)"


def test_what_leads_to_what() -> None:
    graph = drawn(Services())
    ends = {(node.x + graph.box[0], node.y + graph.box[1] / 2): node.label for node in graph.nodes}
    starts = {(node.x, node.y + graph.box[1] / 2): node.label for node in graph.nodes}

    def nearest(places: dict[tuple[float, float], str], text: str) -> str:
        x, y = map(float, text.split(","))
        return places[min(places, key=lambda place: abs(place[0] - x) + abs(place[1] - y))]

    found = set()
    for edge in graph.edges:
        first, *_, last = edge["path"].removeprefix("M").split(" ")
        found.add((nearest(ends, first), nearest(starts, last)))
    assert found == {
        ("S3 raw", "objects"),
        ("objects", "pipeline"),
        # Which job the machine runs, the schedule's input says.
        ("daily", "jobs"),
        ("jobs", "summary"),
        # By name, and by ARN with an alias; a longer name is another job's.
        ("pipeline", "clean"),
        ("pipeline", "refresh"),
        ("clean", "S3 processed"),
        ("summary", "S3 processed"),
        ("refresh", "ORDERS"),
        ("S3 processed", "ORDERS"),
        ("ORDERS", "SELECT"),
    }


@pytest.mark.parametrize(
    ("services", "counts", "node", "state", "detail"),
    [
        (Services(), {}, "rule objects", "ok", "enabled"),
        (Services(letters=2), {}, "rule objects", "bad", "2 undelivered"),
        (Services(), {}, "rule daily", "idle", "disabled"),
        (Services(), {}, "machine pipeline", "idle", "0 runs"),
        (Services(), {"SUCCEEDED": 1}, "machine pipeline", "ok", "1 run"),
        (
            Services(),
            {"SUCCEEDED": 1200, "ABORTED": 1, "TIMED_OUT": 1},
            "machine pipeline",
            "warn",
            "1,202 runs, 2 failed",
        ),
        (
            Services(),
            {"RUNNING": 2, "FAILED": 1},
            "machine pipeline",
            "running",
            "3 runs, 2 running, 1 failed",
        ),
        (Services(runs=("SUCCEEDED", "FAILED")), {}, "job clean", "warn", "2 runs, 1 failed"),
        (Services(runs=("STARTING",)), {}, "job clean", "running", "1 run, 1 running"),
        (Services(), {}, "job summary", "idle", "0 runs"),
        (Services(), {}, "store S3 processed", "idle", "0 objects"),
    ],
)
def test_health(services: Services, counts: dict[str, int], node: str, state: str, detail: str) -> None:
    found = nodes(drawn(services, **counts))[node]
    assert (found.state, found.detail) == (state, detail)


@pytest.mark.parametrize(
    ("rows", "state", "detail"),
    [(None, "bad", "no answer"), (0, "idle", "0 rows"), (1234, "ok", "1,234 rows")],
)
def test_a_table(rows: int | None, state: str, detail: str) -> None:
    found = nodes(drawn(Services(), rows))["table ORDERS"]
    assert (found.state, found.detail) == (state, detail)
