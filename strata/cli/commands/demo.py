"""Run the main job: apply, upload files, query Snowflake, check every count."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from strata.cli.checkout import checkout_root, keep_out_snowflake_settings
from strata.cli.durations import Durations
from strata.cli.options import AwsPort, Environment, Fresh, Json, SnowflakePort
from strata.cli.session import STARTING, open_session, start_platform
from strata.cli.views.console import err, out, print_json, table
from strata.cli.views.steps_view import StepTable
from strata.cli.views.waiting import Wait
from strata.errors import StrataError
from strata.platform.session import interruptible
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult

if TYPE_CHECKING:
    from strata.demo.job import Report

EXAMPLES = ("strata demo", "strata demo --fresh", "strata demo --json > report.json")


def run(
    environment: Environment = "dev",
    aws_port: AwsPort = 0,
    snowflake_port: SnowflakePort = 0,
    fresh: Fresh = False,
    json_: Json = False,
) -> None:
    """Run the main job and print its report.

    Raises:
        StrataError: a check does not hold.
    """
    root = checkout_root()
    keep_out_snowflake_settings(root)
    # Imported here, because that imports the connector.
    from strata.demo.job import ANSWER_TITLE, run_files

    seconds: dict[str, float] = {}
    durations = Durations(root, "demo")
    with interruptible(), contextlib.ExitStack() as stack:
        with _timed(seconds, "cloud start"):
            session = open_session(environment, aws_port, snowflake_port)
            with Wait(err, STARTING, durations):
                stack.enter_context(session)
        workspace = Workspace(root, environment, session.endpoints)
        with _timed(seconds, "apply"):
            units = start_platform(workspace, durations, fresh=fresh)
        report = run_files(
            session.endpoints,
            workspace.platform(),
            lambda title: StepTable(err, title, Durations(root, f"demo {title}")),
            root / ".strata" / "tmp",
        )
        with _timed(seconds, "stop"):
            session.stop()
    report.seconds = {**seconds, **report.seconds}
    if json_:
        print_json(_facts(units, report))
    else:
        _print(ANSWER_TITLE, report)
    if not report.holds:
        failed = [check.statement for check in report.checks if not check.holds]
        raise StrataError(f"{len(failed)} of {len(report.checks)} checks failed: {'; '.join(failed)}")


@contextlib.contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


def _print(title: str, report: Report) -> None:
    out.print()
    out.print(table(title, report.answer.columns, _rows(report)))
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
        [carrier, airline, int(count), float(delay)] for carrier, airline, count, delay in report.answer.rows
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
