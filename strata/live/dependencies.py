"""A unit's dependencies: which units it waits for, and what stands for their outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.literals import object_of, quoted, typed
from strata.live import discovery
from strata.live.evaluation.document import dependency_blocks, filled
from strata.live.evaluation.functions import configuration_path
from strata.live.evaluation.reader import Values
from strata.live.language.includes import deep_merge, merge_dependency
from strata.live.language.schema import Leaf, Tree
from strata.live.language.scope import Scope
from strata.live.model import Dependency, Unit, UnitOutputs

_MERGES = ("no_merge", "shallow", "deep_map_only")


@dataclass(frozen=True)
class Loaded:
    """A unit with the scope of its file."""

    unit: Unit
    scope: Scope


def loaded_unit(root: Path, path: str, scope: Scope, values: Values) -> Loaded:
    """The unit at `path`, from the evaluated blocks that form the graph.

    Raises:
        StrataError: a dependency names a folder without a unit, with file and line.
    """
    dependencies: list[Dependency] = []
    after: list[str] = []
    places: dict[str, tuple[Path, int]] = {}
    for name, blocks in dependency_blocks(scope).items():
        block, leaf = _merged_block(blocks, values)
        dependency = _dependency(root, name, block, leaf, scope)
        dependencies.append(dependency)
        if dependency.enabled:
            after.append(dependency.path)
            places.setdefault(dependency.path, (leaf.value.path, leaf.line))
    for part in scope.parts():
        if part is not scope and _strategy(scope, part) == "no_merge":
            continue
        tree = part.tree.get("dependencies")
        if tree:
            leaf = tree["paths"]
            for target in filled(tree, values.of(part))["paths"]:
                after.append(_unit_path(root, target, leaf, scope))
                places.setdefault(after[-1], (leaf.value.path, leaf.line))
    parts = path.split("/")
    live = len(parts) > 2 and parts[0] == discovery.LIVE
    unit = Unit(
        path=path,
        environment=parts[1] if live else "",
        component="/".join(parts[2:]) if live else parts[-1],
        file=scope.file.path,
        dependencies=tuple(dependencies),
        after=tuple(dict.fromkeys(after)),
        places=places,
    )
    return Loaded(unit, scope)


def dependency_values(
    unit: Unit,
    outputs: Mapping[str, Mapping[str, Any]],
    command: str,
    *,
    modules: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> dict[str, str | StrataError | None]:
    """By name, the HCL expression of a dependency's outputs; None where they are skipped without mocks.

    Args:
        unit: the unit that reads them.
        outputs: by the path of the unit they come from.
        command: the Terraform command, which decides whether mocks may stand in. Under `render` they always
            may.
        modules: by the path of a unit, the expression that gives its outputs instead.
        lenient: do not raise, but give the error as the value.

    Raises:
        StrataError: outputs are missing and mocks may not stand in for them.
    """
    found: dict[str, str | StrataError | None] = {}
    for dependency in unit.dependencies:
        if modules and dependency.path in modules and dependency.enabled and not dependency.skip_outputs:
            found[dependency.name] = modules[dependency.path]
            continue
        applied = outputs.get(dependency.path)
        try:
            values = _outputs(dependency, applied, unit, command)
        except StrataError as error:
            if not lenient:
                raise
            found[dependency.name] = error
            continue
        types = applied.types if isinstance(applied, UnitOutputs) else {}
        found[dependency.name] = None if values is None else _text(values, applied or {}, types)
    return found


def _text(values: Mapping[str, Any], applied: Mapping[str, Any], types: Mapping[str, Any]) -> str:
    # A mock, or what a mock was merged into, has the type that its value shows.
    known = {name for name in types if name in applied and values.get(name) == applied[name]}
    return object_of(
        {
            name: typed(value, types[name]) if name in known else f"jsondecode({quoted(json.dumps(value))})"
            for name, value in values.items()
        }
    )


def _outputs(
    dependency: Dependency, applied: Mapping[str, Any] | None, unit: Unit, command: str
) -> Mapping[str, Any] | None:
    mocks = dependency.mock_outputs
    if not dependency.enabled:
        return mocks
    mocked = dependency.mocks_allowed(command) or (command == "render" and mocks is not None)
    if dependency.skip_outputs:
        return mocks if mocked else None
    if applied:
        # Under `render` mocks may stand in for all outputs, but not for some of them.
        if mocks is not None and dependency.mocks_allowed(command):
            return _with_mocks(dependency.mock_outputs_merge_strategy_with_state, applied, mocks)
        return applied
    if mocked:
        return mocks
    reason = "has no outputs" if applied is not None else "has not been applied"
    allowed = dependency.mock_outputs_allowed_terraform_commands
    why = f" (its mock outputs are allowed for {', '.join(allowed)} only)" if mocks is not None else ""
    raise StrataError(
        f"`{unit.path}` needs outputs of `{dependency.path}`, which {reason}{why}",
        file=unit.file,
        remedy="apply it first",
    )


def _with_mocks(strategy: str, applied: Mapping[str, Any], mocks: Mapping[str, Any]) -> Mapping[str, Any]:
    if strategy == "shallow":
        return {**mocks, **applied}
    if strategy == "deep_map_only":
        return deep_merge(mocks, applied, append=False)
    return applied


def _merged_block(blocks: list[tuple[Scope, str, Tree]], values: Values) -> tuple[Tree, Leaf]:
    """The block that results from the file's own and the included ones, and where its path is set."""
    merged: Tree = {}
    place: Leaf | None = None
    for scope, strategy, tree in reversed(blocks):
        block = filled(tree, values.of(scope))
        if not merged:
            merged, place = block, tree["config_path"]
        elif strategy == "deep":
            merged = merge_dependency(block, merged)
    assert place is not None
    return merged, place


