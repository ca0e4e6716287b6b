"""What a fork's change becomes on the embedded cloud, whose part a recording runner plays here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.ci import fork_plan as rehearsal
from strata.ci.git import CommitRange
from strata.errors import StrataError
from strata.live import LiveTree
from strata.terraform.events import ResultState, UnitResult
from tests.ci.repository import Repository
from tests.ci.test_affected import FILES


def _result(unit: str, state: ResultState, error: str | None) -> UnitResult:
    return UnitResult(unit, state, error=None if error is None else StrataError(error))


class Runner:
    """Writes plans, and each call down."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        # What becomes of a unit, and the error.
        self.applied: dict[str, tuple[ResultState, str | None]] = {}
        self.planned: dict[str, tuple[ResultState, str | None]] = {}

    def apply(self, environment: str, units: Sequence[str]) -> list[UnitResult]:
        self.calls.append(("apply", tuple(units)))
        return [_result(unit, *self.applied.get(unit, ("applied", None))) for unit in units]

    def plan(
        self, environment: str, units: Sequence[str], *, out_dir: Path, destroy: bool = False
    ) -> list[UnitResult]:
        self.calls.append(("plan -destroy" if destroy else "plan", tuple(units)))
        actions = ["delete" if destroy else "create"]
        item = {"address": "x.a", "type": "x", "change": {"actions": actions, "before": {}, "after": {}}}
        for unit in units:
            (out_dir / unit).mkdir(parents=True)
            (out_dir / unit / "tfplan.json").write_text(
                json.dumps({"format_version": "1.2", "resource_changes": [item]})
            )
        return [_result(unit, *self.planned.get(unit, ("planned", None))) for unit in units]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    played = Runner()

    def workspace(root: Path, environment: str, endpoints: object) -> Any:
        return SimpleNamespace(environment=environment, tree=LiveTree.load(root), runner=lambda say: played)

    monkeypatch.setattr(rehearsal, "Workspace", workspace)
    monkeypatch.setattr(rehearsal, "offline_cloud", lambda *a: contextlib.nullcontext())
    monkeypatch.setattr(rehearsal, "with_downstream", lambda root, chosen, planned, endpoints: planned)
    return played


CHANGES: dict[str, tuple[dict[str, str | Path | None], list[tuple[str, tuple[str, ...]]], dict[str, str]]] = {
    "a unit goes": (
        {"live/dev/c/terragrunt.hcl": None},
        [("apply", ("live/dev/a", "live/dev/b", "live/dev/c")), ("plan -destroy", ("live/dev/c",))],
        {"live/dev/c": "delete"},
    ),
    "one goes, one changes": (
        {"live/dev/g/terragrunt.hcl": None, "live/dev/d/.terraform.lock.hcl": "# two\n"},
        [
            ("apply", ("live/dev/d", "live/dev/g")),
            ("plan -destroy", ("live/dev/g",)),
            ("plan", ("live/dev/d",)),
        ],
        {"live/dev/d": "create", "live/dev/g": "delete"},
    ),
}


@pytest.mark.parametrize(("files", "calls", "actions"), CHANGES.values(), ids=CHANGES)
def test_what_is_planned(
    runner: Runner,
    tmp_path: Path,
    files: dict[str, str | Path | None],
    calls: list[tuple[str, tuple[str, ...]]],
    actions: dict[str, str],
) -> None:
    repository = Repository.create(tmp_path, FILES)
    repository.commit(files, "change")
    change = CommitRange.since(repository.clone, "origin/main")
    plans = rehearsal.rehearse(change, "dev", tmp_path / "plans", "c", lambda text: None).plans
    assert runner.calls == calls
    assert plans.failed == ()
    assert {unit.unit: resource.action for unit in plans.units for resource in unit.resources} == actions


def test_a_base_that_cannot_be_applied(runner: Runner, tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, FILES)
    repository.commit({"live/dev/c/terragrunt.hcl": None}, "change")
    change = CommitRange.since(repository.clone, "origin/main")
    runner.applied["live/dev/b"] = ("failed", "no bucket")
    with pytest.raises(StrataError, match="the base cannot be applied: no bucket"):
        rehearsal.rehearse(change, "dev", tmp_path / "plans", "c", lambda text: None)
    assert runner.calls == [("apply", ("live/dev/a", "live/dev/b", "live/dev/c"))]


def test_what_could_not_be_planned(runner: Runner, tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, FILES)
    repository.commit({"modules/b/main.tf": "# other\n"}, "change")
    change = CommitRange.since(repository.clone, "origin/main")
    runner.planned = {
        "live/dev/b": ("failed", 'no role "s3cr3t"'),
        "live/dev/c": ("skipped", "live/dev/b failed"),
    }
    said: list[str] = []
    plans = rehearsal.rehearse(change, "dev", tmp_path / "plans", "c", said.append).plans
    assert [(unit.unit, unit.status, unit.error) for unit in plans.units] == [
        ("live/dev/b", "failed", 'no role "…"'),
        ("live/dev/c", "skipped", "live/dev/b failed"),
    ]
    assert plans.edges == (("live/dev/b", "live/dev/c"),)
    assert said == [
        f"applying 3 unit(s) of {change.base[:12]} to the embedded cloud",
        "planning 2 unit(s)",
    ]


def test_nothing_is_applied_for_a_change_of_nothing(runner: Runner, tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, FILES)
    repository.commit({"README.md": "# other\n"}, "change")
    change = CommitRange.since(repository.clone, "origin/main")
    assert rehearsal.rehearse(change, "dev", tmp_path / "plans", "c", lambda text: None).plans.units == ()
    assert runner.calls == []


def test_what_is_downloaded_is_shared_with_the_base(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "base"
    for name in (".strata/cache/modules", ".strata/terraform"):
        (root / name).mkdir(parents=True)
    (root / ".strata/jars").touch()
    folder.mkdir()
    rehearsal._share_downloads(root, folder)
    assert [path.name for path in (folder / ".strata").iterdir()] == ["cache"]
    assert (folder / ".strata/cache").resolve() == root / ".strata/cache"
    (root / ".strata/jars").unlink()
    (root / ".strata/jars").mkdir()
    (folder / ".strata/cache").unlink()
    rehearsal._share_downloads(root, folder)
    assert sorted(path.name for path in (folder / ".strata").iterdir()) == ["cache", "jars"]
