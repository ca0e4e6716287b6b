"""Which values need no Terraform, and what they are: a process less for each unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.evaluation.constant_folding import NotConstantError, Statics
from strata.live.language.hcl import parse
from strata.live.language.scope import Scope

LOCALS = r"""
  text    = "x"
  number  = 5
  decimal = 1.5
  yes     = true
  none    = null
  list    = ["a", 1]
  object  = { a = 1 }
  chain   = local.text
  joined  = "${local.text}-${local.chain}"
  circle  = local.other
  other   = local.circle
  itself  = local.itself
  heavy   = upper("x")
  heavier = local.heavy
"""
# expression, value
KNOWN: list[tuple[str, Any]] = [
    ("<<E\nx\nE\n", "x\n"),
    ('"x"', "x"),
    ('""', ""),
    ("5", 5),
    ("true", True),
    ("[]", []),
    ('["a", [1, {}]]', ["a", [1, {}]]),
    ("{ a = 1, b = { c = [true] } }", {"a": 1, "b": {"c": [True]}}),
    ('("x")', "x"),
    (r'"a\n\"\\ $${x} %%{y} \u00e9"', 'a\n"\\ ${x} %{y} é'),
    ("local.text", "x"),
    ("(local.text)", "x"),
    ('"${local.text}"', "x"),
    ('"a${local.text}b"', "axb"),
    ('"${local.text}${local.joined}"', "xx-x"),
    ("local.number", 5),
    ('"${local.number}"', 5),
    ("local.list", ["a", 1]),
    ("local.object", {"a": 1}),
    ("local.chain", "x"),
    ('get_env("PLANET")', "earth"),
    ('"on ${get_env("PLANET")}!"', "on earth!"),
    ('get_env("NOPE", local.text)', "x"),
    ('get_env("NOPE", local.number)', "5"),
    ('get_env("NOPE", local.yes)', "true"),
    ('get_env(get_env("NOPE", "PLANET"))', "earth"),
    ("get_terraform_command()", "validate"),
    ("get_terragrunt_dir()", "{root}/live/dev/a"),
    # What Terraform 1.11's console answers.
    ("basename(get_terragrunt_dir())", "a"),
    ("basename(local.text)", "x"),
    ('basename("/a/b")', "b"),
    ('basename("/a/b/")', "b"),
    ('basename("/")', "/"),
    ('basename("//")', "/"),
    ('basename("")', "."),
    ('dirname("/a/b")', "/a"),
    ('dirname("/a/b/")', "/a/b"),
    ('dirname("/a//b/../c")', "/a"),
    ('dirname("//a/b")', "/a"),
    ('dirname("///a/b")', "/a"),
    ('dirname("//a")', "/"),
    ('dirname("../a")', ".."),
    ('dirname("a")', "."),
    ('dirname("")', "."),
    ('"${basename(dirname("/a/b"))}-${local.text}"', "a-x"),
]  # fmt: skip
NEEDS_TERRAFORM = [
    "null",
    "-5",
    "1.5",
    "local.none",
    'get_env("NOPE", local.decimal)',
    'get_env("NOPE", local.none)',
    "1 + 1",
    "!true",
    'upper("x")',
    '"${upper("x")}"',
    '"a${local.number}"',
    '"a${local.none}"',
    '"a${~ local.text ~}"',
    '"a${ local.text ~}"',
    '"a${~ local.text }"',
    '"%{ if true }x%{ endif }"',
    'true ? "a" : "b"',
    "local",
    "local.object.a",
    'local["text"]',
    "local.list[0]",
    "local.list.0",
    "local.list[*]",
    "local.missing",
    "local.circle",
    "local.itself",
    "local.heavy",
    "local.heavier",
    "feature.f.value",
    "dependency.d.outputs.x",
    "include.root.locals.x",
    "[local.text]",
    "{ a = local.text }",
    "[for x in [1] : x]",
    'get_env(upper("planet"))',
    "basename(5)",
    "basename()",
    'basename("a", "b")',
    'basename(["a"]...)',
    'basename(upper("x"))',
    "dirname(local.none)",
    'get_env(["PLANET"]...)',
    'file("x")',
    'fileexists("x")',
    'run_cmd("true")',
    'read_terragrunt_config("x.hcl")',
    'read_tfvars_file("x.tfvars")',
]
# expression, what its function says
FAILING = [
    ('get_env("NOPE")', "the environment variable `NOPE` is not set and `get_env` has no default"),
    ('get_env("NOPE", local.list)', '`get_env` takes strings, not ["a", 1]'),
    ('get_env("A", "B", "C")', "`get_env` takes 1 or 2 arguments, not 3"),
    ('"a${get_env("NOPE")}"', "the environment variable `NOPE` is not set and `get_env` has no default"),
    ('get_repo_root("x")', "`get_repo_root` takes 0 arguments, not 1"),
]


def scope_of(root: Path, expression: str) -> Scope:
    file = root / "live/dev/a/terragrunt.hcl"
    file.parent.mkdir(parents=True)
    (root / ".git").mkdir()
    file.write_text(f"locals {{{LOCALS}\n  asked = {expression}\n}}\n", encoding="utf-8")
    return Scope("u0", parse(file), file, file, root, is_unit=True)


def value(root: Path, expression: str) -> Any:
    scope = scope_of(root, expression)
    return Statics({"PLANET": "earth"}, "validate").value(scope.locals["asked"].value, scope)


@pytest.mark.parametrize(("expression", "expected"), KNOWN)
def test_a_value_that_needs_no_terraform(expression: str, expected: Any, tmp_path: Path) -> None:
    if isinstance(expected, str):
        expected = expected.replace("{root}", str(tmp_path))
    found = value(tmp_path, expression)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("expression", NEEDS_TERRAFORM)
def test_a_value_that_needs_terraform(expression: str, tmp_path: Path) -> None:
    with pytest.raises(NotConstantError):
        value(tmp_path, expression)


@pytest.mark.parametrize(("expression", "says"), FAILING)
def test_a_function_that_fails(expression: str, says: str, tmp_path: Path) -> None:
    scope = scope_of(tmp_path, expression)
    with pytest.raises(StrataError) as caught:
        Statics({}, "plan").value(scope.locals["asked"].value, scope)
    assert caught.value.message == says
    assert (caught.value.file, caught.value.line) == (str(scope.file.path), scope.locals["asked"].line)
