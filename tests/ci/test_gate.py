"""What the gate stops: a row is a change of one file and the findings it must give; none is evaluated or run."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from strata.ci.code_rules import GateFinding, check_change
from strata.ci.gate import check_plans, decide
from strata.ci.git import CommitRange
from strata.ci.plans import PlanSet, ResourceChange, UnitPlan
from strata.errors import StrataError
from tests.ci.repository import Repository
from tests.hcl.texts import respelled

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
    execute  = ["python3", "-I", "${get_repo_root()}/strata/artifacts/__main__.py", "build", "glue"]
  }
}

inputs = {
  name = "a"
}
"""
ENV = """locals {
  env     = basename(get_terragrunt_dir())
  modules = "git::https://github.com/example-org/strata.git//modules"

  snowflake = {
    organization = "STRATA"
  }
}
"""
ROOT = """locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  is_local = get_env("STRATA_LOCAL", "") != ""
}

remote_state {
  backend = "s3"
  config  = { bucket = "a" }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite"
  contents  = <<-EOF
    provider "aws" {
      region = "${local.env.region}"
    }
  EOF
}
"""
SOURCE = '"${get_repo_root()}/modules//a"'
RELEASE = '"${local.env.modules}/a?ref=a/${local.version}"'
VERSIONED = COMPONENT.replace(SOURCE, f'local.version == "local" ? {SOURCE} : {RELEASE}')
BASE: dict[str, str | Path] = {
    "modules/a/main.tf": MAIN,
    "live/_components/a.hcl": COMPONENT,
    "live/dev/a/terragrunt.hcl": 'include "c" {\n  path = "../../_components/a.hcl"\n}\n',
    "live/dev/a/.terraform.lock.hcl": 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n',
    "live/dev/env.hcl": ENV,
    "terragrunt.hcl": ROOT,
    ".github/workflows/x.yaml": "name: x\n",
    "README.md": "# x\n",
}  # fmt: skip

