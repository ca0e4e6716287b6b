"""What is read of a module: its declarations, types, providers and the tables of its README."""

from __future__ import annotations

import pytest

from strata.errors import StrataError
from strata.hcl.types import Collection, Field, Object, Primitive, Tuple, Type, parts
from strata.modules.docs import documented
from strata.modules.interface import (
    DeclaredResource,
    Module,
    Move,
    Output,
    RequiredProvider,
    Validation,
    Variable,
    read_module,
    read_tree,
)
from strata.modules.stamps import providers_used

STRING, NUMBER, BOOL = Primitive("string"), Primitive("number"), Primitive("bool")


def module(**files: str) -> Module:
    contents = {f"{name}.tf": text.encode() for name, text in files.items()}
    return read_module("m", contents, "modules/m")


def type_of(text: str) -> Type | None:
    return module(main=f'variable "v" {{\n  type = {text}\n}}\n').variables["v"].type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any", Primitive("any")),
        ("bool", BOOL),
        ("list(string)", Collection("list", STRING)),
        ("map(number)", Collection("map", NUMBER)),
        ("set(bool)", Collection("set", BOOL)),
        ("tuple([string, bool])", Tuple((STRING, BOOL))),
        ("tuple([])", Tuple(())),
        ("object({})", Object({})),
        ("object({ a = string })", Object({"a": Field(STRING)})),
        ('object({ "a" = optional(string) })', Object({"a": Field(STRING, optional=True)})),
        ("object({ a = optional(number, 1) })", Object({"a": Field(NUMBER, optional=True, default="1")})),
        ("map(object({ a = set(bool) }))", Collection("map", Object({"a": Field(Collection("set", BOOL))}))),
    ],
)
def test_a_type(text: str, expected: Type) -> None:
    assert type_of(text) == expected


@pytest.mark.parametrize(
    "text",
    ["text", "list()", "list(string, string)", "bag(string)", "tuple(string)", "tuple([string], [string])",
     "object(string)", "object({}, {})", "optional(string)", "string(bool)", '"string"'],
)  # fmt: skip
def test_what_is_not_a_type(text: str) -> None:
    with pytest.raises(StrataError, match="is not a type") as caught:
        type_of(text)
    assert (caught.value.file, caught.value.line) == ("modules/m/main.tf", 2)


def test_the_types_inside_a_type() -> None:
    kind = type_of("object({ a = list(string), b = optional(tuple([bool, number])) })")
    assert kind is not None
    assert [part for part in parts(kind) if isinstance(part, Primitive)] == [STRING, BOOL, NUMBER]
    assert len(list(parts(kind))) == 6


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('output "o" {\n value = 1\n}\noutput "o" {\n value = 2\n}\n', "output `o` is declared twice", 4),
        ('variable "v" {}\nvariable "v" {}\n', "variable `v` is declared twice", 2),
    ],
)
def test_what_is_declared_twice(text: str, message: str, line: int) -> None:
    with pytest.raises(StrataError, match=message) as caught:
        module(main=text)
    assert (caught.value.file, caught.value.line) == ("modules/m/main.tf", line)


def test_a_module_has_terraform_files() -> None:
    with pytest.raises(StrataError, match="no Terraform file") as caught:
        read_module("m", {"README.md": b"# m\n", "sub/main.tf": b""}, "modules/m")
    assert caught.value.file == "modules/m"
    with pytest.raises(StrataError, match="JSON syntax is not read") as caught:
        read_module("m", {"main.tf.json": b"{}"}, "modules/m")
    assert caught.value.file == "modules/m/main.tf.json"


def test_providers_are_those_of_every_kind_of_block() -> None:
    found = providers_used(
        module(
            main='resource "aws_s3_bucket" "a" {}\n\ndata "http" "b" {}\n\nephemeral "vault_kv" "c" {}\n',
            more='resource "aws_sqs_queue" "b" {\n  name = provider::time::now()\n}\n\nresource "terraform_data" "d" {}\n',
        )
    )
    assert found == {
        "aws": ("modules/m/main.tf", 1),
        "http": ("modules/m/main.tf", 3),
        "vault": ("modules/m/main.tf", 5),
        "time": ("modules/m/more.tf", 2),
    }


