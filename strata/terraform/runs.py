"""One run over an environment: what each unit needs, what became of it, and what the others hear of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.terraform.diagnostics import MessageStream
from strata.terraform.events import EventState, ResultState, UnitEvent, UnitResult
from strata.terraform.mock_guard import refuse_mocked_unit
from strata.terraform.process import CancelledError, ProcessGroup
from strata.terraform.provider_pool import ProviderPool
from strata.terraform.state import StateBackend, UnitState
from strata.terraform.toolchain import Toolchain
from strata.terraform.unit_run import Command, SavedPlan, UnitError, UnitRun
from strata.terraform.workdir import prepare

if TYPE_CHECKING:
    from strata.live import LiveTree, RenderedUnit, Unit

_ENDED: dict[Command, ResultState] = {"plan": "planned", "apply": "applied", "destroy": "destroyed"}


@dataclass(frozen=True)
class RunContext:
    """What all runs of a runner share; see `Runner` for the fields."""

    tree: LiveTree
    toolchain: Toolchain
    endpoints: Endpoints
    backend: StateBackend
    work_dir: Path
    on_event: Callable[[UnitEvent], None]
    lock_timeout: float
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    _event_lock: threading.Lock = field(default_factory=threading.Lock)

    def emit(self, unit: str, state: EventState, resources: int, seconds: float, message: str = "") -> None:
        """Report one step, one at a time."""
        with self._event_lock:
            self.on_event(UnitEvent(unit, state, resources, seconds, message))

    def render(self, unit: str, outputs: Mapping[str, Mapping[str, Any]], command: str) -> RenderedUnit:
        """Render a unit."""
        return self.tree.render(unit, outputs, command=command)


class StoredStates:
    """The states of an environment's units as they were when first asked for."""

    def __init__(self, context: RunContext, units: Mapping[str, Unit]) -> None:
        self._context = context
        self._units = units
        self._lock = threading.Lock()
        self._states: dict[str, UnitState | None] | None = None

    def of(self, unit: str) -> UnitState | None:
        """Return a unit's state; None if it has none."""
        with self._lock:
            if self._states is None:
                places = self._context.tree.remote_states(list(self._units))
                self._states = self._context.backend.read_all(places)
            return self._states.get(unit)

    def outputs_for(self, unit: Unit) -> dict[str, Mapping[str, Any]]:
        """Return the outputs of those of the unit's dependencies that are applied."""
        states = {dependency.path: self.of(dependency.path) for dependency in unit.dependencies}
        return {path: state.outputs for path, state in states.items() if state is not None}


