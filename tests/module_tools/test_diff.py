"""What a change of a module's interface asks of its callers: each row was judged by hand."""

from __future__ import annotations

import pytest

from strata.errors import StrataError
from strata.modules.diff import compare, level_of
from strata.modules.interface import Module, read_module, read_tree
from strata.modules.versions import Level, Version


def _module(text: str, **others: str) -> Module:
    contents = {"main.tf": text.encode(), **{name: body.encode() for name, body in others.items()}}
    return read_module("m", contents, "modules/m")


def _variable(body: str) -> str:
    return f'variable "v" {{\n{body}\n}}\n'


V = _variable
NOT_ONE = 'type = number\nvalidation {\n condition = var.v != 1\n error_message = "Not one."\n}'
NOT_TWO = '\nvalidation {\n condition = var.v != 2\n error_message = "Not two."\n}\n'

ROWS: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    # name: (before, after, [(level, part of the text)])
    "nothing": (V("type = string"), V("type = string"), []),
    "layout is no change": (
        V("type = object({ a = string, b = optional(number, 1) })"),
        V("# c\n  type = object({\n    b = optional( number,1 ) # x\n    a = string\n  })"),
        [("patch", "changed inside")],
    ),
    "optional input added": ("", V("type = string\n default = null"), [("minor", "input v: added")]),
    "required input added": (
        "",
        V("type = string"),
        [("major", "input v: added, and callers have to give it")],
    ),
    "input removed": (V("type = string\n default = null"), "", [("major", "input v: removed")]),
    "type changed": (V("type = string"), V("type = number"), [("major", "from string to number")]),
    "type widened": (V("type = number"), V("type = string"), [("minor", "from number to string")]),
    "bool widened": (V("type = bool"), V("type = string"), [("minor", "from bool to string")]),
    "bool is not a number": (V("type = bool"), V("type = number"), [("major", "from bool to number")]),
    "number is not a bool": (V("type = number"), V("type = bool"), [("major", "from number to bool")]),
    "string is not a bool": (V("type = string"), V("type = bool"), [("major", "from string to bool")]),
    "anything goes": (V("type = number"), V("type = any"), [("minor", "from number to any")]),
    "not anything goes": (V("type = any"), V("type = number"), [("major", "from any to number")]),
    "list became map": (
        V("type = list(string)"),
        V("type = map(string)"),
        [("major", "from list(string) to map(string)")],
    ),
    "object became string": (
        V("type = map(object({ a = string }))"),
        V("type = map(string)"),
        [("major", "at [*] changed from object to string")],
    ),
    "string became object": (
        V("type = string"),
        V("type = object({ a = string })"),
        [("major", "type changed from string to object")],
    ),
    "tuple became list": (
        V("type = tuple([string])"),
        V("type = list(string)"),
        [("major", "type changed from tuple to list(string)")],
    ),
    "tuple grew": (
        V("type = tuple([string])"),
        V("type = tuple([string, string])"),
        [("major", "type changed from tuple to tuple")],
    ),
    "attribute's default set": (
        V("type = object({ a = optional(number) })"),
        V("type = object({ a = optional(number, 2) })"),
        [("major", "default of attribute .a changed from null to 2: ")],
    ),
    "element type changed": (
        V("type = map(string)"),
        V("type = map(bool)"),
        [("major", "at [*] changed from string")],
    ),
    "optional attribute added": (
        V("type = map(object({ a = string }))"),
        V("type = map(object({ a = string, b = optional(string) }))"),
        [("minor", "attribute [*].b added")],
    ),
    "required attribute added": (
        V("type = object({ a = string })"),
        V("type = object({ a = string, b = string })"),
        [("major", "attribute .b added, and callers have to give it")],
    ),
    "attribute removed": (
        V("type = object({ a = string, b = optional(string) })"),
        V("type = object({ a = string })"),
        [("major", "attribute .b removed")],
    ),
    "attribute may be left out": (
        V("type = object({ a = string })"),
        V('type = object({ a = optional(string, "x") })'),
        [("minor", "attribute .a may be left out now")],
    ),
    "attribute has to be given": (
        V("type = object({ a = optional(string) })"),
        V("type = object({ a = string })"),
        [("major", "attribute .a has to be given now")],
    ),
    "default of an attribute": (
        V("type = object({ a = optional(number, 1) })"),
        V("type = object({ a = optional(number, 2) })"),
        [("major", "default of attribute .a changed from 1 to 2")],
    ),
    "optional null is no default": (
        V("type = object({ a = optional(number) })"),
        V("type = object({ a = optional(number, null) })"),
        [("patch", "changed inside")],
    ),
    "deep attribute": (
        V("type = object({ a = object({ b = list(object({ c = string })) }) })"),
        V("type = object({ a = object({ b = list(object({ c = bool })) }) })"),
        [("major", "at .a.b[*].c changed from string to bool")],
    ),
    "default changed": (
        V("type = number\n default = 1"),
        V("type = number\n default = 2"),
        [("major", "default 1 became 2")],
    ),
    "default removed": (
        V("type = number\n default = 1"),
        V("type = number"),
        [("major", "default 1 removed")],
    ),
    "default added": (V("type = number"), V("type = number\n default = 1"), [("minor", "default 1 added")]),
    "white space inside a string counts": (
        V('type = string\n default = "a b"'),
        V('type = string\n default = "a  b"'),
        [("major", 'default "a b" became')],
    ),
    "nullable by default": (
        V("type = string"),
        V("type = string\n nullable = false"),
        [("major", "may not be null any more")],
    ),
    "nullable again": (
        V("type = string\n nullable = false"),
        V("type = string"),
        [("minor", "may be null now")],
    ),
    "sensitive": (V("type = string"), V("type = string\n sensitive = true"), [("major", "is sensitive now")]),
    "not sensitive": (
        V("type = string\n sensitive = true"),
        V("type = string"),
        [("minor", "not sensitive any more")],
    ),
    "ephemeral": (V("type = string"), V("type = string\n ephemeral = true"), [("major", "is ephemeral now")]),
    "validation added": (
        V("type = number"),
        V(NOT_ONE),
        [("major", 'validation added, which may refuse what passed: "Not one."')],
    ),
    "validation removed": (
        V(NOT_ONE),
        V("type = number"),
        [("minor", "validation removed")],
    ),
    "validation says it otherwise": (
        V(NOT_ONE),
        V(NOT_ONE.replace("Not one.", "It must not be one.")),
        [("patch", "message of a validation changed")],
    ),
    "validations in another order": (
        V(NOT_ONE + NOT_TWO),
        V("type = number\n" + NOT_TWO + NOT_ONE.removeprefix("type = number")),
        [("patch", "changed inside")],
    ),
    "tuple": (
        V("type = tuple([string, number])"),
        V("type = tuple([string, bool])"),
        [("major", "at [1] changed from number to bool")],
    ),
    "tuple, widened": (
        V("type = tuple([number, number])"),
        V("type = tuple([string, number])"),
        [("minor", "at [0] changed from number to string")],
    ),
    "tuple of another length": (
        V("type = tuple([string])"),
        V("type = tuple([string, string])"),
        [("major", "type changed from tuple")],
    ),
    "description": (
        V('type = string\n description = "A"'),
        V('type = string\n description = "B"'),
        [("patch", "input v: description changed")],
    ),
    "output added": ("", 'output "o" {\n value = 1\n}', [("minor", "output o: added")]),
    "output removed": ('output "o" {\n value = 1\n}', "", [("major", "output o: removed")]),
    "output made otherwise": (
        'output "o" {\n value = 1\n}',
        'output "o" {\n value = 2\n}',
        [("patch", "output o: made in another way")],
    ),
    "output sensitive": (
        'output "o" {\n value = 1\n}',
        'output "o" {\n value = 1\n sensitive = true\n}',
        [("major", "output o: is sensitive now")],
    ),
    "resource added": ("", 'resource "a_b" "c" {}', [("minor", "resource a_b.c: added")]),
    "resource gone": ('resource "a_b" "c" {}', "", [("major", "resource a_b.c: gone without `moved`")]),
    "resource moved": (
        'resource "a_b" "c" {}',
        'resource "a_b" "d" {}\nmoved {\n from = a_b.c\n to = a_b.d\n}',
        [("minor", "resource a_b.c: moved to a_b.d")],
    ),
    "an old move stays": (
        'resource "a_b" "d" {}\nmoved {\n from = a_b.c\n to = a_b.d\n}',
        'resource "a_b" "d" {}\nmoved {\n from = a_b.c\n to = a_b.d\n}\n# x',
        [("patch", "changed inside")],
    ),
    "resource let go": (
        'resource "a_b" "c" {}',
        "removed {\n from = a_b.c\n lifecycle {\n  destroy = false\n }\n}",
        [("major", "resource a_b.c: let go")],
    ),
    "single became for_each": (
        'resource "a_b" "c" {}',
        'resource "a_b" "c" {\n for_each = var.x\n}',
        [("major", "for_each instead of single without `moved`")],
    ),
    "single became for_each, moved": (
        'resource "a_b" "c" {}',
        'resource "a_b" "c" {\n for_each = var.x\n}\nmoved {\n from = a_b.c\n to = a_b.c["k"]\n}',
        [("minor", 'resource a_b.c: moved to a_b.c["k"]')],
    ),
    "gone beside an old move to its own key": (
        'resource "a_b" "c" {\n for_each = var.x\n}\nmoved {\n from = a_b.c\n to = a_b.c["k"]\n}',
        'moved {\n from = a_b.c\n to = a_b.c["k"]\n}',
        [("major", "resource a_b.c: gone without `moved`")],
    ),
    "single beside an old move to its own key": (
        'resource "a_b" "c" {\n for_each = var.x\n}\nmoved {\n from = a_b.c\n to = a_b.c["k"]\n}',
        'resource "a_b" "c" {}\nmoved {\n from = a_b.c\n to = a_b.c["k"]\n}',
        [("major", "single instead of for_each without `moved`")],
    ),
    "an instance moved": (
        'resource "a_b" "c" {\n count = 1\n}',
        'resource "a_b" "c" {\n for_each = var.x\n}\nmoved {\n from = a_b.c[0]\n to = a_b.c["k"]\n}',
        [("minor", 'resource a_b.c[0]: moved to a_b.c["k"]')],
    ),
    "Terraform moves count by itself": (
        'resource "a_b" "c" {}',
        'resource "a_b" "c" {\n count = 1\n}',
        [("minor", "count instead of single")],
    ),
    "other keys": (
        'resource "a_b" "c" {\n for_each = toset(["x"])\n}',
        'resource "a_b" "c" {\n for_each = toset(["y"])\n}',
        [("minor", "for_each changed")],
    ),
    "child module gone": ('module "c" {\n source = "./c"\n}', "", [("major", "resource module.c: gone")]),
    "data sources are no addresses": ('data "a_b" "c" {}', "", [("patch", "changed inside")]),
    "newer minor of a provider": (
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 5.100" }\n }\n}',
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 5.101" }\n }\n}',
        [("minor", "provider aws: version ~> 5.101 instead of ~> 5.100")],
    ),
    "next major of a provider": (
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 5.100" }\n }\n}',
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 6.0" }\n }\n}',
        [("major", "provider aws: version ~> 6.0")],
    ),
    "a further major of a provider beside the old": (
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 5.100" }\n }\n}',
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = ">= 5.100, < 7" }\n }\n}',
        [("minor", "provider aws: version >= 5.100, < 7 instead of ~> 5.100")],
    ),
    "another provider": (
        "terraform {\n required_providers {}\n}",
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "~> 6.0" }\n }\n}',
        [("major", "provider aws: needed now")],
    ),
    "Terraform": (
        'terraform {\n required_version = ">= 1.11"\n}',
        'terraform {\n required_version = ">= 1.12"\n}',
        [("minor", "Terraform: version >= 1.12 instead of >= 1.11")],
    ),
    "an attribute's value": (
        'resource "a_b" "c" {\n x = 1\n}',
        'resource "a_b" "c" {\n x = 2\n}',
        [("patch", "code: changed inside")],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_change(name: str) -> None:
    before, after, expected = ROWS[name]
    changes = compare(_module(before), _module(after))
    found = [(change.level.name, f"{change.subject}: {change.text}") for change in changes]
    assert [level for level, _ in found] == [level for level, _ in expected], found
    for (_, text), (_, part) in zip(found, expected, strict=True):
        assert part in text


def test_the_gravest_change_decides() -> None:
    before = V("type = string") + 'output "o" {\n value = 1\n}'
    after = V("type = string\n default = null") + 'output "p" {\n value = 1\n}'
    changes = compare(_module(before), _module(after))
    assert [(change.level.name, change.subject) for change in changes] == [
        ("major", "output o"),
        ("minor", "input v"),
        ("minor", "output p"),
    ]
    assert level_of(changes) is Level.major


def test_a_template_is_code_and_a_document_is_not() -> None:
    assert level_of(compare(_module("", **{"t.json": "1"}), _module("", **{"t.json": "2"}))) is Level.patch
    assert (
        level_of(compare(_module("", **{"README.md": "1"}), _module("", **{"README.md": "2"}))) is Level.none
    )


CALL = 'module "n" {\n source = "../n"\n}'
# name: (m and n before, m and n after, [(level, subject: part of the text)]); m calls n.
NESTED: dict[str, tuple[tuple[str, str], tuple[str, str], list[tuple[str, str]]]] = {
    "a value in it": (
        (CALL, 'resource "a_b" "c" {\n x = 1\n}'),
        (CALL, 'resource "a_b" "c" {\n x = 2\n}'),
        [("patch", "code: changed inside")],
    ),
    "a resource of it gone": (
        (CALL, 'resource "a_b" "c" {}'),
        (CALL, ""),
        [("major", "resource module.n.a_b.c: gone without `moved`")],
    ),
    "a resource of it added": (
        (CALL, ""),
        (CALL, 'resource "a_b" "c" {}'),
        [("minor", "resource module.n.a_b.c: added")],
    ),
    "a resource moved in it": (
        (CALL, 'resource "a_b" "c" {}'),
        (CALL, 'resource "a_b" "d" {}\nmoved {\n from = a_b.c\n to = a_b.d\n}'),
        [("minor", "resource module.n.a_b.c: moved to module.n.a_b.d")],
    ),
    "a resource moved into it": (
        ('resource "a_b" "c" {}', ""),
        (CALL + "\nmoved {\n from = a_b.c\n to = module.n.a_b.this\n}", 'resource "a_b" "this" {}'),
        [("minor", "resource a_b.c: moved to module.n.a_b.this")],
    ),
    "a resource moved out of it": (
        (CALL, 'resource "a_b" "c" {}'),
        ('resource "a_b" "d" {}\nmoved {\n from = module.n.a_b.c\n to = a_b.d\n}', ""),
        [("minor", "resource module.n.a_b.c: moved to a_b.d")],
    ),
    "the call moved with all in it": (
        (CALL, 'resource "a_b" "c" {}'),
        (
            CALL.replace('"n"', '"o"') + "\nmoved {\n from = module.n\n to = module.o\n}",
            'resource "a_b" "c" {}',
        ),
        [("minor", "resource module.n: moved to module.o")],
    ),
    "the call renamed": (
        (CALL, 'resource "a_b" "c" {}'),
        (CALL.replace('"n"', '"o"'), 'resource "a_b" "c" {}'),
        [("major", "resource module.n.a_b.c: gone"), ("minor", "resource module.o.a_b.c: added")],
    ),
    "the call repeated": (
        (CALL, ""),
        (CALL.replace("}", ' for_each = toset(["x"])\n}'), ""),
        [("major", "resource module.n: for_each instead of single")],
    ),
    "a provider of it": (
        (CALL, ""),
        (CALL, 'terraform {\n required_providers {\n  a = { source = "b/a", version = "~> 6.0" }\n }\n}'),
        [("major", "provider a: needed now")],
    ),
    "an input of it is not the caller's": (
        (CALL, ""),
        (CALL, V("type = string\n default = null")),
        [("patch", "code: changed inside")],
    ),
}


def _caller(text: str, nested: str) -> Module:
    texts = {"modules/m": text, "modules/n": nested}
    return read_tree("modules/m", lambda place: {"main.tf": texts[place].encode()})


@pytest.mark.parametrize("name", NESTED)
def test_a_change_of_a_nested_module_is_one_of_its_caller(name: str) -> None:
    before, after, expected = NESTED[name]
    changes = compare(_caller(*before), _caller(*after))
    found = [(change.level.name, f"{change.subject}: {change.text}") for change in changes]
    assert [level for level, _ in found] == [level for level, _ in expected], found
    for (_, text), (_, part) in zip(found, expected, strict=True):
        assert part in text


def test_modules_that_call_each_other_are_refused() -> None:
    with pytest.raises(StrataError, match="modules/m: the module calls itself"):
        _caller(CALL, 'module "m" {\n source = "../m"\n}')


@pytest.mark.parametrize(
    ("base", "level", "wanted"),
    [
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "none", "1.2.3"),
    ],
)
def test_the_number_that_a_level_calls_for(base: str, level: str, wanted: str) -> None:
    assert str(Version.read(base).after(Level[level])) == wanted
