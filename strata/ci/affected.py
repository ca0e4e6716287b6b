"""Which units a change affects, and why.

A unit is affected if anything in its configuration, all expressions evaluated, differs between the two trees,
or a file of its module or of its folder, or what its hooks build from. So `file()`,
`templatefile()` and `read_terragrunt_config()` need no list of what was read (terragrunt #6952, #6858), and
a comment affects nothing. Whoever depends on an affected unit is affected as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from strata.ci.git import CommitRange, commit, files_at
from strata.errors import StrataError
from strata.live import LiveTree, RenderedUnit, discovery
from strata.live.evaluation.reads import reads
from strata.live.tree import production_environ

TOOL_VERSIONS = ".tool-versions"
# Words of a hook's command, and what that command reads.
_BUILDER = "strata/artifacts/__main__.py"
_HOOK_READS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((_BUILDER, "build", "glue"), ("glue_jobs", "strata/artifacts", "strata/checkout")),
    ((_BUILDER, "build", "lambda"), ("lambda_functions", "strata/artifacts", "strata/checkout")),
)
_UPWARDS = re.compile(r"(?:\.\./)+[A-Za-z0-9_./-]+")
# Where a tree keeps modules from git.
_CACHE = Path(".strata", "cache")
_TOOLS = ("terraform", "terragrunt")
_MOST_REASONS = 5
# What is told apart by the names in it.
_NAMED = {"dependency": "dependency", "generate": "generate", "inputs": "input", "terraform": "terraform"}
# They hold CI's own role and the states: the operator makes them, and destroys them.
_OPERATORS = ("github-oidc", "state-backend")


@dataclass(frozen=True)
class Affected:
    """The units of one environment that a change affects.

    Attributes:
        reasons: unit path -> why, in the order in which they would be applied.
        removed: units whose folder is gone; their resources are not.
        waves: the units that exist, those of one wave being independent of each other.
        base: the commit that was compared with, if one was.
    """

    environment: str
    reasons: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...]
    waves: tuple[tuple[str, ...], ...]
    base: str | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """All affected units that exist, in dependency order."""
        return tuple(unit for wave in self.waves for unit in wave)


def affected(change: CommitRange, environment: str, terraform: Path | str = "terraform") -> Affected:
    """Compare an environment before and after a change.

    Args:
        change: what to compare; where its head is checked out, the checkout's files count.
        environment: a folder of `live`.
        terraform: the program that evaluates expressions.

    Raises:
        StrataError: the tree as it is now cannot be read (one that could not be read before affects every
            unit).
    """
    checked_out = commit(change.root, "HEAD") == change.head
    with (
        contextlib.nullcontext(change.root) if checked_out else files_at(change.root, change.head) as head,
        files_at(change.root, change.base) as base,
    ):
        # Released modules are where the checkout has them, and not fetched again.
        cache = change.root / _CACHE
        found = compare(_load(base, terraform, cache), _load(head, terraform, cache), environment)
    return replace(found, base=change.base)


def deployable(change: CommitRange, environment: str, terraform: Path | str = "terraform") -> Affected:
    """As `affected`, for CI, which plans and applies what is checked out.

    Raises:
        StrataError: as `affected`; or the environment was removed whole, with units that CI should have
            destroyed before.
    """
    found = affected(change, environment, terraform)
    if discovery.find_units(discovery.folder_of(change.root, environment)):
        return found
    if left := [unit for unit in found.removed if unit.rpartition("/")[2] not in _OPERATORS]:
        # Without env.hcl, the role to assume and the place of the states are unknown.
        raise StrataError(
            f"the environment {environment} is removed, its resources are not: {', '.join(left)}",
            remedy=f"keep the folder with {' and '.join(_OPERATORS)}, and remove it in a later change",
        )
    return replace(found, removed=())


def compare(base: LiveTree, tree: LiveTree, environment: str) -> Affected:
    """Compare an environment of two trees; raises as `affected`, with `tree` the one that it is now."""
    if not discovery.find_units(discovery.folder_of(tree.root, environment)):
        # The whole environment was deleted: nothing exists, and everything that did is removed.
        return Affected(environment, {}, tuple(discovery.units_of(base.root, environment)), ())
    now = fingerprints(tree, environment)
    reasons: dict[str, tuple[str, ...]]
    try:
        known = environment in discovery.environments(base.root)
        before = fingerprints(base, environment) if known else {}
    except StrataError as error:
        before = {}
        reasons = dict.fromkeys(now, (f"the base cannot be read: {error.message}",))
    else:
        reasons = {
            unit: _reasons(base, tree, unit, before.get(unit), made)
            for unit, made in now.items()
            if made != before.get(unit)
        }
    # Imported here, as below: it takes longer than to read a tree, and who reads plans only needs no graph.
    import networkx

    graph = tree.graph(environment)
    for unit in networkx.lexicographical_topological_sort(graph):
        upstream = [other for other in sorted(graph.predecessors(unit)) if other in reasons]
        if upstream and unit not in reasons:
            reasons[unit] = tuple(f"depends on {other}" for other in upstream)
    chosen = graph.subgraph(reasons)
    # Edges of the whole graph count: a unit between two affected ones is affected itself.
    waves = tuple(tuple(sorted(wave)) for wave in _generations(chosen))
    ordered = {unit: reasons[unit] for wave in waves for unit in wave}
    removed = tuple(sorted(set(before) - set(now)))
    return Affected(environment, ordered, removed, waves)


def only(found: Affected, component: str) -> Affected:
    """One unit of what a change affects, to be applied again by itself.

    Raises:
        StrataError: the change does not affect it, or would destroy it.
    """
    unit = f"{discovery.LIVE}/{found.environment}/{component}"
    if unit not in found.reasons:
        known = ", ".join(name.split("/", 2)[2] for name in found.units) or "none"
        raise StrataError(f"{unit} has nothing to apply", remedy=f"name one of the units that wait: {known}")
    return replace(found, reasons={unit: found.reasons[unit]}, removed=(), waves=((unit,),))


def everything(root: Path, environment: str, terraform: Path | str = "terraform") -> Affected:
    """All units of an environment, as if each were affected."""
    tree = _load(root, terraform)
    waves = tuple(tuple(sorted(wave)) for wave in _generations(tree.graph(environment)))
    return Affected(environment, {unit: ("all units",) for wave in waves for unit in wave}, (), waves)


def graph_of(root: Path, units: Iterable[str], terraform: Path | str = "terraform") -> list[tuple[str, ...]]:
    """The waves of some units of a tree, dependencies first.

    Raises:
        StrataError: the tree cannot be read.
    """
    tree = _load(root, terraform)
    wanted = set(units)
    waves: list[tuple[str, ...]] = []
    for environment in sorted({unit.split("/")[1] for unit in wanted}):
        generations = _generations(tree.graph(environment))
        waves += [chosen for wave in generations if (chosen := tuple(sorted(wanted & set(wave))))]
    return waves


def _generations(graph: Any) -> list[list[str]]:
    import networkx

    return [list(wave) for wave in networkx.topological_generations(graph)]


def edges(root: Path, environment: str, terraform: Path | str = "terraform") -> tuple[tuple[str, str], ...]:
    """(upstream, downstream) among the units of an environment."""
    return tuple(sorted(_load(root, terraform).graph(environment).edges))


@dataclass(frozen=True)
class UnitFingerprint:
    """What a unit is made of.

    Attributes:
        values: what its configuration comes to: a name for people -> a hash.
        files: what it is built from: what a file is to the unit, and its path -> a hash.
    """

    values: Mapping[str, str]
    files: Mapping[str, str]


def fingerprints(tree: LiveTree, environment: str) -> dict[str, UnitFingerprint]:
    """For each unit, what it is made of."""
    tools = _tools(tree.root)
    paths = [unit.path for unit in tree.units(environment)]
    # Under `render` mocks stand in for every dependency: no state is looked at.
    documents = tree.configs(paths, command="render")
    return {
        path: UnitFingerprint(_values(tree, documents[path]), tools | _built_from(tree, unit))
        for path, unit in tree.rendered(documents, "render").items()
    }


def _load(root: Path, terraform: Path | str, cache: Path | None = None) -> LiveTree:
    return LiveTree.load(root, environ=production_environ(), terraform=terraform, cache=cache)


def _values(tree: LiveTree, document: Mapping[str, Any]) -> dict[str, str]:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name in _NAMED:
            values |= {f"{_NAMED[name]} {inner}": item for inner, item in (value or {}).items()}
        elif name != "locals":
            values[name] = value
    # The two trees lie in different folders.
    root = str(tree.root)
    return {
        name: _hash(json.dumps(value, sort_keys=True).replace(root, "").encode())
        for name, value in values.items()
    }


def _built_from(tree: LiveTree, rendered: RenderedUnit) -> dict[str, str]:
    places = {tree.root / rendered.path: "unit", rendered.module_dir: "module"}
    for hook in (*rendered.before_hooks, *rendered.after_hooks):
        for words, folders in _HOOK_READS:
            if set(words) <= {word.removeprefix(f"{tree.root}/") for word in hook.execute}:
                places |= {tree.root / name: "hook reads" for name in folders}
    parts: dict[str, str] = {}
    for path in _files(places):
        try:
            name = path.relative_to(tree.root).as_posix()
        except ValueError:
            continue
        if path.is_relative_to(tree.root / _CACHE):
            # A released module: its source names the version.
            continue
        if path.name != discovery.CONFIGURATION:
            upwards = "nested module" if name.startswith("modules/") else "file read"
            named = next((what for place, what in places.items() if path.is_relative_to(place)), upwards)
            parts[f"{named} {name}"] = _hash(path.read_bytes())
    return parts


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file below, and whatever Terraform code among it names by `../`."""
    seen: set[Path] = set()
    todo = list(folders)
    while todo:
        place = todo.pop().resolve()
        if place in seen or not place.exists():
            continue
        seen.add(place)
        if place.is_dir():
            todo += [entry for entry in place.iterdir() if not _ignored(entry)]
            continue
        yield place
        if place.suffix in (".tf", ".tofu") or place.name.endswith(".tf.json"):
            text = place.read_text(encoding="utf-8", errors="replace")
            todo += [place.parent / name for name in _UPWARDS.findall(text)]


