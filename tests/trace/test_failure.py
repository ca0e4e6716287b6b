"""What each kind of failure asks for next."""

from __future__ import annotations

import json

import pytest

from strata.trace.failure import explain

PUT, AGAIN = "strata put FILE --key k", "strata reprocess --prefix k"


@pytest.mark.parametrize(
    ("error", "cause", "remedy", "command"),
    [
        ("E", json.dumps({"ErrorMessage": "x.RefusedObject: empty_file: no bytes"}), "correct the file", PUT),
        (
            "E",
            json.dumps({"ErrorMessage": "JobError: the reference file s3://r/a.csv is not there"}),
            "put the reference file",
            AGAIN,
        ),
        (
            "E",
            json.dumps({"ErrorMessage": "JobError: the reference file s3://r/a.csv holds the x 1 2 times"}),
            "correct the reference file",
            AGAIN,
        ),
        ("S3.AccessDenied", "denied", "give the role the permission in live/_components/iam.hcl", AGAIN),
        ("E", "User x is not authorized to perform y", "give the role the permission", AGAIN),
        ("Strata.CloudStopped", "the embedded cloud was stopped", "the embedded cloud was stopped", AGAIN),
        ("ReconciliationError", "a = b does not hold: 1 and 2", "rows do not add up", AGAIN),
        ("States.Timeout", "", "give the task more time", AGAIN),
        ("Lambda.Unknown", "no memory", "correct the cause", AGAIN),
    ],
)
def test_the_next_step(error: str, cause: str, remedy: str, command: str) -> None:
    failure = explain("FAILED", error, cause, [], "k")
    assert failure is not None
    assert failure.remedy.startswith(remedy)
    assert failure.command == command


def test_a_key_that_a_shell_would_take_apart() -> None:
    failure = explain("ABORTED", "", "", [], "a'; rm -rf /")
    assert failure is not None
    assert failure.command == """strata reprocess --prefix 'a'"'"'; rm -rf /'"""
    assert failure.error == "ABORTED"


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_what_is_no_failure(status: str) -> None:
    assert explain(status, "", "", [], "k") is None
