"""Waves, stops and destruction after the merge, with Terragrunt's part played by a function that writes plans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from strata.ci import apply as applying
from strata.ci import planning
from strata.ci.affected import Affected, graph_of
from strata.ci.apply import Applier, UnitApply, job_summary
from strata.ci.fingerprint import Record, UnreviewedAction, fingerprint, new_key
from strata.ci.git import CommitRange
from strata.ci.planning import Planner
from strata.errors import StrataError
from strata.terraform.terragrunt import UnitOutcome, run_all
from tests.ci.repository import Repository
from tests.ci.test_affected import FILES

KEY = new_key()
LOCK_ID = "8f0a2c3e-0000-4000-8000-000000000000"
WAVES = (("live/dev/s3",), ("live/dev/iam", "live/dev/kms"), ("live/dev/glue",))
UNITS = [unit for wave in WAVES for unit in wave]


def document(value: str, actions: Sequence[str] = ("create",)) -> dict[str, Any]:
    change = {"actions": list(actions), "before": None, "after": {"name": value}, "after_unknown": {}}
    item = {"address": "aws_x.a", "type": "aws_x", "mode": "managed", "change": change}
    return {"format_version": "1.2", "resource_changes": [item]}


class Terragrunt:
    """Plans what it is told to, applies, and writes down each call."""

    def __init__(self) -> None:
        self.plans: dict[str, dict[str, Any]] = {unit: document("a") for unit in UNITS}
        self.fail: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def __call__(
        self,
        root: Path,
        command: str,
        units: Sequence[str],
        out_dir: Path,
        log: Path,
        *,
        destroy: bool = False,
        variables: object = None,
    ) -> dict[str, UnitOutcome]:
        if not units:
            return {}
        self.calls.append((f"{command}{' -destroy' if destroy else ''}", tuple(units)))
        found = {}
        for unit in units:
            error, lock_id = self.fail.get((command, unit), (None, None))
            found[unit] = UnitOutcome(unit, "failed" if error else "succeeded", error, lock_id)
            if command == "plan" and not error:
                place = out_dir / unit
                place.mkdir(parents=True, exist_ok=True)
                (place / "tfplan.json").write_text(json.dumps(self.plans[unit]))
        return found


@pytest.fixture
def terragrunt(monkeypatch: pytest.MonkeyPatch) -> Terragrunt:
    played = Terragrunt()
    monkeypatch.setattr(applying, "run_all", played)
    monkeypatch.setattr(planning, "run_all", played)
    return played


def reviewed(**more: dict[str, Any]) -> list[Record]:
    marks = {unit: (fingerprint(document("a"), KEY),) for unit in UNITS}
    marks |= {f"live/dev/{name}": (fingerprint(plan, KEY),) for name, plan in more.items()}
    return [Record(environment="dev", commit="c" * 40, key=KEY, units=marks)]


def affected(removed: tuple[str, ...] = ()) -> Affected:
    return Affected("dev", dict.fromkeys(UNITS, ("x",)), removed, WAVES)


def applier(tmp_path: Path, records: list[Record] | None = None, **more: Any) -> Applier:
    return Applier(
        tmp_path, tmp_path / "plans", reviewed() if records is None else records, rerun="RERUN", **more
    )


def test_each_wave_is_planned_when_the_one_before_is_applied(terragrunt: Terragrunt, tmp_path: Path) -> None:
    results = applier(tmp_path).apply(affected())
    assert [result.result for result in results] == ["applied"] * 4
    assert terragrunt.calls == [(command, wave) for wave in WAVES for command in ("plan", "apply")]
    assert "4 applied, 0 unchanged" in job_summary("dev", results)


def test_what_has_no_changes_is_not_applied(terragrunt: Terragrunt, tmp_path: Path) -> None:
    terragrunt.plans["live/dev/iam"] = document("a", ("no-op",))
    results = {result.unit: result.result for result in applier(tmp_path).apply(affected())}
    assert results["live/dev/iam"] == "unchanged"
    assert ("apply", ("live/dev/kms",)) in terragrunt.calls


@pytest.mark.parametrize(
    ("command", "error", "lock_id", "advice"),
    [
        ("plan", "no such bucket", None, "```sh\nRERUN\n```"),
        ("apply", "AccessDenied", None, "```sh\nRERUN\n```"),
        (
            "plan",
            "Error acquiring the state lock",
            LOCK_ID,
            f"gh workflow run unlock.yaml -f environment=dev -f unit=iam -f lock_id={LOCK_ID}, then RERUN",
        ),
    ],
)
def test_the_first_failure_is_the_last(
    terragrunt: Terragrunt, tmp_path: Path, command: str, error: str, lock_id: str | None, advice: str
) -> None:
    terragrunt.fail[command, "live/dev/iam"] = error, lock_id
    results = {result.unit: result for result in applier(tmp_path).apply(affected())}
    assert {unit: result.result for unit, result in results.items()} == {
        "live/dev/s3": "applied",
        "live/dev/iam": "failed",
        # It is of the same wave and does not depend on what failed.
        "live/dev/kms": "applied",
        "live/dev/glue": "not begun",
    }
    assert [results[unit].next_command for unit in ("live/dev/s3", "live/dev/glue")] == [None, None]
    summary = job_summary("dev", list(results.values()))
    assert "stopped at `live/dev/iam`" in summary
    assert f"`{error}`" in summary
    assert advice in summary


def test_the_advice_names_a_unit_in_a_folder(terragrunt: Terragrunt, tmp_path: Path) -> None:
    unit = "live/dev/data/iam"
    terragrunt.fail["plan", unit] = "Error acquiring the state lock", LOCK_ID
    (result,) = applier(tmp_path).apply(Affected("dev", {unit: ("x",)}, (), ((unit,),)))
    assert f"-f environment=dev -f unit=data/iam -f lock_id={LOCK_ID}, then RERUN" in str(result.next_command)


def test_the_summary_of_an_apply() -> None:
    differences = tuple(UnreviewedAction(address=f"aws_x.a{n}", what="x differs") for n in range(21))
    results = [
        UnitApply("live/dev/a", "applied", 3),
        UnitApply("live/dev/b", "unchanged"),
        UnitApply("live/dev/c", "stopped", error="e", differences=differences, next_command="NEXT"),
        UnitApply("live/dev/d", "failed"),
        UnitApply("live/dev/e", "not begun"),
    ]
    assert job_summary("dev", []) == "## Apply of `dev`: no unit is affected\n"
    assert job_summary("dev", results[:2]).splitlines() == [
        "## Apply of `dev`: 1 applied, 1 unchanged",
        "",
        "| unit | result | resources |",
        "|---|---|--:|",
        "| `live/dev/a` | applied | 3 |",
        "| `live/dev/b` | unchanged |  |",
    ]
    lines = job_summary("dev", results).splitlines()
    assert lines[0] == "## Apply of `dev`: stopped at `live/dev/c`, `live/dev/d`"
    stopped, failed = lines.index("### `live/dev/c` stopped"), lines.index("### `live/dev/d` failed")
    assert lines[stopped + 2 : failed] == [
        "`e`",
        "",
        *(f"- `aws_x.a{n}`: x differs" for n in range(20)),
        "- and 1 more",
        "",
        "Next:",
        "",
        "```sh",
        "NEXT",
        "```",
        "",
    ]
    assert lines[failed + 2] == "`no reason was given`"


STOPS: list[tuple[str, dict[str, Any], str]] = [
    ("another value", document("b"), "the plan is not the reviewed one of cccccccccccc: 1 difference(s)"),
    ("a mock is still there", document("arn:aws:x:eu-west-1:000000000000:y"), "the plan holds mocks"),
]


@pytest.mark.parametrize(("name", "plan", "error"), STOPS, ids=[row[0] for row in STOPS])
def test_what_was_not_reviewed_stops(
    terragrunt: Terragrunt, tmp_path: Path, name: str, plan: dict[str, Any], error: str
) -> None:
    terragrunt.plans["live/dev/s3"] = plan
    results = applier(tmp_path).apply(affected())
    assert results[0].result == "stopped"
    assert error in str(results[0].error)
    assert [result.result for result in results[1:]] == ["not begun"] * 3
    assert [call[0] for call in terragrunt.calls] == ["plan"]


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_plan_that_cannot_be_read_is_not_applied(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "tfplan.json"
    if text is not None:
        file.write_text(text)
    found = applier(tmp_path).verify("live/dev/s3", file)
    assert (found.unit, found.result, found.resources, found.next_command) == (
        "live/dev/s3",
        "failed",
        0,
        "RERUN",
    )
    assert found.error


def test_without_a_review_nothing_is_applied(terragrunt: Terragrunt, tmp_path: Path) -> None:
    results = applier(tmp_path, []).apply(affected())
    assert (results[0].result, results[0].error) == ("stopped", "no plan of it was reviewed")
    assert [call[0] for call in terragrunt.calls] == ["plan"]


def test_the_newest_review_counts(terragrunt: Terragrunt, tmp_path: Path) -> None:
    newer = Record(
        environment="dev", commit="d" * 40, key=KEY, units={"live/dev/s3": (fingerprint(document("b"), KEY),)}
    )
    terragrunt.plans["live/dev/s3"] = document("b")
    results = applier(tmp_path, [newer, *reviewed()]).apply(affected())
    assert [result.result for result in results] == ["applied"] * 4


# What two pull requests that touch one unit were reviewed to do, newest first; what main does; what is not covered.
TOGETHER: list[tuple[str, list[dict[str, str]], dict[str, str], list[str]]] = [
    ("each covers its own", [{"b": "2"}, {"a": "1"}], {"a": "1", "b": "2"}, []),
    ("one in neither", [{"b": "2"}, {"a": "1"}], {"a": "1", "b": "2", "c": "3"}, ["aws_x.c: create was not reviewed"]),
    ("a value of neither", [{"b": "2"}, {"a": "1"}], {"a": "9", "b": "2"}, ["aws_x.a: create was not reviewed"]),
    ("the newest alone", [{"a": "1", "b": "2"}, {"a": "0"}], {"a": "1", "b": "2"}, []),
    ("half in each", [{"a": "1", "b": "2"}, {"a": "2", "b": "1"}], {"a": "2", "b": "3"}, ["aws_x.b: name differs from what was reviewed"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reviews", "now", "left"), [row[1:] for row in TOGETHER], ids=[row[0] for row in TOGETHER]
)
def test_one_run_applies_several_reviews(
    terragrunt: Terragrunt,
    tmp_path: Path,
    reviews: list[dict[str, str]],
    now: dict[str, str],
    left: list[str],
) -> None:
    def plan(values: dict[str, str]) -> dict[str, Any]:
        items = [
            item | {"address": f"aws_x.{name}"}
            for name, value in values.items()
            for item in document(value)["resource_changes"]
        ]
        return {"format_version": "1.2", "resource_changes": items}

    records = [
        Record(
            environment="dev",
            commit=letter * 40,
            key=(key := new_key()),
            units={"live/dev/s3": (fingerprint(plan(values), key),)},
        )
        for letter, values in zip("dc", reviews, strict=True)
    ]
    terragrunt.plans["live/dev/s3"] = plan(now)
    chosen = Affected("dev", {"live/dev/s3": ("x",)}, (), (("live/dev/s3",),))
    (result,) = applier(tmp_path, records).apply(chosen)
    assert result.result == ("stopped" if left else "applied")
    assert [f"{one.address}: {one.what}" for one in result.differences] == left


def test_removed_units_are_destroyed_last_dependents_first(
    terragrunt: Terragrunt, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Out of the tree that still has them: in it, c depends on b, and b on a."""
    repository = Repository.create(tmp_path_factory.mktemp("removed"), FILES)
    base = repository.main()
    gone = ("live/dev/a", "live/dev/b", "live/dev/c")
    terragrunt.plans |= {unit: document("a", ("delete",)) for unit in gone}
    chosen = Affected("dev", {}, gone, ())
    assert graph_of(repository.clone, gone) == [(unit,) for unit in gone]

    planned = Planner(repository.clone, tmp_path / "planned", base).plan(chosen, base)
    assert [unit.count("delete") for unit in planned.plans.units] == [1, 1, 1]
    assert terragrunt.calls == [("plan -destroy", gone)]
    terragrunt.calls.clear()

    results = Applier(repository.clone, tmp_path / "plans", [planned.record], base).apply(chosen)
    assert [(result.unit, result.result) for result in results] == [
        (unit, "applied") for unit in reversed(gone)
    ]
    assert terragrunt.calls == [
        (command, (unit,)) for unit in reversed(gone) for command in ("plan -destroy", "apply")
    ]
    assert CommitRange.since(repository.clone, "origin/main").files == ()


