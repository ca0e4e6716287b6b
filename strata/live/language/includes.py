"""Merges an included configuration into the one that includes it, as Terragrunt 1.1.3 does (`include.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.errors import StrataError
from strata.live.language.schema import Tree

STRATEGIES = ("no_merge", "shallow", "deep")

_HOOKS = ("extra_arguments", "before_hook", "after_hook", "error_hook")
_COPY_LISTS = ("include_in_copy", "exclude_from_copy")


def merge(parent: Tree, child: Tree, strategy: str) -> Tree:
    """The configuration that results where `child` includes `parent`. Neither is changed.

    Args:
        parent: the included file's evaluated tree.
        child: the including file's, with later includes merged in already.
        strategy: `shallow` or `deep`.

    Raises:
        StrataError: both define the same `generate` block (shallow); a list meets another type, or both
            define the same `feature` (deep).
    """
    deep = strategy == "deep"
    merged = dict(parent)
    for name, value in child.items():
        if name == "terraform" and name in parent:
            merged[name] = _terraform(parent[name], value, deep)
        elif name == "dependency":
            merged[name] = _dependencies(parent.get(name, {}), value, deep)
        elif name == "feature":
            merged[name] = _features(parent.get(name, {}), value, deep)
        elif name == "dependencies" and name in parent:
            paths = parent[name]["paths"]
            merged[name] = {"paths": [*paths, *(path for path in value["paths"] if path not in paths)]}
        elif name == "generate":
            merged[name] = _generate(parent.get(name, {}), value, deep)
        elif name == "inputs" and value is not None:
            inputs = parent.get(name) or {}
            merged[name] = deep_merge(inputs, value) if deep else {**inputs, **value}
        elif name in ("exclude", "errors") and deep and name in parent:
            merged[name] = {**parent[name], **value}
        elif value not in ("", None):
            merged[name] = value
    return merged


def deep_merge(
    target: Mapping[str, Any], source: Mapping[str, Any], *, append: bool = True
) -> dict[str, Any]:
    """`source` over `target`: maps merge, lists are appended (or replaced), everything else is replaced.

    Raises:
        StrataError: a list in `source` meets something else in `target`.
    """
    merged = dict(target)
    for name, value in source.items():
        present = merged.get(name)
        if isinstance(value, dict) and isinstance(present, dict):
            merged[name] = deep_merge(present, value, append=append)
        elif append and isinstance(value, list) and present is not None:
            if not isinstance(present, list):
                raise StrataError(f"a deep merge cannot append the list `{name}` to another type")
            merged[name] = [*present, *value]
        else:
            merged[name] = value
    return merged


def merge_dependency(parent: Tree, child: Tree) -> Tree:
    """One `dependency` block deeply merged: mocks merge, the commands that allow them are joined."""
    merged = {**parent, **child}
    if "mock_outputs" in parent and "mock_outputs" in child:
        merged["mock_outputs"] = deep_merge(parent["mock_outputs"], child["mock_outputs"])
    commands = "mock_outputs_allowed_terraform_commands"
    if commands in parent and commands in child:
        merged[commands] = [*parent[commands], *child[commands]]
    return merged


def _dependencies(parent: Tree, child: Tree, deep: bool) -> Tree:
    merged = dict(parent)
    for name, block in child.items():
        merged[name] = merge_dependency(parent[name], block) if deep and name in parent else block
    return merged


def _features(parent: Tree, child: Tree, deep: bool) -> Tree:
    for flag in sorted(set(parent) & set(child)) if deep else ():
        if not isinstance(child[flag]["default"], dict):
            # Terragrunt 1.1.3: "cannot unmarshal bool into Go struct field CtyJSONOutput.Value".
            raise StrataError(
                f"Terragrunt cannot merge deeply two `feature` blocks named `{flag}`",
                remedy="define it in one of the files, or merge shallowly",
            )
    return {**parent, **child}


def _generate(parent: Tree, child: Tree, deep: bool) -> Tree:
    twice = sorted(set(parent) & set(child))
    if twice and not deep:
        raise StrataError(
            f"the `generate` block `{twice[0]}` is defined both here and in an included file",
            remedy="rename one of them",
        )
    return {**parent, **child}


def _terraform(parent: Tree, child: Tree, deep: bool) -> Tree:
    merged = dict(parent)
    for name, value in child.items():
        if name in _HOOKS:
            # A child's hook of the same name takes the parent's place in the order.
            merged[name] = {**parent.get(name, {}), **value}
        elif name in _COPY_LISTS:
            if deep:
                merged[name] = [*value, *parent.get(name, [])]
        else:
            merged[name] = value
    return merged
