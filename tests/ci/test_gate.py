"""What the gate stops: a row is a change of one file and the findings it must give; none is evaluated or run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from strata.ci.code_rules import Finding, check_change
from strata.ci.gate import check_plans, judge
from strata.ci.history import Change
from strata.ci.plans import PlanSet, Resource, UnitPlan
from strata.errors import StrataError
from tests.ci.repository import Repository

MAIN = """terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

resource "aws_sns_topic" "a" {
  name = "a"
}
"""
COMPONENT = """terraform {
  source = "${get_repo_root()}/modules//a"

  before_hook "build" {
    commands = ["plan"]
    execute  = ["python3", "-m", "strata.artifacts", "build", "glue"]
  }
}

inputs = {
  name = "a"
}
"""
BASE: dict[str, str | Path] = {
    "modules/a/main.tf": MAIN,
    "live/_components/a.hcl": COMPONENT,
    "live/dev/a/terragrunt.hcl": 'include "c" {\n  path = "../../_components/a.hcl"\n}\n',
    "live/dev/a/.terraform.lock.hcl": 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n',
    "terragrunt.hcl": 'generate "provider" {\n  path      = "provider.tf"\n  if_exists = "overwrite"\n  contents  = "provider \\"aws\\" {}"\n}\n',
    ".github/workflows/x.yaml": "name: x\n",
    "README.md": "# x\n",
}  # fmt: skip

# name, path, new content, rules expected
ROWS: list[tuple[str, str, str, list[str]]] = [
    ("a comment", "modules/a/main.tf", MAIN + "# run\n", []),
    ("a new resource of a known provider", "modules/a/main.tf", MAIN + 'resource "aws_sqs_queue" "b" {}\n', []),
    ("documentation", "README.md", "# y\n", []),
    ("an input", "live/_components/a.hcl", COMPONENT.replace('"a"\n}', '"b"\n}'), []),
    ("external data source", "modules/a/main.tf", MAIN + 'data "external" "x" {\n  program = ["sh", "-c", "id"]\n}\n', ["provider", "code"]),
    ("external, labels without quotes", "modules/a/main.tf", MAIN + "data external x {\n  program = []\n}\n", ["provider", "code"]),
    ("external, a comment between", "modules/a/main.tf", MAIN + 'data /* x */ "external" "x" {\n  program = []\n}\n', ["provider", "code"]),
    ("http data source", "modules/a/main.tf", MAIN + 'data "http" "x" {\n  url = "https://e.example"\n}\n', ["provider", "code"]),
    ("external in JSON", "modules/a/more.tf.json", '{"data": {"external": {"x": {"program": ["id"]}}}}', ["provider", "code"]),
    ("external in a new module", "modules/b/main.tf", 'data "external" "x" {\n  program = ["id"]\n}\n', ["provider", "code"]),
    ("provider by a resource's type", "modules/a/main.tf", MAIN + 'resource "null_resource" "x" {}\n', ["provider"]),
    ("terraform_data is built in", "modules/a/main.tf", MAIN + 'resource "terraform_data" "x" {}\n', []),
    ("provider block", "modules/a/main.tf", MAIN + 'provider "random" {}\n', ["provider"]),
    ("known name, other source", "modules/a/main.tf", MAIN.replace("hashicorp/aws", "evil/aws"), ["provider"]),
    ("a required provider more", "modules/a/main.tf", MAIN.replace("    aws = {", '    tls = { source = "hashicorp/tls" }\n    aws = {'), ["provider", "provider"]),
    ("required providers in JSON", "modules/a/v.tf.json", '{"terraform": {"required_providers": {"aws": {"source": "evil/aws"}}}}', ["code"]),
    ("provisioner", "modules/a/main.tf", MAIN.replace('  name = "a"\n', '  name = "a"\n  provisioner "local-exec" {\n    command = "id"\n  }\n'), ["code"]),
    ("run_cmd", "live/_components/a.hcl", COMPONENT.replace('name = "a"', 'name = run_cmd("id")'), ["code"]),
    ("run_cmd in a new unit", "live/dev/b/terragrunt.hcl", 'locals {\n  x = run_cmd("--terragrunt-quiet", "id")\n}\n', ["code"]),
    ("hook edited", "live/_components/a.hcl", COMPONENT.replace('"python3", "-m"', '"sh", "-c"'), ["code"]),
    ("hook added", "live/_components/a.hcl", COMPONENT.replace("  before_hook", '  after_hook "x" {\n    commands = ["plan"]\n    execute  = ["id"]\n  }\n\n  before_hook'), ["code"]),
    ("module from elsewhere", "live/_components/a.hcl", COMPONENT.replace("${get_repo_root()}/modules//a", "git::https://e.example/m.git//a"), ["code"]),
    ("nested module from elsewhere", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "e.example/x/y/z"\n}\n', ["code"]),
    ("nested module of this repository", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "../b"\n}\n', []),
    ("generated code", "terragrunt.hcl", 'generate "provider" {\n  path      = "provider.tf"\n  if_exists = "overwrite"\n  contents  = "data \\"external\\" \\"x\\" {}"\n}\n', ["code"]),
    ("another binary", "live/dev/a/terragrunt.hcl", 'terraform_binary = "./x"\n', ["code"]),
    ("arguments of Terraform", "live/_components/a.hcl", COMPONENT.replace("  before_hook", '  extra_arguments "x" {\n    commands = ["init"]\n    env_vars = { TF_CLI_CONFIG_FILE = "x" }\n  }\n\n  before_hook'), ["code"]),
    ("another backend", "modules/a/main.tf", MAIN.replace("terraform {\n", 'terraform {\n  backend "http" {\n    address = "https://e.example"\n  }\n', 1), ["code"]),
    ("lock file", "live/dev/a/.terraform.lock.hcl", 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.99.0"\n}\n', ["lock-file"]),
    ("workflow", ".github/workflows/x.yaml", "name: y\n", ["workflow"]),
    ("new action", ".github/actions/y/action.yaml", "name: y\n", ["workflow"]),
    ("what plans", "strata/ci/gate.py", "x = 1\n", ["code"]),
    ("a package of what plans", "requirements.txt", "x==1\n", ["code"]),
    ("where providers come from", "live/dev/a/x.tfrc", "x\n", ["provider"]),
    ("a test", "tests/x/main.tf", 'data "external" "x" {}\n', []),
]  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("gate"), BASE)


def judged(repository: Repository, files: Mapping[str, str | Path | None]) -> list[Finding]:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(files, "change")
    return check_change(Change.since(repository.clone, "origin/main"))


@pytest.mark.parametrize(("name", "path", "content", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_rules(repository: Repository, name: str, path: str, content: str, rules: list[str]) -> None:
    found = judged(repository, {path: content})
    assert sorted(finding.rule for finding in found) == sorted(rules)
    assert judge(found, set()).open is (not rules)


def test_what_is_no_hcl_cannot_be_judged(repository: Repository) -> None:
    with pytest.raises(StrataError, match="cannot be judged") as caught:
        judged(repository, {"modules/a/main.tf": "data external {{\n"})
    assert caught.value.file == "modules/a/main.tf"


def test_a_deleted_workflow_is_an_edit(repository: Repository) -> None:
    assert [one.rule for one in judged(repository, {".github/workflows/x.yaml": None})] == ["workflow"]


def resources(*actions: str, kind: str = "aws_sns_topic", mocked: bool = False) -> tuple[Resource, ...]:
    return tuple(
        Resource.model_validate({"address": f"{kind}.x{i}", "type": kind, "action": action, "mocked": mocked})
        for i, action in enumerate(actions)
    )


PLANS: list[tuple[str, tuple[Resource, ...], tuple[str, ...], list[str]]] = [
    ("nothing", (), (), []),
    ("three go", resources("delete", "replace", "delete", "create"), (), []),
    ("four go", resources("delete", "replace", "delete", "delete"), (), ["deletions"]),
    ("a bucket goes", resources("delete", kind="aws_s3_bucket"), (), ["protected"]),
    ("a table is replaced", resources("replace", kind="aws_dynamodb_table"), (), ["protected"]),
    ("a bucket changes", resources("update", kind="aws_s3_bucket"), (), []),
    ("mocks", resources("create", mocked=True), (), ["mocks"]),
    ("a removed unit", (), ("live/dev/gone",), ["removed-unit"]),
]


@pytest.mark.parametrize(("name", "changes", "removed", "rules"), PLANS, ids=[row[0] for row in PLANS])
def test_plans(name: str, changes: tuple[Resource, ...], removed: tuple[str, ...], rules: list[str]) -> None:
    plans = PlanSet(
        environment="dev",
        commit="c",
        units=(UnitPlan(unit="live/dev/a", resources=changes),),
        removed=removed,
    )
    findings = check_plans(plans)
    assert [finding.rule for finding in findings] == rules
    assert judge(findings, set()).open is (not rules)
    assert judge(findings, {f"approve:{rule}" for rule in rules}).open


def test_each_finding_needs_its_own_label() -> None:
    findings = [Finding("code", "x", "y"), Finding("workflow", "x", "y")]
    verdict = judge(findings, {"approve:code"})
    assert (verdict.open, verdict.missing) == (False, ("approve:workflow",))
