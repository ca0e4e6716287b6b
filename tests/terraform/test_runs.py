"""What a run of the built-in runner does with each unit. Terraform, states and providers are stood in for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from strata.errors import StrataError
from strata.live import UnitOutputs
from strata.terraform import runner as runner_module
from strata.terraform import runs
from strata.terraform.diagnostics import Changes, Diagnostic
from strata.terraform.events import UnitEvent
from strata.terraform.locks import Lock
from strata.terraform.runner import Runner
from strata.terraform.state import UnitState

if TYPE_CHECKING:
    from tests.terraform.conftest import FakeTree


class Backend:
    """The states and locks of a test."""

    def __init__(self) -> None:
        self.states: dict[str, UnitState] = {}
        self.held: list[Lock] = []
        self.error: StrataError | None = None
        self.made: list[str] = []

    def read(self, place: dict[str, Any]) -> UnitState | None:
        return self.states.get(Path(place["config"]["key"]).parent.name)

    def read_all(self, places: dict[str, dict[str, Any]]) -> dict[str, UnitState | None]:
        return {path: self.read(place) for path, place in places.items()}

    def bootstrap(self, place: dict[str, Any]) -> None:
        self.made.append(Path(place["config"]["key"]).parent.name)

    def locks(self, place: dict[str, Any]) -> list[Lock]:
        if self.error is not None:
            raise self.error
        return self.held


class Stage:
    """What the run did, step by step, and what Terraform says of it."""

    def __init__(self, tree: FakeTree, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tree = tree
        self.backend = Backend()
        self.called: list[tuple[Any, ...]] = []
        self.events: list[UnitEvent] = []
        self.inputs: dict[str, dict[str, Any]] = {}
        self.lent: list[Any] = []
        self.fails: dict[str, StrataError] = {}
        self.waits = self.progresses = False
        stage = self

        class Run:
            def __init__(self, rendered: Any, directory: Any, *more: Any) -> None:
                self.rendered = rendered
                *_, self.wait, self.on_progress, self.on_waiting = more

            def init(self) -> None:
                stage.called.append(("init", self.rendered.path))

            def run(self, command: str, plan: Any, *, plan_destroy: bool) -> Any:
                name = Path(self.rendered.path).name
                stage.inputs[name] = self.rendered.inputs
                stage.called.append((command, name, plan and plan.folder, plan_destroy))
                if stage.waits:
                    self.on_waiting()
                if stage.progresses:
                    self.on_progress(2, "aws_x.y")
                if name in stage.fails:
                    raise stage.fails[name]
                diagnostics = [Diagnostic("warning", "Old", "")]
                return SimpleNamespace(
                    changes=Changes(add=1), actions={"aws_x.y": "create"}, diagnostics=diagnostics
                )

        class Pool:
            def __init__(self, toolchain: Any, variables: dict[str, str]) -> None: ...

            @contextlib.contextmanager
            def lent(self, run: Any, state: Any) -> Iterator[Any]:
                stage.lent.append(state)
                yield run
                stage.called.append(("given back",))

            def close(self) -> None:
                stage.called.append(("closed",))

        monkeypatch.setattr(runner_module, "StateBackend", lambda endpoints: self.backend)
        monkeypatch.setattr(runs, "UnitRun", Run)
        monkeypatch.setattr(runs, "ProviderPool", Pool)
        monkeypatch.setattr(runs, "prepare", lambda *given, **more: contextlib.nullcontext(None))
        endpoints: Any = SimpleNamespace(environment=dict)
        nothing: Any = None
        self.runner = Runner(
            self.tree,  # type: ignore[arg-type]
            nothing,
            endpoints,
            tree.root / "work",
            parallelism=1,
            on_event=self.events.append,
        )

    def commands(self) -> list[tuple[Any, ...]]:
        return [call for call in self.called if call[0] in ("plan", "apply", "destroy")]

    def stored(self, name: str, resources: int = 1, **outputs: Any) -> None:
        types = dict.fromkeys(outputs, "string")
        document = {"of": name}
        self.backend.states[name] = UnitState(1, UnitOutputs(outputs, types), resources, document)


@pytest.fixture
def stage(tree: FakeTree, monkeypatch: pytest.MonkeyPatch) -> Stage:
    tree.add("a")
    tree.add("b", after=("a",), inputs=lambda outputs: {"a": dict(outputs.get("a", {}))})
    return Stage(tree, monkeypatch)


def test_a_plan_is_told_whether_it_is_of_a_destruction(stage: Stage, tmp_path: Path) -> None:
    stage.stored("a", value="x")
    stage.runner.plan("dev", ["a"])
    stage.runner.plan("dev", ["a"], destroy=True, out_dir=tmp_path / "plans")
    stage.runner.apply("dev", ["a"], out_dir=tmp_path / "plans")
    folder = tmp_path / "plans/live/dev/a"
    assert stage.commands() == [
        ("plan", "a", None, False),
        ("plan", "a", folder, True),
        ("apply", "a", folder, False),
    ]


def test_a_unit_is_prepared_and_its_provider_given_back(stage: Stage) -> None:
    stage.stored("a")
    stage.runner.plan("dev", ["a"])
    assert stage.called == [
        ("init", "live/dev/a"),
        ("plan", "a", None, False),
        ("given back",),
        ("closed",),
    ]
    # A provider serves the types of the state too.
    assert stage.lent == [{"of": "a"}]
    stage.backend.states.clear()
    stage.runner.plan("dev", ["a"])
    assert stage.lent[1] is None


def test_each_command_tells_what_is_its_own(stage: Stage) -> None:
    stage.stored("a", 3, value="x")
    (planned,) = stage.runner.plan("dev", ["a"])
    (applied,) = stage.runner.apply("dev", ["a"])
    (destroyed,) = stage.runner.destroy("dev", ["a"])
    assert [one.state for one in (planned, applied, destroyed)] == ["planned", "applied", "destroyed"]
    assert [one.actions for one in (planned, applied, destroyed)] == [{"aws_x.y": "create"}, {}, {}]
    assert [dict(one.outputs) for one in (planned, applied, destroyed)] == [{}, {"value": "x"}, {}]
    assert [one.resources for one in (planned, applied, destroyed)] == [3, 3, 3]
    assert applied.changes == Changes(add=1)
    assert [one.summary for one in applied.diagnostics] == ["Old"]
    assert [event.message for event in stage.events if event.state in ("planned", "applied")] == [
        "1 to add",
        "1 added",
    ]


def test_what_a_unit_has_just_made_comes_before_what_was_stored(stage: Stage) -> None:
    stage.stored("a", value="applied")
    stage.runner.plan("dev", ["b"])
    assert stage.inputs["b"] == {"a": {"value": "applied"}}
    stage.stored("b")
    steps: list[str] = []
    read = stage.backend.read

    def later(place: dict[str, Any]) -> UnitState | None:
        steps.append(Path(place["config"]["key"]).parent.name)
        if steps[-1] == "a":
            stage.stored("a", value=f"read {steps.count('a')}")
        return read(place)

    stage.backend.read = later  # type: ignore[method-assign]
    stage.runner.apply("dev")
    # Before and after the apply of `a`; it is not read a third time.
    assert steps.count("a") == 2
    assert stage.inputs["b"] == {"a": {"value": "read 2"}}


def test_a_failure_is_told_to_those_that_wait(stage: Stage) -> None:
    stage.fails["a"] = StrataError("live/dev/a: no")
    failed, skipped = stage.runner.apply("dev")
    assert (failed.state, str(failed.error)) == ("failed", "live/dev/a: no")
    assert (skipped.state, str(skipped.error)) == (
        "skipped",
        "live/dev/b: not begun, because live/dev/a failed",
    )
    assert [(event.unit[-1], event.state) for event in stage.events] == [
        *(
            ("a", "waiting"),
            ("b", "waiting"),
            ("a", "init"),
            ("a", "apply"),
            ("a", "failed"),
            ("b", "skipped"),
        )
    ]
    stage.runner.cancel()
    (cancelled,) = stage.runner.apply("dev", ["a"])
    assert str(cancelled.error) == "live/dev/a: not begun, because the run was interrupted"


def test_progress_is_told_as_it_comes(stage: Stage) -> None:
    stage.progresses = True
    stage.runner.apply("dev", ["a"])
    assert [(event.state, event.resources, event.message) for event in stage.events] == [
        ("waiting", 0, ""),
        ("init", 0, ""),
        ("apply", 0, ""),
        ("apply", 2, "aws_x.y"),
        ("applied", 0, "1 added"),
    ]
    stage.events.clear()
    stage.runner.plan("dev", ["a"])
    assert [event.state for event in stage.events][:3] == ["waiting", "init", "plan"]


@pytest.mark.parametrize(
    ("since", "told"),
    [("2026-01-02 03:04:05", ["ada (since 2026-01-02 03:04:05 UTC)"]), ("9999-01-01 00:00:00", [])],
)
def test_who_holds_a_lock_is_told_if_that_was_before(stage: Stage, since: str, told: list[str]) -> None:
    stage.waits = True
    stage.backend.held = [Lock("1", "ada", "apply", since), Lock("2", "eve", "apply", since)]
    stage.runner.apply("dev", ["a"])
    assert [event.message for event in stage.events if event.state == "locked"] == told


def test_a_holder_who_cannot_be_asked_for_is_not_told(stage: Stage) -> None:
    stage.waits = True
    stage.backend.error = StrataError("no answer")
    (applied,) = stage.runner.apply("dev", ["a"])
    assert applied.ok
    assert not [event for event in stage.events if event.state == "locked"]


def test_the_first_backends_are_those_of_units_that_wait_for_none(stage: Stage) -> None:
    stage.tree.add("c")
    stage.runner.bootstrap("dev")
    assert stage.backend.made == ["a", "c"]


def test_what_stands_on_a_unit_keeps_it(stage: Stage) -> None:
    stage.stored("a")
    stage.stored("b", 2)
    with pytest.raises(StrataError) as raised:
        stage.runner.destroy("dev", ["a"])
    assert str(raised.value) == (
        "live/dev/b depend on what is to be destroyed (destroy them too: --dependents)"
    )
    # Destroyed already, or never applied.
    stage.stored("b", 0)
    assert [one.unit for one in stage.runner.destroy("dev", ["a"])] == ["live/dev/a"]
    del stage.backend.states["b"]
    assert [one.unit for one in stage.runner.destroy("dev", ["a"])] == ["live/dev/a"]
    assert stage.commands() == [("destroy", "a", None, False)] * 2


def test_a_destruction_goes_backwards_over_what_has_something(stage: Stage) -> None:
    stage.stored("a", value="x")
    stage.stored("b", 0)
    stage.tree.add("c", after=("a",))
    stage.stored("c")
    results = stage.runner.destroy("dev")
    assert [(one.unit[-1], one.state) for one in results] == [
        ("a", "destroyed"),
        ("b", "destroyed"),
        ("c", "destroyed"),
    ]
    assert [call[1] for call in stage.commands()] == ["c", "a"]
