"""`strata clock`, as docs/clock.md has it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from strata.cli.app import run
from strata.cli.commands.clock import advance, show
from strata.errors import StrataError
from tests.cloud.aws.conftest import ACCOUNT, Aws
from tests.documentation import shell_blocks
from tests.endpoints import nowhere


@pytest.fixture
def running(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(endpoints=nowhere(ACCOUNT, aws_url=aws.context.aws_url))
    for command in (advance, show):
        monkeypatch.setattr(command, "require_running", lambda root: found)


def test_the_page_s_commands(
    aws: Aws, running: None, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    (block,) = shell_blocks(root / "docs/clock.md")
    for line in block.splitlines():
        assert run(line.split()[1:]) == 0
    shown = [line.partition(" UTC, ")[2] for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "as this machine",
        "2:00:00 ahead of this machine",
        "1 day, 14:00:00 ahead of this machine",
    ]
    assert run(["clock", "show", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ahead_seconds"] == 38 * 3600
    assert document["now"].startswith(f"{aws.context.clock.now():%Y-%m-%dT}")


def test_what_is_not_a_duration_is_refused(
    running: None, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert run(["clock", "advance", "tomorrow"]) == 1
    assert capsys.readouterr().err == (
        "error: `tomorrow` is not a duration (write it as 2h, 90m, 45s or 1d12h)\n"
    )


@pytest.mark.parametrize(
    ("duration", "by"),
    [
        ("2h", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("1d12h", timedelta(hours=36)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0s", timedelta(0)),
    ],
)
def test_durations(duration: str, by: timedelta) -> None:
    assert advance.parse(duration) == by


@pytest.mark.parametrize("duration", ["", "2", "h", "-2h", "1h2d", "1.5h", "2 h", "2h2h"])
def test_other_durations(duration: str) -> None:
    with pytest.raises(StrataError, match="is not a duration"):
        advance.parse(duration)
