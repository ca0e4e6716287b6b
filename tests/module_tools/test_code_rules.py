"""What the rules on a module's code find and leave, on texts of a few lines; `test_rules.py` plants in a library."""

from __future__ import annotations

import pytest

from strata.modules.interface import read_module
from strata.modules.rules.code import LINES, RULES, check

USE = 'resource "a_b" "this" {{\n  x = {0}\n}}\n'


def use(expression: str) -> str:
    return USE.format(expression)


def found(text: str, **files: str) -> list[tuple[str, str, int]]:
    """Rule, subject and line of what is found in main.tf and in other files."""
    contents = {"main.tf": text.encode(), **{f"{name}.tf": other.encode() for name, other in files.items()}}
    module = read_module("m", contents, "modules/m")
    findings = list(check(module))
    assert {one.check for one in findings} <= set(RULES)
    return [(one.check, one.subject.removeprefix("modules/m").strip(), one.line) for one in findings]


READS = ["file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5", "fileset",
         "filesha1", "filesha256", "filesha512", "templatefile"]  # fmt: skip


@pytest.mark.parametrize("function", READS)
def test_a_path_may_be_read(function: str) -> None:
    assert found(use(f'{function}("${{path.module}}/x", {{}})')) == []
    assert found(use(f"{function}(join(path.module, []))")) == []
    path = ("path-in-plan", "path.module", 2)
    assert found(use(f'{function}("x", path.module)')) == [path]
    assert found(use(f'upper({function}("x"), path.module)')) == [path]


