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
        "(restart it with `strata up`)\n",
    ),
    (
        ClientError(REFUSAL, "PutObject"),
        1,
        "error: the embedded cloud refused: An error occurred (AccessDenied) when calling the PutObject operation: "
        "not you\n",
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
