"""What a run reports while it goes, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from strata.errors import StrataError
from strata.terraform.diagnostics import Changes, Diagnostic

EventState = Literal[
    "waiting", "locked", "init", "plan", "apply", "applied", "planned", "destroyed", "failed", "skipped"
]
ResultState = Literal["applied", "planned", "destroyed", "failed", "skipped"]


@dataclass(frozen=True)
class UnitEvent:
    """One step of one unit.

    Attributes:
        unit: its path.
        state: where it stands. `apply` stands for a running destroy too; `locked` says that it waits.
        resources: while it runs, how many resources are done; at the end, how many its state holds.
        seconds: since the unit began; 0 while it waits.
        message: while it runs, the resource in hand; while it waits for a lock, who holds that; at the end,
            what changed or what went wrong.
    """

    unit: str
    state: EventState
    resources: int
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class UnitResult:
    """How a unit ended.

    Attributes:
        unit: its path.
        state: how it ended.
        resources: how many resources its state holds.
        seconds: how long it took.
        changes: what was changed, or for a plan what would be.
        actions: for a plan, the action by resource address.
        outputs: after an apply, the unit's outputs.
        diagnostics: Terraform's errors and warnings.
        error: why it failed or was skipped; None also for a unit that an `exclude` block leaves out.
    """

    unit: str
    state: ResultState
    resources: int = 0
    seconds: float = 0.0
    changes: Changes = field(default_factory=Changes)
    actions: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    error: StrataError | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return self.error is None
