"""One environment of the live tree on a running embedded cloud: what the commands work with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.cloud.endpoints import Endpoints
from strata.live import LiveTree
from strata.live.tree import production_environ
from strata.platform.kept import KeptPlatforms
from strata.platform.names import EnvironmentAccount, Platform, account_of
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.events import UnitEvent
from strata.terraform.selection import choose, with_dependents
from strata.terraform.state import LOCK_TIMEOUT, StateBackend, UnitState
from strata.terraform.toolchain import Toolchain, find_toolchain

if TYPE_CHECKING:
    from strata.terraform.runner import Runner


def load_tree(root: Path, toolchain: Toolchain, endpoints: Endpoints | None = None) -> LiveTree:
    """Read the live tree as the embedded cloud will see it, or without one as production will."""
    environ = production_environ()
    if endpoints is not None:
        environ.update(endpoints.environment())
    return LiveTree.load(root, environ=environ, terraform=toolchain.terraform)


def find_account(root: Path, environment: str) -> EnvironmentAccount:
    """Where an environment lives; raises StrataError as LiveTree does."""
    toolchain = find_toolchain(root / ".strata")
    return account_of(load_tree(root, toolchain), environment)


@dataclass(frozen=True)
class Workspace:
    """One environment on a running embedded cloud.

    Attributes:
        root: the checkout's folder.
        environment: a folder of `live`.
        cloud: where the cloud listens.
    """

    root: Path
    environment: str
    cloud: Endpoints

    @cached_property
    def toolchain(self) -> Toolchain:
        """Terraform and the providers."""
        return find_toolchain(self.root / ".strata")

    @cached_property
    def kept(self) -> KeptPlatforms:
        """The kept platforms of the files as they are."""
        return KeptPlatforms(self.root, self.environment, self.toolchain)

    @cached_property
    def tree(self) -> LiveTree:
        """The live tree, read for this cloud."""
        return load_tree(self.root, self.toolchain, self.cloud)

    @cached_property
    def endpoints(self) -> Endpoints:
        """The cloud as the environment's own account and region see it."""
        account = account_of(self.tree, self.environment)
        return self.cloud.for_account(account.account_id, account.region)

    def unit_paths(self, components: Sequence[str] | None = None, *, dependents: bool = False) -> list[str]:
        """The environment's units in dependency order.

        Args:
            components: only these, or paths (default: all).
            dependents: those too that depend on them.

        Raises:
            StrataError: an unknown environment or component.
        """
        units = {unit.path: unit for unit in self.tree.units(self.environment)}
        chosen = choose(units, components, self.environment)
        if dependents:
            wanted = with_dependents(self.tree.graph(self.environment), chosen)
            chosen = [path for path in units if path in wanted]
        return chosen

    def runner(self, on_event: Callable[[UnitEvent], None], *, lock_timeout: float = LOCK_TIMEOUT) -> Runner:
        """The built-in runner for this environment."""
        # Imported where it is used: with networkx, a tenth of a second that `strata plan` need not spend.
        from strata.terraform.runner import Runner

        return Runner(
            self.tree,
            self.toolchain,
            self.endpoints,
            self.root / ".strata" / "work",
            lock_timeout=lock_timeout,
            on_event=on_event,
        )

    def planner(
        self, on_step: Callable[[str], None], on_waiting: Callable[[str], None] = lambda holder: None
    ) -> EnvironmentPlanner:
        """What plans the environment as one."""
        folder = self.root / ".strata" / "plan"
        return EnvironmentPlanner(self.tree, self.toolchain, self.endpoints, folder, on_step, on_waiting)

    def states(self, components: Collection[str] | None = None) -> dict[str, UnitState | None]:
        """Each unit's state by component name; None for a unit never applied.

        Args:
            components: only these (default: all).
        """
        units = {
            unit.path: unit.component
            for unit in self.tree.units(self.environment)
            if components is None or unit.component in components
        }
        found = StateBackend(self.endpoints).read_all(self.tree.remote_states(list(units)))
        return {units[path]: state for path, state in found.items()}

    def platform(self) -> Platform:
        """The environment's names, from its states.

        Raises:
            StrataError: it is not completely applied.
        """
        outputs: dict[str, Mapping[str, Any]] = {
            component: state.outputs
            for component, state in self.states(Platform.COMPONENTS).items()
            if state is not None
        }
        return Platform.from_outputs(outputs)
