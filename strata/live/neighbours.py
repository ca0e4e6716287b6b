"""What Terragrunt asks of the units whose outputs another reads, even where mocks stand in for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from strata.errors import StrataError
from strata.live import discovery
from strata.live.dependencies import Loaded
from strata.live.documents import documents
from strata.live.evaluation.reader import Reader
from strata.live.language.scope import Scope
from strata.live.model import Unit
from strata.live.order import place_of
from strata.live.rendering import excluded


def require_readable(reader: Reader, unit: Unit) -> None:
    """See that what a unit reads outputs of is a configuration.

    Raises:
        StrataError: one of these has a syntax error, or an unknown or missing block or attribute.
    """
    for _, scope in _neighbours(reader, unit):
        _ = scope.tree


def refuse_never_run(reader: Reader, unit: Unit, load: Callable[[str], Loaded]) -> None:
    """Refuse to read the outputs of a unit that `exclude` leaves out of every run, `output` included.

    Args:
        reader: evaluates.
        unit: the unit that reads them.
        load: gives the unit at a path.

    Raises:
        StrataError: it reads those of such a unit: Terragrunt gets none, and takes no mocks for them.
    """
    for path, scope in _neighbours(reader, unit):
        if "no_run" not in scope.tree.get("exclude", {}):
            continue
        other = load(path)
        found = documents(reader, [other], {}, "output", part=lambda name: name == "exclude", lenient=True)
        if found[path]["exclude"].get("no_run") and excluded([other.unit], found, "output"):
            file, line = place_of(unit, path)
            raise StrataError(
                f"`{path}` is excluded from every run, so that it has no outputs to read",
                file=file,
                line=line,
                remedy="set skip_outputs = true in the dependency",
            )


def _neighbours(reader: Reader, unit: Unit) -> Iterator[tuple[str, Scope]]:
    """The units whose outputs a unit reads, as their own files say."""
    for dependency in unit.dependencies:
        file = Path(reader.root, dependency.path, discovery.CONFIGURATION)
        if dependency.enabled and not dependency.skip_outputs and file.is_file():
            yield dependency.path, reader.unit(file)