class EnvironmentRun:
    """One command over the units of an environment, called unit by unit from several threads.

    Args:
        context: the runner's.
        command: what to do.
        units: the environment's units by path.
        chosen: the paths of those that the command is for.
        out_dir: for a plan, where to save the units' plans; for an apply, where they were saved.
        plan_destroy: for a plan, plan that the units go.

    Attributes:
        results: what became of each unit so far.
    """

    def __init__(
        self,
        context: RunContext,
        command: Command,
        units: Mapping[str, Unit],
        chosen: Sequence[str],
        out_dir: Path | None = None,
        *,
        plan_destroy: bool = False,
    ) -> None:
        self.results: dict[str, UnitResult] = {}
        self._context = context
        self._command = command
        self._units = units
        self._out_dir = out_dir
        self._plan_destroy = plan_destroy
        self._stored = StoredStates(context, units)
        self._providers = ProviderPool(context.toolchain, context.endpoints.environment())
        self._excluded = context.tree.excluded(chosen, command=command)

    def __enter__(self) -> EnvironmentRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._providers.close()

    def unit(self, path: str) -> bool:
        """Do one unit's work; return whether it succeeded."""
        if self._context.processes.stopped:
            self.skip(path, "")
            return False
        started = time.monotonic()
        try:
            result = self._work(self._units[path], started)
        except CancelledError:
            result = UnitResult(path, "failed", error=StrataError(f"{path}: interrupted"))
        except StrataError as error:
            found = tuple(error.stream.diagnostics) if isinstance(error, UnitError) else ()
            result = UnitResult(path, "failed", diagnostics=found, error=error)
        return self._end(result, time.monotonic() - started)

    def skip(self, path: str, failed: str) -> None:
        """Record that a unit was not begun: the unit it waits for failed, or the run was interrupted."""
        reason = (
            f"{failed} failed"
            if failed and not self._context.processes.stopped
            else "the run was interrupted"
        )
        self._end(UnitResult(path, "skipped", error=StrataError(f"{path}: not begun, because {reason}")), 0.0)

    def _end(self, result: UnitResult, seconds: float) -> bool:
        result = UnitResult(**{**vars(result), "seconds": seconds})
        self.results[result.unit] = result
        if result.error:
            message = str(result.error)
        elif result.state == "skipped":
            message = "excluded"
        else:
            message = result.changes.describe(planned=result.state == "planned")
        self._context.emit(result.unit, result.state, result.resources, seconds, message)
        return result.ok

    def _work(self, unit: Unit, started: float) -> UnitResult:
        if self._command == "destroy":
            state = self._stored.of(unit.path)
            if state is None or not state.resources:
                return UnitResult(unit.path, "destroyed")
        if unit.path in self._excluded:
            return UnitResult(unit.path, "skipped")
        rendered = self._context.render(unit.path, self._outputs(unit), self._command)
        for refusal in rendered.refusals:
            raise refusal
        if self._command == "destroy" and rendered.prevent_destroy:
            raise StrataError(
                f"{unit.path} has prevent_destroy set",
                file=unit.file,
                remedy="set it to false there if its resources may really go",
            )
        if self._command == "apply":
            refuse_mocked_unit(rendered, unit.file)
        plan = SavedPlan(self._out_dir.absolute() / unit.path) if self._out_dir else None
        self._context.backend.bootstrap(rendered.remote_state)
        wait = self._context.lock_timeout
        began = datetime.now(UTC).isoformat(" ", "seconds")

        def held_by(holder: str) -> None:
            self._context.emit(unit.path, "locked", 0, time.monotonic() - started, holder)

        def waiting() -> None:
            # What Terraform itself says of a lock has no name in it, and on a busy machine it says so of its
            # own, which is younger than this work. Whoever is asked may be gone already.
            with contextlib.suppress(StrataError):
                for lock in self._context.backend.locks(rendered.remote_state)[:1]:
                    if lock.since < began:
                        held_by(f"{lock.who} (since {lock.since} UTC)")

        work_dir = self._context.work_dir
        with prepare(rendered, unit.file.parent, work_dir, wait=wait, on_waiting=held_by) as directory:
            run = UnitRun(
                rendered,
                directory,
                self._context.toolchain,
                self._context.processes,
                self._context.endpoints.environment(),
                wait,
                self._progress(unit.path, started),
                waiting,
            )
            stream = self._terraform(run, started, plan)
        state = self._context.backend.read(rendered.remote_state)
        return UnitResult(
            unit.path,
            _ENDED[self._command],
            resources=state.resources if state else 0,
            changes=stream.changes,
            actions=stream.actions if self._command == "plan" else {},
            outputs=state.outputs if state and self._command == "apply" else {},
            diagnostics=tuple(stream.diagnostics),
        )

    def _terraform(self, run: UnitRun, started: float, plan: SavedPlan | None) -> MessageStream:
        path = run.rendered.path
        self._context.emit(path, "init", 0, time.monotonic() - started)
        run.init()
        running: EventState = "plan" if self._command == "plan" else "apply"
        self._context.emit(path, running, 0, time.monotonic() - started)
        state = self._context.backend.read(run.rendered.remote_state)
        with self._providers.lent(run, state.document if state else None) as lent:
            return lent.run(self._command, plan, plan_destroy=self._plan_destroy)

    def _progress(self, path: str, started: float) -> Callable[[int, str], None]:
        def report(done: int, address: str) -> None:
            self._context.emit(path, "apply", done, time.monotonic() - started, address)

        return report

    def _outputs(self, unit: Unit) -> dict[str, Mapping[str, Any]]:
        # What this run has applied comes first: the stored states may be older.
        outputs = self._stored.outputs_for(unit) if self._needs_stored(unit) else {}
        for dependency in unit.dependencies:
            result = self.results.get(dependency.path)
            if result is not None and result.state == "applied":
                outputs[dependency.path] = result.outputs
        return outputs

    def _needs_stored(self, unit: Unit) -> bool:
        done = (self.results.get(dependency.path) for dependency in unit.dependencies)
        return any(result is None or result.state != "applied" for result in done)