INPUT = 'variable "a" {\n  description = "An `x|y` of <b> | *c*."\n  type = object({\n    b = string\n  })\n  default = null\n}\n'
OUTPUT = 'output "o" {\n  description = "One."\n  value = 1\n  sensitive = true\n}\n'
INPUTS = """
## Inputs

| name | description | type | default |
|---|---|---|---|
| `a` | An `x\\|y` of &lt;b&gt; &#124; &#42;c&#42;. | <pre>object({<br/>  b = string<br/>})</pre> | `null` |
"""
OUTPUTS = """
## Outputs

| name | description |
|---|---|
| `o` | One. Sensitive. |
"""
BEGIN, END = "<!-- BEGIN inputs and outputs -->", "<!-- END inputs and outputs -->"


@pytest.mark.parametrize(
    ("files", "tables"),
    [
        ({"main": INPUT}, INPUTS),
        ({"main": OUTPUT}, OUTPUTS),
        ({"main": INPUT + OUTPUT}, INPUTS + OUTPUTS),
        ({"main": "locals {}\n"}, ""),
    ],
)
def test_the_tables_of_a_readme(files: dict[str, str], tables: str) -> None:
    made = f"{BEGIN}\n{tables}\n{END}"
    assert documented("# m\n", module(**files), "README.md") == f"# m\n\n{made}\n"
    old = f"# m\n\n{BEGIN}\nold\n{END}\n\nMore.\n"
    assert documented(old, module(**files), "README.md") == f"# m\n\n{made}\n\nMore.\n"


@pytest.mark.parametrize(
    "text", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}", f"{BEGIN}\n{END}\n{END}"]
)
def test_markers_out_of_order(text: str) -> None:
    with pytest.raises(StrataError, match="the markers of the tables are not in order"):
        documented(text, module(main=OUTPUT), "README.md")


FILE = "modules/m/main.tf"


def test_what_a_bare_declaration_means() -> None:
    found = module(main='variable "v" {}\noutput "o" {}\n')
    assert found.variables == {
        "v": Variable("v", FILE, 1, None, None, None, None, True, False, False, None, ())
    }
    assert found.outputs == {"o": Output("o", FILE, 2, "", False, False, None)}


def test_what_a_whole_declaration_says() -> None:
    found = module(
        main="""
variable "v" {
  description = "A."
  type        = list( string )
  default     = [  "x" ]
  nullable    = false
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = length( var.v ) > 0
    error_message = "No."
  }
  validation {
    condition     = true
    error_message = "Never."
  }
}
output "o" {
  description = "B."
  value       = [ var.v ]
  sensitive   = true
  ephemeral   = true
}
"""
    )
    one = found.variables["v"]
    assert one.type == Collection("list", STRING)
    assert (one.type_text, one.default_text) == ("list( string )", '[  "x" ]')
    assert one.default == '[ "x" ]'
    assert (one.nullable, one.sensitive, one.ephemeral, one.description) == (False, True, True, "A.")
    assert [validation.line for validation in one.validations] == [9, 13]
    assert one.validations[1] == Validation("true", '"Never."', 13)
    assert found.outputs["o"].description == "B."
    assert (found.outputs["o"].sensitive, found.outputs["o"].ephemeral) == (True, True)
    off = module(main='variable "v" {\n nullable = true\n sensitive = false\n ephemeral = false\n}\n')
    assert (off.variables["v"].nullable, off.variables["v"].sensitive) == (True, False)
    assert off.variables["v"].ephemeral is False


