"""Which units a plan of some is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.terraform.selection import choose, with_unapplied
from tests.terraform.conftest import FakeTree

# b needs a, c needs b: the outputs that are there, and which units a plan of c is about.
APPLIED: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "never applied": ({}, "abc"),
    "applied": ({"a": {"id": 1}, "b": {"id": 2}}, "c"),
    "partly applied": ({"a": {"id": 1}}, "bc"),
    "destroyed": ({"a": {}, "b": {}}, "abc"),
    "destroyed above what is applied": ({"a": {}, "b": {"id": 2}}, "c"),
}


@pytest.mark.parametrize("name", APPLIED)
def test_what_has_no_outputs_is_planned_too(tree: FakeTree, name: str) -> None:
    outputs, expected = APPLIED[name]
    tree.add("a")
    tree.add("b", after=("a",))
    tree.add("c", after=("b",))
    units = {unit.path: unit for unit in tree.units("dev")}
    known = {f"live/dev/{component}": found for component, found in outputs.items()}
    assert with_unapplied(units, {"live/dev/c"}, known) == {f"live/dev/{one}" for one in expected}


@pytest.mark.parametrize("change", [{"enabled": False}, {"skip_outputs": True}])
def test_what_is_not_asked_for_outputs_is_not_planned(tree: FakeTree, change: dict[str, Any]) -> None:
    tree.add("a")
    path = tree.add("b", after=("a",))
    (needed,) = tree.known[path].dependencies
    tree.known[path] = replace(tree.known[path], dependencies=(replace(needed, **change),))
    assert with_unapplied(tree.known, {path}, {}) == {path}


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (None, "abc"),
        ((), ""),
        (("b",), "b"),
        # As a shell completes the name of a folder, and in whatever order.
        (("c", "a/"), "ac"),
        (("live/dev/b", "live/dev/c/"), "bc"),
    ],
)
def test_units_are_named_by_component_or_path(
    tree: FakeTree, names: tuple[str, ...] | None, chosen: str
) -> None:
    for component in "abc":
        tree.add(component)
    units = {unit.path: unit for unit in tree.units("dev")}
    assert choose(units, names, "dev") == [f"live/dev/{component}" for component in chosen]


@pytest.mark.parametrize("name", ["d", "/a", "dev/a", "live/prod/a", ""])
def test_a_unit_that_is_not_there_is_refused(tree: FakeTree, name: str) -> None:
    tree.add("a")
    with pytest.raises(StrataError) as caught:
        choose({unit.path: unit for unit in tree.units("dev")}, [name], "dev")
    assert caught.value.message == f"environment dev has no unit {name}"
    assert caught.value.remedy is not None
    assert "a" in caught.value.remedy
