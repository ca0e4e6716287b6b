"""Process objects again: start the machine that goes through the claims, and follow it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError, did_you_mean
from strata.platform.names import Platform
from strata.platform.pipeline import client

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class ObjectCounts:
    """How many objects the machine has found so far, and how their executions ended."""

    found: int
    succeeded: int
    failed: int


@dataclass(frozen=True)
class Reprocessing:
    """One execution of the machine; `status`, `error` and `cause` are Step Functions' own words."""

    arn: str
    status: str
    objects: ObjectCounts
    error: str = ""
    cause: str = ""


def machine_of(platform: Platform, environment: str) -> str:
    """Return the ARN of the machine that reprocesses.

    Raises:
        StrataError: the environment has none.
    """
    if platform.reprocess_arn is None:
        raise StrataError(
            f"live/{environment}/stepfunctions has no machine that reprocesses",
            remedy="give it the input `reprocess`, as live/_components/stepfunctions.hcl does",
        )
    return platform.reprocess_arn


def require_known(dataset: str, known: Sequence[str]) -> None:
    """Refuse a data set without a contract: of no objects, all would have succeeded.

    Raises:
        StrataError: it has none.
    """
    if dataset not in known:
        raise StrataError(f"no data set {dataset}", remedy=did_you_mean(dataset, known))


def start(endpoints: Endpoints, machine_arn: str, selection: dict[str, str]) -> tuple[str, bool]:
    """Start the machine, unless an execution for the same selection runs.

    Args:
        endpoints: the embedded cloud.
        machine_arn: the machine.
        selection: the objects: any of `prefix`, `reason` and `since`.

    Returns:
        The execution's ARN, and whether it is a new one.
    """
    states = client(endpoints, "stepfunctions")
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, statusFilter="RUNNING"
    )
    for execution in [one for page in pages for one in page["executions"]]:
        arn = str(execution["executionArn"])
        if json.loads(states.describe_execution(executionArn=arn)["input"]) == selection:
            return arn, False
    started = states.start_execution(stateMachineArn=machine_arn, input=json.dumps(selection))
    return str(started["executionArn"]), True


def follow(
    endpoints: Endpoints,
    execution_arn: str,
    on_progress: Callable[[ObjectCounts], None] = lambda counts: None,
) -> Reprocessing:
    """Wait for the execution's end, however long it takes.

    Args:
        endpoints: the embedded cloud.
        execution_arn: the machine's execution.
        on_progress: called whenever the counts have changed.
    """
    states = client(endpoints, "stepfunctions")
    shown: ObjectCounts | None = None
    while True:
        now = look(states, execution_arn)
        if now.objects != shown:
            on_progress(now.objects)
            shown = now.objects
        if now.status != "RUNNING":
            return now
        time.sleep(_POLL_SECONDS)


def look(states: Any, execution_arn: str) -> Reprocessing:
    """Return how far an execution of the machine is.

    Args:
        states: a client of Step Functions.
        execution_arn: the machine's execution.
    """
    # Before the counts, so that the last ones are those of an ended execution.
    described = states.describe_execution(executionArn=execution_arn)
    counts = _counts(states, execution_arn)
    return Reprocessing(
        execution_arn,
        described["status"],
        counts,
        described.get("error") or "",
        described.get("cause") or "",
    )


def _counts(states: Any, execution_arn: str) -> ObjectCounts:
    """Add up the runs of the Map, of which each page of the claims has one."""
    pages = states.get_paginator("list_map_runs").paginate(executionArn=execution_arn)
    runs = [
        states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
        for page in pages
        for run in page["mapRuns"]
    ]
    failed = sum(run[name] for run in runs for name in ("failed", "timedOut", "aborted"))
    return ObjectCounts(sum(run["total"] for run in runs), sum(run["succeeded"] for run in runs), failed)
