"""What units load by value: a case is a change whose text says nothing, and the findings it must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from strata.ci.code_rules import check_change
from strata.ci.git import ChangeTrees, CommitRange
from strata.ci.inventory import Inventory, check_loaded, compare, inventory, is_configuration, release_places
from tests.ci.changes import Written
from tests.ci.repository import Repository

ROOT = """locals {
  env       = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  component = basename(get_terragrunt_dir())
  wanted    = true
}

remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite"
  }
  config = {
    bucket = "${local.env.project}-state"
    key    = "${path_relative_to_include()}/terraform.tfstate"
    region = local.env.region
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite"
  disable   = !local.wanted
  contents  = <<-EOF
    provider "aws" {
      region = "${local.env.region}"
    }
  EOF
}
"""
ENV = """locals {
  project = "strata"
  region  = "eu-west-1"
  modules = "git::https://example.org/strata.git//modules"
  unused  = "x"
  versions = {
    a = "local"
  }
}
"""
COMPONENT = """locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["a"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//a" : "${local.env.modules}/a?ref=a/${local.version}"

  before_hook "build" {
    commands = ["plan"]
    execute  = ["build", local.env.project]
  }
}

inputs = {
  name = "a"
}
"""
UNIT = """include "root" {
  path = find_in_parent_folders("terragrunt.hcl")
}

include "component" {
  path = "${get_repo_root()}/live/_components/a.hcl"
}
"""
BASE = {
    "terragrunt.hcl": ROOT,
    "live/dev/env.hcl": ENV,
    "live/_components/a.hcl": COMPONENT,
    "live/dev/a/terragrunt.hcl": UNIT.replace('find_in_parent_folders("terragrunt.hcl")', '"../../../terragrunt.hcl"'),
    "modules/a/main.tf": "",
}  # fmt: skip
UNIT = BASE["live/dev/a/terragrunt.hcl"]
# Quotes and a line's end out of functions, none of which the text shows.
QUOTE = 'substr(format("%v", ["a"]), 1, 1)'
BREAK = 'substr(yamlencode("a"), 3, 1)'
INJECTED = f'join("", ["eu-west-1", {QUOTE}, {BREAK}, "}}", {BREAK}, "data external x {{", {BREAK}, "program = [", {QUOTE}, "id", {QUOTE}])'
GENERATED = "what it loads changes by value: generates provider.tf"


def env(old: str, new: str) -> dict[str, str]:
    return {"live/dev/env.hcl": ENV.replace(old, new)}


def component(old: str, new: str) -> dict[str, str]:
    return {"live/_components/a.hcl": COMPONENT.replace(old, new)}


# name, files, (place, beginning of what is said)
CASES: list[tuple[str, dict[str, str], list[tuple[str, str]]]] = [
    ("a comment", env("  unused", "  # x\n  unused"), []),
    ("a value that nothing generates", env('"x"', '"y"'), []),
    ("an input", component('"a"\n}', '"b"\n}'), []),
    ("code in a value", env('"eu-west-1"', INJECTED), [("live/dev/a", GENERATED)]),
    ("where the state is", env('"strata"', '"evil"'), [("live/dev/a", "what it loads changes by value: generates backend.tf")]),
    ("a release", env('"local"', '"v1.0.0"'), []),
    ("a release without a tag", component('local.env.versions["a"]', 'join("", ["v9", ".0.0"])'), [("live/dev/a", "the release a/v9.0.0")]),
    ("a branch", component('local.env.versions["a"]', 'join("", ["ev", "il"])'), [("live/dev/a", "what it loads changes by value: source")]),
    ("releases from elsewhere", component('read_terragrunt_config(find_in_parent_folders("env.hcl")).locals', 'merge(read_terragrunt_config(find_in_parent_folders("env.hcl")).locals, zipmap(["modules", "versions"], ["git::https://e.example", { a = "v1.0.0" }]))'), [("live/dev/a", "what it loads changes by value: source")]),
    ("no provider", {"terragrunt.hcl": ROOT.replace("wanted    = true", "wanted    = 1 == 2")}, [("live/dev/a", GENERATED)]),
    ("no root", {"live/dev/a/terragrunt.hcl": UNIT[UNIT.index('include "component"'):]}, [("live/dev/a", "what it loads changes by value: generates backend.tf")]),
    ("a unit more", {"live/dev/b/terragrunt.hcl": UNIT}, []),
    ("a unit more, without a root", {"live/dev/b/terragrunt.hcl": UNIT[UNIT.index('include "component"'):]}, [("live/dev/b", "has no remote state")]),
    ("an environment more", {"live/prod/a/terragrunt.hcl": UNIT, "live/prod/env.hcl": ENV.replace("eu-west-1", "eu-west-2")}, []),
    ("an environment more, with code", {"live/prod/a/terragrunt.hcl": UNIT, "live/prod/env.hcl": ENV.replace('"eu-west-1"', INJECTED)}, [("live/prod/a", "loads what no unit did before: generates provider.tf")]),
    ("what cannot be evaluated", env('"eu-west-1"', "tonumber(local.project)"), [("live/dev", "cannot be evaluated")]),
]  # fmt: skip


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, set[str]]:
    root = write(tmp_path_factory.mktemp("base"), BASE)
    places = release_places(root)
    return inventory(root, places), places


@pytest.mark.parametrize(("name", "files", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_values_do(
    tmp_path: Path,
    before: tuple[Inventory, set[str]],
    name: str,
    files: dict[str, str],
    expected: list[tuple[str, str]],
) -> None:
    base, places = before
    head = inventory(write(tmp_path, BASE | files), places)
    found = [*compare(base, head, lambda tag: tag == "a/v1.0.0")]
    assert {one.label for one in found} <= {"approve:code"}
    assert [(place, said) for place, said in expected if not any(one.place == place and one.what.startswith(said) for one in found)] == []  # fmt: skip
    assert bool(found) is bool(expected)


def test_their_text_shows_none_of_it() -> None:
    for name, files, _ in CASES:
        # A new environment says where releases come from.
        change = replace(Written.of(files, BASE), tags=frozenset({"a/v1.0.0"}))
        found = [one for one in check_change(change) if "modules come" not in one.what]
        assert found == [], name


def test_a_commit(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, BASE)
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(env('"eu-west-1"', INJECTED), "a value")
    with ChangeTrees(CommitRange.since(repository.clone, "origin/main")) as trees:
        found = check_loaded(trees)
    assert [(one.label, one.place, one.what) for one in found if "provider.tf" in one.what] == [
        ("approve:code", "live/dev/a", GENERATED)
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("terragrunt.hcl", True),
        ("live/dev/x.json", True),
        ("modules/a/main.tf", False),
        ("glue_jobs/a.py", False),
    ],
)
def test_which_files_are_configuration(path: str, expected: bool) -> None:
    assert is_configuration(path) is expected