def _ignored(entry: Path) -> bool:
    # Terragrunt copies no hidden file but the lock file; caches and builds are not sources.
    hidden = entry.name.startswith(".") and entry.name != discovery.LOCK_FILE
    return hidden or entry.name in ("__pycache__", "README.md", "CHANGELOG.md")


def _tools(root: Path) -> dict[str, str]:
    file = root / TOOL_VERSIONS
    if not file.is_file():
        return {}
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
    return {f"version of {words[0]}": words[1] for words in lines if len(words) > 1 and words[0] in _TOOLS}


def _sources(before: LiveTree, now: LiveTree, unit: str) -> list[str]:
    """The files that differ of those that the unit's configuration consists of and reads."""
    content: list[dict[str, bytes]] = []
    for tree in (before, now):
        found = reads(tree.files(unit)[0], os.environ)
        content.append(
            {
                f"{what} {path.relative_to(tree.root).as_posix()}": path.read_bytes()
                for path, what in found.items()
                if path.is_relative_to(tree.root)
            }
        )
    return _different(*content)


def _reasons(
    base: LiveTree, tree: LiveTree, unit: str, before: UnitFingerprint | None, now: UnitFingerprint
) -> tuple[str, ...]:
    if before is None:
        return ("new unit",)
    values = _different(before.values, now.values)
    sources = _sources(base, tree, unit) if values else []
    because = f" ({', '.join(sources)})" if sources else ""
    names = [*_different(before.files, now.files), *(f"{value}{because}" for value in values)]
    if len(names) > _MOST_REASONS:
        return (*names[:_MOST_REASONS], f"and {len(names) - _MOST_REASONS} more")
    return tuple(names)


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
