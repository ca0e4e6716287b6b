"""The whole platform as one picture: buckets, rules, machines, jobs, tables, queries."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from strata.console.environment import ConsoleEnvironment
from strata.console.models import Graph, GraphNode, Health
from strata.pages.layout import Shape, layered

_SHAPE = Shape(width=144, height=44, along=34, across=14, margin=4)
_LAYERS = ("bucket", "rule", "machine", "job", "store", "table", "query")
# Of a job's runs and a machine's executions, so many are counted.
_COUNTED = 100
_BAD = ("FAILED", "TIMED_OUT", "TIMEOUT", "ABORTED", "ERROR")
_RUNNING = ("RUNNING", "STARTING", "WAITING", "STOPPING")


class Flow:
    """Draws one environment.

    Args:
        environment: which one.
        rows: the rows of each external table by its full name, None where Snowflake does not answer.
    """

    def __init__(self, environment: ConsoleEnvironment, rows: Mapping[str, int | None]) -> None:
        self._env = environment
        self._rows = rows
        self._nodes: dict[str, GraphNode] = {}
        self._edges: list[tuple[str, str]] = []

    def graph(self) -> Graph:
        """The picture."""
        self._buckets()
        self._machines()
        self._rules()
        self._jobs()
        self._tables()
        nodes = list(self._nodes.values())
        layers = {node.id: _LAYERS.index(node.kind) for node in nodes}
        names = [node.id for node in nodes]
        return Graph.drawn(layered(names, self._edges, _SHAPE, layers), nodes)

    def _add(self, node: GraphNode) -> None:
        self._nodes[node.id] = node

    def _buckets(self) -> None:
        names = self._env.outputs("s3").get("bucket_names", {})
        for role, kind, href in (("raw", "bucket", "#/trace"), ("processed", "store", "#/data")):
            if role not in names:
                continue
            count = self._objects(names[role])
            facts = {"bucket": names[role], "objects": count}
            self._add(
                GraphNode(
                    id=f"bucket:{names[role]}",
                    kind=kind,
                    label=f"S3 {role}",
                    detail=f"{count} object{'' if count == '1' else 's'}",
                    state="ok" if count != "0" else "idle",
                    facts=facts,
                    href=href,
                )
            )

    def _objects(self, bucket: str) -> str:
        """How many objects a bucket has, of those that one request tells."""
        page = self._env.client("s3").list_objects_v2(Bucket=bucket)
        return f"{page['KeyCount']}{'+' if page.get('IsTruncated') else ''}"

    def _machines(self) -> None:
        for name, arn in self._env.outputs("stepfunctions").items():
            if not name.endswith("state_machine_arn"):
                continue
            role = name.removesuffix("state_machine_arn").strip("_") or "pipeline"
            counts = self._executions(arn, role)
            self._add(
                GraphNode(
                    id=f"machine:{arn}",
                    kind="machine",
                    label=role,
                    detail=_described(counts),
                    state=_health(counts),
                    facts={"state machine": arn} | _facts(counts),
                    href="#/trace" if role == "pipeline" else "",
                )
            )

    def _executions(self, arn: str, role: str) -> Counter[str]:
        if role == "pipeline":
            return self._env.index.counts()
        found = self._env.client("stepfunctions").list_executions(stateMachineArn=arn, maxResults=_COUNTED)
        return Counter(one["status"] for one in found["executions"])

    def _rules(self) -> None:
        events = self._env.client("events")
        queues = self._env.outputs("eventbridge").get("dead_letter_queue_names", {})
        jobs = self._env.outputs("glue").get("job_names", {})
        for name, rule_name in self._env.outputs("eventbridge").get("rule_names", {}).items():
            rule = events.describe_rule(Name=rule_name)
            waiting = self._waiting(queues.get(name))
            watched = rule.get("ScheduleExpression") or json.dumps(json.loads(rule.get("EventPattern", "{}")))
            state: Health = "bad" if waiting else "ok" if rule["State"] == "ENABLED" else "idle"
            detail = f"{waiting} undelivered" if waiting else rule["State"].lower()
            facts = {"rule": rule_name, "takes": watched, "state": rule["State"]}
            facts |= {"dead-letter queue": queues[name]} if name in queues else {}
            node = f"rule:{rule_name}"
            self._add(GraphNode(id=node, kind="rule", label=name, detail=detail, state=state, facts=facts))
            for bucket in _watched(rule):
                self._edges.append((f"bucket:{bucket}", node))
            for target in events.list_targets_by_rule(Rule=rule_name)["Targets"]:
                self._edges.append((node, f"machine:{target['Arn']}"))
                job = json.loads(target.get("Input", "{}")).get("job")
                if job in jobs:
                    # The machine is told which job to run.
                    self._edges.append((f"machine:{target['Arn']}", f"job:{jobs[job]}"))

    def _waiting(self, queue: str | None) -> int:
        """How many events a dead-letter queue holds."""
        if queue is None:
            return 0
        sqs = self._env.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())

    def _jobs(self) -> None:
        store = next((node.id for node in self._nodes.values() if node.kind == "store"), "")
        for name, job in self._env.outputs("glue").get("job_names", {}).items():
            runs = self._env.client("glue").get_job_runs(JobName=job, MaxResults=_COUNTED)["JobRuns"]
            counts = Counter(run["JobRunState"] for run in runs)
            node = f"job:{job}"
            self._add(
                GraphNode(
                    id=node,
                    kind="job",
                    label=name,
                    detail=_described(counts),
                    state=_health(counts),
                    facts={"Glue job": job} | _facts(counts) | _latest(runs),
                )
            )
            self._edges.append((node, store))
        for name, function in self._env.outputs("lambda").get("function_names", {}).items():
            facts = {"Lambda function": function, "log": f"/aws/lambda/{function}"}
            self._add(
                GraphNode(
                    id=f"job:{function}",
                    kind="job",
                    label=name,
                    detail="function",
                    state="ok",
                    facts=facts,
                )
            )
        for machine, used in self._used():
            self._edges += [(machine, f"job:{name}") for name in used]

    def _used(self) -> Iterator[tuple[str, list[str]]]:
        """Which jobs and functions each machine starts."""
        states = self._env.client("stepfunctions")
        jobs = [node.id.partition(":")[2] for node in self._nodes.values() if node.kind == "job"]
        for node in self._nodes.values():
            if node.kind == "machine":
                try:
                    text = states.describe_state_machine(stateMachineArn=node.facts["state machine"])
                except ClientError:
                    continue
                # By its name, or at the end of its ARN, with a version or without.
                yield (
                    node.id,
                    [job for job in jobs if re.search(rf'[":]{re.escape(job)}[":]', text["definition"])],
                )

    def _tables(self) -> None:
        store = next((node.id for node in self._nodes.values() if node.kind == "store"), "")
        functions = [node.id for node in self._nodes.values() if node.detail == "function"]
        query = "query:sql"
        for table in self._env.platform.external_tables:
            rows = self._rows.get(str(table))
            detail = "no answer" if rows is None else f"{rows:,} rows"
            state: Health = "bad" if rows is None else "ok" if rows else "idle"
            node = f"table:{table}"
            facts = {"external table": str(table), "rows": detail}
            self._add(
                GraphNode(
                    id=node,
                    kind="table",
                    label=table.name,
                    detail=detail,
                    state=state,
                    facts=facts,
                    href=f"#/data/{table.name.lower()}",
                )
            )
            self._edges += [(store, node), (node, query), *((function, node) for function in functions)]
        role = self._env.platform.reader_role
        facts = {"role": role, "warehouse": self._env.platform.warehouse}
        self._add(
            GraphNode(
                id=query, kind="query", label="SELECT", detail=role, state="ok", facts=facts, href="#/data"
            )
        )


def _watched(rule: Mapping[str, Any]) -> list[str]:
    detail = json.loads(rule.get("EventPattern", "{}")).get("detail", {})
    return [name for name in detail.get("bucket", {}).get("name", []) if isinstance(name, str)]


def _health(counts: Counter[str]) -> Health:
    if any(counts[status] for status in _RUNNING):
        return "running"
    if any(counts[status] for status in _BAD):
        return "warn"
    return "ok" if counts else "idle"


def _described(counts: Counter[str]) -> str:
    total = sum(counts.values())
    failed = sum(counts[status] for status in _BAD)
    running = sum(counts[status] for status in _RUNNING)
    words = [f"{total:,} run{'' if total == 1 else 's'}"]
    words += [f"{running:,} running"] if running else []
    words += [f"{failed:,} failed"] if failed else []
    return ", ".join(words)


def _facts(counts: Counter[str]) -> dict[str, str]:
    return {status.lower().replace("_", " "): f"{count:,}" for status, count in sorted(counts.items())}


def _latest(runs: list[dict[str, Any]]) -> dict[str, str]:
    if not runs:
        return {}
    latest = max(runs, key=lambda run: run["StartedOn"])
    found = {"latest run": f"{latest['JobRunState']}, {latest['StartedOn']:%Y-%m-%d %H:%M:%S} UTC"}
    return found | ({"its error": latest["ErrorMessage"]} if latest.get("ErrorMessage") else {})
