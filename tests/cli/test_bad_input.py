"""Wrong input to the command: one clear error, a non-zero exit, and nothing left running or half-written."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout_copy import Checkout


def _break_syntax(folder: Path) -> None:
    path = folder / "live/dev/env.hcl"
    path.write_text(path.read_text().replace("locals {", "locals {\n  broken = = 1", 1))


def _make_cycle(folder: Path) -> None:
    path = folder / "live/dev/iam/terragrunt.hcl"
    path.write_text(path.read_text() + '\ndependencies {\n  paths = ["../glue"]\n}\n')


def _remove_unit(folder: Path) -> None:
    (folder / "live/dev/iam/terragrunt.hcl").unlink()


def _nothing(folder: Path) -> None:
    del folder


@dataclass(frozen=True)
class Case:
    name: str
    arguments: tuple[str, ...]
    says: tuple[str, ...]
    change: Callable[[Path], None] = _nothing
    code: int = 1


CASES = [
    Case("unknown environment", ("demo", "nowhere"), ("nowhere", "dev")),
    Case("syntax error", ("up",), ("live/dev/env.hcl:4: ", "syntax error"), _break_syntax),
    Case("cycle", ("up",), ("cycle", "live/dev/iam", "live/dev/glue"), _make_cycle),
    Case("missing unit", ("up",), ("live/dev/iam",), _remove_unit),
    Case("query without a cloud", ("query", "SELECT 1"), ("not running", "strata up")),
    Case("put without a cloud", ("put", "README.md"), ("not running", "strata up")),
    Case("status without a cloud", ("status",), ("not running", "strata up")),
    Case("plan without a cloud", ("plan",), ("not running", "strata up")),
    Case("unknown command", ("deploy",), ("No such command",), code=2),
    Case("no SQL", ("query",), ("Missing argument",), code=2),
    Case("a port that is none", ("up", "--aws-port", "99999"), ("--aws-port", "65535"), code=2),
]


@pytest.fixture(scope="module")
def pristine(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy(root, tmp_path_factory.mktemp("pristine") / "checkout")


def faults(text: str) -> list[str]:
    """The lines but the one that names a page."""
    return [line for line in text.splitlines() if not line.startswith("see docs/")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_clear_error(case: Case, root: Path, tmp_path: Path, pristine: Checkout) -> None:
    checkout = pristine if case.change is _nothing else Checkout.copy(root, tmp_path / "checkout")
    case.change(checkout.folder)

    result = checkout.run(*case.arguments, timeout=60)

    assert result.returncode == case.code, result.stdout + result.stderr
    for word in case.says:
        assert word in result.stderr
    assert "Traceback" not in result.stderr
    if case.code == 1:
        assert len(faults(result.stderr)) == 1, result.stderr
    assert checkout.processes() == []
    assert not (checkout.folder / ".strata" / "run" / "session.json").exists()


def test_a_taken_port_is_named(pristine: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = pristine.run("up", "--aws-port", port, timeout=60)
    assert result.returncode == 1
    assert port in result.stderr
    assert result.stderr.splitlines()[0] == "starting the embedded AWS and the embedded Snowflake"
    assert len(faults(result.stderr)) == 2, result.stderr
    assert result.stderr.splitlines()[-1] == "see docs/troubleshooting.md#the-platform"
    assert pristine.processes() == []


def test_down_without_a_cloud_is_not_an_error(pristine: Checkout) -> None:
    result = pristine.run("down")
    assert (result.returncode, result.stdout.strip()) == (0, "not running")


def test_outside_a_repository(pristine: Checkout, tmp_path: Path) -> None:
    elsewhere = Checkout(tmp_path)
    result = elsewhere.run("up")
    assert result.returncode == 1
    assert "not inside a Strata repository" in result.stderr
