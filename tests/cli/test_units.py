"""What `strata apply` and `strata plan --out-dir` do with units, without a cloud: the runner is a stand-in."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from strata.cli.commands import apply, plan
from strata.cli.durations import Durations
from strata.cli.views.apply_view import UnitTable
from strata.errors import StrataError
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitEvent, UnitResult
from tests.terraform.conftest import FakeTree


@dataclass
class FakeRunner:
    """Remembers what it was told to do; the unit `b` fails."""

    told: list[list[str]] = field(default_factory=list)

    def bootstrap(self, environment: str) -> None:
        pass

    def apply(self, environment: str, paths: Sequence[str], *, out_dir: Path | None) -> list[UnitResult]:
        self.told.append(list(paths))
        error = StrataError("no room")
        return [
            UnitResult(path, "failed", error=error) if path == "live/dev/b" else UnitResult(path, "applied")
            for path in paths
        ]

    plan = apply


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRunner:
    """An environment of a, b (needs a) and c."""
    tree, runner = FakeTree(tmp_path), FakeRunner()
    tree.add("a")
    tree.add("b", after=("a",))
    tree.add("c")
    monkeypatch.setattr(Workspace, "tree", tree)
    monkeypatch.setattr(Workspace, "runner", lambda *_, **__: runner)
    for module in (apply, plan):
        monkeypatch.setattr(module, "running_workspace", lambda name: Workspace(tmp_path, name, None))  # type: ignore[arg-type]
    return runner


def test_the_document_of_a_failed_apply_is_printed(
    runner: FakeRunner, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StrataError, match="1 of 3 units failed, 0 skipped"):
        apply.run(json_=True)
    printed = capsys.readouterr()
    assert [(one["unit"], one["state"], one["error"]) for one in json.loads(printed.out)] == [
        ("live/dev/a", "applied", None),
        ("live/dev/b", "failed", "no room"),
        ("live/dev/c", "applied", None),
    ]
    assert "error: no room" in printed.err


def test_saved_plans_are_of_a_unit_and_its_dependents(runner: FakeRunner, tmp_path: Path) -> None:
    for chosen in (["a"], ["c"], None):
        with contextlib.suppress(StrataError):
            plan.run(unit=chosen, out_dir=tmp_path / "plans", json_=True)
    assert runner.told == [
        ["live/dev/a", "live/dev/b"],
        ["live/dev/c"],
        ["live/dev/a", "live/dev/b", "live/dev/c"],
    ]


def test_what_was_saved_is_applied(runner: FakeRunner, tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    with pytest.raises(StrataError, match="the folder has no saved plan of dev") as caught:
        apply.run(out_dir=plans)
    assert caught.value.remedy == f"save one: strata plan dev --out-dir {plans}"
    for component in ("a", "c"):
        (plans / "live/dev" / component).mkdir(parents=True)
        (plans / "live/dev" / component / "tfplan.tfplan").touch()
    apply.run(out_dir=plans)
    # One that is named must have a plan: the runner says so.
    with pytest.raises(StrataError, match="units failed"):
        apply.run(components=["a", "b"], out_dir=plans)
    assert runner.told == [["live/dev/a", "live/dev/c"], ["live/dev/a", "live/dev/b"]]


def test_a_wait_for_a_lock_is_said_once(tmp_path: Path) -> None:
    text = io.StringIO()
    with UnitTable(
        Console(file=text, width=100), ["live/dev/a", "live/dev/b"], Durations(tmp_path, "apply")
    ) as view:
        for unit in ("live/dev/a", "live/dev/a", "live/dev/b"):
            view.on_event(UnitEvent(unit, "locked", 0, 1.0, "eve@laptop (since 2026-01-02 03:04:05 UTC)"))
    assert [line.split(maxsplit=1) for line in text.getvalue().splitlines()] == [
        [unit, "waiting for eve@laptop (since 2026-01-02 03:04:05 UTC)"]
        for unit in ("live/dev/a", "live/dev/b")
    ]


def test_a_terminal_shows_who_is_waited_for(tmp_path: Path) -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with UnitTable(console, ["live/dev/a"], Durations(tmp_path, "apply")) as view:
        view.on_event(UnitEvent("live/dev/a", "locked", 0, 1.0, "eve@laptop"))
    assert "waiting for eve@laptop" in text.getvalue()
