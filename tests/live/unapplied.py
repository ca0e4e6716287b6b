"""Plans of an environment that was never applied: no state is looked for, so that no cloud is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from strata.live import LiveTree
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.state import StateBackend, UnitState
from strata.terraform.toolchain import Toolchain


class NoStates(StateBackend):
    """A backend without a state."""

    def __init__(self) -> None:
        super().__init__(None)

    def read_all(self, remote_states: Mapping[str, Mapping[str, Any]]) -> dict[str, UnitState | None]:
        return dict.fromkeys(remote_states)

    def missing(self, remote_states: Iterable[Mapping[str, Any]]) -> set[str]:
        return set()


class _Planner(EnvironmentPlanner):
    def __post_init__(self) -> None:
        self._backend = NoStates()


def plan_unapplied(tree: LiveTree, toolchain: Toolchain, folder: Path) -> Mapping[str, Any]:
    """The plan of dev as Terraform's JSON, as if nothing was applied."""
    return _Planner(tree, toolchain, None, folder).plan_json("dev")
