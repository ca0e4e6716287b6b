"""Show what happened to an object, from its event to visible rows.

KEY is a key of the raw bucket or an s3:// URI. Of several executions, the newest is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root, keep_out_snowflake_settings
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json
from strata.errors import StrataError
from strata.platform.session import require_running
from strata.platform.workspace import Workspace
from strata.trace import find
from strata.trace.session import Tracer

EXAMPLES = ("strata trace orders/2026-03.csv", "strata trace orders/2026-03.csv --html trace.html")


def run(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Key or s3:// URI of the object.")],
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]", help="Environment: a folder of `live`; default: the one `strata up` started."
        ),
    ] = None,
    run_: Annotated[
        str | None,
        typer.Option("--run", metavar="NAME", help="Execution, or how its name begins; default: the newest."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the executions of the object instead.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the trace as one HTML file.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print input and output of each state.")] = False,
    json_: Json = False,
) -> None:
    """Trace the object.

    Raises:
        StrataError: no platform runs, or nothing is known of the object.
    """
    if html is not None and not html.absolute().parent.is_dir():
        raise StrataError(f"folder {html.absolute().parent} does not exist", remedy="create it first")
    root = checkout_root()
    running = require_running(root)
    tracer = Tracer(Workspace(root, environment or running.environment, running.endpoints))
    key = tracer.key(key)
    runs = tracer.runs(key)
    if list_:
        # Imported here, as below: few traces are printed twice.
        from strata.cli.views.trace_view import print_runs

        if json_:
            print_json([one.model_dump(mode="json") for one in runs])
        else:
            print_runs(out, runs)
        return
    keep_out_snowflake_settings(root)
    trace = tracer.trace(find.choose(runs, run_, key), runs)
    if html is not None:
        from strata.trace.page import render

        html.write_text(render(trace), encoding="utf-8")
        err.print(f"written: {html}", markup=False, soft_wrap=True)
    if json_:
        print_json(trace.model_dump(mode="json"))
    elif html is None:
        from strata.cli.views.trace_view import print_trace

        print_trace(out, trace, full=full)
