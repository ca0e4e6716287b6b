"""What each attribute of a Terragrunt block takes, by HCL's conversions; what a block may hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.language.expression import CutExpression
from strata.live.language.schema import Kind, Leaf, typed

PLACE = Path("live/dev/a/terragrunt.hcl")

# kind, value, what it becomes
TAKEN: list[tuple[Kind, Any, Any]] = [
    ("any", {"a": [1, None]}, {"a": [1, None]}),
    ("string", "x", "x"),
    ("string", "", ""),
    ("string", 1, "1"),
    ("string", 1.5, "1.5"),
    ("string", True, "true"),
    ("bool", True, True),
    ("bool", False, False),
    ("bool", "true", True),
    ("bool", "false", False),
    ("int", 3, 3),
    ("int", 3.0, 3),
    ("int", "3", 3),
    ("int", "-3", -3),
    ("strings", [], []),
    ("strings", ["a", 1, True], ["a", "1", "true"]),
    ("string_map", {}, {}),
    ("string_map", {"a": 1, "b": "x", "c": False}, {"a": "1", "b": "x", "c": "false"}),
    ("map", {"a": [None]}, {"a": [None]}),
    ("map", {}, {}),
    ("one_type_map", {}, {}),
    ("one_type_map", {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ("one_type_map", {"a": 1, "b": 2.5}, {"a": 1, "b": 2.5}),
    ("one_type_map", {"a": True, "b": None}, {"a": True, "b": None}),
    ("one_type_map", {"a": "x", "b": 1, "c": True, "d": None}, {"a": "x", "b": "1", "c": "true", "d": None}),
    ("if_exists", "error", "error"),
    ("if_exists", "skip", "skip"),
    ("if_exists", "overwrite", "overwrite"),
    ("if_exists", "overwrite_terragrunt", "overwrite_terragrunt"),
    ("command", ["a"], ["a"]),
    ("command", ["a", 1], ["a", "1"]),
]  # fmt: skip
# kind, values, what they must be
REFUSED: list[tuple[Kind, list[Any], str]] = [
    ("string", [[], {}, ["x"]], "a string"),
    ("bool", ["yes", "True", 1, 0, "", [], {}], "true or false"),
    ("int", ["x", "", "1.5", "3-", True, False, [], {}], "a whole number"),
    ("strings", ["x", 1, {}, [[]], ["a", {}], [None]], "a list of strings"),
    ("string_map", ["x", [], {"a": []}, {"a": "x", "b": None}], "a map of strings"),
    ("map", ["x", 1, [], True], "a map"),
    ("one_type_map", [[], "x", {"a": 1, "b": True}, {"a": 1.5, "b": False}, {"a": {}, "b": []}, {"a": "x", "b": []}], "a map whose values have one type"),
    ("if_exists", ["what", "", "Error", True], "one of error, skip, overwrite, overwrite_terragrunt"),
    ("command", [[], [""], "x", [[]]], "a command, a list that begins with a program"),
]  # fmt: skip


def leaf(kind: Kind) -> Leaf:
    return Leaf(CutExpression(PLACE, 7, ("x",), None), kind, "the_name", 9)


@pytest.mark.parametrize(("kind", "value", "expected"), TAKEN)
def test_a_value_that_is_taken(kind: Kind, value: Any, expected: Any) -> None:
    found = typed(value, leaf(kind))
    assert (type(found), found) == (type(expected), expected)
    assert typed(None, leaf(kind)) is None


@pytest.mark.parametrize(("kind", "values", "must_be"), REFUSED)
def test_a_value_that_is_refused(kind: Kind, values: list[Any], must_be: str) -> None:
    for value in values:
        with pytest.raises(StrataError) as caught:
            typed(value, leaf(kind))
        assert caught.value.message.startswith(f"`the_name` must be {must_be}, not "), value
        assert (caught.value.file, caught.value.line) == (str(PLACE), 9)


def test_a_value_is_shown_as_json_and_cut() -> None:
    for value, shown in (([None], "[null]"), ({"k": "x" * 80}, '{"k": "' + "x" * 53)):
        with pytest.raises(StrataError) as caught:
            typed(value, leaf("string"))
        assert caught.value.message == f"`the_name` must be a string, not {shown}"


# a block's body, what is wrong with it, and the line
BLOCKS: dict[str, tuple[str, str, int]] = {
    "a block twice": ('terraform {\n}\n\nterraform {\n}\n', "`terraform` is given twice", 4),
    "a named block twice": (
        'feature "a" {\n  default = 1\n}\nfeature "a" {\n  default = 1\n}\n',
        "two `feature` blocks named `a`",
        4,
    ),
    "a block that is an attribute too": (
        'generate = {}\ngenerate "a" {\n  path = "x"\n  if_exists = "skip"\n  contents = ""\n}\n',
        "`generate` is both attribute and block",
        2,
    ),
    "a block without its name": ("feature {\n  default = 1\n}\n", "block `feature` takes one name", 1),
    "a block with two names": ('feature "a" "b" {\n  default = 1\n}\n', "block `feature` takes one name", 1),
    "a block with a name": ('\nterraform "a" {\n}\n', "block `terraform` takes no name", 2),
    "an include with two names": ('include "a" "b" {\n  path = "x"\n}\n', "block `include` takes one name", 1),
    "an include without a path": ('\ninclude "a" {\n}\n', "`include a` lacks the attribute `path`", 2),
    "a bare include without a path": ("include {\n}\n", "`include` lacks the attribute `path`", 1),
    "an include of an unknown kind": ('include "a" {\n  path = "x"\n  merge = "y"\n}\n', "unknown attribute `merge` in `include a`", 3),
    "two includes of one name": (
        'include "a" {\n  path = "x"\n}\ninclude "a" {\n  path = "x"\n}\n',
        "two `include` blocks named `a`",
        4,
    ),
    "two bare includes": ('include {\n  path = "x"\n}\ninclude {\n  path = "x"\n}\n', "two `include` blocks named ``", 4),
    "two locals": ("locals {\n}\nlocals {\n}\n", "a file holds one `locals` block only", 3),
    "a block in locals": ("locals {\n  a = 1\n  b {\n  }\n}\n", "unknown block `b` in `locals`", 3),
    "an unknown attribute": ("colour = 1\n", "unknown attribute `colour` in the configuration", 1),
    "an unknown attribute of a named block": (
        'feature "a" {\n  default = 1\n  colour = 2\n}\n',
        "unknown attribute `colour` in `feature a`",
        3,
    ),
    "an unknown block in a named block": (
        'feature "a" {\n  default = 1\n  more {\n  }\n}\n',
        "unknown block `more` in `feature a`",
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_a_faulty_block(name: str, load: Callable[..., LiveTree]) -> None:
    text, says, line = BLOCKS[name]
    tree = load({"live/dev/a/terragrunt.hcl": text})
    with pytest.raises(StrataError) as caught:
        tree.config("live/dev/a")
    assert (caught.value.message, caught.value.line) == (says, line)
    assert caught.value.file == str(tree.root / "live/dev/a/terragrunt.hcl")


# What each block must have, as `terragrunt render` of Terragrunt 1.1.3 says it.
REQUIRED = {
    "remote_state": ["backend", "config"],
    'dependency "a"': ["config_path"],
    "dependencies": ["paths"],
    'feature "a"': ["default"],
    "exclude": ["if", "actions"],
    'generate "a"': ["path", "if_exists", "contents"],
    'terraform {\n  extra_arguments "a"': ["commands"],
    'terraform {\n  before_hook "a"': ["commands", "execute"],
    'terraform {\n  after_hook "a"': ["commands", "execute"],
    'terraform {\n  error_hook "a"': ["commands", "execute", "on_errors"],
    'errors {\n  retry "a"': ["retryable_errors", "max_attempts", "sleep_interval_sec"],
    'errors {\n  ignore "a"': ["ignorable_errors"],
}
ROWS = [(block, name) for block, names in REQUIRED.items() for name in names]


@pytest.mark.parametrize(("block", "name"), ROWS)
def test_an_attribute_that_a_block_must_have(block: str, name: str, load: Callable[..., LiveTree]) -> None:
    others = "".join(f"{other} = null\n" for other in REQUIRED[block] if other != name)
    closing = "}\n" * (block.count("{") + 1)
    with pytest.raises(StrataError) as caught:
        load({"live/dev/a/terragrunt.hcl": f"{block} {{\n{others}{closing}"}).config("live/dev/a")
    shown = block.split("\n")[-1].strip().replace('"', "")
    assert caught.value.message == f"`{shown}` lacks the attribute `{name}`"
    assert caught.value.line == block.count("\n") + 1
