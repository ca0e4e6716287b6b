"""How often an execution, or a Map Run, was redriven."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from strata.cloud.aws import moto_compat as moto


@dataclass
class Redrives:
    """The redrives of an execution; `tokens` gives the date of each by its client token."""

    count: int = 0
    date: datetime.datetime | None = None
    tokens: dict[str, datetime.datetime] = field(default_factory=dict)

    def add(self) -> datetime.datetime:
        """Count another one; return its date."""
        self.count += 1
        self.date = moto.now()
        return self.date


def redrives_of(execution: Any) -> Redrives:
    """Return the redrives of one of moto's executions or Map Runs."""
    found: Redrives = vars(execution).setdefault("redrives", Redrives())
    return found