def test_units_are_applied_before_others_are_destroyed(
    terragrunt: Terragrunt, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    repository = Repository.create(tmp_path_factory.mktemp("both"), FILES)
    gone = "live/dev/c"
    terragrunt.plans[gone] = document("a", ("delete",))
    mark = fingerprint(terragrunt.plans[gone], KEY)
    record = Record(environment="dev", commit="c" * 40, key=KEY, units={gone: (mark,)})
    both = Applier(repository.clone, tmp_path / "plans", [*reviewed(), record], repository.main())
    assert both.apply(affected((gone,))) == [UnitApply(unit, "applied", 1) for unit in (*UNITS, gone)]
    assert terragrunt.calls[-2:] == [("plan -destroy", (gone,)), ("apply", (gone,))]


def test_without_a_base_nothing_is_destroyed(terragrunt: Terragrunt, tmp_path: Path) -> None:
    results = applier(tmp_path).apply(affected(("live/dev/gone",)))
    assert results[-1] == UnitApply("live/dev/gone", "not begun", next_command=None)
    assert "plan -destroy" not in [command for command, _ in terragrunt.calls]


# -- Terragrunt's own words ------------------------------------------------------------------------------------

PROGRAM = """#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --report-file) report="$2" ;;
  esac
  shift
done
REPORT
exit CODE
"""


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, report: str | None, said: str, code: int) -> None:
    write = f"cat > \"$report\" <<'END'\n{report}\nEND\n" if report is not None else ""
    write += f"cat <<'END'\n{said}\nEND\n"
    path = folder / "terragrunt"
    path.write_text(PROGRAM.replace("REPORT", write).replace("CODE", str(code)))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_two_of_eleven_units_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    units = [f"live/dev/u{number}" for number in range(11)]
    report = [{"Name": unit, "Result": "succeeded"} for unit in units]
    report[3] |= {"Result": "failed", "Reason": "run error", "Cause": 'x\n  Error: no bucket "s3cr3t"\n'}
    report[7] |= {"Result": "failed", "Reason": "run error"}
    report[8] |= {"Result": "early exit", "Reason": "ancestor error"}
    said = json.dumps({"level": "stderr", "working-dir": "live/dev/u7", "msg": "\nError: no role `s3cr3t`\n"})
    program(tmp_path, monkeypatch, json.dumps(report), f"not JSON s3cr3t\n{said}", 1)
    found = run_all(tmp_path, "plan", units, tmp_path / "plans", tmp_path / "log")
    assert [outcome.result for outcome in found.values()].count("succeeded") == 8
    assert found[units[3]].error == 'no bucket "…"'
    assert found[units[7]].error == 'no role "…"'
    assert (found[units[8]].result, found[units[8]].error) == ("skipped", "ancestor error")


