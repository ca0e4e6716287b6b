"""A unit's code as a module of a larger root: what moves there, what stays, and what cannot move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live.model import GeneratedFile, RenderedUnit
from strata.terraform.root_module import Import, UnitModule, lift

MAIN = """\
terraform {
  required_version = ">= 1.11"
  backend "s3" {
    bucket = "x"
  }
  required_providers {
    aws  = { source = "hashicorp/aws" }
    snow = { source = "snowflakedb/snowflake" }
  }
}
provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { component = "s3" }
  }
}
variable "name" {}
variable "size" {}
import {
  to = aws_s3_bucket.raw
  id = "raw"
}
resource "aws_s3_bucket" "raw" {
  bucket = var.name
}
output "open" {
  value = "x"
}
output "secret" {
  value     = "x"
  sensitive = true
}
output "plain" {
  value     = "x"
  sensitive = false
}
"""
KEPT = """\
terraform {
  required_version = ">= 1.11"



  required_providers {
    aws  = { source = "hashicorp/aws" }
    snow = { source = "snowflakedb/snowflake" }
  }
}






variable "name" {}
variable "size" {}




resource "aws_s3_bucket" "raw" {
  bucket = var.name
}
"""


@pytest.fixture
def rendered(tmp_path: Path) -> RenderedUnit:
    for name in ("module", "unit"):
        (tmp_path / name).mkdir()
    return RenderedUnit(
        path="live/dev/s3",
        source="",
        module_dir=tmp_path / "module",
        source_root=tmp_path,
        inputs={},
        remote_state={},
        generated=(),
        before_hooks=(),
        after_hooks=(),
        env_vars={},
        prevent_destroy=False,
    )


def lifted(rendered: RenderedUnit, unit: dict[str, str] | None = None, **files: str) -> UnitModule:
    """Lift a unit with these files in its module and in its own folder; `__` stands for a dot."""
    for folder, texts in ((rendered.module_dir, files), (rendered.module_dir.parent / "unit", unit or {})):
        for name, text in texts.items():
            (folder / name.replace("__", ".")).write_text(text)
    return lift(rendered, rendered.module_dir.parent / "unit")


def test_what_is_a_roots_moves_and_all_else_keeps_its_line(rendered: RenderedUnit) -> None:
    module = lifted(rendered, main__tf=MAIN, README__md="provider x {", __hidden__tf="no HCL {")
    assert module.variables == {"name", "size"}
    assert module.sensitive == {"secret"}
    assert module.requirements == {"aws": "hashicorp/aws", "snow": "snowflakedb/snowflake"}
    assert module.providers == {
        "aws": '  region = "eu-west-1"\n  default_tags {\n    tags = { component = "s3" }\n  }',
        "snow": "",
    }
    assert module.imports == (Import("aws_s3_bucket.raw", '  id = "raw"', "raw"),)
    (file,) = module.files
    assert (file.path, file.if_exists) == ("main.tf", "overwrite")
    assert file.contents.startswith(KEPT)
    assert len(file.contents.split("\n")) == len(MAIN.split("\n"))


def test_a_file_with_nothing_to_move_stays(rendered: RenderedUnit) -> None:
    module = lifted(rendered, main__tf='variable "name" {}\nresource "aws_x" "y" {}\n')
    assert module == UnitModule(frozenset({"name"}), frozenset(), {}, {}, (), ())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('terraform {\n  cloud {\n    organization = "x"\n  }\n}\n', "terraform {\n\n\n\n}\n"),
        ('terraform {\n  backend "s3" {}\n}\nvariable "a" {}\n', 'terraform {\n\n}\nvariable "a" {}\n'),
    ],
)
def test_the_backend_is_dropped(rendered: RenderedUnit, text: str, left: str) -> None:
    (file,) = lifted(rendered, main__tf=text).files
    assert file.contents == left


def test_the_units_own_file_and_a_generated_one_come_over_the_modules(rendered: RenderedUnit) -> None:
    made = (
        GeneratedFile("made.tf", 'variable "generated" {}\n'),
        GeneratedFile("skipped.tf", 'variable "not_made" {}\n', "skip"),
        GeneratedFile("new.tf", 'variable "made_new" {}\n', "skip"),
        GeneratedFile("below/other.tf", 'variable "below" {}\n'),
        GeneratedFile("notes.txt", "no HCL {"),
    )
    module = lifted(
        replace(rendered, generated=made),
        unit={"main__tf": 'variable "of_unit" {}\n'},
        main__tf='variable "of_module" {}\n',
        made__tf='variable "before" {}\n',
        skipped__tf='variable "kept" {}\n',
    )
    assert module.variables == {"of_unit", "generated", "kept", "made_new"}


def test_an_override_file_comes_over_the_others_wherever_it_is_in_the_order(rendered: RenderedUnit) -> None:
    module = lifted(
        rendered,
        a_override__tf='provider "aws" {\n  region = "eu-west-3"\n  endpoints {\n    s3 = "http://b"\n  }\n}\n',
        main__tf='provider "aws" {\n  region  = "eu-west-1"\n  profile = "x"\n  endpoints {\n    s3 = "http://a"\n  }\n  assume_role {\n    role_arn = "y"\n  }\n}\n',
    )  # fmt: skip
    # A block of a kind replaces those of its kind, an attribute the one of its name.
    assert module.providers == {
        "aws": '  profile = "x"\n  region = "eu-west-3"\n  assume_role {\n    role_arn = "y"\n  }\n  endpoints {\n    s3 = "http://b"\n  }'
    }
    # A provider that is configured and not required is HashiCorp's.
    assert module.requirements == {"aws": "hashicorp/aws"}
    other = lifted(rendered, not_an_overrides__tf='provider "aws" {\n  region = "us-east-1"\n}\n')
    assert 'region = "eu-west-3"' in other.providers["aws"]


def test_a_provider_that_is_configured_is_the_one_that_is_required(rendered: RenderedUnit) -> None:
    text = (
        'terraform {\n  required_providers {\n    snow = { source = "snowflakedb/snowflake" }\n  }\n}\n'
        'provider "snow" {\n  role = "x"\n}\nprovider "random" {}\n'
    )
    module = lifted(rendered, main__tf=text)
    assert module.requirements == {"snow": "snowflakedb/snowflake", "random": "hashicorp/random"}
    assert module.providers == {"snow": '  role = "x"', "random": ""}


def test_imports_keep_their_other_lines(rendered: RenderedUnit) -> None:
    text = (
        'import {\n  to = aws_x.a[0]\n  id = "plain"\n}\n'
        'import {\n  to       = aws_x.b\n  id       = "${null}b"\n  for_each = { k = 1 }\n}\n'
        'import {\n  to       = aws_x.c\n  identity = { name = "c" }\n}\n'
    )
    assert lifted(rendered, main__tf=text).imports == (
        Import("aws_x.a[0]", '  id = "plain"', "plain"),
        Import("aws_x.b", '  id = "${null}b"\n  for_each = { k = 1 }', None),
        Import("aws_x.c", '  identity = { name = "c" }', None),
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('provider "aws" {\n  alias = "x"\n}\n', 1, "a provider with an alias cannot be planned with other units"),
        ('\nprovider "aws" {\n  region = var.region\n}\n', 3, "`var` is known in the module only, and this moves to the environment's root"),
        ('provider "aws" {\n  default_tags {\n    tags = local.tags\n  }\n}\n', 3, "`local` is known in the module only, and this moves to the environment's root"),
        ('provider "aws" {\n  region = "${data.x.y.name}-1"\n}\n', 2, "`data` is known in the module only, and this moves to the environment's root"),
        ('provider "aws" {\n  tags = { key = var.x }\n}\n', 2, "`var` is known in the module only, and this moves to the environment's root"),
        ('provider "aws" {\n  tags = { (var.x) = 1 }\n}\n', 2, "`var` is known in the module only, and this moves to the environment's root"),
        ('import {\n  to = aws_x.y\n  id = var.id\n}\n', 3, "`var` is known in the module only, and this moves to the environment's root"),
        ('\nimport {\n  id = "x"\n}\n', 2, "this import cannot be lifted"),
        ('import {\n  to = aws_x.y\n  id = "x"\n  more {}\n}\n', 1, "this import cannot be lifted"),
    ],
)  # fmt: skip
def test_what_refers_to_the_module_cannot_move(
    rendered: RenderedUnit, text: str, line: int, message: str
) -> None:
    with pytest.raises(StrataError) as caught:
        lifted(rendered, main__tf=text)
    assert (caught.value.message, caught.value.line) == (message, line)
    assert caught.value.file == str(rendered.module_dir / "main.tf")


def test_constants_move(rendered: RenderedUnit) -> None:
    text = 'provider "aws" {\n  profile = null\n  tags    = { key = "v", other = true }\n  retries = 3\n}\n'
    assert lifted(rendered, main__tf=text).providers == {
        "aws": '  profile = null\n  retries = 3\n  tags = { key = "v", other = true }'
    }


@pytest.mark.parametrize("name", ["x__tf.json", "x__tofu.json"])
def test_terraforms_json_is_refused(rendered: RenderedUnit, name: str) -> None:
    with pytest.raises(StrataError) as caught:
        lifted(rendered, **{name: "{}"})
    assert caught.value.message == "an environment is planned from HCL, not from JSON"
    assert caught.value.file == str(rendered.module_dir / name.replace("__", "."))
