"""The states that an execution visited, out of its history."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from strata.trace.models import StateRun

_FAILED = ("Failed", "TimedOut", "Aborted")


@dataclass
class _Visit:
    name: str
    type: str
    entered: datetime
    input: Any
    status: Literal["running", "succeeded", "caught", "failed"] = "running"
    seconds: float | None = None
    output: Any = None
    service: str = ""
    action: str = ""
    attempts: int = 0
    error: str = ""
    cause: str = ""
    job_run: str = ""
    job: str = ""
    failed: bool = field(default=False)

    def ended(self, at: datetime, status: Literal["succeeded", "caught", "failed"]) -> None:
        self.seconds = (at - self.entered).total_seconds()
        self.status = status

    def run(self) -> StateRun:
        facts = {name: value for name, value in vars(self).items() if name != "failed"}
        return StateRun(**facts)


def visits(events: Iterable[Mapping[str, Any]]) -> list[StateRun]:
    """The visits of states in their order; one that was not left either runs or ended the execution."""
    found: list[_Visit] = []
    for event in events:
        kind = str(event["type"])
        details = _details(event)
        if kind.endswith("StateEntered"):
            found.append(
                _Visit(
                    details["name"],
                    kind.removesuffix("StateEntered"),
                    event["timestamp"],
                    decoded(details.get("input")),
                )
            )
        elif kind.endswith("StateExited"):
            visit = next(one for one in reversed(found) if one.name == details["name"])
            visit.output = decoded(details.get("output"))
            visit.ended(event["timestamp"], "caught" if visit.failed else "succeeded")
        elif kind.startswith("Execution"):
            _end(found, kind, event)
        elif found:
            _task(found[-1], kind, details)
    return [visit.run() for visit in found]


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in event.items():
        if name.endswith("EventDetails"):
            details: Mapping[str, Any] = value
            return details
    return {}


def _end(found: list[_Visit], kind: str, event: Mapping[str, Any]) -> None:
    """The execution's own end leaves the last state, which has no event of its own for that."""
    if kind == "ExecutionStarted" or not found or found[-1].seconds is not None:
        return
    last, details = found[-1], _details(event)
    if kind == "ExecutionSucceeded":
        last.ended(event["timestamp"], "succeeded")
        return
    last.ended(event["timestamp"], "failed")
    last.error = last.error or details.get("error", "") or kind.removeprefix("Execution")
    last.cause = last.cause or details.get("cause", "")


def _task(visit: _Visit, kind: str, details: Mapping[str, Any]) -> None:
    if kind.endswith("Scheduled"):
        visit.attempts += 1
        visit.service = str(details.get("resourceType", visit.service)).removeprefix("aws-sdk:")
        visit.action = str(details.get("resource", visit.action))
        # A later try may succeed.
        visit.failed, visit.error, visit.cause = False, "", ""
    elif kind.endswith("Submitted"):
        _remember_run(visit, decoded(details.get("output")), "JobRunId")
    elif kind.endswith(_FAILED):
        visit.failed = True
        visit.error, visit.cause = details.get("error", ""), details.get("cause", "")
        _remember_run(visit, decoded(visit.cause), "Id")


def _remember_run(visit: _Visit, document: Any, name: str) -> None:
    if visit.service == "glue" and isinstance(document, dict) and name in document:
        visit.job_run, visit.job = str(document[name]), str(document.get("JobName", ""))


def decoded(text: Any) -> Any:
    """A JSON text's value; any other text as it is."""
    if isinstance(text, str):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return text
