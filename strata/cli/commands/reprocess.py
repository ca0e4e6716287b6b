"""Process objects of the raw bucket again, and follow them; exit 1 if one fails.

An object is left as it is unless its contract, the code or a reference has changed. When the command is
stopped, the execution goes on, and the same command follows it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json
from strata.contracts.check import datasets
from strata.errors import StrataError
from strata.platform import reprocess
from strata.platform.reprocess import ObjectCounts
from strata.platform.session import require_running
from strata.platform.workspace import Workspace

_TIMES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")


def _time(text: str) -> datetime:
    for form in _TIMES:
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form)
    raise typer.BadParameter(f"{text!r} is not a time: write 2026-03-01 or 2026-03-01T12:00:00")


EXAMPLES = (
    "strata reprocess --dataset orders",
    "strata reprocess --reason missing_value --since 2026-03-01 dev --json",
)


def run(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="ENV", help="Environment: a folder of `live`; default: the one `strata up` started."
        ),
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="Objects whose keys begin with PREFIX.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Objects of one data set.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Objects with lines that this reason quarantined, or that it refused.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=_time, metavar="TIME", help="Objects processed since then, in UTC: 2026-03-01T12:00:00."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the execution to its end.")] = True,
    json_: Json = False,
) -> None:
    """Start the machine, and follow it.

    Raises:
        StrataError: the options contradict each other, the data set has no contract, no machine reprocesses,
            or an object failed.
    """
    root = checkout_root()
    if dataset is not None:
        reprocess.require_known(dataset, datasets(root))
    running = require_running(root)
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    machine = reprocess.machine_of(workspace.platform(), workspace.environment)
    selection = _selection(prefix, dataset, reason, since)
    arn, new = reprocess.start(workspace.endpoints, machine, selection)
    if not wait:
        if json_:
            print_json({"arn": arn, "new": new})
        else:
            out.print(arn, soft_wrap=True)
        return
    with err.status("reading the claims") as status:
        done = reprocess.follow(
            workspace.endpoints, arn, lambda counts: status.update(f"reprocessing: {_text(counts)}")
        )
    if json_:
        print_json(asdict(done) | {"new": new})
    else:
        out.print(f"{done.status}: {_text(done.objects)}")
    if done.status != "SUCCEEDED":
        raise StrataError(f"execution {done.status}: {done.error} {done.cause}".rstrip())
    if done.objects.failed:
        raise StrataError(
            f"{done.objects.failed} of {done.objects.found} objects failed",
            remedy="`strata status` lists the executions; correct the cause and run the command again",
        )


def _selection(
    prefix: str | None, dataset: str | None, reason: str | None, since: datetime | None
) -> dict[str, str]:
    if dataset is not None:
        folder = f"{dataset}/"
        if prefix is not None and not prefix.startswith(folder):
            raise StrataError(
                f"the prefix {prefix!r} is not of the data set {dataset}", remedy="leave one of the two out"
            )
        prefix = prefix or folder
    at = since.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S") if since else None
    given = {"prefix": prefix, "reason": reason, "since": at}
    return {name: value for name, value in given.items() if value}


def _text(counts: ObjectCounts) -> str:
    return f"{counts.succeeded + counts.failed} of {counts.found} objects, {counts.failed} failed"
