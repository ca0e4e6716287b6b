"""What a person is told of Terraform's own words. The messages are Terraform 1.11.4's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.terraform.diagnostics import Changes, Diagnostic, MessageStream, relative_locator

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


def test_progress_that_nobody_follows_is_read() -> None:
    stream = MessageStream()
    stream.feed(json.dumps(progress("apply_start", "a.one")))
    assert not stream.text


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


def fed(lines: list[Any], **options: Any) -> MessageStream:
    stream = MessageStream(**options)
    for line in lines:
        stream.feed(line if isinstance(line, str) else json.dumps(line))
    return stream


def test_a_locked_state_says_how_its_lock_is_released() -> None:
    error = fed([diagnostic(REFUSED, LOCKED)], unit="live/dev/s3").error("x")
    assert (
        error.remedy == "wait until that run ends; if it is dead, release its lock: strata unlock live/dev/s3"
    )
    # A holder without a known name is Terraform's words.
    assert (
        fed([diagnostic(REFUSED, GONE.format("AccessDenied"))])
        .error("x")
        .message.startswith(f"x: {REFUSED}: Error message: operation error S3: PutObject, AccessDenied")
    )


def test_another_error_about_a_lock_is_terraforms_words() -> None:
    error = fed([diagnostic("Error releasing the state lock", LOCKED)], unit="live/dev/s3").error("x")
    assert error.remedy is None
    assert error.message.startswith(
        "x: Error releasing the state lock: Error message: operation error DynamoDB"
    )


def test_of_what_is_no_json_the_end_is_kept() -> None:
    lines = [f"line {number:02} {'x' * 20}" for number in range(40)]
    stream = fed([*lines, "", "   ", "[1]", '"text"', "{}", "7"])
    assert list(stream.text) == [*lines[14:], "[1]", '"text"', "{}", "7"]
    message = stream.error("failed").message
    assert message.startswith("failed: ")
    assert message.removeprefix("failed: ") == " ".join(stream.text)[-600:]
    assert stream.words() == list(stream.text)
    stream.feed(json.dumps(diagnostic("No", "Because.")))
    assert stream.words() == ["No\nBecause.", *stream.text]
    stream.forget()
    assert (stream.words(), stream.diagnostics, list(stream.text)) == ([], [], [])


def test_a_diagnostic_holds_what_terraform_tells() -> None:
    full = diagnostic(
        "No",
        "Because",
        address="a.b",
        range={"filename": "main.tf", "start": {"line": 3}},
        snippet={"code": "  x = 1"},
    )
    bare = {"type": "log", "diagnostic": {"severity": "warning", "summary": "Old"}}
    found = fed([full, bare, full, diagnostic("Odd", range={}, snippet=None)]).diagnostics
    assert found == [
        Diagnostic("error", "No", "Because", "a.b", "main.tf", 3, "  x = 1"),
        Diagnostic("warning", "Old", ""),
        Diagnostic("error", "Odd", ""),
    ]


def test_a_wait_for_a_lock_and_a_provisioner_are_told() -> None:
    waits: list[bool] = []
    seen: list[tuple[int, str]] = []
    lines = [{"type": "state_lock_acquire"}, progress("provision_start", "a.b"), progress("apply_complete", "a.b"), progress("provision_complete", "a.b"), progress("apply_errored", "a.c")]  # fmt: skip
    fed(lines, on_waiting=lambda: waits.append(True), on_progress=lambda *step: seen.append(step))
    assert (waits, seen) == ([True], [(0, "a.b"), (1, "a.b")])


@pytest.mark.parametrize(
    ("changes", "some"),
    [(Changes(), False), (Changes(add=1), True), (Changes(change=1), True), (Changes(remove=1), True), (Changes(imported=1), True)],
)  # fmt: skip
def test_changes_are_true_if_there_are_any(changes: Changes, some: bool) -> None:
    assert bool(changes) is some


def test_a_place_is_the_file_that_a_person_edits(tmp_path: Path) -> None:
    working, original = tmp_path / "work" / "source" / "modules" / "s3", tmp_path / "modules"
    working.mkdir(parents=True)
    (original / "modules" / "s3").mkdir(parents=True)
    (original / "modules" / "s3" / "main.tf").touch()
    (original / "modules" / "iam.tf").touch()
    locate = relative_locator(working, tmp_path / "work" / "source", original)
    assert locate("main.tf", 3) == (str(original / "modules" / "s3" / "main.tf"), 3)
    assert locate("../iam.tf", None) == (str(original / "modules" / "iam.tf"), None)
    # What only the working directory has, and what lies outside of it.
    assert locate("backend.tf", 1) == (str(working / "backend.tf"), 1)
    assert locate("/elsewhere/x.tf", 2) == ("/elsewhere/x.tf", 2)
