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
from strata.live import LiveTree
from strata.terraform.events import UnitResult
from tests.ci.repository import Repository
from tests.ci.test_affected import FILES


class Runner:
    """Writes plans, and each call down."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def apply(self, environment: str, units: Sequence[str]) -> list[UnitResult]:
        self.calls.append(("apply", tuple(units)))
        return [UnitResult(unit, "applied") for unit in units]

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
        return [UnitResult(unit, "planned") for unit in units]


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
