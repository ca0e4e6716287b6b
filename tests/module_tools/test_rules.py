"""The rules that every module keeps: this library keeps them, and each rule finds what is planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.lint.findings import classify, read_skips
from strata.modules.rules import RULES, check
from strata.modules.rules.code import LINES

from .conftest import Library, Ran

Strata = Callable[..., Ran]

VARIABLE = 'variable "extra" {{\n  description = "{0}"\n  type        = {1}\n{2}\n}}\n'
USE = '\nlocals {\n  used = var.extra\n}\n\nresource "aws_s3_bucket" "other" {\n  bucket = local.used\n}\n'


def _variable(kind: str, more: str = "  nullable = false", about: str = "More.") -> Callable[[Library], None]:
    def plant(library: Library) -> None:
        text = library.read("modules/store/variables.tf")
        library.write("modules/store/variables.tf", VARIABLE.format(about, kind, more) + "\n" + text)
        library.write("modules/store/main.tf", library.read("modules/store/main.tf") + USE)
        _documented(library)

    return plant


def _misplaced(library: Library) -> None:
    text = library.read("modules/store/variables.tf")
    library.write(
        "modules/store/variables.tf", f"{text}\n{VARIABLE.format('More.', 'bool', '  nullable = false')}"
    )
    library.write("modules/store/main.tf", library.read("modules/store/main.tf") + USE)
    _documented(library)


def _append(name: str, text: str) -> Callable[[Library], None]:
    def plant(library: Library) -> None:
        path = library.root / "modules/store" / name
        library.write(f"modules/store/{name}", (path.read_text() if path.is_file() else "") + text)
        _documented(library)

    return plant


def _replace(name: str, old: str, new: str) -> Callable[[Library], None]:
    def plant(library: Library) -> None:
        library.replace(f"modules/store/{name}", old, new)
        if not name.endswith(".md"):
            _documented(library)

    return plant


def _remove(name: str) -> Callable[[Library], None]:
    return lambda library: (library.root / "modules/store" / name).unlink()


def _documented(library: Library) -> None:
    """Make the README fresh again: the planted fault shall be the only one."""
    from strata.modules.docs import documented

    readme = library.read("modules/store/README.md")
    library.write(
        "modules/store/README.md", documented(readme, library.repository.module("store"), "README.md")
    )


OK = '  nullable = false\n  validation {\n    condition     = var.extra != null\n    error_message = "No."\n  }'
RESOURCE = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = {1}\n}}\n'

# rule, what breaks it, where it is found
PLANTED: list[tuple[str, Callable[[Library], None], str]] = [
    ("variable-type", _replace("variables.tf", "  type        = string\n", ""), "variables.tf:1"),
    ("variable-any", _variable("any"), "variables.tf:1"),
    ("variable-any", _variable("map(object({ a = optional(any) }))"), "variables.tf:1"),
    ("variable-description", _replace("variables.tf", '"Name of the bucket."', '""'), "variables.tf:1"),
    ("variable-nullable", _replace("variables.tf", "  nullable    = false\n", ""), "variables.tf:1"),
    ("variable-nullable", _variable("bool", '  default = true'), "variables.tf:1"),
    ("variable-list", _variable("list(object({ a = bool }))"), "variables.tf:1"),
    ("variable-validation", _variable("string"), "variables.tf:1"),
    ("variable-validation", _variable("set(number)"), "variables.tf:1"),
    ("variable-validation", _variable("map(object({ role_arn = string }))"), "variables.tf:1"),
    ("variable-validation", _variable("object({ a = object({ keep_days = optional(number, 1) }) })", OK), "variables.tf:1"),
    ("opt-out-reason", _variable("object({ opt_out = optional(map(object({ reason = string })), {}) })"), "variables.tf:1"),
    ("opt-out-reason", _variable("map(object({ opt_out = optional(set(bool), []) }))"), "variables.tf:1"),
    ("variable-order", _misplaced, "variables.tf:12"),
    ("variable-file", _append("main.tf", VARIABLE.format("a", "bool", "  nullable = false") + USE), "main.tf:9"),
    ("output-description", _replace("outputs.tf", '  description = "Name of the bucket."\n', ""), "outputs.tf:1"),
    ("output-order", _append("outputs.tf", '\noutput "arn" {\n  description = "a"\n  value = 1\n}\n'), "outputs.tf:6"),
    ("output-file", _append("main.tf", 'output "arn" {\n  description = "a"\n  value = 1\n}\n'), "main.tf:9"),
    ("data-source", _append("main.tf", 'data "aws_caller_identity" "this" {}\n'), "main.tf:9"),
    ("import-in-module", _append("main.tf", 'import {\n  to = aws_s3_bucket.this\n  id = "x"\n}\n'), "main.tf:9"),
    ("provider-in-module", _append("main.tf", 'provider "aws" {}\n'), "main.tf:9"),
    ("provider-in-module", _append("main.tf", 'terraform {\n  backend "s3" {}\n}\n'), "main.tf:10"),
    ("path-in-plan", _append("main.tf", RESOURCE.format("other", '"${path.module}/x"')), "main.tf:10"),
    ("path-in-plan", _append("main.tf", RESOURCE.format("other", "abspath(path.module)")), "main.tf:10"),
    ("path-in-plan", _append("main.tf", RESOURCE.format("other", 'file("${path.root}/x")')), "main.tf:10"),
    ("path-in-plan", _append("main.tf", RESOURCE.format("other", 'templatefile("x", { a = path.module })')), "main.tf:10"),
    ("module-size", _append("main.tf", "locals {}\n" * LINES), "main.tf:1"),
    ("module-size", _append("many.tf", "locals {}\n" * LINES), "many.tf:1"),
    ("name-style", _append("main.tf", RESOURCE.format("my-other", '"x"')), "main.tf:9"),
    ("name-style", _append("main.tf", RESOURCE.format("bucket", '"x"')), "main.tf:9"),
    ("unused-declaration", _replace("main.tf", "local.bucket", "var.name"), "main.tf:2"),
    ("unused-declaration", _replace("main.tf", "${var.name}-", "x-"), "variables.tf:1"),
    ("interpolation-only", _append("main.tf", RESOURCE.format("other", '"${var.name}"')), "main.tf:10"),
    ("comment-style", _append("main.tf", "// c\n"), "main.tf:9"),
    ("comment-style", _append("main.tf", "/* c */\n"), "main.tf:9"),
    ("readme", _remove("README.md"), "README.md:1"),
    ("readme", _replace("README.md", "```hcl", "```"), "README.md:1"),
    ("docs-stale", _replace("README.md", "Where the module runs.", "Somewhere."), "README.md:16"),
    ("docs-stale", _replace("README.md", "<!-- END inputs and outputs -->", ""), "README.md:1"),
    ("changelog", _remove("CHANGELOG.md"), "CHANGELOG.md:1"),
    ("changelog", _replace("CHANGELOG.md", "1.0.0 (2026-11-23)", "1.0.0"), "CHANGELOG.md:3"),
    ("changelog", _replace("CHANGELOG.md", "The first release.", ""), "CHANGELOG.md:3"),
    ("stamp-stale", _replace("versions.tf", "~> 5.100", "~> 5.99"), "versions.tf:7"),
    ("stamp-stale", _replace("context.tf", "Where the module runs.", "Here."), "context.tf:2"),
    ("stamp-stale", _append("versions.tf", "# more\n"), "versions.tf:1"),
    ("stamp-stale", _remove("versions.tf"), "versions.tf:1"),
    ("stamp-stale", _append("main.tf", 'resource "random_id" "this" {}\n'), "versions.tf:1"),
]  # fmt: skip


def test_every_rule_is_planted() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "plant", "place"), PLANTED, ids=[f"{n}-{p[0]}" for n, p in enumerate(PLANTED)]
)
def test_a_planted_fault_is_found(
    rule: str, plant: Callable[[Library], None], place: str, library: Library
) -> None:
    plant(library)
    found = [(finding.check, f"{finding.file}:{finding.line}") for finding in check(library.root)]
    assert found == [(rule, f"modules/store/{place}")]


def test_a_module_that_keeps_the_rules_has_no_finding(library: Library, strata: Strata) -> None:
    ran = strata("modules", "check")
    assert (ran.code, ran.out) == (0, "0 findings, 0 skipped with a reason in lint.toml\n")


def test_this_library_keeps_the_rules(root: Path) -> None:
    classified = classify(check(root), read_skips(root / "lint.toml"), RULES)
    assert [str(finding) for finding in classified.findings] == []


def test_findings_are_printed_and_exit_with_1(library: Library, strata: Strata) -> None:
    _append("main.tf", "// c\n")(library)
    ran = strata("modules", "check", "store")
    assert ran.code == 1
    assert (
        ran.out.splitlines()[0]
        == "modules/store/main.tf:9: the comment does not begin with `#` [comment-style]"
    )
    document = json.loads(strata("modules", "check", "--json").out)
    assert document["findings"][0]["check"] == "comment-style"
    assert document["skipped"] == 0


SKIP = '[[skip]]\ncheck = "comment-style"\nwhere = "modules/store *"\nreason = "The comment is generated elsewhere."\n'


def test_a_skip_needs_its_finding(library: Library, strata: Strata) -> None:
    _append("main.tf", "// c\n")(library)
    library.write("lint.toml", SKIP)
    ran = strata("modules", "check")
    assert (ran.code, ran.out) == (0, "0 findings, 1 skipped with a reason in lint.toml\n")
    library.replace("modules/store/main.tf", "// c\n", "")
    ran = strata("modules", "check")
    assert ran.code == 1
    assert ran.out.startswith(
        "lint.toml:1: nothing is found by comment-style at modules/store *: delete the skip"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SKIP.replace("reason", "because"), "error: lint.toml:1: unknown key `because`"),
        (SKIP.split("reason")[0], "error: lint.toml:1: the key `reason` is missing"),
        (
            SKIP.replace("The comment is generated elsewhere.", "x"),
            "error: lint.toml:1: the reason is too short",
        ),
        (SKIP + "[[skip", "error: lint.toml:5: not TOML"),
        (SKIP + "[other]\n", "error: lint.toml: only `[[skip]]` tables are known"),
    ],
)
def test_a_wrong_skip_file_gets_one_line(text: str, said: str, library: Library, strata: Strata) -> None:
    library.write("lint.toml", text)
    ran = strata("modules", "check")
    assert (ran.code, ran.out, len(ran.err.strip().splitlines())) == (1, "", 1)
    assert ran.err.startswith(said)


def test_the_rules_can_be_read(strata: Strata) -> None:
    assert all(rule in strata("modules", "check", "--rules").out for rule in RULES)


SHELF = 'variable "label" {\n  description = "Its label."\n  type        = string\n  nullable    = false\n}\n'


@pytest.mark.parametrize(
    ("handed", "found"),
    [
        ("var.extra", []),
        ('"${var.extra}x"', ["variable-validation"]),
        ("upper(var.extra)", ["variable-validation"]),
    ],
)
def test_what_a_nested_module_is_given_as_it_is_is_validated_there(
    handed: str, found: list[str], library: Library
) -> None:
    library.write("modules/shelf/variables.tf", SHELF)
    _variable("string")(library)
    call = f'module "shelf" {{\n  source = "../shelf"\n  label  = {handed}\n}}\n'
    library.write("modules/store/main.tf", library.read("modules/store/main.tf") + call)
    assert [finding.check for finding in check(library.root, ["store"])] == found
    # The rule asks for it there.
    there = {(f.check, f.file) for f in check(library.root, ["shelf"])}
    assert ("variable-validation", "modules/shelf/variables.tf") in there
