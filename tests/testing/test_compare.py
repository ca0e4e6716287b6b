"""Expectations against planned values, without Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from strata.errors import StrataError
from strata.testing.cases.case import PolicyStatements
from strata.testing.cases.compare import NOTHING, ValueDifference, differences, unmatched
from strata.testing.cases.documents import read_document
from strata.testing.cases.outcome import UNKNOWN, planned_value
from strata.testing.cases.policies import policy_differences
from strata.testing.cases.scheduling import batches
from strata.testing.cases.schemas import SetAttributes

SETS = SetAttributes({"t": frozenset({"rule", "rule.cidrs"})})


def differ(expected: Any, planned: Any) -> list[str]:
    found = differences(expected, planned, (), "r", lambda names: SETS.has("t", names))
    return [f"{difference.place}: {difference.expected} {difference.planned}" for difference in found]


@pytest.mark.parametrize(
    ("expected", "planned", "places"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["r.a: 1 True"]),
        ({"a": True}, {"a": 1}, ["r.a: True 1"]),
        ({"a": "1"}, {"a": 1}, ["r.a: 1 1"]),
        ({"a": None}, {"a": None}, []),
        ({"a": None}, {}, ["r.a: None nothing"]),
        ({"a": None}, {"a": UNKNOWN}, ["r.a: None (known after apply)"]),
        ({"a": "(known after apply)"}, {"a": UNKNOWN}, []),
        ({"a": "(known after apply)"}, {"a": "x"}, ["r.a: (known after apply) x"]),
        ({"a": "(absent)"}, {"b": 1}, []),
        ({"a": "(absent)"}, {"a": None}, ["r.a: nothing None"]),
        ({"a": "(absent)"}, {"a": "(absent)"}, ["r.a: nothing (absent)"]),
        ({"a": {"k": "(absent)"}}, {"a": None}, ["r.a: {'k': '(absent)'} None"]),
        ({"a": "re:x+"}, {"a": "xxx"}, []),
        ({"a": "re:x+"}, {"a": "xxy"}, ["r.a: re:x+ xxy"]),
        ({"a": "re:x+"}, {"a": UNKNOWN}, ["r.a: re:x+ (known after apply)"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["r.a[0]: 1 2", "r.a[1]: 2 1"]),
        ({"a": [1]}, {"a": [1, 2]}, ["r.a[1]: nothing 2"]),
        ({"a": []}, {"a": []}, []),
        ({"a": {}}, {"a": {}}, []),
        ({"a": {}}, {"a": {"k": "why"}}, ["r.a: {} {'k': 'why'}"]),
        ({"a": {}}, {"a": "{}"}, []),
        ({"a": {}}, {"a": '{"k": 1}'}, ["r.a: {} {'k': 1}"]),
        ({"a": {}}, {"a": None}, ["r.a: {} None"]),
        ({"a": {"k": [1]}}, {"a": '{"k": [1], "l": 2}'}, []),
        ({"a": {"k": [1]}}, {"a": '{"k": [2]}'}, ["r.a.k[0]: 1 2"]),
        ({"a": {"k": 1}}, {"a": "{no json"}, ["r.a: {'k': 1} {no json"]),
        # A set of blocks, which hold a set of strings: subsets of both are paired, whatever their order.
        ({"rule": [{"cidrs": ["b", "a"]}, {"n": 1}]}, {"rule": [{"n": 1, "cidrs": []}, {"n": 2, "cidrs": ["a", "b"]}]}, []),
        ({"rule": [{"n": 1}]}, {"rule": [{"n": 1}, {"n": 2}]}, ["r.rule (a set): nothing {'n': 2}"]),
        ({"rule": [{"n": 3}]}, {"rule": [{"n": 1}]}, ["r.rule (a set): {'n': 3} nothing", "r.rule (a set): nothing {'n': 1}"]),
    ],
)  # fmt: skip
def test_a_value_is_compared_with_its_expectation(expected: Any, planned: Any, places: list[str]) -> None:
    assert differ(expected, planned) == places


def test_a_pattern_is_of_a_text() -> None:
    assert differ({"a": "re:1.", "b": "re:1.", "c": "re:x.y"}, {"a": 12, "b": "12", "c": "x\ny"}) == [
        "r.a: re:1. 12"
    ]
    assert differ({"a": "re:1"}, {"a": "12"}) == ["r.a: re:1 12"]


def test_a_difference_knows_the_place_of_its_expectation() -> None:
    found = differences({"a": [1, {"b": 2}, 3]}, {"a": [0, {"b": 3}, 3, 4]}, ("k",), "", lambda names: False)
    assert [(one.keys, one.place) for one in found] == [
        (("k", "a", 0), "a[0]"),
        (("k", "a", 1, "b"), "a[1].b"),
        # What is not expected has no place of its own.
        (("k", "a"), "a[3]"),
    ]


def test_one_difference_hides_no_other() -> None:
    assert differ({"a": "(absent)", "b": "(absent)", "c": 1}, {"b": 2, "c": 3}) == [
        "r.b: nothing 2",
        "r.c: 1 3",
    ]
    assert differ({"a": 1, "b": 2, "c": [1, 2]}, {"c": [2, 3, 4]}) == [
        "r.a: 1 nothing",
        "r.b: 2 nothing",
        "r.c[0]: 1 2",
        "r.c[1]: 2 3",
        "r.c[2]: nothing 4",
    ]


def test_as_many_elements_of_a_set_as_possible_are_paired() -> None:
    # Taken greedily, the first would take "ab" and leave nothing for the second.
    assert unmatched(["re:a.*", "ab"], ["ab", "ac"], lambda w, f: w == f or (w[:3] == "re:")) == ([], [])
    assert unmatched(["x"], ["y", "x", "z"], lambda w, f: w == f) == ([], [0, 2])


def test_what_is_known_later_is_told_from_null() -> None:
    after = {"a": None, "b": [{"c": None}, 2], "d": 1}
    later = {"b": [{"c": True}, False], "e": True}
    assert planned_value(after, later) == {"a": None, "b": [{"c": UNKNOWN}, 2], "d": 1, "e": UNKNOWN}


READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"]}


@pytest.mark.parametrize(
    ("expected", "policy", "count"),
    [
        ([READ], [{"Sid": "X", "Effect": "Allow", "Action": ["S3:getobject"], "Resource": ["a", "b"]}], 0),
        ([{"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"}], [{"Effect": "Deny", "NotAction": ["S3:getobject"], "Resource": "*"}], 0),
        ([{"Effect": "Deny", "Action": "*", "NotResource": "A"}], [{"Effect": "Deny", "Action": "*", "NotResource": "a"}], 1),
        ([READ | {"Action": "re:s3:G.*"}], [READ], 1),
        ([READ | {"Action": "re:s3:g.*"}], [READ], 0),
        ([READ | {"NotPrincipal": {"AWS": "123456789012"}}], [READ | {"NotPrincipal": {"AWS": ["arn:aws:iam::123456789012:root"]}}], 0),
        ([READ | {"NotPrincipal": "*"}], [READ | {"Principal": "*"}], 1),
        ([READ | {"Condition": {"StringEquals": {"k": "a"}}}], [READ | {"Condition": {"StringEquals": {"k": "A"}}}], 1),
        ([READ | {"Condition": {"StringEquals": {"k": "a"}}}], [READ | {"Condition": {"StringEquals": {"k": "a", "l": "a"}}}], 1),
        ([READ | {"Condition": {"StringEquals": {"k": "a"}}}], [READ | {"Condition": {"StringEquals": {"k": "a"}, "Bool": {"b": "true"}}}], 1),
        ([READ | {"Condition": {"StringEquals": {"k": "a"}, "Bool": {"b": "true"}}}], [READ | {"Condition": {"StringEquals": {"k": "b"}, "Bool": {"b": "true"}}}], 1),
        ([READ | {"Condition": {"StringEquals": {"k": "a", "l": "b"}}}], [READ | {"Condition": {"StringEquals": {"k": "a", "l": "c"}}}], 1),
        ([{"Effect": "Deny", "Action": "*", "NotResource": ["a", "b"]}], [{"Effect": "Deny", "Action": "*", "NotResource": ["b", "a"]}], 0),
        ([READ | {"Resource": ["a", "b", "c"]}], [READ], 1),
        ([READ | {"Resource": ["a"]}], [READ], 1),
        ([READ | {"Sid": "re:X.*"}], [READ | {"Sid": "Xyz"}], 0),
        ([READ | {"Sid": "re:X"}], [READ | {"Sid": "Xyz"}], 1),
        ([READ | {"Sid": "X"}], [READ], 1),
        ([READ | {"Sid": "Y"}], [READ | {"Sid": "X"}], 1),
        ([READ], [READ | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}], 1),
        ([READ], [READ, {"Effect": "Deny", "Action": "*", "Resource": "*"}], 1),
        ([READ | {"Principal": "*"}], [READ | {"Principal": {"AWS": "*"}}], 0),
        ([READ | {"Principal": {"AWS": "123456789012"}}], [READ | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}], 0),
        ([READ | {"Principal": {"Service": "a"}}], [READ | {"Principal": {"Service": ["a", "b"]}}], 1),
        ([READ | {"Condition": {"Bool": {"AWS:securetransport": False}}}], [READ | {"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}], 0),
        ([READ | {"Condition": {"StringEquals": {"k": ["a", "b"]}}}], [READ | {"Condition": {"StringLike": {"k": ["a", "b"]}}}], 1),
        ([READ | {"Resource": "re:[ab]"}], [READ], 1),
        ([READ | {"Resource": ["re:[ab]", "b"]}], [READ], 0),
        ([], [READ], 1),
        # As many are missing as the policy has statements too few.
        ([READ, {"Effect": "Deny", "Action": "*", "Resource": "*"}], [READ], 1),
        ([READ], [], 1),
    ],
)  # fmt: skip
def test_policies_are_sets_of_statements(expected: list[Any], policy: list[Any], count: int) -> None:
    found = policy_differences(PolicyStatements(equals=expected), {"Statement": policy}, (), "p")
    assert len(list(found)) == count


def test_contains_leaves_other_statements_alone() -> None:
    other = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    wanted = PolicyStatements(contains=[READ])
    assert not list(policy_differences(wanted, {"Statement": [other, READ]}, (), "p"))
    assert len(list(policy_differences(wanted, {"Statement": [other]}, (), "p"))) == 1


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        # Of two that have the same keys, the one with more in common.
        ([READ | {"Effect": "Deny"}, {"Effect": "Deny", "Action": "a", "Resource": "x"}], "s3:GetObject"),
        ([{"Effect": "Deny", "Action": "a", "Resource": "x"}, READ | {"Effect": "Deny"}], "s3:GetObject"),
        # A Sid is a name.
        ([READ | {"Effect": "Deny"}, {"Sid": "R", "Effect": "Deny", "Action": "a", "Resource": "x"}], "'a'"),
    ],
)
def test_a_statement_that_is_missing_stands_beside_the_most_alike(policy: list[Any], shown: str) -> None:
    wanted = READ | ({"Sid": "R"} if shown == "'a'" else {})
    (found,) = policy_differences(PolicyStatements(contains=[wanted]), {"Statement": policy}, (), "p")
    assert shown in str(found.planned)


def test_a_statement_that_another_expectation_has_is_not_shown_as_the_nearest() -> None:
    denied = {"Effect": "Deny", "Action": "a", "Resource": "x"}
    more = READ | {"Resource": "c"}
    near, empty = "the nearest statement of the policy", "the policy is empty"

    def found(policy: list[Any], **wanted: list[Any]) -> list[ValueDifference]:
        return list(policy_differences(PolicyStatements(**wanted), {"Statement": policy}, ("k",), "p"))

    assert found([READ, denied], contains=[READ, more]) == [
        ValueDifference(("k", "contains", 1), "p: statement", more, denied, near)
    ]
    # With one statement alone, that is the nearest.
    assert found([READ], contains=[READ, more]) == [
        ValueDifference(("k", "contains", 1), "p: statement", more, READ, near)
    ]
    assert found([], equals=[READ]) == [
        ValueDifference(("k", "equals", 0), "p: statement", READ, NOTHING, empty)
    ]
    # What stands beside a missing one is not told of again as additional.
    last = {"Effect": "Deny", "Action": "b", "Resource": "y"}
    assert found([denied, READ | {"Effect": "Deny"}, last], equals=[READ]) == [
        ValueDifference(("k", "equals", 0), "p: statement", READ, READ | {"Effect": "Deny"}, near),
        ValueDifference(("k",), "p: statement", NOTHING, denied, "an additional statement"),
        ValueDifference(("k",), "p: statement", NOTHING, last, "an additional statement"),
    ]


def test_contains_of_no_statement_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        PolicyStatements(contains=[])


def test_yaml_is_read_by_the_newer_rules(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "version: 2012-10-17\non: yes\ntime: 1:30\naccount: 012345678901\nn: [1, -2.5, 1e3, null, ~, true]\n"
        "base: &b {x: 1}\nmerged: {<<: *b, y: 2}\n",
        encoding="utf-8",
    )
    document = read_document(file, "x.yaml")
    assert document.value == {
        "version": "2012-10-17",
        "on": "yes",
        "time": "1:30",
        "account": "012345678901",
        "n": [1, -2.5, 1000.0, None, None, True],
        "base": {"x": 1},
        "merged": {"x": 1, "y": 2},
    }
    assert (document.line(("n", 3)), document.line(("merged", "nothing"))) == (5, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [\n", "x.yaml:3: no valid YAML"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: no valid YAML"),
        ("a: &x [*x, *y]", "x.yaml:1: no valid YAML: found undefined alias"),
        ("a: !!python/object:os.system x", "x.yaml:1: no valid YAML"),
        ("? [a]\n: b\n", "x.yaml:1: a key must be a string"),
        ("a: 1\n1.5: b\n", "x.yaml:2: a key must be a string"),
        ("null: b\n", "x.yaml:1: a key must be a string"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StrataError) as found:
        read_document(file, "x.yaml")
    assert str(found.value).startswith(said)


def test_cases_of_a_worker_are_neighbours() -> None:
    ids = [f"tests/modules/m/{number:03}.yaml::{number:03}" for number in range(150)]
    found = batches([*reversed(ids), "tests/test_x.py::test_a[a.yaml]"], 2)
    assert [found[name] for name in ids] == ["cases 0"] * 75 + ["cases 1"] * 75
    # A second batch takes another whole one.
    assert [len(set(batches(ids[:n], 8).values())) for n in (50, 61, 119, 120)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("name", "planned", "note"),
    [
        ("buckett", ["bucket", "arn", "tags"], "did you mean bucket?"),
        ("zzz", ["bucket", "arn"], "there are arn, bucket"),
        ("zzz", [f"a{n:02}" for n in range(34)], "there are " + ", ".join(f"a{n:02}" for n in range(12)) + " and more"),
        ("zzz", [], ""),
    ],
)  # fmt: skip
def test_an_attribute_that_is_misspelt(name: str, planned: list[str], note: str) -> None:
    (found,) = differences({name: 1}, dict.fromkeys(planned, 2), (), "x", lambda _: False)
    assert (found.place, found.planned, found.note) == (f"x.{name}", NOTHING, note)
