"""What a command cannot do is one line on standard error; a fault of Strata's own keeps its traceback."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from strata.cli import app
from strata.cli.commands import demo, status, up
from strata.errors import StrataError

REFUSAL = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
FAULTS = [
    (StrataError("no rows", remedy="put some", exit_code=3), 3, "error: no rows (put some)\n"),
    (
        PermissionError(13, "Permission denied", "flights.csv"),
        1,
        "error: flights.csv: Permission denied\n",
    ),
    (
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"),
        1,
        'error: the embedded cloud does not answer: Could not connect to the endpoint URL: "http://127.0.0.1:1/" '
        "(restart it with `strata up`)\nsee docs/troubleshooting.md#the-platform\n",
    ),
    (
        ClientError(REFUSAL, "PutObject"),
        1,
        "error: the embedded cloud refused: An error occurred (AccessDenied) when calling the PutObject operation: "
        "not you\nsee docs/identity.md#in-the-embedded-cloud\n",
    ),
]


def _fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    for module in (demo, status, up):
        monkeypatch.setattr(module, "run", fail)


@pytest.mark.parametrize(("error", "code", "says"), FAULTS, ids=lambda value: type(value).__name__)
def test_a_fault_is_one_line(
    error: Exception,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _fail(monkeypatch, error)
    assert app.run(["status"]) == code
    assert capsys.readouterr().err == says


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("up", "interrupted; nothing is left running\n"),
        ("demo", "interrupted; nothing is left running\n"),
        ("status", "interrupted\n"),
    ],
)
def test_ctrl_c_says_what_is_left(
    command: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, KeyboardInterrupt())
    assert app.run([command]) == 130
    assert capsys.readouterr().err == says


@pytest.mark.parametrize("error", [KeyError("x"), OSError("no file")], ids=lambda error: type(error).__name__)
def test_a_fault_of_our_own_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, error)
    with pytest.raises(type(error)):
        app.run(["status"])


@pytest.mark.parametrize(
    ("message", "page"),
    [
        ("the embedded cloud is not running", "docs/troubleshooting.md#the-platform"),
        ("live/dev/s3: its state is locked by eve@laptop", "docs/state.md#a-lock-that-stays"),
        # What holds two of the words: the first of the table counts.
        (
            "live/dev/s3: its state is locked by process 7, which is locked by process 8",
            "docs/state.md#a-lock-that-stays",
        ),
        ("the platform of dev is locked by process 7", "docs/troubleshooting.md#set-up"),
        ("the key 'x' is under no data set's prefix, so that no rule", "docs/datasets.md"),
        (
            "the embedded cloud refused: An error occurred (AccessDenied)",
            "docs/identity.md#in-the-embedded-cloud",
        ),
    ],
)
def test_an_error_names_the_page_that_helps(
    message: str, page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, StrataError(message, remedy="do it"))
    assert app.run(["status"]) == 1
    assert capsys.readouterr().err == f"error: {message} (do it)\nsee {page}\n"


def test_an_error_may_bring_its_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, StrataError("has no contract", page="docs/setup.md"))
    assert app.run(["status"]) == 1
    assert capsys.readouterr().err == "error: has no contract\nsee docs/setup.md\n"


def test_a_page_that_this_checkout_does_not_have_is_not_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail(monkeypatch, StrataError("no rows", page="docs/elsewhere.md#x"))
    assert app.run(["status"]) == 1
    assert capsys.readouterr().err == "error: no rows\n"
