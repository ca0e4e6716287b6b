"""Drafts of plans: what a resource's own rules see, and what becomes of an attribute."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.schema import ResourceSchema
from strata.cloud.snowflake.provider.values import UNKNOWN


def attribute(kind: Any, **flags: bool) -> dict[str, Any]:
    return {"type": kind} | flags


INNER = {"attributes": {"a": attribute("string", optional=True), "n": attribute("number", optional=True)}}
SCHEMA = ResourceSchema(
    "thing",
    1,
    {
        "attributes": {
            "id": attribute("string", computed=True),
            "name": attribute("string", required=True),
            "text": attribute("string", optional=True),
            "size": attribute("number", optional=True),
            "on": attribute("bool", optional=True),
            "both": attribute("string", optional=True, computed=True),
            "shown": attribute("string", computed=True),
            "words": attribute(["set", "string"], optional=True),
            "order": attribute(["list", "string"], optional=True),
            "outputs": attribute(["list", "string"], computed=True),
        },
        "block_types": {"block": {"nesting_mode": "list", "block": INNER}},
    },
    {
        "name": {"force_new": True},
        "size": {"default": "-1"},
        "words": {"force_new": True},
        "block": {"force_new": True, "elem": {"a": {"force_new": True}}},
    },
)
EMPTY = dict.fromkeys(SCHEMA.block["attributes"]) | {"block": []}
PRIOR = EMPTY | {"id": "x", "name": "N", "size": -1, "both": "b", "shown": "s", "outputs": ["o"]}


def draft(prior: Any = None, suppressed: Any = lambda *_: False, **given: Any) -> Draft:
    config = EMPTY | {"name": "N"} | given
    kept = (
        {}
        if prior is None
        else {n: prior[n] for n in ("id", "both", "shown", "outputs") if config[n] is None}
    )
    return Draft(SCHEMA, prior, config, config | kept, suppressed)


def planned(found: Draft) -> dict[str, Any]:
    found.finish()
    return found.state


def test_a_new_object() -> None:
    found = draft(text="t", on=False, words=["b", "a"], block=[{"a": "x", "n": None}])
    assert (found.is_new, found.before("text"), found.after("text")) == (True, "", "t")
    state = planned(found)
    assert state == EMPTY | {
        "id": UNKNOWN, "name": "N", "text": "t", "size": -1, "on": False, "both": UNKNOWN, "shown": UNKNOWN,
        "outputs": UNKNOWN, "words": ["b", "a"], "block": [{"a": "x", "n": None}],
    }  # fmt: skip
    # A new object is not replaced.
    assert found.replace == []


def test_no_change_is_the_state() -> None:
    found = draft(PRIOR)
    assert planned(found) is PRIOR
    assert found.replace == []


@pytest.mark.parametrize(
    ("given", "changed", "replaced"),
    [
        ({"text": "t"}, {"text": "t"}, []),
        ({"name": "M"}, {"name": "M"}, [("name",)]),
        ({"name": UNKNOWN}, {"name": UNKNOWN}, [("name",)]),
        ({"size": 0}, {"size": 0}, []),
        ({"both": "c"}, {"both": "c"}, []),
        ({"both": UNKNOWN}, {"both": UNKNOWN}, []),
        ({"words": ["a"]}, {"words": ["a"]}, [("words",)]),
        ({"order": ["a", "b"]}, {"order": ["a", "b"]}, []),
        ({"order": UNKNOWN}, {"order": UNKNOWN}, []),
        ({"block": [{"a": "x", "n": 1}]}, {"block": [{"a": "x", "n": 1}]}, [("block",), ("block", 0, "a")]),
        ({"block": UNKNOWN}, {"block": UNKNOWN}, [("block",)]),
        ({"on": False}, {}, []),
        ({"text": ""}, {}, []),
        ({"order": []}, {}, []),
    ],
)
def test_a_change(given: dict[str, Any], changed: dict[str, Any], replaced: list[Any]) -> None:
    found = draft(PRIOR, **given)
    assert planned(found) == PRIOR | changed
    assert found.replace == replaced


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ({"text": "t"}, {}, None),
        ({"on": True}, {"on": False}, False),
        ({"order": ["a"]}, {}, []),
        ({"words": ["a", "b"]}, {"words": ["b", "a"]}, ["a", "b"]),
        ({"order": ["a", "b"]}, {"order": ["b", "a"]}, ["b", "a"]),
        ({"block": [{"a": "x", "n": 1}]}, {}, []),
        ({"block": [{"a": "x", "n": 1}]}, {"block": [{"a": "x", "n": 2}]}, [{"a": "x", "n": 2}]),
    ],
)
def test_a_later_change(before: dict[str, Any], given: dict[str, Any], after: Any) -> None:
    (name,) = before
    assert planned(draft(PRIOR | before, **given))[name] == after


def test_a_suppressed_difference_is_seen_and_not_planned() -> None:
    asked: list[Any] = []

    def suppressed(*difference: Any) -> bool:
        asked.append(difference)
        return True

    prior = PRIOR | {"text": "T", "order": ["A"], "block": [{"a": "X", "n": None}]}
    found = draft(prior, suppressed, text="t", order=["a"], block=[{"a": "x", "n": None}])
    assert (found.before("text"), found.after("text"), found.has_change("text")) == ("T", "t", True)
    assert found.state["text"] == "T"
    assert not found.has_effective_change("text")
    assert (("text",), "T", "t", prior) in asked
    assert (("order",), "A", "a", prior) in asked
    assert (("block", "a"), "X", "x", prior) in asked
    assert (found.after("outputs"), found.has_change("outputs")) == (["o"], False)
    assert (found.after("both"), found.has_change("both"), found.has_effective_change("both")) == (
        "b",
        False,
        False,
    )
    assert planned(found) is prior


def test_what_a_resource_sees_of_a_change() -> None:
    found = draft(PRIOR | {"text": "t"}, size=UNKNOWN)
    assert (found.before("text"), found.after("text"), found.has_change("text")) == ("t", "", True)
    assert found.has_effective_change("text")
    assert (found.after("size"), found.has_effective_change("size")) == (0, True)
    assert not found.has_effective_change("name")


def test_a_resource_plans_for_itself() -> None:
    found = draft(PRIOR, text="t")
    found.set_unknown_if_any("shown", ["name", "on"])
    assert found.state["shown"] == "s"
    found.set_unknown_if_any("shown", ["name", "text"])
    found.set("both", "b")
    assert not found.has_change("both")
    found.set("both", "changed")
    found.force_new("name")
    found.force_new("both")
    found.force_new("both")
    assert planned(found) == PRIOR | {"text": "t", "shown": UNKNOWN, "both": "changed"}
    assert found.replace == [("both",)]
