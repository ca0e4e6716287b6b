"""What planning gathers: plans that were made and those that were not, what is private, and what comes downstream."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.ci import impact
from strata.ci.affected import Affected
from strata.ci.fingerprint import differences, fingerprint, load_record
from strata.ci.impact import split, with_downstream
from strata.ci.planning import Planner, PlanningResult, collect, write, write_public
from strata.ci.plans import load_plan_set
from strata.errors import StrataError
from strata.terraform.terragrunt import UnitOutcome

A, B, C, GONE = "live/dev/a", "live/dev/b", "live/dev/c", "live/dev/gone"
AFFECTED = Affected(
    "dev", {A: ("new unit",), B: ("input x",), C: ("depends on b",)}, (GONE,), ((A, B), (C,)), "base"
)
EDGES = ((B, C), (B, "live/dev/untouched"), ("live/dev/untouched", A))


def document(name: str, *, actions: tuple[str, ...] = ("create",)) -> dict[str, Any]:
    change = {"actions": list(actions), "before": None, "after": {"name": name}, "after_unknown": {}}
    address = f"aws_sns_topic.{name}"
    return {
        "format_version": "1.2",
        "resource_changes": [
            {"address": address, "type": "aws_sns_topic", "mode": "managed", "change": change}
        ],
    }


def put(folder: Path, unit: str, text: str) -> None:
    (folder / unit).mkdir(parents=True)
    (folder / unit / "tfplan.json").write_text(text, encoding="utf-8")


@pytest.fixture
def planned(tmp_path: Path) -> PlanningResult:
    """a is planned, b failed, c was not begun, and the plan of the removed unit is broken."""
    put(tmp_path, A, json.dumps(document("a")))
    put(tmp_path, GONE, "{")
    outcomes = {
        A: UnitOutcome(A, "succeeded"),
        B: UnitOutcome(B, "failed", "Error: it broke"),
        GONE: UnitOutcome(GONE, "succeeded"),
    }
    return collect(AFFECTED, "c0ffee", tmp_path, outcomes, edges=EDGES)


def test_what_planning_gives(planned: PlanningResult) -> None:
    plans = planned.plans
    assert [(unit.unit, unit.status) for unit in plans.units] == [
        (A, "planned"),
        (B, "failed"),
        (C, "skipped"),
        (GONE, "failed"),
    ]
    assert [unit.error for unit in plans.units[:3]] == [None, "Error: it broke", "not begun"]
    assert plans.units[3].error
    assert (plans.environment, plans.commit, plans.removed) == ("dev", "c0ffee", (GONE,))
    assert plans.reasons == {A: ("new unit",), B: ("input x",), C: ("depends on b",)}
    assert plans.edges == ((B, C),)
    record = planned.record
    assert (record.environment, record.commit, list(record.units)) == ("dev", "c0ffee", [A])
    assert record.units[A] == (fingerprint(document("a"), record.key),)
    assert plans.units[0].digest == record.units[A][0].digest
    assert [unit.digest for unit in plans.units[1:]] == [None, None, None]


def test_a_failure_without_a_reason(tmp_path: Path) -> None:
    one = Affected("dev", {A: ("x",)}, (), ((A,),))
    found = collect(one, "c", tmp_path, {A: UnitOutcome(A, "failed")})
    assert [unit.error for unit in found.plans.units] == ["no reason was given"]
    assert collect(Affected("dev", {}, (), ()), "c", tmp_path, {}).plans.units == ()


def test_what_is_private_lies_apart(planned: PlanningResult, tmp_path: Path) -> None:
    private, public = tmp_path / "deep/private", tmp_path / "deep/public"
    write(planned, private, public)
    assert sorted(path.name for path in private.iterdir()) == ["record.json"]
    assert (private / "record.json").stat().st_mode & 0o777 == 0o600
    assert load_record(private / "record.json") == planned.record
    assert sorted(path.name for path in public.iterdir()) == ["plan.json", "summary.md"]
    assert load_plan_set(public / "plan.json") == planned.plans
    assert planned.record.key not in (public / "plan.json").read_text()
    assert "## Plan for `dev`" in (public / "summary.md").read_text()
    write_public(planned.plans.model_copy(update={"commit": "other"}), public)
    assert load_plan_set(public / "plan.json").commit == "other"


@pytest.mark.parametrize(
    ("removed", "base", "runs"),
    [
        ((GONE,), "base", [(("here", (A,), False)), (("before", (GONE,), True))]),
        ((), "base", [("here", (A,), False)]),
        ((GONE,), None, [("here", (A,), False)]),
    ],
)
def test_removed_units_are_planned_where_they_still_are(
    removed: tuple[str, ...],
    base: str | None,
    runs: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    before = tmp_path / "before"

    class Tree:
        def __enter__(self) -> Path:
            return before

        def __exit__(self, *_: object) -> None:
            asked.append("gone")

    def run_all(root: Path, command: str, units: Any, plans: Path, log: Path, **more: Any) -> Any:
        assert (command, plans, log) == ("plan", tmp_path / "plans", tmp_path / "plans/terragrunt.log")
        assert more["variables"] == {}
        asked.append(("before" if root == before else "here", tuple(units), more.get("destroy", False)))
        return {unit: UnitOutcome(unit, "failed", f"of {unit}") for unit in units}

    monkeypatch.setattr("strata.ci.planning.run_all", run_all)
    monkeypatch.setattr("strata.ci.planning.tree_at", lambda root, commit: Tree())
    planner = Planner(tmp_path, tmp_path / "plans", base, ((A, GONE),))
    found = planner.plan(Affected("dev", {A: ("x",)}, removed, ((A,),)), "c")
    assert [one for one in asked if one != "gone"] == runs
    assert [unit.unit for unit in found.plans.units] == [A, *removed]
    if len(runs) == 2:
        assert [unit.error for unit in found.plans.units] == [f"of {A}", f"of {GONE}"]
    assert found.plans.edges == (((A, GONE),) if removed else ())


def test_an_environment_plan_by_unit() -> None:
    whole = document("a")
    inner = {
        **whole["resource_changes"][0],
        "address": "module.a.aws_sns_topic.a",
        "module_address": "module.a",
    }
    whole = {**whole, "resource_changes": [inner]}
    found = split(whole, {"a": A, "b": B})
    assert list(found) == [A, B]
    assert [one["address"] for one in found[A]["resource_changes"]] == ["aws_sns_topic.a"]
    assert found[B] == {"format_version": "1.2", "resource_changes": []}


class Planned:
    """Stands for the planner of the environment: gives a plan, or fails."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def __call__(self, tree: Any, toolchain: Any, endpoints: Any, folder: Path, *, login: Any) -> Any:
        self.asked.append((endpoints, folder, login))
        return self

    def plan_json(self, environment: str, units: list[str]) -> Any:
        self.asked.append((environment, units))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def standing_in(monkeypatch: pytest.MonkeyPatch, answer: Any) -> Planned:
    planner = Planned(answer)
    units = [SimpleNamespace(path=path) for path in (A, B, C, "live/dev/untouched")]
    tree = SimpleNamespace(units=lambda environment: units)
    monkeypatch.setattr(impact, "EnvironmentPlanner", planner)
    monkeypatch.setattr(
        impact, "find_toolchain", lambda folder: SimpleNamespace(terraform=folder / "terraform")
    )

    def load(root: Path, *, environ: Mapping[str, str], terraform: Path) -> Any:
        assert terraform == root / ".strata/terraform"
        assert environ["PATH"] == os.environ["PATH"]
        return tree

    monkeypatch.setattr(impact, "LiveTree", SimpleNamespace(load=load))
    monkeypatch.setattr(impact, "module_name", lambda unit: unit.path.rpartition("/")[2])
    return planner


