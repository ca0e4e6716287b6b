"""The faults of one cloud: counts the calls, and says which of them a fault strikes."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from strata.errors import StrataError, did_you_mean
from strata.faults.fault import Fault


class _Kept:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.calls = self.struck = 0
        self._random = random.Random(fault.seed)

    def strikes(self) -> bool:
        """Count a call; return whether the fault strikes it."""
        self.calls += 1
        fault = self.fault
        if self.calls < fault.call or (fault.times is not None and self.struck >= fault.times):
            return False
        if self._random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class FaultRegistry:
    """Faults by name, safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[str, _Kept] = {}

    def add(self, fault: Fault) -> Fault:
        """Add a fault; return it with its name.

        Raises:
            StrataError: another fault has the name.
        """
        with self._lock:
            name = fault.name or f"fault-{next(self._numbers)}"
            if name in self._kept:
                raise StrataError(
                    f"there is a fault `{name}` already", remedy="clear it, or use another name"
                )
            named = fault.model_copy(update={"name": name})
            self._kept[name] = _Kept(named)
            return named

    def clear(self, names: Sequence[str] = ()) -> list[str]:
        """Take faults back, all of them if none is named; return their names.

        Raises:
            StrataError: a name is not known; nothing is taken back.
        """
        with self._lock:
            for name in names:
                if name not in self._kept:
                    raise StrataError(f"unknown fault `{name}`", remedy=did_you_mean(name, self._kept))
            return [name for name in list(names or self._kept) if self._kept.pop(name, None)]

    def listed(self) -> list[dict[str, Any]]:
        """Return each fault as a document, with the calls it saw and those it struck."""
        with self._lock:
            return [
                {**kept.fault.model_dump(), "calls": kept.calls, "struck": kept.struck}
                for kept in self._kept.values()
            ]

    def watches(self, operation: str) -> bool:
        """Whether a fault may strike this operation."""
        return any(kept.fault.operation == operation for kept in list(self._kept.values()))

    def __bool__(self) -> bool:
        return bool(self._kept)

    def strike(self, operation: str, called: str | Callable[[], str]) -> Fault | None:
        """Count a call with every fault of its operation; return the first that strikes.

        Args:
            operation: what is called.
            called: what it is called for; a fault's `resource` must stand in it.
        """
        if not self._kept or not self.watches(operation):
            return None
        text = called if isinstance(called, str) else called()
        with self._lock:
            struck = [
                kept.fault
                for kept in self._kept.values()
                if kept.fault.operation == operation and kept.fault.resource in text and kept.strikes()
            ]
        return struck[0] if struck else None
