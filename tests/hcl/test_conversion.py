"""Which values convert to which types, as HCL converts them."""

from __future__ import annotations

from typing import Any

import pytest

from strata.hcl.conversion import faults
from strata.modules.interface import read_module

TYPE = 'variable "v" {{\n  type = {}\n}}\n'

# type, value, faults (path and text), and whether they are the same without HCL's conversions
ROWS: list[tuple[str, Any, list[tuple[str, str]], list[tuple[str, str]]]] = [
    ("any", {"a": [1]}, [], []),
    ("string", "x", [], []),
    ("string", 1, [], [("", "must be a string, not 1")]),
    ("string", True, [], [("", "must be a string, not true")]),
    ("string", [], [("", "must be a string, not []")], [("", "must be a string, not []")]),
    ("number", 1.5, [], []),
    ("number", "5", [], [("", 'must be a number, not "5"')]),
    ("number", "-5.25", [], [("", 'must be a number, not "-5.25"')]),
    ("number", "1e3", [], [("", 'must be a number, not "1e3"')]),
    ("number", "5x", [("", 'must be a number, not "5x"')], [("", 'must be a number, not "5x"')]),
    ("number", "x5", [("", 'must be a number, not "x5"')], [("", 'must be a number, not "x5"')]),
    ("number", "5.", [("", 'must be a number, not "5."')], [("", 'must be a number, not "5."')]),
    ("number", "", [("", 'must be a number, not ""')], [("", 'must be a number, not ""')]),
    ("number", True, [("", "must be a number, not true")], [("", "must be a number, not true")]),
    ("bool", False, [], []),
    ("bool", "true", [], [("", 'must be a bool, not "true"')]),
    ("bool", "false", [], [("", 'must be a bool, not "false"')]),
    ("bool", "True", [("", 'must be a bool, not "True"')], [("", 'must be a bool, not "True"')]),
    ("bool", 1, [("", "must be a bool, not 1")], [("", "must be a bool, not 1")]),
    ("map(bool)", {"a": True, "b": None}, [], []),
    ("map(bool)", {"a": {}}, [("a", "must be a bool, not {}")], [("a", "must be a bool, not {}")]),
    ("map(bool)", [], [("", "must be a map, not []")], [("", "must be a map, not []")]),
    ("list(bool)", [None, 2], [("1", "must be a bool, not 2")], [("1", "must be a bool, not 2")]),
    ("set(bool)", {}, [("", "must be a set, not {}")], [("", "must be a set, not {}")]),
    ("tuple([bool, string])", [True, "x"], [], []),
    ("tuple([bool, string])", [True, []], [("1", "must be a string, not []")], [("1", "must be a string, not []")]),
    ("tuple([bool, string])", [True], [("", "must be a tuple of 2, not [true]")], [("", "must be a tuple of 2, not [true]")]),
    ("tuple([bool])", {}, [("", "must be a tuple of 1, not {}")], [("", "must be a tuple of 1, not {}")]),
    ("object({ a = bool, b = optional(bool) })", {"a": True}, [], []),
    ("object({ a = bool, b = optional(bool) })", {"a": None, "b": None}, [], []),
    ("object({ a = bool, b = optional(bool) })", {"b": 1}, [("", "lacks the attribute `a`"), ("b", "must be a bool, not 1")], [("", "lacks the attribute `a`"), ("b", "must be a bool, not 1")]),
    ("object({ a = bool })", {"a": True, "c": 1}, [("c", "is not an attribute of the type")], [("c", "is not an attribute of the type")]),
    ("object({ a = bool })", [], [("", "must be an object, not []")], [("", "must be an object, not []")]),
    ("list(map(object({ a = number })))", [{"k": {"a": "x"}}], [("0.k.a", 'must be a number, not "x"')], [("0.k.a", 'must be a number, not "x"')]),
    ("list(map(object({ a = number })))", [{"k": {"a": "1"}}], [], [("0.k.a", 'must be a number, not "1"')]),
    ("tuple([list(number)])", [["1"]], [], [("0.0", 'must be a number, not "1"')]),
    ("bool", "x" * 38, [("", f'must be a bool, not "{"x" * 38}"')], [("", f'must be a bool, not "{"x" * 38}"')]),
    ("bool", "x" * 39, [("", f'must be a bool, not "{"x" * 36}...')], [("", f'must be a bool, not "{"x" * 36}...')]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "lenient", "strict"), ROWS)
def test_a_value_and_a_type(
    kind: str, value: Any, lenient: list[tuple[str, str]], strict: list[tuple[str, str]]
) -> None:
    wanted = read_module("m", {"main.tf": TYPE.format(kind).encode()}, "modules/m").variables["v"].type
    for is_strict, expected in ((False, lenient), (True, strict)):
        found = faults(value, wanted, strict=is_strict)
        assert [(".".join(path), text) for path, text in found] == expected
