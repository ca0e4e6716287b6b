"""The trace of an object on a terminal, at most 80 columns wide."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from strata.cli.views.console import ACTIVE
from strata.trace.models import JobRun, Run, Trace
from strata.trace.picture import duration

_STYLES = {
    "SUCCEEDED": "green",
    "COMPLETE": "green",
    "succeeded": "green",
    "RUNNING": "cyan",
    "running": "cyan",
    "caught": "yellow",
}
_LINES = 5
_FILES = 12
_STAGES = 5
# What is left of 80 columns beside a stage's facts.
_NAME = 80 - 36


def print_trace(console: Console, trace: Trace, *, full: bool = False) -> None:
    """Print a trace from the event to the visible rows; last, what to do about a failure.

    Args:
        console: where to.
        trace: the trace.
        full: with input and output of each state.
    """
    for line in _lines(trace, full):
        line.plain = ACTIVE.sub("\ufffd", line.plain)
        console.print(line, soft_wrap=True)


def print_runs(console: Console, runs: Iterable[Run]) -> None:
    """Print the executions of a key, a line each."""
    for run in runs:
        console.print(
            Text.assemble(
                f"{run.started:%Y-%m-%d %H:%M:%S}  ",
                (f"{run.status:<10}", _style(run.status)),
                f"{duration(run.seconds):>10}  {run.name}",
            ),
            soft_wrap=True,
        )


def _lines(trace: Trace, full: bool) -> Iterator[Text]:
    run = trace.run
    yield Text(trace.uri, style="bold")
    place = 1 + [one.arn for one in trace.runs].index(run.arn)
    several = f", run {place} of {len(trace.runs)}" if len(trace.runs) > 1 else ""
    yield Text.assemble(
        (run.status, _style(run.status)),
        f" in {duration(run.seconds)}, {run.started:%Y-%m-%d %H:%M:%S} UTC{several}",
    )
    yield Text(f"execution {run.name}", style="dim")
    yield from _cause(trace)
    yield _title("states")
    for visit in trace.states:
        what = f"{visit.service} {visit.action}" if visit.service else visit.type.lower()
        tries = f", {visit.attempts} attempts" if visit.attempts > 1 else ""
        yield Text.assemble(
            (f"  {visit.status:<10}", _style(visit.status)),
            f"{visit.name:<20}{duration(visit.seconds):>10}  ",
            (f"{what}{tries}", "dim"),
        )
        if full:
            for name, value in (("input", visit.input), ("output", visit.output)):
                yield Text(f"    {name:<7}{json.dumps(value, ensure_ascii=False)}", style="dim")
    for job in trace.jobs:
        yield from _job(job)
    yield from _results(trace)
    if failure := trace.failure:
        yield _title(f"{failure.state} failed")
        yield Text(f"  {failure.reason}", style="red")
        yield Text(f"  {failure.remedy}:")
        yield Text(f"  $ {failure.command}", style="bold")


def _cause(trace: Trace) -> Iterator[Text]:
    yield _title("event")
    facts = {name: trace.event.get(name) for name in ("time", "size", "version_id", "sequencer")}
    yield Text(
        "  " + ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, ""))
    )
    for rule in trace.rules:
        if rule.matches:
            yield _title(f"rule {rule.name} matches")
            for one in rule.conditions:
                yield Text(f"  {one.field} is {one.wanted}: {one.found}")
    if claim := trace.claim:
        whose = "this run's" if claim.ours else f"of run {claim.execution.rpartition(':')[2]}"
        yield _title("claim")
        yield Text(f"  {claim.status}, {whose}, in {claim.table}")


def _job(job: JobRun) -> Iterator[Text]:
    yield _title(f"Glue job {job.job}")
    yield Text.assemble(
        (f"  {job.status}", _style(job.status)), f" in {duration(job.seconds)}, ", (job.id[:14], "dim")
    )
    longest = sorted(job.stages, key=lambda one: one.seconds or 0.0, reverse=True)[:_STAGES]
    if longest:
        yield Text(f"  {len(job.stages)} Spark stages, the longest:", style="dim")
    for stage in longest:
        yield Text.assemble(
            (f"    {stage.status.lower():<9}", _style(stage.status)),
            f"{duration(stage.seconds):>10}  {stage.tasks:>3} tasks  ",
            (_short(stage.name), "dim"),
        )
    for line in job.output[-_LINES:]:
        yield Text(f"  {line}")
    if job.error and not job.output:
        yield Text(f"  {job.error}", style="red")


def _results(trace: Trace) -> Iterator[Text]:
    if trace.files:
        yield _title("files")
        for file in trace.files[:_FILES]:
            yield Text(f"  {file.kind:<11}{file.size:>10,} bytes  {file.key}")
        if len(trace.files) > _FILES:
            yield Text(f"  and {len(trace.files) - _FILES} more: --json lists them", style="dim")
    rows = trace.rows
    if rows.read is not None:
        yield _title("rows")
        yield Text(
            f"  read {rows.read:,} = clean {rows.clean or 0:,} + quarantined {rows.quarantined or 0:,}"
            f" + duplicate {rows.duplicate or 0:,}"
        )
        for reason, count in rows.reasons.items():
            yield Text(f"    {reason}: {count:,}")
        if rows.curated is not None:
            yield Text(f"  curated {rows.curated:,}")
    if trace.refresh:
        statements, files = (trace.refresh.get(name, 0) for name in ("statements", "files"))
        yield Text(f"  refreshed by {statements} statements: {files} files")
    if rows.visible is not None:
        yield Text(f"  reconciled: {rows.visible:,} visible")
    if visible := trace.visible:
        said = visible.fault or f"shows {visible.rows:,} rows of this object now"
        yield _title("external table")
        yield Text(f"  {visible.table}: {said}")


def _short(name: str) -> str:
    """A stage's name, cut at its end: it begins with the action, and a path follows."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _style(status: str) -> str:
    return _STYLES.get(status, "bold red")
