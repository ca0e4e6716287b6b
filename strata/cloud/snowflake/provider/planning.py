"""What a resource will look like after apply, and which changes need a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from strata.cloud.snowflake.provider.schema import ResourceSchema
from strata.cloud.snowflake.provider.values import UNKNOWN, Object, Unknown

Step = str | int
Same = Callable[[str, Any, Any], bool]


@dataclass
class Plan:
    """The planned state and the paths whose change needs a new resource."""

    state: Object
    replace: list[tuple[Step, ...]] = field(default_factory=list)
    changed: bool = False


def plan(schema: ResourceSchema, prior: Object | None, config: Object, same: Same) -> Plan:
    """Plan one resource.

    Args:
        schema: its type.
        prior: its state, None for a new one.
        config: the configuration; parts may be unknown.
        same: whether two values of an attribute mean the same, so that the prior one stays.
    """
    result = Plan(state={})
    result.state = _block(schema.block, schema.behaviour, prior, config, same, result, ())
    if result.changed or prior is None:
        for name in schema.computed_only():
            keeps = prior is not None and name == "fully_qualified_name" and not _renamed(prior, result.state)
            result.state[name] = prior[name] if keeps and prior is not None else UNKNOWN
    if prior is not None:
        result.state["id"] = prior["id"]
    return result


def _renamed(prior: Object, planned: Object) -> bool:
    return any(prior.get(name) != planned.get(name) for name in ("name", "schema", "database"))


def _block(
    block: dict[str, Any],
    behaviour: dict[str, Any],
    prior: Object | None,
    config: Object,
    same: Same,
    result: Plan,
    path: tuple[Step, ...],
) -> Object:
    state: Object = {}
    for name, attribute in block.get("attributes", {}).items():
        before = prior.get(name) if prior is not None else None
        if attribute.get("computed") and not attribute.get("optional"):
            state[name] = before
            continue
        rules = behaviour.get(name, {})
        state[name] = _attribute(name, attribute, rules, before, config.get(name), same, prior is None)
        if state[name] != before or isinstance(state[name], Unknown):
            result.changed = result.changed or name != "id"
            if rules.get("force_new") and prior is not None:
                result.replace.append((*path, name))
    for name, nested in block.get("block_types", {}).items():
        state[name] = _blocks(name, nested, behaviour.get(name, {}), prior, config, same, result, path)
    return state


def _attribute(
    name: str,
    attribute: dict[str, Any],
    rules: dict[str, Any],
    before: Any,
    given: Any,
    same: Same,
    new: bool,
) -> Any:
    if given is not None:
        comparable = not isinstance(given, Unknown) and (before is not None or given in ("", []))
        return before if not new and comparable and same(name, before, given) else given
    if "default" in rules:
        default = _typed(rules["default"], attribute["type"])
        return before if not new and before is not None and same(name, before, default) else default
    if attribute.get("computed"):
        return UNKNOWN if before is None else before
    return before if not new and before is not None and same(name, before, None) else None


def _blocks(
    name: str,
    nested: dict[str, Any],
    rules: dict[str, Any],
    prior: Object | None,
    config: Object,
    same: Same,
    result: Plan,
    path: tuple[Step, ...],
) -> Any:
    given = config.get(name)
    if isinstance(given, Unknown):
        result.changed = True
        return given
    before = (prior.get(name) if prior is not None else None) or []
    given = given or []
    if len(given) != len(before):
        result.changed = True
        if rules.get("force_new") and prior is not None:
            result.replace.append((*path, name))
    planned = []
    for index, item in enumerate(given):
        old = before[index] if index < len(before) else None
        if prior is not None and old is None:
            # A block added to an existing resource: its attributes are new, its force_new still counts.
            old = dict.fromkeys(nested["block"].get("attributes", {}))
        inner = (*path, name, index)
        planned.append(_block(nested["block"], rules.get("elem", {}), old, item, same, result, inner))
    return planned


def _typed(default: str, kind: str) -> Any:
    if kind == "bool":
        return default == "true"
    return int(default) if kind == "number" else default


def merge(schema: ResourceSchema, prior: Object, actual: Object, same: Same) -> Object:
    """A state after reading: `actual` in place of what is there, but the prior spelling where it means the
    same.

    A prior null or the provider's own default ('default', -1) means "not managed" and stays as long as the
    object has Snowflake's default, which `same` knows.
    """
    attributes = schema.block.get("attributes", {})
    computed_only = set(schema.computed_only())
    merged = dict(prior)
    for name, value in actual.items():
        fills = prior.get(name) is None and attributes.get(name, {}).get("computed")
        if name in computed_only or fills or not same(name, value, prior.get(name)):
            merged[name] = value
    return merged


def adopt(schema: ResourceSchema, found: Object, actual: Object) -> Object:
    """The first state of an imported object: all that is read, the provider's own defaults for the rest."""
    state = dict(found)
    state |= {name: value for name, value in actual.items() if value is not None}
    for name, rules in schema.behaviour.items():
        attribute = schema.block.get("attributes", {}).get(name)
        if attribute is not None and "default" in rules and state.get(name) is None:
            state[name] = _typed(rules["default"], attribute["type"])
    return state
