"""The built-in runner: an environment's units against the embedded cloud, dependencies first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.terraform.events import UnitEvent, UnitResult
from strata.terraform.runs import EnvironmentRun, RunContext, StoredStates
from strata.terraform.schedule import run_graph
from strata.terraform.selection import choose, with_dependents
from strata.terraform.state import LOCK_TIMEOUT, StateBackend
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
        lock_timeout: for how many seconds a unit waits for a lock on its state, or for another process that
            works on it here.
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
        lock_timeout: float = LOCK_TIMEOUT,
        on_event: Callable[[UnitEvent], None] = lambda event: None,
    ) -> None:
        self._parallelism = parallelism
        self._context = RunContext(
            tree,
            toolchain,
            endpoints,
            StateBackend(endpoints),
            work_dir.absolute(),
            on_event,
            lock_timeout,
        )

    def bootstrap(self, environment: str) -> None:
        """Create the state bucket and the lock table of an environment, where they are missing.

        Only units without dependencies are looked at; another unit's own backend is made before that unit.

        Raises:
            StrataError: an unknown environment, or a unit whose backend is not S3.
        """
        tree = self._context.tree
        first = [unit.path for unit in tree.units(environment) if not unit.after]
        for place in tree.remote_states(first).values():
            self._context.backend.bootstrap(place)

    def apply(
        self, environment: str, units: Sequence[str] | None = None, *, out_dir: Path | None = None
    ) -> list[UnitResult]:
        """Apply all units, or those named (by path or component), dependencies first.

        A unit that fails stops only those that depend on it; they are `skipped`.

        Args:
            environment: its name.
            units: only these.
            out_dir: apply the plans that `plan` saved there, and nothing else.

        Returns:
            One result per unit, in dependency order.

        Raises:
            StrataError: an unknown environment or unit, or a tree that cannot be read.
        """
        return self._run(environment, units, "apply", out_dir)

    def plan(
        self,
        environment: str,
        units: Sequence[str] | None = None,
        *,
        out_dir: Path | None = None,
        destroy: bool = False,
    ) -> list[UnitResult]:
        """Plan all units, or those named, each on its own, as `terragrunt run --all plan` does.

        A dependency's outputs are those of its state, or its mocks if it is not applied and `plan` may use
        them. For the effect of one unit's changes on another see `EnvironmentPlanner`.

        Args:
            environment: its name.
            units: only these.
            out_dir: where to save the plans: `<unit's path>/tfplan.tfplan`, and as JSON `tfplan.json`.
            destroy: plan that the units go; `apply` of such a plan destroys.

        Raises:
            StrataError: as `apply`.
        """
        return self._run(environment, units, "plan", out_dir, plan_destroy=destroy)

    def destroy(self, environment: str, units: Sequence[str] | None = None) -> list[UnitResult]:
        """Destroy all units, or those named, dependents first; a unit with `prevent_destroy` fails.

        Raises:
            StrataError: as `apply`; or units that are left depend on those named.
        """
        known = {unit.path: unit for unit in self._context.tree.units(environment)}
        chosen = choose(known, units, environment)
        left = with_dependents(self._context.tree.graph(environment), chosen) - set(chosen)
        stored = StoredStates(self._context, known)
        standing = sorted(path for path in left if (state := stored.of(path)) and state.resources)
        if standing:
            raise StrataError(
                f"{', '.join(standing)} depend on what is to be destroyed",
                remedy="destroy them too: --dependents",
            )
        return self._run(environment, chosen, "destroy", None)

    def cancel(self) -> None:
        """Interrupt what runs, from any thread; units that have not begun are `skipped`."""
        self._context.processes.stop()

    def _run(
        self,
        environment: str,
        names: Sequence[str] | None,
        command: Command,
        out_dir: Path | None,
        *,
        plan_destroy: bool = False,
    ) -> list[UnitResult]:
        # Imported here: lint and the checks of roles know runners too, and seldom need one.
        import networkx

        units = {unit.path: unit for unit in self._context.tree.units(environment)}
        chosen = choose(units, names, environment)
        graph = networkx.transitive_closure_dag(self._context.tree.graph(environment)).subgraph(chosen)
        if command == "plan":
            # Plans only read states, so that none waits for another.
            graph = networkx.create_empty_copy(graph)
        with EnvironmentRun(self._context, command, units, chosen, out_dir, plan_destroy=plan_destroy) as run:
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
