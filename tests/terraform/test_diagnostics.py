"""What a person is told of Terraform's own words. The messages are Terraform 1.11.4's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strata.terraform.diagnostics import Changes, MessageStream

LOCKED = """Error message: operation error DynamoDB: PutItem, ConditionalCheckFailedException
Lock Info:
  ID:        8c1a-1
  Path:      bucket/live/dev/s3/terraform.tfstate
  Operation: OperationTypePlan
  Who:       eve@laptop
  Version:   1.11.4
  Created:   2026-01-02 03:04:05.678 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written
by multiple users at the same time."""


def diagnostic(summary: str, detail: str = "", **more: Any) -> dict[str, Any]:
    said = {"severity": "error", "summary": summary, "detail": detail} | more
    return {"type": "diagnostic", "diagnostic": said}


def progress(kind: str, address: str) -> dict[str, Any]:
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": "create"}}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([diagnostic("No", "Because\nof  that.")], "unit failed: No: Because of that"),
        ([diagnostic("No", address="aws_s3_bucket.raw")], "unit failed: No (aws_s3_bucket.raw)"),
        (
            [diagnostic("Old", severity="warning"), diagnostic("No"), diagnostic("No"), diagnostic("Nor")],
            "unit failed: No (and 1 more)",
        ),
        (["panic: runtime error", "", "goroutine 1"], "unit failed: panic: runtime error goroutine 1"),
        ([], "unit failed: it gave no reason"),
        (
            [diagnostic("Error acquiring the state lock", LOCKED)],
            "unit failed: its state is locked by eve@laptop "
            "(plan since 2026-01-02 03:04:05 UTC, lock 8c1a-1)",
        ),
    ],
)
def test_a_failure_in_one_line(lines: list[Any], message: str) -> None:
    stream = MessageStream()
    for line in lines:
        stream.feed(line if isinstance(line, str) else json.dumps(line))
    assert stream.error("unit failed").message == message


GONE = "Error message: operation error S3: PutObject, {}\nLock Info:\n  Path:      bucket/live/dev/s3\n"
REFUSED = "Error acquiring the state lock"


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        ([diagnostic(REFUSED, GONE.format("PreconditionFailed"))], True),
        ([diagnostic(REFUSED, GONE.format("ConditionalCheckFailedException"))], True),
        (
            [diagnostic("Old", severity="warning"), diagnostic(REFUSED, GONE.format("PreconditionFailed"))],
            True,
        ),
        # Whoever holds it is still there, and is waited for.
        ([diagnostic(REFUSED, LOCKED)], False),
        # Half a holder is none.
        ([diagnostic(REFUSED, LOCKED.replace("  Who:       eve@laptop\n", ""))], True),
        ([diagnostic(REFUSED, LOCKED.replace("  ID:        8c1a-1\n", ""))], True),
        ([diagnostic(REFUSED, GONE.format("AccessDenied"))], False),
        ([diagnostic("Error saving state", GONE.format("PreconditionFailed"))], False),
        ([], False),
    ],
)
def test_a_race_is_lost_to_a_holder_who_is_gone(lines: list[Any], lost: bool) -> None:
    stream = MessageStream()
    for line in lines:
        stream.feed(json.dumps(line))
    assert stream.lost_race is lost


def test_a_failure_has_a_place_if_terraform_gives_one() -> None:
    stream = MessageStream(locate=lambda name, line: (f"modules/s3/{name}", line))
    stream.feed(json.dumps(diagnostic("No", range={"filename": "main.tf", "start": {"line": 12}})))
    assert str(stream.error("unit failed")) == "modules/s3/main.tf:12: unit failed: No"


def test_progress_and_changes_are_read_as_they_come() -> None:
    seen: list[tuple[int, str]] = []
    stream = MessageStream(on_progress=lambda done, address: seen.append((done, address)))
    for action, address in (("create", "a.one"), ("noop", "a.two"), ("read", "data.a.x"), ("update", "b.x")):
        change = {"resource": {"addr": address}, "action": action}
        stream.feed(json.dumps({"type": "planned_change", "change": change}))
    for kind, address in (
        ("apply_start", "a.one"),
        ("apply_start", "b.x"),
        ("apply_progress", "b.x"),
        ("apply_complete", "b.x"),
        ("apply_complete", "a.one"),
    ):
        stream.feed(json.dumps(progress(kind, address)))
    stream.feed(
        '{"type":"change_summary","changes":{"add":1,"change":1,"import":2,"remove":0,"operation":"apply"}}'
    )
    assert stream.actions == {"a.one": "create", "b.x": "update"}
    assert seen == [(0, "a.one"), (0, "b.x"), (1, "b.x"), (2, "a.one")]
    assert stream.changes == Changes(add=1, change=1, imported=2)


@pytest.mark.parametrize(
    ("changes", "done", "planned"),
    [
        (Changes(), "no changes", "no changes"),
        (Changes(add=2), "2 added", "2 to add"),
        (
            Changes(1, 2, 3, 4),
            "4 imported, 1 added, 2 changed, 3 removed",
            "4 to import, 1 to add, 2 to change, 3 to remove",
        ),
    ],
)
def test_changes_in_words(changes: Changes, done: str, planned: str) -> None:
    assert (changes.describe(), changes.describe(planned=True)) == (done, planned)
