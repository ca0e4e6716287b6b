"""What the reader of plan JSON makes of each shape that Terraform writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.plan import document as plans
from strata.plan.document import changed_names

KINDS = [
    (["no-op"], ""),
    (["read"], ""),
    (["create"], "create"),
    (["update"], "update"),
    (["delete"], "delete"),
    (["forget"], "forget"),
    (["delete", "create"], "replace"),
    (["create", "delete"], "replace"),
    (["create", "forget"], "replace"),
    ([], ""),
]


def document(actions: list[str], **more: Any) -> dict[str, Any]:
    change = {"actions": actions, "before": {"a": 1, "b": 1}, "after": {"a": 1, "b": 2}}
    return {
        "resource_changes": [{"address": "x.y", "mode": "managed", "type": "x", "change": change, **more}]
    }


@pytest.mark.parametrize(("actions", "kind"), KINDS, ids=[",".join(actions) for actions, _ in KINDS])
def test_one_word_for_the_actions(actions: list[str], kind: str) -> None:
    (change,) = plans.changes(document(actions))
    assert change.kind == kind
    assert change.changed() == (() if kind in ("create", "delete", "forget") else ("b",))


@pytest.mark.parametrize(
    ("before", "after", "unknown", "names"),
    [
        ({"a": 1}, {"a": 1}, {}, ()),
        ({"a": 1}, {"a": 2}, {}, ("a",)),
        ({"a": 1}, {}, {}, ("a",)),
        ({}, {"b": 1, "a": 1}, {}, ("a", "b")),
        ({"a": 1}, {"a": 1}, {"a": True}, ("a",)),
        ({}, {}, {"a": [{"b": True}]}, ("a",)),
        ({}, {}, {"a": [{"b": False}], "c": {}}, ()),
        ({"a": 1, "b": 1}, None, True, ("a", "b")),
        ({"a": 1}, {"a": 1}, False, ()),
        ("x", "y", False, ()),
        (None, None, None, ()),
    ],
)
def test_names_that_change(before: Any, after: Any, unknown: Any, names: tuple[str, ...]) -> None:
    assert changed_names(before, after, unknown) == names


@pytest.mark.parametrize(
    ("module", "address", "place"),
    [
        ("", "x.y", ("", "x.y")),
        ("", 'x.y["a.b"]', ("", "x.y")),
        ("", 'x.y["a]b"]', ("", "x.y")),
        ("", r'x.y["a\"]b"]', ("", "x.y")),
        ('module.m["k.l"]', 'module.m["k.l"].x.y[0]', ("module.m", "x.y")),
        ("module.m.module.n[0]", "module.m.module.n[0].data.x.y", ("module.m.module.n", "data.x.y")),
    ],
)
def test_where_the_configuration_is(module: str, address: str, place: tuple[str, str]) -> None:
    (change,) = plans.changes(document(["update"], address=address, module_address=module))
    assert change.configured == place


def test_expressions_of_all_modules() -> None:
    inner = {"resources": [{"address": "x.z", "expressions": {"b": {}}}]}
    root = {
        "resources": [{"address": "x.y", "expressions": {"a": {}}}, {"address": "data.x.y"}],
        "module_calls": {"m": {"module": {"module_calls": {"n": {"module": inner}}}}},
    }
    assert plans.expressions({"configuration": {"root_module": root}}) == {
        ("", "x.y"): {"a": {}},
        ("", "data.x.y"): {},
        ("module.m.module.n", "x.z"): {"b": {}},
    }


def test_changes_of_each_module_as_from_inside_it() -> None:
    moved = document(["no-op"], address="module.a-b.x.y", previous_address="module.a-b.x.old")
    nested = document(["no-op"], address="module.c.module.a-b.x.y")
    own = document(["no-op"])
    items = [plan["resource_changes"][0] for plan in (moved, nested, own)]
    found = plans.by_module({"resource_changes": items})
    assert {name: [item["address"] for item in changes] for name, changes in found.items()} == {
        "a-b": ["x.y"],
        "c": ["module.a-b.x.y"],
    }
    assert found["a-b"][0]["previous_address"] == "x.old"
    assert items[0]["address"] == "module.a-b.x.y"


def test_a_plan_of_nothing_has_nothing() -> None:
    for empty in ({}, {"resource_changes": None, "output_changes": None, "planned_values": None}):
        assert list(plans.changes(empty)) == list(plans.drift(empty)) == list(plans.outputs(empty)) == []
        assert plans.resources(empty) == []
        assert plans.expressions(empty) == {}


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match="the plan cannot be read: No such file or directory"):
        plans.read_file(tmp_path / "plan.json")
