"""Which tests stay together under pytest-xdist: a batch of cases, a file, a folder that shares a fixture."""

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


def place_of(node_id: str, together: Sequence[str]) -> int:
    """The first place in `together` of a node id's file or folder; its length if there is none."""
    found = (place for place, name in enumerate(together) if node_id.startswith((f"{name}/", f"{name}::")))
    return next(found, len(together))


def make_scheduler(config: Any, log: Any, together: Sequence[str]) -> Any:
    """A scheduler that hands out batches of cases, each of `together`, and every other file as a whole.

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
            place = place_of(nodeid, together)
            # A file as a whole: its fixtures are made once.
            return together[place] if place < len(together) else nodeid.partition("::")[0]

    # By the number of tests, a few long ones would come last.
    config.option.loadscopereorder = False
    return Scheduling(config, log)
