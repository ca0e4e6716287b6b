"""Read the trace of one execution from a running platform."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from strata.cloud.endpoints import Endpoints
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.trace import failure, history, jobs, machine, outputs, rules
from strata.trace.find import described
from strata.trace.models import Claim, Rows, RuleMatch, Run, StateRun, Trace, Visible

Count = Callable[[str, str], int]
"""Asks Snowflake how many rows the external table of a data set shows for an object, by its identity."""


def collect(
    environment: str, endpoints: Endpoints, platform: Platform, run: Run, runs: list[Run], count: Count
) -> Trace:
    """Read everything about an execution.

    Args:
        environment: its name.
        endpoints: the embedded cloud, as the environment sees it.
        platform: the environment's names.
        run: the execution.
        runs: the executions of the same key, as far as they are known.
        count: asks Snowflake.
    """

    def client(service: str) -> Any:
        return pipeline.client(endpoints, service)

    states, s3 = client("stepfunctions"), client("s3")
    run = described(states, run)
    description = states.describe_execution(executionArn=run.arn)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=run.arn)
    visits = history.visits(event for page in pages for event in page["events"])
    given = history.decoded(description.get("input") or "{}")
    event = given if isinstance(given, dict) else {}
    object_id = pipeline.object_id(run.bucket, run.key)
    dataset = run.key.partition("/")[0]
    bucket = platform.processed_bucket
    reported = outputs.reports(s3, bucket, dataset, object_id, run)
    found = outputs.files(s3, bucket, dataset, object_id, reported)
    results = {visit.name: result for visit in visits if (result := _result(visit)) is not None}
    found_jobs = [
        # A report has the name of its job, and the state that runs the job has it too.
        one.model_copy(update={"report": reported.get(one.state.lower(), {})})
        for one in jobs.read(client("glue"), client("logs"), visits)
    ]
    reconciled = results.get("Reconcile", {})
    return Trace(
        environment=environment,
        run=run,
        runs=runs or [run],
        event=event,
        rules=_rules(client("events"), platform.state_machine_arn, rules.event_of(event)),
        claim=_claim(client("dynamodb"), platform.claims_table, object_id, run.arn),
        machine=machine.read(_definition(states, run.arn, platform.state_machine_arn)),
        states=visits,
        jobs=found_jobs,
        files=found,
        rows=_rows(reported, reconciled),
        quarantined=outputs.quarantined(s3, bucket, found) if reported else [],
        refresh=results.get("Refresh", {}),
        reconcile=reconciled,
        visible=_visible(platform, dataset, object_id, count) if run.key else None,
        failure=failure.explain(
            run.status, description.get("error") or "", description.get("cause") or "", visits, run.key
        ),
    )


def _result(visit: StateRun) -> dict[str, Any] | None:
    """What a function that a state invoked has returned, where the state keeps it."""
    if visit.service != "lambda" or not isinstance(visit.output, Mapping):
        return None
    before = visit.input if isinstance(visit.input, Mapping) else {}
    for name, value in visit.output.items():
        if name not in before and isinstance(value, Mapping) and isinstance(value.get("result"), dict):
            return dict(value["result"])
    return None


def _definition(states: Any, execution_arn: str, machine_arn: str) -> Mapping[str, Any]:
    """The definition that the execution was started with."""
    try:
        text = states.describe_state_machine_for_execution(executionArn=execution_arn)["definition"]
    except ClientError:
        text = states.describe_state_machine(stateMachineArn=machine_arn)["definition"]
    definition: Mapping[str, Any] = json.loads(text)
    return definition


def _rules(events: Any, machine_arn: str, event: Mapping[str, Any]) -> list[RuleMatch]:
    """The rules that start the machine for events, those that take this one first."""
    found = []
    for name in events.list_rule_names_by_target(TargetArn=machine_arn)["RuleNames"]:
        rule = events.describe_rule(Name=name)
        if "EventPattern" not in rule:
            continue
        queues = [
            target.get("DeadLetterConfig", {}).get("Arn", "").rsplit(":", 1)[-1]
            for target in events.list_targets_by_rule(Rule=name)["Targets"]
            if target["Arn"] == machine_arn
        ]
        found.append(
            rules.explained(
                name,
                json.loads(rule["EventPattern"]),
                event,
                enabled=rule["State"] == "ENABLED",
                dead_letter_queue=next(iter(queues), ""),
            )
        )
    return sorted(found, key=lambda rule: (not rule.matches, rule.name))


def _claim(dynamodb: Any, table: str | None, object_id: str, execution: str) -> Claim | None:
    if table is None:
        return None
    item = dynamodb.get_item(TableName=table, Key={"object_id": {"S": object_id}}).get("Item")
    if item is None:
        return None
    text = {name: next(iter(value.values())) for name, value in item.items()}
    names = ("status", "execution", "claimed_at", "finished_at", "generation", "processed_version_id")
    return Claim(
        table=table,
        ours=text.get("execution") == execution,
        **{name: str(text.get(name, "")) for name in names},
    )


def _rows(reported: Mapping[str, Mapping[str, Any]], reconciled: Mapping[str, Any]) -> Rows:
    clean, curate = reported.get("clean", {}), reported.get("curate", {})
    counts = {**clean, **curate, **reconciled}
    names = ("read", "clean", "quarantined", "duplicate", "curated", "visible")
    return Rows(
        **{name: counts.get(f"rows_{name}") for name in names},
        reasons=counts.get("reasons") or {},
    )


def _visible(platform: Platform, dataset: str, object_id: str, count: Count) -> Visible:
    try:
        table = str(platform.table(dataset))
        return Visible(table=table, rows=count(dataset, object_id))
    except Exception as error:
        # A trace tells what it can; Snowflake may be what failed.
        return Visible(table=dataset.upper(), fault=str(error))
