"""Which tests one worker of pytest-xdist runs as a whole, and which of these units come first."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

MARKER = "one_worker"
# Fewer cases are planned faster by one Terraform than by two beside each other.
BATCH_SIZE = 60


def is_case(node_id: str) -> bool:
    """Whether a node id is a case's."""
    return node_id.partition("::")[0].endswith((".yaml", ".yml", ".md"))


def batches(node_ids: Iterable[str], workers: int) -> dict[str, str]:
    """The batch of each case: at most one per worker, of neighbours, so that few modules are read by two."""
    cases = sorted(node_id for node_id in node_ids if is_case(node_id))
    count = max(1, min(workers, len(cases) // BATCH_SIZE))
    return {node_id: f"cases {index * count // len(cases)}" for index, node_id in enumerate(cases)}


def find_units(items: Sequence[pytest.Item], workers: int) -> dict[str, str]:
    """Find the unit of each test, which one worker runs as a whole.

    Args:
        items: the tests.
        workers: how many processes run them.

    Returns:
        By node id: a batch of cases, the group that the nearest marker names, or the file, whose fixtures are
        then made once.
    """
    units = {item.nodeid: _group(item) or item.nodeid.partition("::")[0] for item in items}
    return units | batches(units, workers)


def check_marker(item: pytest.Item) -> None:
    """Fail a test whose marker does not name a group: xdist hides errors of the collection."""
    if item.get_closest_marker(MARKER) and not _group(item):
        pytest.fail(f"the marker {MARKER} takes one name, such as {MARKER}('db')", pytrace=False)


def _group(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker(MARKER)
    if marker and len(marker.args) == 1 and isinstance(marker.args[0], str) and not marker.kwargs:
        return marker.args[0]
    return None


def mark_folder(folder: pytest.Directory, conftest: object) -> None:
    """Mark a folder with the group in its conftest's `pytestmark`. A file's own marker is nearer."""
    marks = getattr(conftest, "pytestmark", [])
    for mark in marks if isinstance(marks, list) else [marks]:
        if mark.name == MARKER:
            folder.add_marker(mark)


def sort_longest_first(
    items: list[pytest.Item], units: Mapping[str, str], durations: Mapping[str, int]
) -> None:
    """Put the units that take longest first: begun last, they would leave other workers idle.

    Units without a duration keep their order, after the others.
    """
    items.sort(key=lambda item: -durations.get(units[item.nodeid], 0))


def write_units(file: Path, units: Mapping[str, str]) -> None:
    """Write the units for the controller, which is told node ids only. Every worker writes the same."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_text(json.dumps(units), encoding="utf-8")
    part.replace(file)


def read_units(file: Path) -> dict[str, str]:
    """Read the units that a worker has written."""
    units: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return units


def make_scheduler(config: Any, log: Any, units: Callable[[], Mapping[str, str]]) -> Any:
    """A scheduler that hands out units, in the order of the collection.

    pytest-xdist's own `loadgroup` does nothing with pytest 9.2: it renames tests by an attribute that is
    gone.

    Args:
        config: pytest's, of the controller.
        log: pytest-xdist's.
        units: gives the unit of each node id, once workers have collected.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return units()[nodeid]

    # By the number of tests, a few long ones would come last.
    config.option.loadscopereorder = False
    return Scheduling(config, log)
