"""Which later plan counts as the reviewed one: a row is a reviewed change, a new one, and what differs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from strata.ci.fingerprint import (
    PlanFingerprint,
    Record,
    closest,
    differences,
    fingerprint,
    load_record,
    new_key,
    parse_record,
)
from strata.errors import StrataError

KEY = "ab" * 32


def plan(*changes: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"format_version": "1.2", "resource_changes": list(changes), "output_changes": outputs or {}}


def change(
    address: str = "aws_sns_topic.a",
    actions: tuple[str, ...] = ("create",),
    after: Any = None,
    before: Any = None,
    unknown: Any = None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".")[0],
        "mode": "managed",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            **more,
        },
    }


POLICY = {"Statement": [{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}]}
MOCK = {"Statement": [{"Action": "s3:GetObject", "Resource": "arn:aws:sns:eu-west-1:000000000000:mock"}]}
WIDER = {"Statement": [{"Action": "s3:*", "Resource": "arn:aws:s3:::b"}]}

ROWS: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("the same", change(after={"name": "a"}), change(after={"name": "a"}), []),
    ("another value", change(after={"name": "a"}), change(after={"name": "b"}), ["name differs from what was reviewed"]),
    ("one more attribute", change(after={"name": "a"}), change(after={"name": "a", "x": 1}), ["x differs from what was reviewed"]),
    ("one attribute fewer", change(after={"name": "a", "x": 1}), change(after={"name": "a"}), ["x differs from what was reviewed"]),
    ("nested, deep", change(after={"t": {"a": [1, 2]}}), change(after={"t": {"a": [1, 3]}}), ["t differs from what was reviewed"]),
    ("number is not text", change(after={"n": 1}), change(after={"n": "1"}), ["n differs from what was reviewed"]),
    ("update became replace", change(actions=("update",), before={"n": 1}, after={"n": 2}), change(actions=("delete", "create"), before={"n": 1}, after={"n": 2}), ["reviewed was update, planned is replace"]),
    ("a delete nobody saw", change(actions=("update",), before={"n": 1}, after={"n": 2}), change(actions=("delete",), before={"n": 1}), ["reviewed was update, planned is delete"]),
    ("before moved, without effect", change(actions=("update",), before={"n": 1}, after={"n": 2}), change(actions=("update",), before={"n": 7}, after={"n": 2}), []),
    ("it also puts right what somebody did", change(actions=("update",), before={"n": 1, "m": 1}, after={"n": 2, "m": 1}), change(actions=("update",), before={"n": 1, "m": 9}, after={"n": 2, "m": 1}), ["m differs from what was reviewed"]),
    ("unknown then, known now", change(after={"name": "a"}, unknown={"arn": True}), change(after={"name": "a", "arn": "arn:x"}), []),
    ("known then, unknown now", change(after={"arn": "arn:x"}), change(after={}, unknown={"arn": True}), ["arn differs from what was reviewed"]),
    ("unknown as a whole, nested now", change(after={}, unknown={"policy": True}), change(after={"policy": json.dumps(POLICY)}), []),
    ("an unknown id is not its longer neighbour", change(after={"id_x": "a"}, unknown={"id": True}), change(after={"id": "i", "id_x": "b"}), ["id_x differs from what was reviewed"]),
    ("an unknown element is not its longer neighbour", change(after={"l": [None, *range(10)]}, unknown={"l": [True, *([False] * 10)]}), change(after={"l": ["now", *range(9), 99]}), ["l differs from what was reviewed"]),
    ("an unknown element, and its neighbour with the same first digit", change(after={"l": [0, None, *range(9)]}, unknown={"l": [False, True]}), change(after={"l": [0, "now", *range(8), 99]}), ["l differs from what was reviewed"]),
    ("below what was unknown", change(after={}, unknown={"t": {"a": True}}), change(after={"t": {"a": {"b": [1]}}}), []),
    ("beside what was unknown", change(after={"t": {"c": 1}}, unknown={"t": {"a": True}}), change(after={"t": {"a": 1, "c": 2}}), ["t differs from what was reviewed"]),
    ("JSON spelt otherwise", change(after={"policy": json.dumps(POLICY)}), change(after={"policy": json.dumps(POLICY, indent=2)}), []),
    ("a mock then, the real value now", change(after={"policy": json.dumps(MOCK)}), change(after={"policy": json.dumps(POLICY)}), []),
    ("a mock hides only itself", change(after={"policy": json.dumps(MOCK)}), change(after={"policy": json.dumps(WIDER)}), ["policy differs from what was reviewed"]),
    ("sensitive values count", change(after={"p": "one"}, after_sensitive={"p": True}), change(after={"p": "two"}, after_sensitive={"p": True}), ["p differs from what was reviewed"]),
    ("no-op now: less is fine", change(after={"n": 1}), change(actions=("no-op",), before={"n": 1}, after={"n": 1}), []),
    ("no-op then, create now", change(actions=("no-op",), after={"n": 1}), change(after={"n": 1}), ["create was not reviewed"]),
    ("a data source is read", change(after={"n": 1}), {**change("data.aws_x.y", ("read",), after={"z": 1}), "mode": "data"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reviewed", "now", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_what_differs(name: str, reviewed: dict[str, Any], now: dict[str, Any], expected: list[str]) -> None:
    found = differences(fingerprint(plan(reviewed), KEY), fingerprint(plan(now), KEY))
    assert [one.what for one in found] == expected


def test_equal_plans_have_equal_digests_in_any_order() -> None:
    one, two = change("aws_sns_topic.a", after={"n": 1}), change("aws_sns_topic.b", after={"n": 2})
    assert fingerprint(plan(one, two), KEY).digest == fingerprint(plan(two, one), KEY).digest
    assert fingerprint(plan(one), KEY).digest != fingerprint(plan(two), KEY).digest


def test_without_the_key_a_digest_tells_nothing() -> None:
    secret = plan(change(after={"pin": "1234"}))
    assert fingerprint(secret, new_key()).digest != fingerprint(secret, new_key()).digest
    record = fingerprint(secret, KEY)
    assert "1234" not in record.model_dump_json()


def test_any_of_the_reviewed_plans_will_do() -> None:
    stale = fingerprint(plan(change(after={"n": 1})), KEY)
    environment = fingerprint(plan(change(after={}, unknown={"n": True})), KEY)
    now = fingerprint(plan(change(after={"n": 2})), KEY)
    assert closest((stale, environment), now) == []
    assert [one.what for one in closest((stale,), now)] == ["n differs from what was reviewed"]
    assert [one.what for one in closest((), now)] == ["create was not reviewed"]


def test_outputs_alone_are_no_difference() -> None:
    outputs = {"arn": {"actions": ["update"], "before": "a", "after": "b", "after_unknown": False}}
    assert differences(PlanFingerprint(), fingerprint(plan(outputs=outputs), KEY)) == []


def test_what_happens_to_an_output_is_in_the_digest() -> None:
    digests = {
        fingerprint(plan(outputs={name: {"actions": [action], "before": "a", "after": after}}), KEY).digest
        for name, action, after in [("arn", "update", "b"), ("arn", "create", "b"), ("arn", "update", "c"), ("url", "update", "b")]
    }  # fmt: skip
    assert len(digests) == 4


def test_one_changed_leaf_is_always_found() -> None:
    """Brute force: change every leaf of a plan, one at a time; each must be found, and the unchanged plan never."""
    after = {"a": "x", "b": [1, {"c": True}], "policy": json.dumps(POLICY), "d": {"e": 2.5, "f": "g"}}
    reviewed = fingerprint(plan(change(after=after)), KEY)
    assert differences(reviewed, fingerprint(plan(change(after=copy.deepcopy(after))), KEY)) == []
    places: list[tuple[Any, ...]] = [("a",), ("b", 0), ("b", 1, "c"), ("policy",), ("d", "e"), ("d", "f")]
    for place in places:
        other = copy.deepcopy(after)
        box: Any = other
        for step in place[:-1]:
            box = box[step]
        box[place[-1]] = "changed"
        found = differences(reviewed, fingerprint(plan(change(after=other)), KEY))
        assert [one.what for one in found] == [f"{place[0]} differs from what was reviewed"], place


def test_a_key_is_long_and_new() -> None:
    assert len(bytes.fromhex(new_key())) == 32
    assert new_key() != new_key()


def test_a_record_is_read_back(tmp_path: Path) -> None:
    plans = (fingerprint(plan(change(after={"n": 1})), KEY),)
    record = Record(environment="dev", commit="c", key=KEY, units={"live/dev/a": plans})
    file = tmp_path / "record.json"
    file.write_text(record.model_dump_json(), encoding="utf-8")
    assert load_record(file) == record
    with pytest.raises(StrataError) as caught:
        load_record(tmp_path / "nowhere")
    assert caught.value.message == "the reviewed plans cannot be read: No such file or directory"
    assert caught.value.file == str(tmp_path / "nowhere")


GOOD = {"format": 1, "environment": "dev", "commit": "c", "key": KEY, "units": {}}


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", json.dumps({**GOOD, "format": 2}), json.dumps({**GOOD, "more": 1}), json.dumps({**GOOD, "key": None}),
     json.dumps({**GOOD, "units": {"a": [{"resources": {}, "x": 1}]}})],
)  # fmt: skip
def test_a_damaged_record(content: str) -> None:
    with pytest.raises(StrataError) as caught:
        parse_record(content.encode(), "s3://b/k")
    assert caught.value.message == "not a record of reviewed plans: ValidationError"
    assert caught.value.file == "s3://b/k"


# what a plan would make, what is unknown of it, and the same again with another value; whether that is noticed
LEAVES: list[tuple[Any, Any, Any, bool]] = [
    ({"a": None}, {}, {}, False),
    ({"a": False}, {}, {}, True),
    ({"a": ""}, {}, {}, True),
    ({"a": []}, {}, {}, False),
    ({"a": "{}"}, {}, {}, False),
    ({"a": "{"}, {}, {"a": "["}, True),
    ({"a": '{"b": 1}'}, {}, {"a": '{"b":1}'}, False),
    ({"a": '[1, 2]'}, {}, {"a": "[1,2]"}, False),
    ({"a": '{"b": 1}'}, {}, {"a": {"b": 1}}, False),
    ({"a": "5"}, {}, {"a": " 5"}, True),
    ({"a": [1, 2]}, {}, {"a": [2, 1]}, True),
    ({"a": [1, 2]}, {"a": [False, True]}, {"a": [1, 9]}, False),
    ({"a": [1, 2]}, {"a": [True, False]}, {"a": [1, 9]}, True),
    ({"a": {"b": 1}}, {"a": {"c": True}}, {"a": {"b": 1, "c": 5}}, False),
    (None, {"a": True}, {"a": 5}, False),
    ({"a": "x-000000000000"}, {}, {"a": "real"}, False),
    ({"a": ["x-000000000000", 1]}, {}, {"a": ["real", 2]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("after", "unknown", "now", "noticed"), LEAVES)
def test_which_values_count(after: Any, unknown: Any, now: Any, noticed: bool) -> None:
    reviewed = fingerprint(plan(change(after=after, unknown=unknown)), KEY)
    found = differences(reviewed, fingerprint(plan(change(after=now)), KEY))
    assert [one.what for one in found] == (["a differs from what was reviewed"] if noticed else [])