def test_resources_calls_and_moves() -> None:
    found = module(
        main="""
resource "a_b" "one" {}
resource "a_b" "two" {
  count = 2
}
module "three" {
  source   = "somewhere"
  for_each = var.m
}
moved {
  from = a_b.old
  to   = a_b.one[ "x" ]
}
removed {
  from = a_b . gone
}
""",
        more='resource "a_b" "four" {\n  for_each = toset( [] )\n}\n',
    )
    assert {address: (one.line, one.repeated, one.over) for address, one in found.resources.items()} == {
        "a_b.one": (2, "", ""),
        "a_b.two": (3, "count", "2"),
        "module.three": (6, "for_each", "var . m"),
        "a_b.four": (1, "for_each", "toset ( [ ] )"),
    }
    assert found.resources["a_b.four"] == DeclaredResource(
        "a_b.four", "modules/m/more.tf", 1, "for_each", "toset ( [ ] )"
    )
    assert found.moves == (Move("a_b.old", 'a_b.one["x"]'),)
    assert found.removed == ("a_b.gone",)
    assert found.nested == {}


def test_requirements_of_every_file() -> None:
    found = module(
        main="""
terraform {
  required_version = ">= 1.11"
  required_providers {
    aws  = { source = "hashicorp/aws", version = "~> 5.100" }
    time = "~> 0.1"
    bare = {}
  }
}
""",
        more='terraform {\n  required_providers {\n    snow = { source = "snowflakedb/snowflake" }\n  }\n}\n',
    )
    assert found.requirements == {
        "terraform": ">= 1.11",
        "aws": "~> 5.100",
        "time": "~> 0.1",
        "bare": "",
        "snow": "",
    }
    assert found.providers == (
        RequiredProvider("aws", "hashicorp/aws", "~> 5.100"),
        RequiredProvider("time", "hashicorp/time", "~> 0.1"),
        RequiredProvider("bare", "hashicorp/bare", ""),
        RequiredProvider("snow", "snowflakedb/snowflake", ""),
    )


@pytest.mark.parametrize("value", ["{ source = var.s }", "{ version = var.v }", '{ (var.k) = "x" }'])
def test_a_provider_required_by_a_computed_value(value: str) -> None:
    with pytest.raises(StrataError) as caught:
        module(main=f"terraform {{\n  required_providers {{\n    aws = {value}\n  }}\n}}\n")
    assert caught.value.message == "provider aws is required by a computed value"
    assert (caught.value.file, caught.value.line) == (FILE, 3)


@pytest.mark.parametrize("text", ['variable "a" "b" {}\n', "variable {}\n"])
def test_a_block_without_its_one_name(text: str) -> None:
    with pytest.raises(StrataError, match="a variable block has one name") as caught:
        module(main=text)
    assert (caught.value.file, caught.value.line) == (FILE, 1)


def call(name: str, source: str) -> bytes:
    return f'module "{name}" {{\n  source = "{source}"\n}}\nresource "a_b" "{name}" {{}}\n'.encode()


def test_modules_that_are_called_by_a_relative_path() -> None:
    folders = {
        "modules/a": {"main.tf": call("b", "../b") + call("far", "git::https://h/r") + call("gone", "../gone"), "README.md": b"x"},
        "modules/b": {"main.tf": call("c", "./inner/c")},
        "modules/b/inner/c": {"main.tf": b'resource "a_b" "c" {}\n', "sub/x.tf": b""},
        "modules/text": {"README.md": b"x", "sub/x.tf": b""},
    }  # fmt: skip
    found = read_tree("modules/a", lambda place: folders.get(place, {}))
    assert (found.name, list(found.nested), dict(found.others)) == ("a", ["b"], {"README.md": b"x"})
    assert found.nested["b"].nested["c"].name == "c"
    assert sorted(found.addresses) == [
        "a_b.b",
        "a_b.far",
        "a_b.gone",
        "module.b",
        "module.b.a_b.c",
        "module.b.module.c",
        "module.b.module.c.a_b.c",
        "module.far",
        "module.gone",
    ]
    assert [file.name for file in found.files] == ["modules/a/main.tf"]
    assert found.file("main.tf") is found.files[0]
    assert found.file("modules/a/main.tf") is None
    circle = {"modules/a": {"main.tf": call("b", "../b")}, "modules/b": {"main.tf": call("a", "../a")}}
    with pytest.raises(StrataError, match="the module calls itself") as caught:
        read_tree("modules/a", lambda place: circle.get(place, {}))
    assert caught.value.file == "modules/a"
