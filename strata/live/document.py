"""A configuration in the shape Terragrunt shows it (`render --json`, `include.NAME`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.live.schema import Leaf, Tree, typed
from strata.live.scope import Scope

# What Terragrunt fills in where nothing is set (`TerragruntConfigAsCty`).
_UNSET: Mapping[str, Any] = {
    "terraform_binary": "",
    "terraform_version_constraint": "",
    "terragrunt_version_constraint": "",
    "download_dir": "",
    "iam_role": "",
    "iam_assume_role_session_name": "",
    "iam_web_identity_token": "",
    "iam_assume_role_duration": None,
    "dependencies": None,
    "inputs": None,
}
_UNSET_GENERATE: Mapping[str, Any] = {
    "comment_prefix": "# ",
    "if_disabled": "skip",
    "disable": False,
    "disable_signature": False,
    "hcl_fmt": None,
}


def completed(tree: Tree) -> Tree:
    """The tree with Terragrunt's values where nothing is set."""
    generate = tree.get("generate", {})
    if isinstance(generate, dict):
        generate = {name: {**_UNSET_GENERATE, **block} for name, block in generate.items()}
    return {**_UNSET, "dependency": {}, "feature": {}, **tree, "generate": generate}


def filled(tree: Tree, values: Mapping[int, Any]) -> Tree:
    """The tree with every leaf replaced by its value, converted to the leaf's type; null attributes left out.

    Args:
        values: the evaluated values by the leaf's identity.
    """
    found: Tree = {}
    for name, item in tree.items():
        if isinstance(item, Leaf):
            value = typed(values[id(item)], item)
            if value is not None or name == "inputs":
                found[name] = value
        elif isinstance(item, dict):
            found[name] = filled(item, values)
        else:
            found[name] = item
    return found


def dependency_blocks(unit: Scope) -> dict[str, list[tuple[Scope, str, Tree]]]:
    """By name, the `dependency` blocks that make up the unit's, with scope and strategy, strongest last."""
    found: dict[str, list[tuple[Scope, str, Tree]]] = {}
    for include in unit.includes:
        if include.merge_strategy != "no_merge":
            for name, tree in include.scope.tree.get("dependency", {}).items():
                found.setdefault(name, []).append((include.scope, include.merge_strategy, tree))
    for name, tree in unit.tree.get("dependency", {}).items():
        found.setdefault(name, []).append((unit, "", tree))
    return found