@pytest.mark.parametrize("name", ["module", "root", "cwd"])
def test_a_path_may_not_be_planned(name: str) -> None:
    path = ("path-in-plan", f"path.{name}", 2)
    assert found(use(f"path.{name}")) == [path]
    assert found(use(f"abspath(path.{name})")) == [path]
    assert found(use(f"file(path.{name})")) == ([] if name == "module" else [path])
    assert found(use(f"var.path.{name}")) == found(use(f"a.path.{name}")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('data "a_b" "c" {}\n', [("data-source", "data.a_b.c", 1)]),
        ("\nimport {\n  to = a_b.c\n}\n", [("import-in-module", "import", 2)]),
        ('provider "aws" {\n  x = 1\n}\n', [("provider-in-module", "provider.aws", 1)]),
        ('terraform {\n  backend "s3" {}\n}\n', [("provider-in-module", "backend", 2)]),
        ("terraform {\n\n  cloud {}\n}\n", [("provider-in-module", "cloud", 3)]),
        ('terraform {\n  required_version = ">= 1"\n}\n', []),
        ('moved {\n  from = a_b.c\n  to = a_b.d\n}\nresource "a_b" "d" {}\n', []),
    ],
)
def test_blocks_that_are_the_units(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('resource "aws_s3_bucket" "raw_data2" {}\n', []),
        ('resource "aws_s3_bucket" "Raw" {}\n', ["resource.aws_s3_bucket.Raw"]),
        ('resource "aws_s3_bucket" "raw-data" {}\n', ["resource.aws_s3_bucket.raw-data"]),
        ('resource "aws_s3_bucket" "_raw" {}\n', ["resource.aws_s3_bucket._raw"]),
        ('resource "aws_s3_bucket" "bucket" {}\n', ["resource.aws_s3_bucket.bucket"]),
        ('resource "aws_s3_bucket" "s3_bucket" {}\n', ["resource.aws_s3_bucket.s3_bucket"]),
        ('resource "aws_s3_bucket" "buck" {}\n', []),
        ('resource "aws_s3_bucket" "s3" {}\n', []),
        ('resource "aws_kms_key" "kms" {}\n', []),
        ('resource "aws_kms_key" "key" {}\n', []),
        ('resource "aws_kms_keys" "keys" {}\n', ["resource.aws_kms_keys.keys"]),
        ('module "My" {\n  source = "x"\n}\n', ["module.My"]),
        ('output "My-o" {\n  value = 1\n}\n', ["output.My-o"]),
        ('variable "My" {}\n' + use("var.My"), ["variable.My"]),
        ("locals {\n  My = 1\n}\n" + use("local.My"), ["local.My"]),
        ("locals {\n  my_2 = 1\n}\n" + use("local.my_2"), []),
        ("locals {\n  my-2 = 1\n}\n" + use("local.my-2"), ["local.my-2"]),
        ("locals {\n  _my = 1\n}\n" + use("local._my"), ["local._my"]),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    assert [subject for rule, subject, _ in found(text) if rule == "name-style"] == expected


def test_names_of_data_sources() -> None:
    assert [rule for rule, _, _ in found('data "aws_s3_bucket" "Raw" {}\n')] == ["data-source", "name-style"]
    assert [rule for rule, _, _ in found('data "aws_s3_bucket" "bucket" {}\n')] == ["data-source"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('variable "a" {}\n' + use("var.a"), []),
        ('variable "a" {}\n' + use("var.a.b[0]"), []),
        ('variable "a" {}\n' + use('"${var.a}x"'), []),
        ('\nvariable "a" {}\n', [("unused-declaration", "variable.a", 2)]),
        ('variable "a" {}\n' + use("local.a"), [("unused-declaration", "variable.a", 1)]),
        ('variable "a" {}\n' + use('var["a"]'), [("unused-declaration", "variable.a", 1)]),
        ('variable "a" {}\n' + use("x.var.a"), [("unused-declaration", "variable.a", 1)]),
        (
            'variable "a" {\n  validation {\n    condition = var.a\n    error_message = "x"\n  }\n}\n',
            [("unused-declaration", "variable.a", 1)],
        ),
        (
            'variable "a" {}\nvariable "b" {\n  validation {\n    condition = var.a\n    error_message = "x"\n  }\n}\n' + use("var.b"),
            [],
        ),
        ("locals {\n  a = 1\n  b = local.a\n}\n" + use("local.b"), []),
        ("locals {\n  a = 1\n  b = local.a\n}\n", [("unused-declaration", "local.b", 3)]),
        ("locals {\n  a = local.a\n}\n", []),
    ],
)  # fmt: skip
def test_what_is_not_used(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert found(text) == expected


def test_what_the_context_offers_need_not_be_used() -> None:
    assert found("", context="locals {\n  a = 1\n}\n") == []
    assert found("", my_context="locals {\n  a = 1\n}\n") == [("unused-declaration", "local.a", 2)]
    # A variable may be declared in one file and used in another.
    assert found(use("var.a"), variables='variable "a" {}\n') == []
    assert found("", variables='\n\nvariable "a" {}\n') == [("unused-declaration", "variable.a", 3)]


@pytest.mark.parametrize(
    ("expression", "lone"),
    [
        ('"${var.a}"', True),
        ('"${ var.a }"', True),
        ('upper("${var.a}")', True),
        ('["x", "${var.a}"]', True),
        ('{ k = "${var.a}" }', True),
        ('"x${var.a}"', False),
        ('"${var.a}x"', False),
        ('"${var.a}${var.a}"', False),
        ('"%{ if var.a }x%{ endif }"', False),
        ('"%{ if var.a }%{ endif }"', False),
        ('"x"', False),
        ('"$${var.a}"', False),
        ("var.a", False),
        ("<<E\n${var.a}\nE\n", False),
    ],
)
def test_an_interpolation_alone(expression: str, lone: bool) -> None:
    listed = found(use(expression), variables='variable "a" {}\n' + 'output "o" {\n  value = var.a\n}\n')
    ours = [(rule, line) for rule, _, line in listed if rule == "interpolation-only"]
    assert ours == ([("interpolation-only", 2)] if lone else [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [("# c\n", []), ("#c\n", []), ("// c\n", [1]), ("\n/* c\n d */\n// e\n", [2, 4]), ("locals {} // c\n", [1]), ("locals {} # // c\n", [])],
)  # fmt: skip
def test_comments(text: str, lines: list[int]) -> None:
    assert [(rule, line) for rule, _, line in found(text)] == [("comment-style", line) for line in lines]


@pytest.mark.parametrize(("count", "fault"), [(LINES - 1, False), (LINES, True)])
def test_the_size_of_a_module(count: int, fault: bool) -> None:
    half = count // 2
    text = "locals {}\n" * half + "\n  \n# comment\n  # comment\n" * 99
    uncounted = dict.fromkeys(
        ("context", "versions", "variables", "outputs", "variables-more", "outputs-a"), "locals {}\n" * 400
    )
    listed = found(text, more="locals {}\n" * (count - half), **uncounted)
    assert listed == ([("module-size", "", 1)] if fault else [])


@pytest.mark.parametrize(
    "name", ["locals", "variables2", "my-variables", "variables-x1", "context-x", "versions.tf-old"]
)
def test_other_files_count(name: str) -> None:
    assert [rule for rule, _, _ in found("", **{name: "locals {}\n" * LINES})] == ["module-size"]


def test_the_longest_file_is_named() -> None:
    contents = {"a.tf": b"locals {}\n" * 100, "b.tf": b"locals {}\n" * 150, "c.tf": b"locals {}\n" * 50}
    (finding,) = check(read_module("m", contents, "modules/m"))
    assert (finding.file, finding.text) == ("modules/m/b.tf", "300 lines of code, 299 are allowed")