# name, path, new content, rules expected
ROWS: list[tuple[str, str, str, list[str]]] = [
    ("a comment", "modules/a/main.tf", MAIN + "# run\n", []),
    ("a new resource of a known provider", "modules/a/main.tf", MAIN + 'resource "aws_sqs_queue" "b" {}\n', []),
    ("documentation", "README.md", "# y\n", []),
    ("documentation in a module", "modules/a/README.md", "# y\n", []),
    ("a new data contract", "glue_jobs/contracts/a.odcs.yaml", "{}\n", []),
    ("a function", "lambda_functions/a/b.py", "x = 1\n", []),
    ("a test", "tests/a/b.sh", "x\n", []),
    ("a measurement", "bench/b.sh", "x\n", []),
    ("a document of any kind", "docs/a/b.sh", "x\n", []),
    ("a script named as documentation", "README.md.sh", "x\n", ["code"]),
    ("a script named as a module", "modules/a/main.tf.sh", "x\n", ["code"]),
    ("a script named as a job", "glue_jobs/a.py.sh", "x\n", ["code"]),
    ("a script named as a function", "lambda_functions/a.py.sh", "x\n", ["code"]),
    ("a script named as a unit", "live/dev/a.hcl.sh", "x\n", ["code"]),
    ("data of a function", "lambda_functions/a.json", "{}\n", ["code"]),
    ("the library", "strata/ci/x.py", "x = 1\n", ["code"]),
    ("a folder that only begins as tests", "tests2/a.py", "x = 1\n", ["code"]),
    ("documentation deep down", "a/b/README.md", "# y\n", ["code"]),
    ("deep in a module", "modules/a/b/main.tf", MAIN, ["code"]),
    ("the build", "pyproject.toml", "x = 1\n", ["code"]),
    ("an input", "live/_components/a.hcl", COMPONENT.replace('"a"\n}', '"b"\n}'), []),
    ("external data source", "modules/a/main.tf", MAIN + 'data "external" "x" {\n  program = ["sh", "-c", "id"]\n}\n', ["provider", "code"]),
    ("external, labels without quotes", "modules/a/main.tf", MAIN + "data external x {\n  program = []\n}\n", ["provider", "code"]),
    ("external, a comment between", "modules/a/main.tf", MAIN + 'data /* x */ "external" "x" {\n  program = []\n}\n', ["provider", "code"]),
    ("external, behind an escape", "modules/a/main.tf", f'{MAIN}locals {{\n  x = "$$${{"\n}}\ndata external x {{ # "}}"\n  program = ["sh", "-c", "id"]\n}}\n', ["provider", "code"]),
    ("external, behind a heredoc", "modules/a/main.tf", f'{MAIN}locals {{\n  x = <<E\n$$${{\nE\n}}\ndata external x {{ # }}\n  working_dir = <<E\nE\n  program = ["id"]\n}}\n', ["provider", "code"]),
    ("external, behind a directive's escape", "modules/a/main.tf", f'{MAIN}locals {{\n  x = "%%%{{if true}}"\n}}\ndata "external" "x" {{\n  program = ["id"]\n}}\n', ["provider", "code"]),
    ("external, its label escaped", "modules/a/main.tf", MAIN + r'data "\u0065xternal" "x" {' + "\n  program = []\n}\n", ["provider", "code"]),
    ("a directive's escape", "modules/a/main.tf", MAIN.replace('"a"\n}', '"%%%{if}"\n}'), []),
    ("http data source", "modules/a/main.tf", MAIN + 'data "http" "x" {\n  url = "https://e.example"\n}\n', ["provider", "code"]),
    ("external in JSON", "modules/a/more.tf.json", '{"data": {"external": {"x": {"program": ["id"]}}}}', ["provider", "code"]),
    ("external in a new module", "modules/b/main.tf", 'data "external" "x" {\n  program = ["id"]\n}\n', ["provider", "code"]),
    ("provider by a resource's type", "modules/a/main.tf", MAIN + 'resource "null_resource" "x" {}\n', ["provider"]),
    ("terraform_data is built in", "modules/a/main.tf", MAIN + 'resource "terraform_data" "x" {}\n', []),
    ("provider block", "modules/a/main.tf", MAIN + 'provider "random" {}\n', ["provider", "code"]),
    ("known name, other source", "modules/a/main.tf", MAIN.replace("hashicorp/aws", "evil/aws"), ["provider"]),
    ("other source, a comment between", "modules/a/main.tf", MAIN.replace('source  = "hashicorp', 'source /* pinned */ = "evil'), ["provider"]),
    ("other source, the key in quotes", "modules/a/main.tf", MAIN.replace('source  = "hashicorp', '"source" = "evil'), ["provider"]),
    ("other source, the key escaped", "modules/a/main.tf", MAIN.replace('source  = "hashicorp', '"sourc\\u0065" : "evil'), ["provider"]),
    ("other source, the key computed", "modules/a/main.tf", MAIN.replace('source  = "hashicorp', '("source") = "evil'), ["provider"]),
    ("other source, the key a template", "modules/a/main.tf", MAIN.replace('source  = "hashicorp', '"${"source"}" = "evil'), ["provider"]),
    ("other source, set twice", "modules/a/main.tf", MAIN.replace('"~> 5.100"', '"~> 5.100", source = "evil/aws"'), ["provider"]),
    ("other source, escaped", "modules/a/main.tf", MAIN.replace("hashicorp/aws", r"evi\u006c/aws"), ["provider"]),
    ("other source, a template", "modules/a/main.tf", MAIN.replace("hashicorp/aws", '${"evil"}/aws'), ["provider"]),
    ("other source, in parentheses", "modules/a/main.tf", MAIN.replace('"hashicorp/aws"', '("evil/aws")'), ["provider"]),
    ("other source, one of two", "modules/a/main.tf", MAIN.replace('"hashicorp/aws"', 'true ? "evil/aws" : "hashicorp/aws"'), ["provider"]),
    ("other source, out of a list", "modules/a/main.tf", MAIN.replace('"hashicorp/aws"', '["evil/aws"][0]'), ["provider"]),
    ("provider that a resource names", "modules/a/main.tf", MAIN.replace('name = "a"', "provider = random"), ["provider"]),
    ("provider that a resource names in quotes", "modules/a/main.tf", MAIN.replace('name = "a"', 'provider = "random.x"'), ["provider"]),
    ("provider that a resource names, the known one", "modules/a/main.tf", MAIN.replace('name = "a"', "provider = aws"), []),
    ("provider that a resource names, known, in quotes", "modules/a/main.tf", MAIN.replace('name = "a"', 'provider = "aws"'), []),
    ("provider that a resource names, another of a known one", "modules/a/main.tf", MAIN.replace('name = "a"', "provider = aws.other"), []),
    ("provider that an import names", "modules/a/main.tf", MAIN + "import {\n  to = aws_sns_topic.a\n  id = 1\n  provider = random\n}\n", ["provider"]),
    ("provider that is handed to a module", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "../b"\n  providers = { aws = random.x }\n}\n', ["provider"]),
    ("provider that a function is of", "modules/a/main.tf", MAIN.replace('"a"\n}', "provider::random::f(1)\n}"), ["provider"]),
    ("a required provider more", "modules/a/main.tf", MAIN.replace("    aws = {", '    tls = { source = "hashicorp/tls" }\n    aws = {'), ["provider", "provider"]),
    ("required providers in JSON", "modules/a/v.tf.json", '{"terraform": {"required_providers": {"aws": {"source": "evil/aws"}}}}', ["code"]),
    ("provisioner", "modules/a/main.tf", MAIN.replace('  name = "a"\n', '  name = "a"\n  provisioner "local-exec" {\n    command = "id"\n  }\n'), ["code"]),
    ("run_cmd", "live/_components/a.hcl", COMPONENT.replace('name = "a"', 'name = run_cmd("id")'), ["code"]),
    ("run_cmd in a new unit", "live/dev/b/terragrunt.hcl", 'locals {\n  x = run_cmd("--terragrunt-quiet", "id")\n}\n', ["code"]),
    ("hook edited", "live/_components/a.hcl", COMPONENT.replace('"python3", "-I"', '"sh", "-c"'), ["code"]),
    ("hook added", "live/_components/a.hcl", COMPONENT.replace("  before_hook", '  after_hook "x" {\n    commands = ["plan"]\n    execute  = ["id"]\n  }\n\n  before_hook'), ["code"]),
    ("module from elsewhere", "live/_components/a.hcl", COMPONENT.replace("${get_repo_root()}/modules//a", "git::https://e.example/m.git//a"), ["code"]),
    ("nested module from elsewhere", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "e.example/x/y/z"\n}\n', ["code"]),
    ("nested module of this repository", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "../b"\n}\n', []),
    ("generated code", "terragrunt.hcl", ROOT.replace('provider "aws" {', 'data "external" "x" {'), ["code"]),
    ("another binary", "live/dev/a/terragrunt.hcl", 'terraform_binary = "./x"\n', ["code"]),
    ("arguments of Terraform", "live/_components/a.hcl", COMPONENT.replace("  before_hook", '  extra_arguments "x" {\n    commands = ["init"]\n    env_vars = { TF_CLI_CONFIG_FILE = "x" }\n  }\n\n  before_hook'), ["code"]),
    ("another backend", "modules/a/main.tf", MAIN.replace("terraform {\n", 'terraform {\n  backend "http" {\n    address = "https://e.example"\n  }\n', 1), ["code"]),
    ("lock file", "live/dev/a/.terraform.lock.hcl", 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.99.0"\n}\n', ["lock-file"]),
    ("workflow", ".github/workflows/x.yaml", "name: y\n", ["workflow"]),
    ("new action", ".github/actions/y/action.yaml", "name: y\n", ["workflow"]),
    ("what plans", "strata/ci/gate.py", "x = 1\n", ["code"]),
    ("a package of what plans", "requirements.txt", "x==1\n", ["code"]),
    ("where providers come from", "live/dev/a/x.tfrc", "x\n", ["provider"]),
    ("a test", "tests/x/test_x.py", "x = 1\n", []),
    ("a test's code, which a unit may name", "tests/x/main.tf", 'data "external" "x" {}\n', ["provider", "code"]),
    ("a test's broken code", "tests/x/terragrunt.hcl", "locals {{\n", ["code"]),
    ("a job", "glue_jobs/clean.py", "x = 1\n", []),
    ("a data contract", "glue_jobs/contracts/flights.odcs.yaml", "{}\n", []),
    ("a function", "lambda_functions/x/y.py", "x = 1\n", []),
    ("a benchmark", "bench/x.py", "x = 1\n", []),
    ("a version", "live/_components/a.hcl", VERSIONED, []),
    ("a unit", "live/dev/b/terragrunt.hcl", 'include "c" {\n  path = "${get_repo_root()}/live/_components/a.hcl"\n}\n\ndependency "a" {\n  config_path = "../a"\n}\n', []),
    ("a file of the module's own", "modules/a/main.tf", MAIN.replace('"a"\n}', 'file("${path.module}/templates/a.json")\n}'), []),
    ("a module of Python at the root", "argparse.py", "print(1)\n", ["code"]),
    ("a module of Python in a module", "modules/glue/argparse.py", "print(1)\n", ["code"]),
    ("a folder that a link stands for", "modules/b", "../tests/x", ["code"]),
    ("a file that nobody knows", "x.bin", "x", ["code"]),
    ("a source in the tests", "live/_components/a.hcl", COMPONENT.replace("modules//a", "tests//evil"), ["code"]),
    ("a source that is somebody's value", "live/_components/a.hcl", COMPONENT.replace(SOURCE, "local.src"), ["code"]),
    ("a source that leaves the modules", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "../../tests/evil"\n}\n', ["code"]),
    ("configuration out of documentation", "live/_components/a.hcl", COMPONENT + 'locals {\n  x = read_terragrunt_config("${get_repo_root()}/docs/x.txt")\n}\n', ["code"]),
    ("configuration by a value", "live/_components/a.hcl", COMPONENT + "locals {\n  x = read_terragrunt_config(local.x)\n}\n", ["code"]),
    ("configuration that documentation holds", "docs/x.hcl", 'locals {\n  x = run_cmd("id")\n}\n', ["code"]),
    ("an include of documentation", "live/dev/a/terragrunt.hcl", 'include "c" {\n  path = "${get_repo_root()}/docs/x.txt"\n}\n', ["code"]),
    ("a dependency that is a file", "live/dev/a/terragrunt.hcl", 'dependency "x" {\n  config_path = "../../../docs/x"\n}\n', ["code"]),
    ("where releases come from", "live/dev/env.hcl", ENV.replace("github.com/example-org", "evil.example"), ["code"]),
    ("where releases come from, elsewhere", "live/_components/a.hcl", COMPONENT + 'locals {\n  env = { "modules" = "git::https://e.example" }\n}\n', ["code", "code"]),
    ("a value", "live/dev/env.hcl", ENV.replace('"STRATA"', '"OTHER"'), []),
    ("a value that ends its line", "live/dev/env.hcl", ENV.replace('"STRATA"', r'"x\"\n}\ndata \"external\" \"x\" {\n  program = [\"id\"]"'), ["code"]),
    ("a value of more lines", "live/dev/env.hcl", ENV.replace('"STRATA"', '<<-E\n    x\n  E'), ["code"]),
    ("a value that Terraform evaluates", "live/dev/env.hcl", ENV.replace('"STRATA"', '"$${file(1)}"'), ["code"]),
    ("a value that is decoded", "live/dev/env.hcl", ENV.replace('"STRATA"', 'base64decode("Ig==")'), ["code"]),
    ("where releases come from, the key escaped", "live/_components/a.hcl", COMPONENT + 'locals {\n  a = { "m\\u006fdules" = "x" }\n}\n', ["code", "code"]),
    ("a module in JSON", "modules/a/x.tf.json", '{"module": {"x": {"source": "git::https://e.example"}}}', ["code"]),
    ("a backend in JSON", "modules/a/x.tf.json", '{"terraform": {"backend": {"http": {}}}}', ["code"]),
    ("a unit in JSON", "live/dev/b/terragrunt.hcl.json", '{"terraform": {"source": "git::https://e.example"}}', ["code"]),
    ("another kind of state", "terragrunt.hcl", ROOT.replace('"s3"', '"http"'), ["code"]),
    ("where a token is sent", "modules/a/main.tf", MAIN + 'provider "aws" {\n  endpoints {\n    sts = "https://e.example"\n  }\n}\n', ["code"]),
    ("whom Snowflake's token is for", "modules/a/main.tf", MAIN + 'provider "snowflake" {\n  host = "e.example"\n}\n', ["provider", "code"]),
    ("what the job knows", "live/_components/a.hcl", COMPONENT.replace('"a"\n}', 'get_env("AWS_SECRET_ACCESS_KEY")\n}'), ["code"]),
    ("what the process knows", "modules/a/main.tf", MAIN.replace('name = "a"', 'for_each = toset([filebase64("/proc/self/environ")])'), ["code"]),
    ("what the process knows, by detours", "modules/a/main.tf", MAIN.replace('name = "a"', 'name = file /* x */ ("${path.module}/../../../proc/self/environ")'), ["code"]),
    ("a template that is no template", "modules/a/main.tf", MAIN.replace('name = "a"', 'name = templatefile("${path.module}/README.md", {})'), ["code"]),
    ("somebody else's state", "modules/a/main.tf", MAIN + 'data "terraform_remote_state" "x" {\n  backend = "http"\n}\n', ["code"]),
    ("a provider's binary", "modules/a/terraform.d/plugins/e.example/x/y/1.0.0/linux_amd64/terraform-provider-y_v1.0.0", "x", ["provider"]),
    ("a provider's binary beside tests", "tests/x/.terraform/providers/y", "x", ["provider"]),
    ("another engine", "live/dev/a/terragrunt.hcl", 'engine {\n  source = "e.example/x"\n}\n', ["code"]),
    ("another place of modules", "live/dev/a/terragrunt.hcl", 'download_dir = "x"\n', ["code"]),
    ("another engine, as an attribute", "live/dev/a/terragrunt.hcl", 'engine = { source = "e.example/x" }\n', ["code"]),
    ("generated code, as an attribute", "live/dev/a/terragrunt.hcl", 'generate = { x = { path = "x.tf", contents = "a" } }\n', ["code"]),
    ("another role", "live/dev/a/terragrunt.hcl", 'iam_web_identity_token = "x"\n', ["code"]),
    ("a state, as an attribute", "live/dev/a/terragrunt.hcl", 'remote_state = { backend = "http" }\n', ["code"]),
    ("what runs after an error", "live/dev/a/terragrunt.hcl", 'terraform {\n  error_hook "x" {\n    commands  = ["plan"]\n    execute   = ["id"]\n    on_errors = [".*"]\n  }\n}\n', ["code"]),
    ("a state in the cloud", "modules/a/main.tf", MAIN.replace("terraform {\n", 'terraform {\n  cloud {\n    hostname = "e.example"\n  }\n', 1), ["code"]),
    ("a secret that is decrypted", "live/dev/env.hcl", ENV.replace('"STRATA"', 'sops_decrypt_file("x")'), ["code"]),
    ("who the job is", "live/dev/env.hcl", ENV.replace('"STRATA"', "get_aws_caller_identity_arn()"), ["code"]),
    ("variables of a file", "live/dev/env.hcl", ENV.replace('"STRATA"', 'read_tfvars_file("x.tfvars")'), ["code"]),
    ("a value that is decoded as text", "live/dev/env.hcl", ENV.replace('"STRATA"', 'textdecodebase64("IgA=", "UTF-16LE")'), ["code"]),
    ("a value that is a template", "live/dev/env.hcl", ENV.replace('"STRATA"', 'templatestring("x", {})'), ["code"]),
    ("a value with a directive in it", "live/dev/env.hcl", ENV.replace('"STRATA"', '"%%{if true}"'), ["code"]),
    ("which files there are", "modules/a/main.tf", MAIN.replace('name = "a"', 'for_each = fileset("/proc", "*")'), ["code"]),
    ("provider of what is not stored", "modules/a/main.tf", MAIN + 'ephemeral "random_password" "x" {}\n', ["provider"]),
    ("provider of data", "modules/a/main.tf", MAIN + 'data "dns_a_record_set" "x" {}\n', ["provider"]),
    ("a module that begins as one of this repository", "modules/a/main.tf", MAIN + 'module "x" {\n  source = "../b" == "" ? "x" : "git::https://e.example"\n}\n', ["code"]),
    ("an include that begins as one", "live/dev/a/terragrunt.hcl", 'include "c" {\n  path = "x.hcl" == "" ? "x" : local.x\n}\n', ["code"]),
    ("dependencies", "live/dev/b/terragrunt.hcl", 'dependencies {\n  paths = ["../a", "../b"]\n}\n', []),
    ("dependencies that are files", "live/dev/b/terragrunt.hcl", 'dependencies {\n  paths = ["../a", "../../../docs/x"]\n}\n', ["code"]),
    ("a stack's unit from elsewhere", "live/dev/b/terragrunt.stack.hcl", 'unit "x" {\n  source = "git::https://e.example"\n  path   = "x"\n}\n', ["code"]),
    ("a stack from elsewhere", "live/dev/b/terragrunt.stack.hcl", 'stack "x" {\n  source = "git::https://e.example"\n  path   = "x"\n}\n', ["code"]),
    ("Terraform's own settings", ".terraformrc", "x\n", ["provider"]),
    ("Terraform's own settings, as on Windows", "modules/a/terraform.rc", "x\n", ["provider"]),
    ("what a checkout holds", "modules/a/.gitattributes", "*.tf eol=crlf\n", ["code"]),
    ("code of OpenTofu", "modules/a/x.tofu", 'data "external" "x" {\n  program = ["id"]\n}\n', ["code", "provider", "code"]),
    ("code of OpenTofu in JSON", "modules/a/x.tofu.json", '{"provider": {"random": {}}}', ["code", "provider"]),
    ("known providers in JSON", "modules/a/x.tf.json", '{"resource": [{"aws_sns_topic": {"x": {}}}], "provider": {"aws": {}}}', ["code"]),
    ("other providers in JSON", "modules/a/x.tf.json", '{"resource": {"null_resource": {}}, "ephemeral": [{"random_password": {}}], "provider": [{"tls": {}}]}', ["code", "provider", "provider", "provider"]),
    ("JSON that is not an object", "modules/a/x.tf.json", "[1]", ["code"]),
]  # fmt: skip


HCL_ROWS = [
    row
    for row in ROWS
    if row[1].endswith((".tf", ".hcl")) and not row[1].endswith(".lock.hcl") and "broken" not in row[0]
]


@dataclass(frozen=True)
class Spelled(CommitRange):
    """A change of one file, which no commit holds."""

    text: bytes = b""

    def after(self, path: str) -> bytes | None:
        return self.text


@pytest.fixture(scope="module")
def base(repository: Repository) -> CommitRange:
    """Nothing changed yet."""
    return CommitRange.since(repository.clone, "origin/main", "origin/main")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("gate"), BASE)


