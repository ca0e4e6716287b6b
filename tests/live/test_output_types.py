"""What type an output's text shows it to have: each row was worked out by hand from Terraform's rules."""

from __future__ import annotations

import pytest

from strata.hcl.types import Collection, Field, Object, Primitive, Tuple, Type
from strata.live.check.outputs import output_types
from strata.modules.interface import read_module

ANY, BOOL, NUMBER, STRING = (Primitive(name) for name in ("any", "bool", "number", "string"))

# expression, type
ROWS: list[tuple[str, Type]] = [
    ('"x"', STRING),
    ('"${var.n}-x"', STRING),
    ("<<-E\n  x\n  E\n", STRING),
    ("5", NUMBER),
    ("true", BOOL),
    ("(5)", NUMBER),
    ("[]", Tuple(())),
    ('["x", 5]', Tuple((STRING, NUMBER))),
    ("{}", Object({})),
    ("{ a = 1, b = [true] }", Object({"a": Field(NUMBER), "b": Field(Tuple((BOOL,)))})),
    ("{ (var.s) = 1 }", Collection("map", ANY)),
    ("[for k in var.m : 5]", Collection("list", NUMBER)),
    ("{ for k, v in var.m : k => v.arn }", Collection("map", STRING)),
    ("{ for k, v in var.m : k => true if v }", Collection("map", BOOL)),
    ('var.b ? "x" : "y"', STRING),
    ('var.b ? "x" : 5', ANY),
    ("join(var.s, [])", STRING),
    ("length(var.m)", NUMBER),
    ("contains([], 5)", BOOL),
    ("keys(var.m)", Collection("list", STRING)),
    ("concat([], [])", Collection("list", ANY)),
    ("merge({}, {})", Collection("map", ANY)),
    ("toset([])", Collection("set", ANY)),
    ("lookup(var.m, var.s)", ANY),
    ("var.s", STRING),
    ("var.n", NUMBER),
    ("var.untyped", ANY),
    ("var.missing", ANY),
    ("var.o", Object({"a": Field(Object({"b": Field(BOOL)})), "l": Field(Collection("list", NUMBER))})),
    ("var.o.a", Object({"b": Field(BOOL)})),
    ("var.o.a.b", BOOL),
    ("var.o.c", ANY),
    ("var.o.l.b", ANY),
    ("var.s.a", ANY),
    ("var.m.a", ANY),
    ('var.m["a"]', ANY),
    ("local.text", STRING),
    ("local.chain", STRING),
    ("local.circle", ANY),
    ("local.missing", ANY),
    ("local.object.a", ANY),
    ("aws_s3_bucket.this.arn", STRING),
    ("aws_s3_bucket.this.tags", ANY),
    ("aws_s3_bucket.this[0].id", STRING),
    ("aws_s3_bucket.this[*].arn", ANY),
    ("aws_s3_bucket.this", ANY),
    ("one(aws_s3_bucket.this[*].arn)", ANY),
]  # fmt: skip
MODULE = """
variable "b" { type = bool }
variable "m" { type = map(any) }
variable "n" { type = number }
variable "s" { type = string }
variable "o" {
  type = object({
    a = object({ b = bool })
    l = list(number)
  })
}
variable "untyped" {}
locals {
  text   = "x"
  chain  = local.text
  circle = local.circle
  object = { a = 1 }
}
"""


@pytest.mark.parametrize(("expression", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_the_type_of_an_output(expression: str, expected: Type) -> None:
    text = f'{MODULE}output "o" {{\n  value = {expression}\n}}\n'
    assert output_types(read_module("m", {"main.tf": text.encode()}, "modules/m")) == {"o": expected}
