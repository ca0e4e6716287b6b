"""The stand-in for Snowflake's provider against facts of the real one, 2.20.0, kept here on their own.

A module that is planned with the stand-in is planned there alike: the same schemas go over the wire, and defaults,
replacements and conflicts, which no schema tells, are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.provider import planning, schema
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.values import UNKNOWN

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "snowflake-2.20.0.json").read_text(encoding="utf-8")
)
RESOURCES = sorted(set(FACTS) - {"provider"})
# Two values of each type.
VALUES = {
    "string": ("a", "b"),
    "number": (1, 2),
    "bool": (True, False),
    '["set","number"]': ([1], [2]),
    '["set","string"]': (["a"], ["b"]),
    '["list","string"]': (["a"], ["b"]),
}


def served(block: pb.Schema.Block, prefix: str = "") -> dict[str, str]:
    """A block of the protocol in the facts' form: `flags type` of attributes, `nesting min max` of blocks."""
    found = {}
    for attribute in block.attributes:
        flags = "".join(
            letter
            for letter, is_set in (
                ("r", attribute.required),
                ("o", attribute.optional),
                ("c", attribute.computed),
                ("s", attribute.sensitive),
            )
            if is_set
        )
        kind = json.loads(attribute.type)
        text = kind if isinstance(kind, str) else json.dumps(kind, separators=(",", ":"))
        found[prefix + attribute.name] = f"{flags} {text}"
    for nested in block.block_types:
        mode = pb.Schema.NestedBlock.NestingMode.Name(nested.nesting).lower()
        name = prefix + nested.type_name
        found[f"{name}[]"] = f"{mode} {nested.min_items} {nested.max_items}"
        found |= served(nested.block, f"{name}.")
    return found


def test_the_same_resource_types_are_served() -> None:
    assert sorted(schema.resources()) == RESOURCES


def test_the_providers_configuration_is_the_same() -> None:
    assert served(schema.provider_message().block) == FACTS["provider"]["attributes"]


@pytest.mark.parametrize("name", RESOURCES)
def test_the_schema_is_the_same(name: str) -> None:
    message = schema.resources()[name].message()
    assert (message.version, served(message.block)) == (FACTS[name]["version"], FACTS[name]["attributes"])


def settable(name: str) -> Iterator[tuple[str, Any, Any]]:
    """What may be given of a resource, by dotted path, with two values; a block is absent and then empty."""
    for path, facts in FACTS[name]["attributes"].items():
        if path.endswith("[]"):
            yield path.removesuffix("[]"), None, [{}]
            continue
        flags, kind = facts.split(" ", 1)
        if ("r" in flags or "o" in flags) and path != "id":
            assert kind in VALUES, f"{name} {path}: no values of type {kind}"
            yield path, *VALUES[kind]


def resource(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """A resource in which nothing is set but what some paths lead to."""
    given: dict[str, Any] = {}
    for path, value in values.items():
        place = given
        *steps, last = path.split(".")
        for step in steps:
            place = place.setdefault(step, [{}])[0]
        if value is not None:
            place.setdefault(last, value)
    return schema.blank(schema.resources()[name].block, given)


def indexed(path: str) -> str:
    """A path as the provider writes it: every block has one element here."""
    return path.replace(".", ".0.")


def same(_: str, one: Any, other: Any) -> bool:
    return bool(one == other)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_change_replaces_a_resource_where_the_real_one_does(name: str) -> None:
    kind = schema.resources()[name]
    rules = FACTS[name]["rules"]
    for path, before, after in settable(name):
        prior = resource(name, {path: before}) | {"id": "x"}
        planned = planning.plan(kind, prior, resource(name, {path: after}), same)
        replaced = {".".join(step for step in steps if isinstance(step, str)) for steps in planned.replace}
        # The real provider decides of this one in code.
        by_code = (name, path) == ("snowflake_execute", "execute")
        assert (path in replaced) is (by_code or bool(rules.get(path, {}).get("force_new"))), path


@pytest.mark.parametrize("name", RESOURCES)
def test_what_is_not_given_has_the_real_default(name: str) -> None:
    kind = schema.resources()[name]
    blocks = {path: [{}] for path, _, value in settable(name) if value == [{}]}
    for path, facts in FACTS[name]["attributes"].items():
        if path.endswith("[]"):
            continue
        above = path.rpartition(".")[0]
        given = resource(name, {above: blocks[above]} if above else {})
        found: Any = planning.plan(kind, None, given, same).state
        for step in path.split("."):
            found = found[0][step] if isinstance(found, list) else found[step]
        rules = FACTS[name]["rules"].get(path, {})
        if "default" in rules:
            assert str(found).lower() == rules["default"].lower(), path
        else:
            assert found is (UNKNOWN if "c" in facts.split(" ", 1)[0] else None), path


@pytest.mark.parametrize("name", RESOURCES)
def test_what_conflicts_is_refused_as_the_real_one_does(name: str) -> None:
    kind = schema.resources()[name]
    values = {path: value for path, _, value in settable(name)}
    for path, rules in FACTS[name]["rules"].items():
        for wanted in rules.get("conflicts_with", ()):
            other = wanted.replace(".0", "")
            fault = f'"{indexed(path)}": conflicts with {wanted}'
            both = schema.faults(kind, resource(name, {path: values[path], other: values[other]}))
            alone = schema.faults(kind, resource(name, {path: values[path]}))
            assert fault in both, path
            assert fault not in alone, path


@pytest.mark.parametrize("name", RESOURCES)
def test_exactly_one_is_wanted_where_the_real_one_wants_it(name: str) -> None:
    kind = schema.resources()[name]
    values = {path: value for path, _, value in settable(name)}
    for path, rules in FACTS[name]["rules"].items():
        group = rules.get("exactly_one_of", ())
        if not group:
            continue
        said = ",".join(group)
        members = [member.replace(".0", "") for member in group]
        above = path.rpartition(".")[0]
        none = schema.faults(kind, resource(name, {above: values[above]} if above else {}))
        assert f"one of `{said}` must be specified" in none, path
        one = schema.faults(kind, resource(name, {members[0]: values[members[0]]}))
        assert not any(f"`{said}`" in fault for fault in one), path
        two = schema.faults(kind, resource(name, {member: values[member] for member in members[:2]}))
        assert f"only one of `{said}` can be specified, but more than one is" in two, path
