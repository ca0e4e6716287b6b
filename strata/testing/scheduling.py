"""Which tests belong together under pytest-xdist: a batch of cases, and a folder that shares a fixture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

# Fewer cases are planned faster by one Terraform than by two beside each other.
BATCH_SIZE = 60


def is_case(node_id: str) -> bool:
    """Whether a node id is a case's."""
    return node_id.partition("::")[0].endswith((".yaml", ".yml", ".md"))


def batches(node_ids: Iterable[str], workers: int) -> dict[str, str]:
    """The batch of each case: at most one per worker, of neighbours, so that few modules are read by two.

    Controller and workers compute this each for itself, from the same collection.
    """
    cases = sorted(node_id for node_id in node_ids if is_case(node_id))
    count = max(1, min(workers, len(cases) // BATCH_SIZE))
    return {node_id: f"cases {index * count // len(cases)}" for index, node_id in enumerate(cases)}


def make_scheduler(config: Any, log: Any, together: Sequence[str]) -> Any:
    """A scheduler that hands out test by test, but batches of cases, and each of `together`, as a whole.

    pytest-xdist's own `loadgroup` does nothing with pytest 9.2: it renames tests by an attribute that is
    gone.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        _batches: dict[str, str] | None = None

        def _split_scope(self, nodeid: str) -> str:
            if self._batches is None:
                self._batches = batches(self.collection or (), self.numnodes)
            if nodeid in self._batches:
                return self._batches[nodeid]
            return next((name for name in together if nodeid.startswith((f"{name}/", f"{name}::"))), nodeid)

    return Scheduling(config, log)
