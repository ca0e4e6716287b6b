"""Validation of configurations, in the real provider's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from strata.cloud.snowflake.provider.rules import Rules, canonical_word, rules_of
from strata.cloud.snowflake.provider.schema import ResourceSchema
from strata.cloud.snowflake.provider.values import Object, Unknown, is_unknown

Path = tuple[str | int, ...]
_IDENTIFIERS = {
    1: ("AccountObjectIdentifier", "<name>"),
    2: ("DatabaseObjectIdentifier", "<database_name>.<name>"),
    3: ("SchemaObjectIdentifier", "<database_name>.<schema_name>.<name>"),
}


class Fault(NamedTuple):
    """One fault of a configuration."""

    summary: str
    detail: str = ""


def faults(schema: ResourceSchema, config: Object) -> list[Fault]:
    """Return the faults of a resource's configuration; skip unknown values."""
    rules = rules_of(schema.name)
    found = [*_combinations(schema, config), *_together(rules, config)]
    for path, attribute, value in _leaves(schema.block, config, ()):
        found += _value_faults(rules.get("valid", {}), path, attribute, value)
    if schema.name == "snowflake_grant_privileges_to_account_role":
        found += _privilege_faults(config)
    return list(dict.fromkeys(found))


def configuration_faults(config: Object) -> list[Fault]:
    """Return the faults of the provider's configuration: unknown features."""
    valid = rules_of("provider")["valid"]
    found = []
    for name in valid:
        for item in _known(config.get(name)):
            found += _one_of_faults(valid[name], (name, 0), item)
    return list(dict.fromkeys(found))


def _combinations(schema: ResourceSchema, config: Object) -> Iterator[Fault]:
    for path, rules in _rules(schema.behaviour, (), config):
        name = ".".join(str(step) for step in path)
        if rules.get("exactly_one_of"):
            group = sorted(rules["exactly_one_of"])
            states = {member: _is_given(config, _steps(member)) for member in group}
            given = [member for member in group if states[member]]
            members = ",".join(group)
            if len(given) > 1:
                both = f"only one of `{members}` can be specified, but `{','.join(given)}` were specified."
                yield Fault("Invalid combination of arguments", f'"{name}": {both}')
            elif not given and None not in states.values():
                yield Fault(
                    "Invalid combination of arguments", f'"{name}": one of `{members}` must be specified'
                )
        if rules.get("conflicts_with") and _is_given(config, path):
            for other in rules["conflicts_with"]:
                if _is_given(config, _steps(other)):
                    yield Fault("Conflicting configuration arguments", f'"{name}": conflicts with {other}')
                    break


def _together(rules: Rules, config: Object) -> Iterator[Fault]:
    for group in rules.get("required_with", ()):
        states = [_is_given(config, _steps(member)) for member in group]
        for member, state in zip(group, states, strict=True):
            if state is not False and False in states:
                members = f'"{member}": all of `{",".join(sorted(group))}` must be specified'
                yield Fault("Missing required argument", members)


def _value_faults(
    valid: dict[str, Any], path: Path, attribute: dict[str, Any], value: Any
) -> Iterator[Fault]:
    rule = valid.get(".".join(step for step in path if isinstance(step, str)))
    if rule is None or value is None or is_unknown(value):
        return
    name = ".".join(map(str, path))
    if "min_items" in rule and len(value) < rule["min_items"]:
        wanted, found = rule["min_items"], len(value)
        members = f"Attribute {name} requires {wanted} item minimum, but config has only {found} declared."
        yield Fault("Not enough list items", members)
    elif "words" in rule and canonical_word(rule["words"], value) is None:
        # The real provider converts most of these words to capitals first.
        members = value if rule["fault"] in ("unknown log level", "unknown trace level") else value.upper()
        yield Fault(f"{rule['fault']}: {members}")
    elif "types" in rule and value.split("(")[0].strip().upper() not in rule["types"]:
        yield Fault(f"{rule['fault']}: {value}")
    elif "at_least" in rule and value < rule["at_least"]:
        yield Fault(f"expected {name} to be at least ({rule['at_least']}), got {value}")
    elif "between" in rule and not rule["between"][0] <= value <= rule["between"][1]:
        low, high = rule["between"]
        yield Fault(f"expected {name} to be in the range ({low} - {high}), got {value}")
    elif rule.get("not_empty") and not value:
        yield Fault(f'expected "{name}" to not be an empty string, got {value}')
    elif "parts" in rule:
        yield from _identifier_faults(rule["parts"], value)
    elif "boolean" in rule:
        yield from _one_of_faults({"one_of": ["true", "false"], "named": "path"}, path, value)
    elif "one_of" in rule:
        yield from _one_of_faults(rule, path, value)


