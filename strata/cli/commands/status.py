"""Show endpoints, units, the latest executions, and whose rows are fresh."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table

from strata.cli.checkout import checkout_root
from strata.cli.options import Json, RunningEnvironment
from strata.cli.views.console import out, print_json, table
from strata.platform import freshness, pipeline
from strata.platform.session import require_running
from strata.platform.workspace import Workspace

EXAMPLES = ("strata status", "strata status --env staging --json")
_LATEST = 10


def run(environment: RunningEnvironment = None, json_: Json = False) -> None:
    """Print what runs, and the state of each unit."""
    root = checkout_root()
    running = require_running(root)
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    states = workspace.states()
    units = [
        {
            "unit": f"live/{workspace.environment}/{component}",
            "state": "applied" if state is not None else "never applied",
            "resources": state.resources if state is not None else 0,
            "serial": state.serial if state is not None else None,
        }
        for component, state in states.items()
    ]
    machine = states.get("stepfunctions")
    executions = _executions(workspace, machine.outputs["state_machine_arn"]) if machine else []
    endpoints = workspace.endpoints
    promised = freshness.read(endpoints)
    if json_:
        # The password is a secret; a reattached provider exists only for this session.
        facts = endpoints.model_dump(exclude={"snowflake_password", "reattach_providers"})
        levels = [asdict(one) | {"fresh": one.fresh} for one in promised]
        print_json(
            {
                "pid": running.pid,
                "endpoints": facts,
                "units": units,
                "executions": executions,
                "freshness": levels,
            }
        )
        return
    out.print(f"up: process {running.pid}, environment {workspace.environment}")
    out.print(f"AWS        {endpoints.aws_url}  account {endpoints.account_id}  region {endpoints.region}")
    out.print(
        f"Snowflake  http://{endpoints.snowflake_host}:{endpoints.snowflake_port}  "
        f"account {endpoints.snowflake_account}"
    )
    out.print(table("units", ["unit", "state", "resources", "serial"], [list(u.values()) for u in units]))
    out.print(_latest(executions))
    if promised:
        lines = [[one.dataset, one.hours, one.rows, "fresh" if one.fresh else "stale"] for one in promised]
        out.print(table("freshness", ["data set", "hours", "new rows", "state"], lines))


def _latest(executions: list[dict[str, Any]]) -> Table:
    rows = [
        [
            one["name"],
            one["key"],
            one["status"],
            f"{datetime.fromisoformat(one['started']):%m-%d %H:%M:%S}",
            one["seconds"],
        ]
        for one in executions
    ]
    latest = table("latest executions", ["execution", "object", "status", "started", "seconds"], rows)
    # Names and keys fold; whole are what one compares line by line.
    for column in latest.columns[2:]:
        column.no_wrap = True
    return latest


def _executions(workspace: Workspace, arn: str) -> list[dict[str, Any]]:
    states = pipeline.client(workspace.endpoints, "stepfunctions")
    found = []
    for execution in states.list_executions(stateMachineArn=arn, maxResults=_LATEST)["executions"]:
        details = states.describe_execution(executionArn=execution["executionArn"])
        stop = details.get("stopDate")
        found.append(
            {
                "name": execution["name"],
                "key": json.loads(details["input"]).get("key"),
                "status": details["status"],
                "started": details["startDate"].isoformat(timespec="seconds"),
                "seconds": round((stop - details["startDate"]).total_seconds(), 1) if stop else None,
            }
        )
    return found
