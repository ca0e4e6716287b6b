"""The root of an environment's plan: modules, their inputs, one configuration of each provider, and origins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import Unit
from strata.live.composition import Definition, EnvironmentComposition
from strata.terraform.environment_root import Member, module_name, outputs_expression, write_root
from strata.terraform.root_module import Import, UnitModule

AWS, SNOW, BUILT_IN = "hashicorp/aws", "snowflakedb/snowflake", "terraform.io/builtin/terraform"


def unit(component: str) -> Unit:
    return Unit(
        f"live/dev/{component}", "dev", component, Path(f"live/dev/{component}/terragrunt.hcl"), (), ()
    )


def module(requirements: dict[str, str], providers: dict[str, str] | None = None, **more: Any) -> UnitModule:
    given: dict[str, Any] = {"variables": frozenset(), "sensitive": frozenset(), "imports": (), "files": ()}
    configured = {name: (providers or {}).get(name, "") for name in requirements}
    return UnitModule(requirements=requirements, providers=configured, **(given | more))


def composed(definitions: tuple[Definition, ...] = (), **inputs: dict[str, str]) -> EnvironmentComposition:
    return EnvironmentComposition(
        definitions, {f"live/dev/{name}": found for name, found in inputs.items()}, {}
    )


def test_each_unit_is_a_module_with_the_inputs_that_it_declares() -> None:
    base = Member("base", unit("base"), module({}, variables=frozenset({"name", "tags"})), "./modules/base")
    definitions = (
        Definition("one", "{\n  a = 1\n}", Path("live/dev/env.hcl"), 7, frozenset()),
        Definition("two", "local.one", Path("live/dev/base/terragrunt.hcl"), 3, frozenset()),
    )
    composition = composed(definitions, base={"name": "local.two", "unknown": "1", "tags": "{}"})
    root = write_root([base], composition, ())
    assert (
        root.text
        == """\
terraform {
required_providers {
}
}
locals {
fail = {}
one = {
  a = 1
}
two = local.one
}
module "base" {
source = "./modules/base"
name = local.two
tags = {}
}
output "base" {
value = module.base
sensitive = true
}
"""
    )
    lines = root.text.splitlines()
    assert {lines[number - 1]: origin for number, origin in root.origins.items()} == {
        "one = {": (Path("live/dev/env.hcl"), 7),
        "  a = 1": (Path("live/dev/env.hcl"), 8),
        "}": (Path("live/dev/env.hcl"), 9),
        "two = local.one": (Path("live/dev/base/terragrunt.hcl"), 3),
        'module "base" {': (Path("live/dev/base/terragrunt.hcl"), 1),
        "name = local.two": (Path("live/dev/base/terragrunt.hcl"), 1),
        "tags = {}": (Path("live/dev/base/terragrunt.hcl"), 1),
    }


def blocks(text: str, begin: str) -> list[str]:
    found, inside = [], False
    for line in text.splitlines():
        inside = inside or line.startswith(begin)
        if inside:
            found.append(line)
        if line == "}":
            inside = False
    return found


def test_a_provider_has_one_configuration_for_each_that_differs() -> None:
    members = [
        Member("a", unit("a"), module({"aws": AWS, "terraform": BUILT_IN}, {"aws": '  region = "1"'}), "a"),
        Member("b", unit("b"), module({"aws": AWS, "snow": SNOW}, {"aws": '  region = "1"'}), "b"),
        Member(
            "c",
            unit("c"),
            module({"aws": AWS, "snow": SNOW}, {"aws": '  region = "2"', "snow": "  x = 1"}),
            "c",
        ),
        Member(
            "d",
            unit("d"),
            module({"amazon": AWS, "aws": "other/aws"}, {"amazon": '  region = "3"\n  y = 2'}),
            "d",
        ),
    ]
    root = write_root(members, composed(a={}, b={}, c={}, d={}), ())
    assert blocks(root.text, "terraform {") == [
        "terraform {",
        "required_providers {",
        'aws = { source = "hashicorp/aws" }',
        'snow = { source = "snowflakedb/snowflake" }',
        'aws2 = { source = "other/aws" }',
        "}",
    ]
    assert blocks(root.text, "provider ") == [
        *('provider "aws" {', '  region = "1"', "}"),
        *('provider "snow" {', "", "}"),
        *('provider "aws" {', 'alias = "c2"', '  region = "2"', "}"),
        *('provider "snow" {', 'alias = "c2"', "  x = 1", "}"),
        *('provider "aws" {', 'alias = "c3"', '  region = "3"', "  y = 2", "}"),
        *('provider "aws2" {', "", "}"),
    ]
    passed = [line for line in root.text.splitlines() if line.startswith("providers")]
    assert passed == [
        "providers = { aws = aws.c2, snow = snow.c2 }",
        "providers = { amazon = aws.c3, aws = aws2 }",
    ]
    assert root.aliases == {"c": {AWS: "c2", SNOW: "c2"}, "d": {AWS: "c3"}}
    assert [root.aliased(source) for source in (AWS, SNOW, "other/aws")] == [True, True, False]


def test_an_import_of_what_is_absent_is_left_out() -> None:
    imports = (
        Import("aws_x.a", '  id = "there"', "there"),
        Import("aws_x.b", '  id = "absent"', "absent"),
        Import("aws_x.c", "  id = \"x${null}\"\n  for_each = {}", None),
    )  # fmt: skip
    member = Member("base", unit("base"), module({}, imports=imports), "base")
    assert blocks(write_root([member], composed(base={}), {"absent"}).text, "import {") == [
        *("import {", "to = module.base.aws_x.a", '  id = "there"', "}"),
        *("import {", "to = module.base.aws_x.c", '  id = "x${null}"', "  for_each = {}", "}"),
    ]


def test_two_units_cannot_have_one_name() -> None:
    members = [Member("a-b", unit(component), module({}), "base") for component in ("a/b", "a-b")]
    with pytest.raises(StrataError) as caught:
        write_root(members, composed(), set())
    assert str(caught.value) == (
        "live/dev/a-b/terragrunt.hcl: live/dev/a/b and live/dev/a-b have one name in a plan of the whole "
        "environment: a-b (rename one of the two folders)"
    )


@pytest.mark.parametrize(
    ("component", "name"),
    [("s3", "s3"), ("github-oidc", "github-oidc"), ("data/raw", "data-raw"), ("_x", "_x"), ("1st", None), ("a b", None), ("-a", None), ("é", "é"), ("a.b", None)],
)  # fmt: skip
def test_a_component_is_a_modules_name(component: str, name: str | None) -> None:
    if name is not None:
        assert module_name(unit(component)) == name
        return
    with pytest.raises(StrataError) as caught:
        module_name(unit(component))
    assert caught.value.message == f"a plan of the whole environment cannot have a module named {component}"
    assert caught.value.file == f"live/dev/{component}/terragrunt.hcl"


def test_a_sensitive_output_is_handed_on_in_plain() -> None:
    assert outputs_expression("a", module({})) == "module.a"
    marked = module({}, sensitive=frozenset({"z", "b"}))
    assert outputs_expression("a", marked) == (
        "merge(module.a, { b = nonsensitive(module.a.b), z = nonsensitive(module.a.z) })"
    )