def _one_of_faults(rule: Rules, path: Path, value: str) -> list[Fault]:
    words = rule["one_of"]
    if value in words or (rule.get("case") == "any" and value.upper() in [item.upper() for item in words]):
        return []
    if rule.get("named") == "path":
        # The path as Go prints its structs; an index is a number behind pointers.
        steps = (f"{{{{}} {step}}}" if isinstance(step, str) else "{{} {{{{} 78}} 0x0}}" for step in path)
        name = f"[{' '.join(steps)}]"
    else:
        name = ".".join(map(str, path))
    members = " ".join(f'"{item}"' for item in words)
    return [Fault(f"expected {name} to be one of [{members}], got {value}")]


def _identifier_faults(parts: int, value: str) -> Iterator[Fault]:
    found = value.count(".") + 1 if '"' not in value else value.count('"."') + 1
    if found != parts and found in _IDENTIFIERS:
        (kind, form), (other, shape) = _IDENTIFIERS[parts], _IDENTIFIERS[found]
        yield Fault(
            "Invalid identifier type",
            f"Expected {kind} identifier type, but got: sdk.{other}. The correct form of the fully qualified "
            f"name for this field is: {form}, but was {shape}",
        )


def _privilege_faults(config: Object) -> Iterator[Fault]:
    given = _known(config.get("privileges"))
    if any(item.upper() == "OWNERSHIP" for item in given):
        members = "Granting ownership is only allowed in snowflake_grant_ownership resource."
        yield Fault("Unsupported privilege 'OWNERSHIP'", members)
    if "IMPORTED PRIVILEGES" in given and len(given) > 1:
        yield Fault("Invalid privileges", "IMPORTED PRIVILEGES cannot be used with other privileges")


def _known(values: Any) -> list[str]:
    """Return the known elements of a set of text."""
    return [item for item in values if isinstance(item, str)] if isinstance(values, list) else []


def _leaves(
    block: dict[str, Any], config: Object, prefix: Path
) -> Iterator[tuple[Path, dict[str, Any], Any]]:
    for name, attribute in block.get("attributes", {}).items():
        yield (*prefix, name), attribute, config.get(name)
    for name, nested in block.get("block_types", {}).items():
        items = config.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield from _leaves(nested["block"], item, (*prefix, name, index))


def _rules(behaviour: dict[str, Any], prefix: Path, config: Object) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, rules in behaviour.items():
        yield (*prefix, name), rules
        blocks = config.get(name)
        if "elem" in rules and isinstance(blocks, list):
            for index, block in enumerate(blocks):
                if isinstance(block, dict):
                    yield from _rules(rules["elem"], (*prefix, name, index), block)


def _steps(path: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def _is_given(config: Any, path: Path) -> bool | None:
    """Return whether the configuration has a value at the path; None if that is unknown."""
    for step in path:
        if isinstance(config, Unknown):
            return None
        if isinstance(step, int):
            if not isinstance(config, list) or len(config) <= step:
                return False
            config = config[step]
        else:
            config = config.get(step) if isinstance(config, dict) else None
    if isinstance(config, Unknown):
        return None
    return config is not None and config != []