def gate_findings(repository: Repository, files: Mapping[str, str | Path | None]) -> list[GateFinding]:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(files, "change")
    return check_change(CommitRange.since(repository.clone, "origin/main"))


@pytest.mark.parametrize(("name", "path", "content", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_rules(repository: Repository, name: str, path: str, content: str, rules: list[str]) -> None:
    found = gate_findings(repository, {path: content})
    assert sorted(finding.rule for finding in found) == sorted(rules)
    assert decide(found, set()).open is (not rules)


@pytest.mark.parametrize(("name", "path", "content", "rules"), HCL_ROWS, ids=[row[0] for row in HCL_ROWS])
def test_a_spelling_changes_nothing(
    base: CommitRange, name: str, path: str, content: str, rules: list[str]
) -> None:
    for seed in range(int(os.environ.get("SPELLINGS", "1"))):
        spelled = respelled(content, random.Random(f"{name} {seed}"), escape=path.endswith(".tf"))
        found = check_change(Spelled(base.root, base.base, base.head, (path,), spelled.encode()))
        assert sorted(finding.rule for finding in found) == sorted(rules), spelled


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("modules/a/main.tf", "data external {{\n", 1),
        ("modules/a/main.tf", "a = 1 b = 2\n", 1),
        ("modules/a/main.tf", "a = 1\n\nb = = 2\n", 3),
        ("modules/a/x.tf.json", "{", None),
    ],
)
def test_what_cannot_be_read_cannot_be_judged(
    repository: Repository, path: str, text: str, line: int | None
) -> None:
    with pytest.raises(StrataError, match="cannot be checked") as caught:
        gate_findings(repository, {path: text})
    assert (caught.value.file, caught.value.line) == (path, line)


