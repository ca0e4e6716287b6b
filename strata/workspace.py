"""One environment of the live tree on a running embedded cloud: what the commands work with."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.live import LiveTree, Unit
from strata.platform import Account, Platform, account_of
from strata.terraform.events import UnitEvent
from strata.terraform.runner import Runner
from strata.terraform.state import State, StateBackend
from strata.terraform.toolchain import Toolchain, find_toolchain


def find_root(start: Path) -> Path:
    """The checkout that a folder is in: the nearest one upwards with a `terragrunt.hcl` and a `live` folder.

    Raises:
        StrataError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "terragrunt.hcl").is_file() and (folder / "live").is_dir():
            return folder
    raise StrataError(
        f"{start} is not inside a Strata repository",
        remedy="change to the folder that holds terragrunt.hcl and live",
    )


def load_tree(root: Path, toolchain: Toolchain, endpoints: Endpoints | None = None) -> LiveTree:
    """Read the live tree as the embedded cloud, or without one as production, shall see it."""
    environ = {name: value for name, value in os.environ.items() if name != "STRATA_LOCAL"}
    if endpoints is not None:
        environ.update(endpoints.environment())
    return LiveTree.load(root, environ=environ, terraform=toolchain.terraform)


def find_account(root: Path, environment: str) -> Account:
    """Where an environment lives; raises StrataError as LiveTree does."""
    toolchain = find_toolchain(root / ".strata")
    return account_of(load_tree(root, toolchain), environment)


@dataclass(frozen=True)
class Workspace:
    """One environment on a running embedded cloud.

    Attributes:
        root: the checkout's folder.
        environment: a folder of `live`.
        endpoints: where the cloud listens.
    """

    root: Path
    environment: str
    endpoints: Endpoints

    @cached_property
    def toolchain(self) -> Toolchain:
        """Terraform and the providers."""
        return find_toolchain(self.root / ".strata")

    @cached_property
    def tree(self) -> LiveTree:
        """The live tree, read for this cloud."""
        return load_tree(self.root, self.toolchain, self.endpoints)

    def unit_paths(self, components: list[str] | None = None) -> list[str]:
        """The environment's units in dependency order.

        Args:
            components: only these; all without it.

        Raises:
            StrataError: an unknown environment or component.
        """
        units = self.tree.units(self.environment)
        if components is None:
            return [unit.path for unit in units]
        known = {unit.component: unit.path for unit in units}
        for component in components:
            if component not in known:
                raise StrataError(
                    f"environment {self.environment} has no unit {component}",
                    remedy=f"its units are {', '.join(sorted(known))}",
                )
        return [unit.path for unit in units if unit.component in components]

    def runner(self, on_event: Callable[[UnitEvent], None]) -> Runner:
        """The built-in runner for this environment."""
        return Runner(
            self.tree, self.toolchain, self.endpoints, self.root / ".strata" / "work", on_event=on_event
        )

    def states(self, components: Collection[str] | None = None) -> dict[str, State | None]:
        """Each unit's state by component name; None for a unit never applied.

        Args:
            components: only these; all without it. Each costs a look at its configuration.
        """
        backend = StateBackend(self.endpoints)

        def read(unit: Unit) -> State | None:
            return backend.read(self.tree.render(unit.path, {}, command="init").remote_state)

        units = [
            unit
            for unit in self.tree.units(self.environment)
            if components is None or unit.component in components
        ]
        with ThreadPoolExecutor(4) as pool:
            return dict(zip((unit.component for unit in units), pool.map(read, units), strict=True))

    def platform(self) -> Platform:
        """The environment's names, from its states.

        Raises:
            StrataError: it is not wholly applied.
        """
        outputs: dict[str, Mapping[str, Any]] = {
            component: state.outputs
            for component, state in self.states(Platform.COMPONENTS).items()
            if state is not None
        }
        return Platform.from_outputs(outputs)
