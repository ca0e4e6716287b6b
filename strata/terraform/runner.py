"""The built-in runner: an environment's units against the embedded cloud, dependencies first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import networkx

from strata.cloud.endpoints import Endpoints
from strata.terraform.events import UnitEvent, UnitResult
from strata.terraform.runs import EnvironmentRun, RunContext, StoredStates
from strata.terraform.schedule import run_graph
from strata.terraform.selection import choose
from strata.terraform.state import State, StateBackend
from strata.terraform.toolchain import Toolchain
from strata.terraform.unit_run import Command

if TYPE_CHECKING:
    from strata.live import LiveTree


class Runner:
    """Applies, plans and destroys the units of an environment, in the embedded cloud only (decision D6).

    A run may be interrupted by Ctrl-C, or by `cancel` from another thread: Terraform is then asked once to
    stop, has 20 s to save its states and release their locks, and is gone before the call returns. A runner
    that was interrupted starts nothing more.

    Args:
        tree: the live tree.
        toolchain: from `find_toolchain`.
        endpoints: of a running embedded cloud.
        work_dir: where the working directories are kept from run to run.
        parallelism: how many units run at once.
        on_event: called with each step of each unit, one call at a time, from the runner's threads.

    Raises:
        StrataError: the endpoints are not on this machine.
    """

    def __init__(
        self,
        tree: LiveTree,
        toolchain: Toolchain,
        endpoints: Endpoints,
        work_dir: Path,
        *,
        parallelism: int = 4,
        on_event: Callable[[UnitEvent], None] = lambda event: None,
    ) -> None:
        self._parallelism = parallelism
        self._context = RunContext(
            tree, toolchain, endpoints, StateBackend(endpoints), work_dir.absolute(), on_event
        )

    def bootstrap(self, environment: str) -> None:
        """Create the state bucket and the lock table of an environment, where they are missing.

        Only units without dependencies are looked at; another unit's own backend is made before that unit.

        Raises:
            StrataError: an unknown environment, or a unit whose backend is not S3.
        """
        for unit in self._context.tree.units(environment):
            if not unit.after:
                self._context.backend.bootstrap(self._context.render(unit.path, {}, "apply").remote_state)

    def apply(self, environment: str, units: Sequence[str] | None = None) -> list[UnitResult]:
        """Apply all units, or those named (by path or component), dependencies first.

        A unit that fails stops only those that depend on it; they are `skipped`.

        Returns:
            One result per unit, in dependency order.

        Raises:
            StrataError: an unknown environment or unit, or a tree that cannot be read.
        """
        return self._run(environment, units, "apply")

    def plan(self, environment: str, units: Sequence[str] | None = None) -> list[UnitResult]:
        """Plan all units, or those named, each on its own, as `terragrunt run --all plan` does.

        A dependency's outputs are those of its state, or its mocks if it is not applied and `plan` may use
        them.

        Raises:
            StrataError: as `apply`.
        """
        return self._run(environment, units, "plan")

    def destroy(self, environment: str, units: Sequence[str] | None = None) -> list[UnitResult]:
        """Destroy all units, or those named, dependents first; a unit with `prevent_destroy` fails.

        Raises:
            StrataError: as `apply`.
        """
        return self._run(environment, units, "destroy")

    def states(self, environment: str) -> dict[str, State | None]:
        """Return each unit's state, in dependency order, or None where there is none; starts no Terraform.

        Raises:
            StrataError: an unknown environment, or a tree that cannot be read.
        """
        units = {unit.path: unit for unit in self._context.tree.units(environment)}
        stored = StoredStates(self._context, units)
        return {path: stored.of(path) for path in units}

    def cancel(self) -> None:
        """Interrupt what runs, from any thread; units that have not begun are `skipped`."""
        self._context.processes.stop()

    def _run(self, environment: str, names: Sequence[str] | None, command: Command) -> list[UnitResult]:
        units = {unit.path: unit for unit in self._context.tree.units(environment)}
        chosen = choose(units, names, environment)
        graph = networkx.transitive_closure_dag(self._context.tree.graph(environment)).subgraph(chosen)
        if command == "plan":
            # Plans only read states, so that none waits for another.
            graph = networkx.create_empty_copy(graph)
        run = EnvironmentRun(self._context, command, units)
        for path in chosen:
            self._context.emit(path, "waiting", 0, 0.0)
        run_graph(
            graph.reverse() if command == "destroy" else graph,
            run.unit,
            parallelism=self._parallelism,
            on_skip=run.skip,
            stop=self.cancel,
        )
        return [run.results[path] for path in chosen]