# path, content, what is found there (rule, line, words)
PLACES: list[tuple[str, str, list[tuple[str, int | None, str]]]] = [
    ("modules/a/main.tf", MAIN + 'data "external" "x" {\n}\n', [("provider", 13, "new provider external"), ("code", 13, "data source external")]),
    ("modules/a/main.tf", MAIN + '\nprovider "random" {\n  x = 1\n}\n', [("provider", 14, "new provider random"), ("code", 14, "provider random")]),
    ("modules/a/main.tf", MAIN.replace("hashicorp/aws", "evil/aws"), [("provider", 3, "new provider evil/aws")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', "provider = random"), [("provider", 11, "new provider random")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', "name = provider::time::now()"), [("provider", 11, "new provider time")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', 'name = file("/x")'), [("code", 11, "file of what is not the module's own")]),
    ("modules/a/main.tf", MAIN + 'module "x" {\n  source = "git::https://e.example"\n}\n', [("code", 14, "module from elsewhere")]),
    ("modules/a/main.tf", MAIN.replace("terraform {\n", 'terraform {\n  backend "http" {}\n', 1), [("code", 2, "backend http")]),
    ("modules/a/x.tf.json", '{"resource": {"null_resource": {}}}', [("code", None, "is configuration in JSON, which is read by people"), ("provider", 1, "new provider null")]),
    ("modules/a/x.tf.json", '{"provider": {"random": {}}}', [("code", None, "is configuration in JSON, which is read by people"), ("provider", 1, "new provider random")]),
    ("live/dev/a/terragrunt.hcl", '\nterraform_binary = "x"\n', [("code", 2, "terraform_binary")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = run_cmd("id")\n}\n', [("code", 2, "run_cmd")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = jsondecode("{}")\n}\n', [("code", 2, "a value that is decoded")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = "a\\nb"\n}\n', [("code", 2, "a value with more lines, quotes or templates in it")]),
    ("live/dev/a/terragrunt.hcl", 'dependency "x" {\n  config_path = "/x"\n}\n', [("code", 2, "dependency outside the environment")]),
    ("live/dev/a/terragrunt.hcl", 'dependencies {\n  paths = ["/x"]\n}\n', [("code", 2, "dependency outside the environment")]),
    ("live/dev/a/terragrunt.hcl", 'include "c" {\n  path = "x.txt"\n}\n', [("code", 2, "configuration out of another file than .hcl")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = read_terragrunt_config("x.json")\n}\n', [("code", 2, "configuration out of another file than .hcl")]),
    ("live/dev/a/terragrunt.hcl", 'locals {\n  modules = "x"\n}\n', [("code", 2, "where modules come from")]),
    ("live/dev/a/.terraform.lock.hcl", "x\n", [("lock-file", None, "changes which provider binaries are trusted")]),
    (".github/dependabot.yaml", "x\n", [("workflow", None, "edits what GitHub runs")]),
    (".terraformrc", "x\n", [("provider", None, "changes where providers come from")]),
    ("terraform.rc", "x\n", [("provider", None, "changes where providers come from")]),
    ("modules/a/.terraform/x", "x\n", [("provider", None, "brings a provider or a module of its own")]),
    (".gitattributes", "x\n", [("code", None, "changes what a checkout holds")]),
    ("setup.py", "x\n", [("code", None, "may run, or decide what runs, in the job that plans")]),
    ("tests/x/broken.tf", "a = = 1\n", [("code", None, "the file cannot be checked: syntax error")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "expected"), PLACES)
def test_where_and_what_is_found(
    base: CommitRange, path: str, content: str, expected: list[tuple[str, int | None, str]]
) -> None:
    found = check_change(Spelled(base.root, base.base, base.head, (path,), content.encode()))
    assert [(one.rule, one.place) for one in found] == [
        (rule, path if line is None else f"{path}:{line}") for rule, line, _ in expected
    ]
    assert all(one.what.startswith(said) for one, (_, _, said) in zip(found, expected, strict=True))


def test_a_deleted_workflow_is_an_edit(repository: Repository) -> None:
    assert [one.rule for one in gate_findings(repository, {".github/workflows/x.yaml": None})] == ["workflow"]


def resources(*actions: str, kind: str = "aws_sns_topic") -> tuple[ResourceChange, ...]:
    return tuple(
        ResourceChange.model_validate({"address": f"{kind}.x{i}", "type": kind, "action": action})
        for i, action in enumerate(actions)
    )


GONE = resources("delete", "replace", "delete", "delete")
# name, changes of a unit's own plan, those that the environment plan shows of it, removed units, rules expected
PLANS: list[
    tuple[str, tuple[ResourceChange, ...], tuple[ResourceChange, ...], tuple[str, ...], list[str]]
] = [
    ("nothing", (), (), (), []),
    ("three go", resources("delete", "replace", "delete", "create"), (), (), []),
    ("four go", resources("delete", "replace", "delete", "delete"), (), (), ["deletions"]),
    ("a bucket goes", resources("delete", kind="aws_s3_bucket"), (), (), ["protected"]),
    ("a table is replaced", resources("replace", kind="aws_dynamodb_table"), (), (), ["protected"]),
    ("a bucket changes", resources("update", kind="aws_s3_bucket"), (), (), []),
    ("a removed unit", (), (), ("live/dev/gone",), ["removed-unit"]),
    ("four go downstream", (), GONE, (), ["deletions"]),
    ("two go here, two downstream", GONE[:2], GONE[2:], (), ["deletions"]),
    ("three go, and are seen twice", GONE[:3], GONE[:3], (), []),
    ("a bucket goes downstream", (), resources("replace", kind="aws_s3_bucket"), (), ["protected"]),
]


@pytest.mark.parametrize(
    ("changes", "downstream", "removed", "rules"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS]
)
def test_plans(
    changes: tuple[ResourceChange, ...],
    downstream: tuple[ResourceChange, ...],
    removed: tuple[str, ...],
    rules: list[str],
) -> None:
    plans = PlanSet(
        environment="dev",
        commit="c",
        units=(UnitPlan(unit="live/dev/a", resources=changes),),
        downstream=(UnitPlan(unit="live/dev/a", resources=downstream),),
        removed=removed,
    )
    findings = check_plans(plans)
    assert [finding.rule for finding in findings] == rules
    assert decide(findings, set()).open is (not rules)
    assert decide(findings, {f"approve:{rule}" for rule in rules}).open


@pytest.mark.parametrize("action", ["delete", "replace"])
@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("aws_dynamodb_table", ["protected"]),
        ("aws_iam_openid_connect_provider", ["protected"]),
        ("aws_kms_key", ["protected"]),
        ("aws_s3_bucket", ["protected"]),
        ("snowflake_database", ["protected"]),
        ("snowflake_external_table", ["protected"]),
        ("snowflake_schema", ["protected"]),
        ("snowflake_storage_integration_aws", ["protected"]),
        ("aws_kms_alias", []),
        ("snowflake_stage", []),
    ],
)
def test_what_holds_data_is_not_lost_without_a_word(kind: str, action: str, rules: list[str]) -> None:
    lost = UnitPlan(unit="live/dev/a", resources=resources(action, kind=kind))
    found = check_plans(PlanSet(environment="dev", commit="c", units=(lost,)))
    assert [(finding.rule, finding.place) for finding in found] == [
        (rule, f"live/dev/a {kind}.x0") for rule in rules
    ]


def test_a_plan_made_with_mocks() -> None:
    unit = UnitPlan(unit="live/dev/a", mocked=("aws_sns_topic.a", "variable b"))
    assert check_plans(PlanSet(environment="dev", commit="c", units=(unit,))) == [
        GateFinding("mocks", "live/dev/a aws_sns_topic.a", "planned with mocks in 2 place(s)")
    ]


def test_each_finding_needs_its_own_label() -> None:
    findings = [GateFinding("code", "x", "y"), GateFinding("workflow", "x", "y")]
    verdict = decide(findings, {"approve:code"})
    assert (verdict.open, verdict.missing) == (False, ("approve:workflow",))