def whole_plan() -> dict[str, Any]:
    changes = []
    for module in ("a", "c", "untouched"):
        change = document(f"new_{module}")["resource_changes"][0]
        changes.append(
            {
                **change,
                "address": f"module.{module}.{change['address']}",
                "module_address": f"module.{module}",
            }
        )
    return {"format_version": "1.2", "resource_changes": changes}


def test_the_environment_plan_is_added_to_the_units(
    planned: PlanningResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = standing_in(monkeypatch, whole_plan())
    found = with_downstream(tmp_path, AFFECTED, planned)
    assert planner.asked == [(None, tmp_path / ".strata/environment-plan", {}), ("dev", [A, B, C])]
    shown = {unit.unit: [one.address for one in unit.resources] for unit in found.plans.downstream}
    assert shown == {A: ["aws_sns_topic.new_a"], B: [], C: ["aws_sns_topic.new_c"]}
    assert found.plans.downstream_error is None
    assert found.plans.units == planned.plans.units
    # Either plan of a counts as reviewed, its own first.
    assert {unit: len(marks) for unit, marks in found.record.units.items()} == {A: 2, B: 1, C: 1}
    assert found.record.units[A][0] == planned.record.units[A][0]
    now = fingerprint(document("new_c"), planned.record.key)
    assert differences(found.record.units[C][0], now) == []


def test_without_the_environment_plan_the_units_stand_alone(
    planned: PlanningResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing_in(monkeypatch, StrataError('it has the value "secret" and more', remedy="no"))
    found = with_downstream(tmp_path, AFFECTED, planned)
    assert found.plans.downstream == ()
    assert found.plans.downstream_error
    assert "secret" not in found.plans.downstream_error
    assert found.record == planned.record


def test_no_unit_no_environment_plan(
    planned: PlanningResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = standing_in(monkeypatch, whole_plan())
    assert with_downstream(tmp_path, Affected("dev", {}, (GONE,), ()), planned) is planned
    assert planner.asked == []
