"""What is read of a module: its declarations, types, providers and the tables of its README."""

from __future__ import annotations

import pytest

from strata.errors import StrataError
from strata.hcl.types import Collection, Field, Object, Primitive, Tuple, Type, parts
from strata.modules.docs import documented
from strata.modules.interface import Module, read_module
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
