"""Where two environments differ: each kind of value, name and permission, on units given as they are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.difference import ALLOWED, Allowed, differences, read_allowed

DEV = {"account_id": "111111111111", "region": "eu-west-1"}
QA = {"account_id": "222222222222", "region": "us-east-1"}


class Tree:
    """A tree of which nothing but the evaluated units is there."""

    def __init__(self, root: Path, units: Mapping[str, Mapping[str, Any]]) -> None:
        self.root = root
        self._units = units

    def units(self, environment: str) -> list[Any]:
        prefix = f"live/{environment}/"
        return [
            SimpleNamespace(path=path, component=path.removeprefix(prefix))
            for path in self._units
            if path.startswith(prefix)
        ]

    def configs(self, paths: Sequence[str]) -> dict[str, Any]:
        return {path: dict(self._units[path]) for path in paths}


def unit(context: Mapping[str, str], inputs: Mapping[str, Any], source: str = "m") -> dict[str, Any]:
    return {"terraform": {"source": source}, "inputs": {"context": dict(context), **inputs}}


def found(root: Path, dev: Mapping[str, Any], qa: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    units = {f"live/dev/{name}": document for name, document in dev.items()}
    units |= {f"live/qa/{name}": document for name, document in qa.items()}
    tree: Any = Tree(root, units)
    return [(one.unit, one.path, one.left, one.right, one.reason) for one in differences(tree, "dev", "qa")]


# dev's inputs, qa's inputs, what differs (path, left, right)
INPUTS: list[tuple[dict[str, Any], dict[str, Any], list[tuple[str, Any, Any]]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
    ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
    ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, [("a.b.1.c", 2, 3)]),
    ({"l": [1]}, {"l": [1, 2]}, [("l.1", "(absent)", 2)]),
    ({"l": [1, 2]}, {"l": [1]}, [("l.1", 2, "(absent)")]),
    ({"l": []}, {"l": [1]}, [("l", [], "(absent)"), ("l.0", "(absent)", 1)]),
    ({"m": {}}, {"m": {"k": 1}}, [("m", {}, "(absent)"), ("m.k", "(absent)", 1)]),
    ({"a": None}, {}, [("a", None, "(absent)")]),
    ({}, {"a": None}, [("a", "(absent)", None)]),
    ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("a", 1, 2), ("b", 1, 2)]),
    # Names, accounts and regions are an environment's own, in values and in keys.
    ({"n": "shop-raw-dev"}, {"n": "shop-raw-qa"}, []),
    ({"n": "SHOP_DEV_CI"}, {"n": "SHOP_QA_CI"}, []),
    ({"n": "device"}, {"n": "qaice"}, [("n", "device", "qaice")]),
    ({"n": "1dev"}, {"n": "1qa"}, [("n", "1dev", "1qa")]),
    ({"n": "dev1"}, {"n": "qa1"}, [("n", "dev1", "qa1")]),
    ({"n": "arn:x:eu-west-1:111111111111:k"}, {"n": "arn:x:us-east-1:222222222222:k"}, []),
    ({"n": "111111111111"}, {"n": "333333333333"}, [("n", "111111111111", "333333333333")]),
    ({"m": {"dev": 1}}, {"m": {"qa": 1}}, []),
    ({"m": {"dev": 1}}, {"m": {"qa": 2}}, [("m.<environment>", 1, 2)]),
    # What names the other environment is the same text, and still meant.
    ({"n": "peer-dev"}, {"n": "peer-dev"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("dev", "qa", "expected"), INPUTS)
def test_inputs_that_differ(
    dev: dict[str, Any], qa: dict[str, Any], expected: list[tuple[str, Any, Any]], tmp_path: Path
) -> None:
    shown = found(tmp_path, {"s3": unit(DEV, dev)}, {"s3": unit(QA, qa)})
    assert shown == [("s3", path, left, right, "") for path, left, right in expected]


def test_a_module_of_another_source(tmp_path: Path) -> None:
    shown = found(tmp_path, {"s3": unit(DEV, {}, "a")}, {"s3": unit(QA, {}, "b")})
    assert shown == [("s3", "source", "a", "b", "")]
    bare = {"inputs": None, "terraform": None}
    assert found(tmp_path, {"s3": bare}, {"s3": {}}) == []


def test_units_that_one_side_lacks(tmp_path: Path) -> None:
    shown = found(
        tmp_path,
        {"b": unit(DEV, {}), "a": unit(DEV, {"x": 1})},
        {"c": unit(QA, {}), "a": unit(QA, {"x": 2})},
    )
    assert shown == [
        ("a", "x", 1, 2, ""),
        ("b", "", "a unit", "(absent)", ""),
        ("c", "", "(absent)", "a unit", ""),
    ]


def test_the_first_entry_that_covers_gives_the_reason(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    entries = [("s3", "days", "first"), ("*", "d*", "second"), ("x", "", "gone")]
    text = "".join(
        f'[[allow]]\nunit = "{name}"\ninput = "{path or "*"}"\nreason = "{reason}"\n'
        for name, path, reason in entries
    )
    (tmp_path / ALLOWED).write_text(text, encoding="utf-8")
    shown = found(
        tmp_path,
        {"s3": unit(DEV, {"days": 1, "depth": 1, "size": 1}), "x": unit(DEV, {})},
        {"s3": unit(QA, {"days": 2, "depth": 2, "size": 2})},
    )
    assert [(name, path, reason) for name, path, _, _, reason in shown] == [
        ("s3", "days", "first"),
        ("s3", "depth", "second"),
        ("s3", "size", ""),
        ("x", "", "gone"),
    ]


@pytest.mark.parametrize(
    ("entry", "unit_name", "path", "covered"),
    [
        (("s3", "a.b"), "s3", "a.b", True),
        (("s3", "a.b"), "s3", "a.bc", False),
        (("s3", "a.b"), "s3", "xa.b", False),
        (("s3", "a.b"), "s3", "axb", False),
        (("s3", "a.b"), "s33", "a.b", False),
        (("s3", "a.*"), "s3", "a.b.c", True),
        (("s3", "*.days"), "s3", "buckets.raw.days", True),
        (("s3", "a.*.days"), "s3", "a.b.days", True),
        (("s3", "a.*.days"), "s3", "a.b.weeks", False),
        (("*", "*"), "anything", "", True),
        (("*", "a"), "anything", "b", False),
        (("s3", "*"), "iam", "a", False),
    ],
)
def test_what_an_entry_covers(entry: tuple[str, str], unit_name: str, path: str, covered: bool) -> None:
    assert Allowed(*entry, "reason").covers(unit_name, path) is covered


ENTRY = '[[allow]]\nunit = "a"\ninput = "b"\nreason = "c"\n'


def test_the_allow_list_is_read(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    assert read_allowed(tmp_path) == []
    (tmp_path / ALLOWED).write_text(ENTRY, encoding="utf-8")
    assert read_allowed(tmp_path) == [Allowed("a", "b", "c")]
    (tmp_path / ALLOWED).write_text("# nothing\n", encoding="utf-8")
    assert read_allowed(tmp_path) == []


KEYS = "an entry has the keys input, reason, unit, not "


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('\n\n[[allow]]\nunit = "a\n', "not TOML: ", 4),
        (ENTRY + 'more = "x"\n', f"{KEYS}input, more, reason, unit", None),
        ('[[allow]]\nunit = "a"\ninput = "b"\n', f"{KEYS}input, unit", None),
        ("[[allow]]\n", f"{KEYS}none", None),
        (ENTRY.replace('"c"', '""'), "`reason` of an entry is not a text, or is empty", None),
        (ENTRY.replace('"b"', "5"), "`input` of an entry is not a text, or is empty", None),
        ("x = 1\n" + ENTRY, "only `[[allow]]` tables are known", None),
        ("allow = [1]\n", "only `[[allow]]` tables are known", None),
        ("allow = 5\n", "only `[[allow]]` tables are known", None),
    ],
)
def test_a_faulty_allow_list(text: str, says: str, line: int | None, tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / ALLOWED).write_text(text, encoding="utf-8")
    with pytest.raises(StrataError) as caught:
        read_allowed(tmp_path)
    assert caught.value.message.startswith(says)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / ALLOWED), line)
