"""`strata put`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from strata.cli.views.console import err, out, print_json
from strata.cli.views.steps_view import StepTable
from strata.errors import StrataError
from strata.platform import pipeline
from strata.platform.session import require_running
from strata.platform.workspace import Workspace


def run(root: Path, environment: str | None, file: Path, key: str | None, wait: bool, as_json: bool) -> None:
    """Put the file; with `wait`, follow its execution and raise StrataError if it fails."""
    running = require_running(root)
    if not file.is_file():
        raise StrataError(f"{file} is not a file", remedy="name a file to drop")
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    platform, endpoints = workspace.platform(), workspace.endpoints
    key = key or f"flights/{file.name}"
    content = file.read_bytes()
    # Waiting for an execution that no rule starts would be waiting in vain.
    starts = pipeline.starts_execution(
        endpoints, platform.state_machine_arn, platform.raw_bucket, key, len(content)
    )
    dropped = pipeline.put(endpoints, platform.raw_bucket, key, content)
    if not (wait and starts):
        why = "" if starts else "; no rule starts an execution for it"
        if as_json:
            print_json(
                {
                    "bucket": dropped.bucket,
                    "key": key,
                    "etag": dropped.etag,
                    "version_id": dropped.version_id,
                }
            )
        else:
            out.print(f"put s3://{dropped.bucket}/{key}{why}", soft_wrap=True)
        return
    with StepTable(err, f"s3://{dropped.bucket}/{key}") as view:
        execution = pipeline.follow(
            endpoints, platform.state_machine_arn, dropped, view.on_step, view.on_wait
        )
    if as_json:
        print_json(asdict(execution))
    else:
        out.print(f"{execution.status} in {execution.seconds:.1f} s ({execution.outcome})")
    if execution.status != "SUCCEEDED":
        raise StrataError(f"execution {execution.status}: {execution.reason}")
