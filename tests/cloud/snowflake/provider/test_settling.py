"""What the plugin SDK's flat state makes of null and empty values."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake.provider import settling
from strata.cloud.snowflake.provider.values import UNKNOWN

BLOCK = ["list", ["object", {"a": "string", "n": "number", "m": ["map", "string"]}]]
TYPE = ["object", {"text": "string", "number": "number", "list": ["list", "string"], "block": BLOCK}]


def _state(**values: Any) -> dict[str, Any]:
    return {"text": None, "number": None, "list": None, "block": None} | values


@pytest.mark.parametrize(
    ("kind", "empty"),
    [
        ("string", ""),
        ("number", 0),
        ("bool", False),
        (["list", "string"], []),
        (["set", "string"], []),
        (["map", "string"], {}),
        (["object", {"a": "string", "b": ["list", "bool"]}], {"a": "", "b": []}),
    ],
)
def test_the_empty_value_of_a_type(kind: Any, empty: Any) -> None:
    assert settling.zero(kind) == empty
    assert settling.or_zero(None, kind) == empty
    assert settling.or_zero(UNKNOWN, kind) == empty


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        (None, None),
        ([], []),
        ([{}], [{"a": "", "n": 0, "m": {}}]),
        ([{"a": "x", "n": None, "m": {"k": "v"}}], [{"a": "x", "n": 0, "m": {"k": "v"}}]),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_blocks_hold_no_null(value: Any, filled: Any) -> None:
    assert settling.filled(value, BLOCK) == filled


@pytest.mark.parametrize(
    ("known", "read", "applied", "prior", "state"),
    [
        # What is read wins; null that is read is empty; what is not read stays.
        (_state(text="a"), {"text": "b"}, False, None, _state(text="b")),
        (_state(text="a"), {"text": None}, False, None, _state(text="")),
        (_state(number=1), {}, False, None, _state(number=1)),
        # An apply empties what it takes away, and keeps what was unknown in the plan.
        (_state(), {}, True, _state(text="a"), _state(text="")),
        (_state(text=UNKNOWN), {}, True, _state(text="a"), _state(text="a")),
        (_state(text=UNKNOWN), {}, True, None, _state()),
        (_state(list=UNKNOWN), {}, True, _state(list=["a"]), _state()),
        # Null and an empty list are the plan's, after an apply.
        (_state(list=[]), {"list": None}, True, None, _state(list=[])),
        (_state(list=None), {"list": []}, True, None, _state()),
        (_state(list=None), {"list": []}, False, None, _state(list=[])),
        (_state(block=[{"a": None, "n": None, "m": None}]), {}, True, None, None),
    ],
)
def test_the_state_after_a_read(
    known: dict[str, Any], read: dict[str, Any], applied: bool, prior: Any, state: Any
) -> None:
    found = settling.settled(TYPE, known, read, applied=applied, prior=prior)
    assert found == (state or _state(block=[{"a": "", "n": 0, "m": None}]))


@pytest.mark.parametrize(
    ("one", "other", "equivalent"),
    [
        (None, "", True),
        (0, None, True),
        (False, None, True),
        ([], None, True),
        ({}, [], True),
        ("a", "", False),
        (True, None, False),
        (1, True, True),
        ("a", "a", True),
        ([{"a": None}], [{"a": ""}], True),
        ([{"a": None}], [{"a": "x"}], False),
        ([{"a": 1}], [{"b": 1}], False),
        (["a"], ["a", "b"], False),
        (["a", ""], ["a", None], True),
        (["a", "b"], ["a", "c"], False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ({"a": 1, "b": None}, {"a": 1, "b": ""}, True),
        (UNKNOWN, UNKNOWN, True),
        (UNKNOWN, None, False),
        (None, UNKNOWN, False),
    ],
)
def test_equivalent_values(one: Any, other: Any, equivalent: bool) -> None:
    assert settling.equivalent(one, other) is equivalent


@pytest.mark.parametrize(
    ("value", "other", "kind", "applied", "expected"),
    [
        (None, "", "string", False, ""),
        (None, "a", "string", False, None),
        (None, UNKNOWN, "string", False, UNKNOWN),
        (None, UNKNOWN, "string", True, None),
        ("a", UNKNOWN, "string", False, "a"),
        (None, [], ["list", "string"], False, []),
        (None, ["a"], ["list", "string"], False, None),
        (["b"], ["a"], ["list", "string"], False, ["b"]),
        (["b", "a"], ["a", "b"], ["set", "string"], True, ["a", "b"]),
        (["b", "a"], ["a", "b"], ["set", "string"], False, ["b", "a"]),
        (["a"], [UNKNOWN], ["set", "string"], True, ["a"]),
        ({"a": None}, {"a": ""}, ["object", {"a": "string"}], False, {"a": ""}),
        (None, {"a": ""}, ["object", {"a": "string"}], False, {"a": ""}),
        ([None], [""], ["list", "string"], False, [""]),
        ([None], ["", ""], ["list", "string"], False, [None]),
        ({}, None, ["map", "string"], True, None),
        (UNKNOWN, None, ["list", "string"], True, UNKNOWN),
    ],
)
def test_null_and_empty_are_kept(value: Any, other: Any, kind: Any, applied: bool, expected: Any) -> None:
    assert settling.normalize_null_values(value, other, kind, applied=applied) == expected


def test_the_unknowns_of_a_new_object() -> None:
    attributes = {"c": {"computed": True}, "d": {"computed": True}, "e": {}}
    block = {
        "attributes": attributes,
        "block_types": {"l": {"block": {"attributes": attributes}}, "s": {"block": {}}},
    }
    value = {"c": None, "d": 1, "e": None, "l": [{"c": None, "d": None, "e": 1}], "s": None}
    assert settling.set_unknowns(block, value) == {
        "c": UNKNOWN,
        "d": 1,
        "e": None,
        "l": [{"c": UNKNOWN, "d": UNKNOWN, "e": 1}],
        "s": None,
    }
