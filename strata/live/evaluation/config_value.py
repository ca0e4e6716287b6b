"""A whole configuration as one HCL value: what `include.NAME` and `read_terragrunt_config` give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from strata.errors import StrataError
from strata.hcl.literals import literal, object_of
from strata.live.evaluation.document import completed
from strata.live.language.hcl import Attribute
from strata.live.language.includes import merge
from strata.live.language.schema import Kind, Leaf, Tree, includes_of
from strata.live.language.scope import Scope

# Of the kinds whose values HCL may have to convert, what does that; texts of numbers are seldom meant.
_CONVERSIONS: Mapping[Kind, str] = {"bool": "tobool", "int": "tonumber", "one_type_map": "tomap"}


class _Text(str):
    """The text of an expression, as opposed to a plain string."""


def configuration_text(
    scope: Scope,
    leaf: Callable[[Scope, Leaf], str],
    local: Callable[[Scope, Attribute], str],
    *,
    graph_only: bool,
) -> str:
    """The expression whose value is the file's configuration, its includes merged in.

    Args:
        scope: the file.
        leaf: gives the text of an attribute's value.
        local: gives the text of a local's value.
        graph_only: read only what the graph needs, as Terragrunt does with an included file that has
            dependencies while it forms the graph.

    Raises:
        StrataError: the file includes another with a deep merge, which has no expression.
    """
    tree = scope.tree
    if graph_only and ("dependency" in tree or "dependencies" in tree):
        tree = {name: block for name, block in tree.items() if name in ("dependency", "feature")}
    merged = _texts(scope, tree, leaf)
    for include in reversed(scope.includes):
        if include.merge_strategy == "deep":
            block = dict(includes_of(scope.file))[include.name]
            raise StrataError(
                "a file with a deep merge cannot be read by `read_terragrunt_config`",
                file=scope.file.path,
                line=block.line,
                remedy='include with merge_strategy = "shallow"',
            )
        if include.merge_strategy == "shallow":
            merged = _merge(_texts(include.scope, include.scope.tree, leaf), merged)
    values = {
        # As it is, and no local more for Terraform, where it is nothing but literals.
        name: literal(constant[0]) if (constant := attribute.value.constant) else local(scope, attribute)
        for name, attribute in scope.locals.items()
    }
    whole = {**completed(merged), "locals": _Text(object_of(values)) if values else None}
    # Terragrunt hands a configuration over as JSON: sets become lists.
    return f"jsondecode(jsonencode({_node(whole)}))"


def _texts(scope: Scope, tree: Tree, leaf: Callable[[Scope, Leaf], str]) -> Tree:
    found: Tree = {}
    for name, value in tree.items():
        if isinstance(value, Leaf):
            text = leaf(scope, value)
            found[name] = _Text(f"{_CONVERSIONS[value.kind]}({text})" if value.kind in _CONVERSIONS else text)
        else:
            found[name] = _texts(scope, value, leaf) if isinstance(value, dict) else value
    return found


def _merge(parent: Tree, child: Tree) -> Tree:
    # What merges by value has to be left to Terraform.
    inputs = [part["inputs"] for part in (parent, child) if "inputs" in part]
    paths = [part["dependencies"]["paths"] for part in (parent, child) if "dependencies" in part]
    by_value = ("inputs", "dependencies")
    merged = merge(
        {name: value for name, value in parent.items() if name not in by_value},
        {name: value for name, value in child.items() if name not in by_value},
        "shallow",
    )
    if inputs:
        merged["inputs"] = _Text(f"merge({', '.join(inputs)})")
    if paths:
        merged["dependencies"] = {"paths": _Text(f"distinct(concat({', '.join(paths)}))")}
    return merged


def _node(value: Any) -> str:
    if isinstance(value, _Text):
        return value
    if isinstance(value, dict):
        return object_of({name: _node(item) for name, item in value.items()})
    if isinstance(value, list):
        return f"[{', '.join(_node(item) for item in value)}]"
    return literal(value)
