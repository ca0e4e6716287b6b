"""Which units a change affects, and why.

A unit is affected if anything it evaluates to differs between the two trees: an input, the backend, a
generated file, a hook, a file of its module or of its folder, or what its hooks build from. So `file()`,
`templatefile()` and `read_terragrunt_config()` need no list of what was read (terragrunt #6952, #6858), and
a comment affects nothing. Whoever depends on an affected unit is affected as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx

from strata.ci.history import Change, tree_at
from strata.errors import StrataError
from strata.live import LiveTree, RenderedUnit, discovery

TOOL_VERSIONS = ".tool-versions"
# Words of a hook's command, and what that command reads.
_HOOK_READS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("strata.artifacts", "build", "glue"), ("glue_jobs", "strata/artifacts")),
    (("strata.artifacts", "build", "lambda"), ("lambda_functions", "strata/artifacts")),
)
_UPWARDS = re.compile(r"(?:\.\./)+[A-Za-z0-9_./-]+")
# Where a tree keeps modules from git.
_CACHE = Path(".strata", "cache")
_TOOLS = ("terraform", "terragrunt")
_MOST_REASONS = 5


@dataclass(frozen=True)
class Affected:
    """The units of one environment that a change affects.

    Attributes:
        reasons: unit path -> why, in the order in which they would be applied.
        removed: units whose folder is gone; their resources are not.
        waves: the units that exist, those of one wave being independent of each other.
    """

    environment: str
    reasons: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...]
    waves: tuple[tuple[str, ...], ...]

    @property
    def units(self) -> tuple[str, ...]:
        """All affected units that exist, in dependency order."""
        return tuple(unit for wave in self.waves for unit in wave)


def affected(change: Change, environment: str, terraform: Path | str = "terraform") -> Affected:
    """Compare an environment before and after a change.

    Args:
        change: what to compare; the checkout's files count as its head.
        environment: a folder of `live`.
        terraform: the program that evaluates expressions.

    Raises:
        StrataError: the tree as it is now cannot be read. One that could not be read before affects every
            unit.
    """
    tree = _load(change.root, terraform)
    if not discovery.find_units(change.root / discovery.LIVE / environment):
        # The whole environment was deleted: nothing exists, and everything that did is removed.
        return _gone(change, environment)
    now = fingerprints(tree, environment)
    with tree_at(change.root, change.base) as folder:
        try:
            if environment in discovery.environments(folder):
                # Released modules are where the checkout has them, and not fetched again.
                base = _load(folder, terraform, change.root / _CACHE)
                before = fingerprints(base, environment)
            else:
                before = {}
        except StrataError as error:
            before = {unit: {f"the base cannot be read: {error.message}": ""} for unit in now}
    reasons = {unit: found for unit in now if (found := _differences(before.get(unit), now[unit]))}
    graph = tree.graph(environment)
    for unit in networkx.lexicographical_topological_sort(graph):
        upstream = [other for other in sorted(graph.predecessors(unit)) if other in reasons]
        if upstream and unit not in reasons:
            reasons[unit] = tuple(f"depends on {other}" for other in upstream)
    chosen = graph.subgraph(reasons)
    # Edges of the whole graph count: a unit between two affected ones is affected itself.
    waves = tuple(tuple(sorted(wave)) for wave in networkx.topological_generations(chosen))
    ordered = {unit: reasons[unit] for wave in waves for unit in wave}
    return Affected(environment, ordered, tuple(sorted(set(before) - set(now))), waves)


def everything(root: Path, environment: str, terraform: Path | str = "terraform") -> Affected:
    """All units of an environment, as if each were affected."""
    tree = _load(root, terraform)
    waves = tuple(tuple(sorted(wave)) for wave in networkx.topological_generations(tree.graph(environment)))
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
        generations = networkx.topological_generations(tree.graph(environment))
        waves += [chosen for wave in generations if (chosen := tuple(sorted(wanted & set(wave))))]
    return waves


def edges(root: Path, environment: str, terraform: Path | str = "terraform") -> tuple[tuple[str, str], ...]:
    """(upstream, downstream) among the units of an environment."""
    return tuple(sorted(_load(root, terraform).graph(environment).edges))


def fingerprints(tree: LiveTree, environment: str) -> dict[str, dict[str, str]]:
    """For each unit, what it is made of: a name for people -> a hash of the content."""
    tools = _tools(tree.root)
    paths = [unit.path for unit in tree.units(environment)]
    # Under `render` mocks stand in for every dependency: no state is looked at.
    return {
        path: tools | _fingerprint(tree, unit) for path, unit in tree.renders(paths, command="render").items()
    }


def _load(root: Path, terraform: Path | str, cache: Path | None = None) -> LiveTree:
    environ = {name: value for name, value in os.environ.items() if name != "STRATA_LOCAL"}
    return LiveTree.load(root, environ=environ, terraform=terraform, cache=cache)


def _gone(change: Change, environment: str) -> Affected:
    with tree_at(change.root, change.base) as folder:
        units = discovery.units_of(folder, environment)
    return Affected(environment, {}, tuple(units), ())


def _fingerprint(tree: LiveTree, rendered: RenderedUnit) -> dict[str, str]:
    root = str(tree.root)
    parts: dict[str, str] = {}

    def add(name: str, value: Any) -> None:
        # The two trees lie in different folders.
        parts[name] = _hash(json.dumps(value, sort_keys=True, default=str).replace(root, "").encode())

    for name, value in rendered.inputs.items():
        add(f"input {name}", value)
    for generated in rendered.generated:
        add(f"generated file {generated.path}", (generated.contents, generated.if_exists))
    add("state backend", rendered.remote_state)
    add("module source", rendered.source)
    add("hooks", (rendered.before_hooks, rendered.after_hooks, rendered.error_hooks))
    add("arguments", (rendered.extra_arguments, rendered.env_vars))
    add("exclude or prevent_destroy", (rendered.excluded, rendered.prevent_destroy))
    folders = {tree.root / rendered.path, rendered.module_dir}
    for hook in (*rendered.before_hooks, *rendered.after_hooks):
        for words, reads in _HOOK_READS:
            if set(words) <= set(hook.execute):
                folders |= {tree.root / name for name in reads}
    for path in _files(folders):
        try:
            name = path.relative_to(tree.root).as_posix()
        except ValueError:
            continue
        if path.is_relative_to(tree.root / _CACHE):
            # A released module: its source names the version.
            continue
        if path.name != discovery.CONFIGURATION:
            parts[name] = _hash(path.read_bytes())
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


def _differences(before: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    if before is None:
        return ("new unit",)
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if len(names) > _MOST_REASONS:
        return (*names[:_MOST_REASONS], f"and {len(names) - _MOST_REASONS} more")
    return tuple(names)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
