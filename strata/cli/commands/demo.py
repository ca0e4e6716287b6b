"""`strata demo`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from strata.cli.commands.up import apply_all, open_session, require_ok
from strata.cli.views.console import err, out, print_json, table
from strata.cli.views.steps_view import StepTable
from strata.demo.job import Report, run_files
from strata.errors import StrataError
from strata.platform.session import interruptible
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult


def run(root: Path, environment: str, aws_port: int, snowflake_port: int, as_json: bool) -> None:
    """Run the main job and print what came out; raises StrataError unless every check holds."""
    seconds: dict[str, float] = {}
    with interruptible(), contextlib.ExitStack() as stack:
        with _timed(seconds, "cloud start"):
            session = open_session(root, environment, aws_port, snowflake_port)
            err.print("starting the embedded AWS and the embedded Snowflake")
            stack.enter_context(session)
        workspace = Workspace(root, environment, session.endpoints)
        with _timed(seconds, "apply"):
            units = apply_all(workspace)
            require_ok(units)
        report = run_files(
            session.endpoints,
            workspace.platform(),
            lambda title: StepTable(err, title),
            root / ".strata" / "tmp",
        )
        with _timed(seconds, "stop"):
            session.stop()
    report.seconds = {**seconds, **report.seconds}
    if as_json:
        print_json(_facts(units, report))
    else:
        _print(report)
    if not report.holds:
        failed = [check.statement for check in report.checks if not check.holds]
        raise StrataError(f"{len(failed)} of {len(report.checks)} checks do not hold: {'; '.join(failed)}")


@contextlib.contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


def _print(report: Report) -> None:
    out.print()
    out.print(table("flights and mean arrival delay per carrier", report.answer.columns, _rows(report)))
    columns = ["object", "read", "clean", "quarantined", "duplicates", "curated", "visible"]
    out.print(table("reconciliation", columns, [list(asdict(counts).values()) for counts in report.counts]))
    out.print(
        table(
            "quarantined rows",
            ["object", "source line", "reason", "detail"],
            [[row["key"], row["source_line"], row["reason"], row["detail"]] for row in report.quarantined],
        )
    )
    for check in report.checks:
        mark, style = ("✔", "green") if check.holds else ("✘", "bold red")
        out.print(f"{mark} {check.statement}", style=style, markup=False, soft_wrap=True)
    parts = ", ".join(f"{name} {value:.1f} s" for name, value in report.seconds.items())
    out.print(f"seconds: {parts}", style="dim", soft_wrap=True)


def _rows(report: Report) -> list[list[Any]]:
    return [
        [carrier, airline, int(flights), float(delay)]
        for carrier, airline, flights, delay in report.answer.rows
    ]


def _facts(units: list[UnitResult], report: Report) -> dict[str, Any]:
    return {
        "holds": report.holds,
        "checks": [asdict(check) for check in report.checks],
        "units": [
            {"unit": unit.unit, "state": unit.state, "resources": unit.resources, "seconds": unit.seconds}
            for unit in units
        ],
        "executions": {key: asdict(execution) for key, execution in report.executions.items()},
        "reconciliation": [asdict(counts) for counts in report.counts],
        "quarantined": report.quarantined,
        "answer": [dict(zip(report.answer.columns, row, strict=True)) for row in report.answer.rows],
        "seconds": report.seconds,
    }