LOCKED = f"\nError: Error acquiring the state lock\n\nError message: x\nLock Info:\n  ID:        {LOCK_ID}\n  Path:      state\n"
OTHER = f"\nError: no role\n  ID:        {LOCK_ID}\n"
LOCKS = [
    ("in the report", LOCKED, "", LOCK_ID),
    ("in its own words", "", LOCKED, LOCK_ID),
    ("of no lock", OTHER, OTHER, None),
]


@pytest.mark.parametrize(("name", "cause", "said", "lock_id"), LOCKS, ids=[row[0] for row in LOCKS])
def test_the_id_of_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, cause: str, said: str, lock_id: str | None
) -> None:
    units = ["live/dev/a", "live/dev/b"]
    report = [{"Name": unit, "Result": "failed"} for unit in units]
    report[0]["Cause"] = cause
    words = json.dumps({"level": "stderr", "working-dir": "live/dev/a", "msg": said})
    program(tmp_path, monkeypatch, json.dumps(report), words, 1)
    found = run_all(tmp_path, "plan", units, tmp_path / "plans", tmp_path / "log")
    assert [found[unit].lock_id for unit in units] == [lock_id, None]


FAULTS = [
    (
        "it fails before it reports",
        None,
        '{"level": "error", "msg": "Error: no such flag"}',
        1,
        "no such flag",
    ),
    ("its report is damaged", "[{", "", 0, "report cannot be read"),
]


@pytest.mark.parametrize(
    ("name", "report", "said", "code", "message"), FAULTS, ids=[row[0] for row in FAULTS]
)
def test_terragrunt_itself_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    report: str | None,
    said: str,
    code: int,
    message: str,
) -> None:
    program(tmp_path, monkeypatch, report, said, code)
    with pytest.raises(StrataError, match=message):
        run_all(tmp_path, "plan", ["live/dev/a"], tmp_path / "plans", tmp_path / "log")


def test_no_terragrunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StrataError, match="terragrunt is not on PATH"):
        run_all(tmp_path, "plan", ["live/dev/a"], tmp_path / "plans", tmp_path / "log")


def test_no_units_start_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_all(tmp_path, "plan", [], tmp_path / "plans", tmp_path / "log") == {}