def _dependency(root: Path, name: str, block: Tree, leaf: Leaf, scope: Scope) -> Dependency:
    file, line = leaf.value.path, leaf.line
    enabled = block.get("enabled", True)
    if not block.get("config_path") and enabled:
        raise StrataError(f"the `config_path` of dependency `{name}` is empty", file=file, line=line)
    merge = "shallow" if block.get("mock_outputs_merge_with_state") else "no_merge"
    merge = block.get("mock_outputs_merge_strategy_with_state", merge)
    if merge not in _MERGES:
        raise StrataError(
            f"unknown merge strategy `{merge}` for mock outputs",
            file=file,
            line=line,
            remedy=f"use one of {', '.join(_MERGES)}",
        )
    return Dependency(
        name=name,
        path=_unit_path(root, block["config_path"], leaf, scope) if enabled else block.get("config_path", ""),
        mock_outputs=block.get("mock_outputs"),
        mock_outputs_allowed_terraform_commands=tuple(
            block.get("mock_outputs_allowed_terraform_commands", ())
        ),
        skip_outputs=block.get("skip", False),
        enabled=enabled,
        mock_outputs_merge_strategy_with_state=merge,
    )


def _unit_path(root: Path, target: str, leaf: Leaf, scope: Scope) -> str:
    """The path of the unit that `target` names, seen from the unit's folder."""
    file = configuration_path(target, scope)
    if not file.is_file() and file.with_name(f"{file.name}.json").is_file():
        raise StrataError(
            f"the dependency `{target}` is a unit in JSON, which is not read",
            file=leaf.value.path,
            line=leaf.line,
            remedy=f"write it as {discovery.CONFIGURATION}",
        )
    if not file.is_file():
        shown = os.path.relpath(os.path.normpath(scope.directory / target), root)
        raise StrataError(
            f"the dependency `{target}` names {shown}, which holds no unit",
            file=leaf.value.path,
            line=leaf.line,
            remedy=f"create {shown}/{discovery.CONFIGURATION}, or correct the path",
        )
    folder = file.parent
    if not folder.is_relative_to(root):
        raise StrataError(
            f"the dependency `{target}` lies outside {root}", file=leaf.value.path, line=leaf.line
        )
    return folder.relative_to(root).as_posix()


def _strategy(unit: Scope, part: Scope) -> str:
    return next(include.merge_strategy for include in unit.includes if include.scope is part)
