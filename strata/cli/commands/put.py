"""Upload FILE to the raw bucket and follow its execution; exit 1 if it fails."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.durations import Durations
from strata.cli.options import Json, RunningEnvironment
from strata.cli.views.console import err, out, print_json
from strata.cli.views.steps_view import StepTable
from strata.contracts.check import datasets
from strata.errors import StrataError
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.platform.session import require_running
from strata.platform.workspace import Workspace

EXAMPLES = ("strata put orders.csv", "strata put customers.csv --key reference/customers.csv --no-wait")


def run(
    file: Annotated[Path, typer.Argument(help="File to upload.")],
    key: Annotated[
        str | None,
        typer.Option(help="Key of the object; default: the name of FILE below its data set's prefix."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the execution to its end.")] = True,
    environment: RunningEnvironment = None,
    json_: Json = False,
) -> None:
    """Upload the file; with `wait`, follow its execution.

    Raises:
        StrataError: the execution failed.
    """
    root = checkout_root()
    running = require_running(root)
    if not file.is_file():
        raise StrataError(f"{file} is not a file", remedy="name a file to upload")
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    platform, endpoints = workspace.platform(), workspace.endpoints
    key = key or _default_key(workspace, platform, file.name)
    content = file.read_bytes()
    # An execution that no rule starts would never come.
    starts = pipeline.starts_execution(
        endpoints, platform.state_machine_arn, platform.raw_bucket, key, len(content)
    )
    uploaded = pipeline.put(endpoints, platform.raw_bucket, key, content)
    if not (wait and starts):
        why = "" if starts else "; no rule starts an execution for it"
        if json_:
            print_json(
                {
                    "bucket": uploaded.bucket,
                    "key": key,
                    "etag": uploaded.etag,
                    "version_id": uploaded.version_id,
                }
            )
        else:
            out.print(f"put s3://{uploaded.bucket}/{key}{why}", soft_wrap=True)
        return
    with StepTable(err, f"s3://{uploaded.bucket}/{key}", Durations(workspace.root, "put")) as view:
        execution = pipeline.follow(
            endpoints, platform.state_machine_arn, uploaded, view.on_step, view.on_wait
        )
    if json_:
        print_json(asdict(execution))
    else:
        out.print(f"{execution.status} in {execution.seconds:.1f} s ({execution.outcome})")
    if execution.status != "SUCCEEDED":
        raise StrataError(f"execution {execution.status}: {execution.reason}")


def _default_key(workspace: Workspace, platform: Platform, name: str) -> str:
    """Return the file's name below the one prefix that starts an execution, or below that of its own name."""
    found = pipeline.key_prefixes(workspace.endpoints, platform.state_machine_arn, platform.raw_bucket)
    dataset = name.partition(".")[0]
    own = f"{dataset}/"
    if own in found:
        return f"{own}{name}"
    if dataset in datasets(workspace.root) and "" not in found:
        # The one prefix that there may be is another data set's.
        raise StrataError(
            f"{dataset} is not applied to {workspace.environment}",
            remedy=f"run strata apply {workspace.environment}; datasets of its env.hcl must have {dataset}",
        )
    if len(found) != 1:
        places = ", ".join(found) or "none"
        raise StrataError(
            f"{len(found)} prefixes of {platform.raw_bucket} start an execution ({places})",
            remedy="give the key of the object: --key PREFIX/NAME",
        )
    return f"{found[0]}{name}"
