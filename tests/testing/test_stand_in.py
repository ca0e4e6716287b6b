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

from strata.cloud.snowflake.provider import schema, validation
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.planning import Draft
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
    """What may be given of a resource, by dotted path, with two values; a block is absent and then empty.

    How long a provider waits is no part of what it makes.
    """
    for path, facts in FACTS[name]["attributes"].items():
        if path.startswith("timeouts"):
            continue
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


def planned(kind: schema.ResourceSchema, prior: dict[str, Any] | None, given: dict[str, Any]) -> Draft:
    """A plan by the general rules, without the resource's own."""
    draft = Draft(kind, prior, given, given, lambda *difference: False)
    draft.finish()
    return draft


def objections(kind: schema.ResourceSchema, given: dict[str, Any]) -> list[str]:
    return [fault.detail for fault in validation.faults(kind, given)]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_change_replaces_a_resource_where_the_real_one_does(name: str) -> None:
    kind = schema.resources()[name]
    rules = FACTS[name]["rules"]
    for path, before, after in settable(name):
        prior = resource(name, {path: before}) | {"id": "x"}
        found = planned(kind, prior, resource(name, {path: after}))
        replaced = {".".join(step for step in steps if isinstance(step, str)) for steps in found.replace}
        assert (path in replaced) is bool(rules.get(path, {}).get("force_new")), path


@pytest.mark.parametrize("name", RESOURCES)
def test_what_is_not_given_has_the_real_default(name: str) -> None:
    kind = schema.resources()[name]
    blocks = {path: [{}] for path, _, value in settable(name) if value == [{}]}
    for path, facts in FACTS[name]["attributes"].items():
        if path.endswith("[]") or path.startswith("timeouts"):
            continue
        above = path.rpartition(".")[0]
        given = resource(name, {above: blocks[above]} if above else {})
        found: Any = planned(kind, None, given).state
        for step in path.split("."):
            found = found[0][step] if isinstance(found, list) else found[step]
        rules = FACTS[name]["rules"].get(path, {})
        if "default" in rules:
            # An empty default is null, as long as nobody has set it.
            assert ("" if found is None else str(found).lower()) == rules["default"].lower(), path
        else:
            assert found is (UNKNOWN if "c" in facts.split(" ", 1)[0] else None), path


@pytest.mark.parametrize("name", RESOURCES)
def test_what_conflicts_is_refused_as_the_real_one_does(name: str) -> None:
    kind = schema.resources()[name]
    values = {path: value for path, _, value in settable(name)}
    for path, rules in FACTS[name]["rules"].items():
        for wanted in rules.get("conflicts_with", ()):
            other = wanted.replace(".0", "")
            # The real one names the first of those that are given.
            fault = f'"{indexed(path)}": conflicts with {wanted}'
            both = objections(kind, resource(name, {path: values[path], other: values[other]}))
            alone = objections(kind, resource(name, {path: values[path]}))
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
        said = ",".join(sorted(group))
        members = [member.replace(".0", "") for member in group]
        above = path.rpartition(".")[0]
        none = objections(kind, resource(name, {above: values[above]} if above else {}))
        assert f'"{indexed(path)}": one of `{said}` must be specified' in none, path
        one = objections(kind, resource(name, {members[0]: values[members[0]]}))
        assert not any(f"`{said}`" in fault for fault in one), path
        two = objections(kind, resource(name, {member: values[member] for member in members[:2]}))
        both = ",".join(sorted(group[:2]))
        wanted = f"only one of `{said}` can be specified, but `{both}` were specified."
        assert f'"{indexed(path)}": {wanted}' in two, path


@pytest.mark.parametrize("name", RESOURCES)
def test_what_is_not_known_yet_is_not_objected_to(name: str) -> None:
    """A plan validates with unknown values first: of variables, and of resources that are not there yet."""
    kind = schema.resources()[name]
    for path, _, value in settable(name):
        if value != [{}]:
            alone = objections(kind, resource(name, {path: value}))
            unknown = objections(kind, resource(name, {path: UNKNOWN}))
            assert set(unknown) <= set(alone), path
