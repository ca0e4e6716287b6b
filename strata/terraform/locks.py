"""A unit's state lock: who holds it, and how it is released when its holder is dead."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lock:
    """What the holder of a lock has written down.

    Attributes:
        id: the lock's id.
        who: user and machine.
        operation: what it does, such as `apply`.
        since: when it began, in UTC.
    """

    id: str
    who: str
    operation: str
    since: str

    @classmethod
    def read(cls, info: str | bytes) -> Lock:
        """Read the JSON that Terraform writes; what cannot be read is a lock of an unknown owner."""
        facts: Mapping[str, Any] = {}
        with contextlib.suppress(ValueError):
            read = json.loads(info)
            facts = read if isinstance(read, dict) else {}
        return cls(
            id=str(facts.get("ID", "")),
            who=str(facts.get("Who", "unknown")),
            operation=str(facts.get("Operation", "")).removeprefix("OperationType").lower(),
            since=str(facts.get("Created", "")).partition(".")[0].rstrip("Z").replace("T", " "),
        )

    def __str__(self) -> str:
        return f"{self.who} ({self.operation} since {self.since} UTC, lock {self.id})"
