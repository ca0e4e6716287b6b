"""The configurations of many units, evaluated together, includes merged in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from strata.errors import StrataError
from strata.live.dependencies import Loaded, dependency_values
from strata.live.evaluation.document import completed, filled
from strata.live.evaluation.reader import Reader, Values
from strata.live.language.includes import merge
from strata.live.language.schema import Leaf, Tree, leaves
from strata.live.language.scope import Scope

# What forms the graph; the rest of a unit is evaluated when it is rendered.
_GRAPH_BLOCKS = ("dependency", "dependencies", "feature")
# Units for one console process, and how many of these run at once: Terraform's own time for a batch grows
# faster than its size.
_BATCH = 100
_PROCESSES = 2

# Says by name which blocks and attributes of a unit are evaluated.
Part = Callable[[str], bool]


def documents(
    reader: Reader,
    items: Sequence[Loaded],
    outputs: Mapping[str, Mapping[str, Any]],
    command: str,
    *,
    part: Part | None = None,
    lenient: bool = False,
) -> dict[str, dict[str, Any]]:
    """Evaluate units.

    Args:
        reader: evaluates them.
        items: the units.
        outputs: outputs by the path of the unit they come from.
        command: the Terraform command that the configuration is read for.
        part: names the blocks and attributes to evaluate; all, if it is not given.
        lenient: an output that is missing is an error only where it is used.

    Returns:
        By the unit's path, its configuration in the shape of `terragrunt render --json`.

    Raises:
        StrataError: an expression fails, or outputs are missing and mocks are not allowed.
    """
    chosen = part or (lambda name: True)

    def wanted(unit: Scope) -> Iterable[tuple[Scope, Leaf]]:
        return _leaves_of(unit, chosen)

    def evaluated(start: int) -> dict[str, dict[str, Any]]:
        batch = items[start : start + _BATCH]
        scopes = [item.scope for item in batch]
        known = {
            item.scope.key: dependency_values(item.unit, outputs, command, lenient=lenient) for item in batch
        }
        values = reader.evaluate(scopes, wanted, command=command, outputs=known, check=part is None)
        return {item.unit.path: _document(item, values, chosen) for item in batch}

    with ThreadPoolExecutor(_PROCESSES) as pool:
        found = pool.map(evaluated, range(0, len(items), _BATCH))
        return {path: document for batch in found for path, document in batch.items()}


def graph_leaves(unit: Scope) -> Iterable[tuple[Scope, Leaf]]:
    """What of a unit forms the graph."""
    return _leaves_of(unit, lambda name: name in _GRAPH_BLOCKS)


def _document(item: Loaded, values: Values, part: Part) -> dict[str, Any]:
    scope = item.scope
    merged = _evaluated(scope, values, part)
    for include in reversed(scope.includes):
        if include.merge_strategy == "no_merge":
            continue
        try:
            merged = merge(_evaluated(include.scope, values, part), merged, include.merge_strategy)
        except StrataError as error:
            raise StrataError(error.message, file=item.unit.file, remedy=error.remedy) from None
    return {**completed(merged), "locals": values.locals.get(scope.key)}


def _leaves_of(unit: Scope, part: Part) -> Iterable[tuple[Scope, Leaf]]:
    # The unit's file and the included files that are merged into it.
    for scope in (unit, *unit.merged()):
        for leaf in leaves(_cut(scope, part)):
            yield scope, leaf


def _evaluated(scope: Scope, values: Values, part: Part) -> dict[str, Any]:
    return filled(_cut(scope, part), values.of(scope))


def _cut(scope: Scope, part: Part) -> Tree:
    return {name: item for name, item in scope.tree.items() if part(name)}
