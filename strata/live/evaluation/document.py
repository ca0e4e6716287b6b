"""A configuration in the shape Terragrunt shows it (`render --json`, `include.NAME`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.live.language.schema import ROOT, BlockSchema, Leaf, Tree, typed
from strata.live.language.scope import Scope

# Blocks that Terragrunt shows though there are none.
_ALWAYS: Mapping[str, Any] = {"dependencies": None, "dependency": {}, "feature": {}, "generate": {}}
_ALWAYS_IN_TERRAFORM: Mapping[str, Any] = {
    "extra_arguments": {},
    "before_hook": {},
    "after_hook": {},
    "error_hook": {},
}


def completed(tree: Tree) -> Tree:
    """The tree with what Terragrunt shows where nothing is set (`TerragruntConfigAsCty`)."""
    found = {**_ALWAYS, **_completed(tree, ROOT)}
    if "terraform" in found:
        found["terraform"] = {**_ALWAYS_IN_TERRAFORM, **found["terraform"]}
    # Read by `terragrunt catalog` alone.
    found.pop("catalog", None)
    return found


def _completed(tree: Tree, schema: BlockSchema) -> Tree:
    unset = {schema.shown.get(name, name): None for name in schema.attributes if name not in schema.omitted}
    found: Tree = {**unset, **schema.unset, **tree}
    for name, block in schema.blocks.items():
        content = tree.get(name)
        if not isinstance(content, dict):
            continue
        if not block.named:
            found[name] = _completed(content, block)
            continue
        each = {label: _completed(inner, block) for label, inner in content.items()}
        found[name] = list(each.values()) if block.listed else each
    return found


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
