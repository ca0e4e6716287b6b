"""Changes, and the approvals that the gate must ask for; no rule means that the change is harmless."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from strata.ci.git import CommitRange

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
BASE: dict[str, str] = {
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
    ("required providers in JSON", "modules/a/v.tf.json", '{"terraform": {"required_providers": {"aws": {"source": "evil/aws"}}}}', ["code", "provider"]),
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
    ("a file of an unknown kind", "x.bin", "x", ["code"]),
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
    ("a template in a README", "modules/a/main.tf", MAIN.replace('name = "a"', 'name = templatefile("${path.module}/README.md", {})'), ["code"]),
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
    ("a stack's unit from elsewhere", "live/dev/b/terragrunt.stack.hcl", 'unit "x" {\n  source = "git::https://e.example"\n  path   = "x"\n}\n', ["code", "code"]),
    ("a stack from elsewhere", "live/dev/b/terragrunt.stack.hcl", 'stack "x" {\n  source = "git::https://e.example"\n  path   = "x"\n}\n', ["code", "code"]),
    ("Terraform's own settings", ".terraformrc", "x\n", ["provider"]),
    ("Terraform's own settings, as on Windows", "modules/a/terraform.rc", "x\n", ["provider"]),
    ("what a checkout holds", "modules/a/.gitattributes", "*.tf eol=crlf\n", ["code"]),
    ("code of OpenTofu", "modules/a/x.tofu", 'data "external" "x" {\n  program = ["id"]\n}\n', ["code", "provider", "code"]),
    ("code of OpenTofu in JSON", "modules/a/x.tofu.json", '{"provider": {"random": {}}}', ["code", "provider"]),
    ("known providers in JSON", "modules/a/x.tf.json", '{"resource": [{"aws_sns_topic": {"x": {}}}], "provider": {"aws": {}}}', ["code"]),
    ("other providers in JSON", "modules/a/x.tf.json", '{"resource": {"null_resource": {}}, "ephemeral": [{"random_password": {}}], "provider": [{"tls": {}}]}', ["code", "provider", "provider", "provider"]),
    ("JSON that is not an object", "modules/a/x.tf.json", "[1]", ["code"]),
]  # fmt: skip


UNIT = BASE["live/dev/a/terragrunt.hcl"]
JSON = "modules/a/x.tf.json"
PINNED = ENV.replace(
    "  snowflake", '  versions = {\n    iam = "local"\n    s3  = "v1.0.0"\n  }\n\n  snowflake'
)
BASE_OF_MORE = BASE | {"live/dev/env.hcl": PINNED}
# Tags of commits that were merged.
TAGS = frozenset({"s3/v1.0.0", "s3/v1.1.0", "iam/v2.0.0"})


def unit(text: str) -> dict[str, str]:
    return {"live/dev/a/terragrunt.hcl": UNIT + text}


def module(text: str) -> dict[str, str]:
    return {"modules/a/main.tf": MAIN + text}


def named(value: str) -> dict[str, str]:
    """The module with an argument that is an expression."""
    return {"modules/a/main.tf": MAIN.replace('"a"\n}', f"{value}\n}}")}


def env(old: str, new: str) -> dict[str, str]:
    assert old in PINNED
    return {"live/dev/env.hcl": PINNED.replace(old, new)}


def source(text: str) -> dict[str, str]:
    assert SOURCE in COMPONENT
    return {"live/_components/a.hcl": COMPONENT.replace(SOURCE, text)}


# name, files, rules asked for (a set, empty: harmless)
MORE: list[tuple[str, dict[str, str], set[str]]] = [
    # versions and sources
    ("version: a merged release", env('"v1.0.0"', '"v1.1.0"'), set()),
    ("version: back to the working tree", env('"v1.0.0"', '"local"'), set()),
    ("version: a first release", env('iam = "local"', 'iam = "v2.0.0"'), set()),
    ("version: a release without a tag", env('"v1.0.0"', '"v9.0.0"'), {"code"}),
    ("version: a release of another module", env('iam = "local"', 'iam = "v1.1.0"'), {"code"}),
    ("version: a branch", env('iam = "local"', 'iam = "evil"'), {"code"}),
    ("version: a commit", env('iam = "local"', 'iam = "4f2a91c"'), {"code"}),
    ("version: a branch with slashes", env('iam = "local"', 'iam = "feature/x"'), {"code"}),
    ("version: a release and more", env('"v1.0.0"', '"v1.0.0-evil"'), {"code"}),
    ("version: a newline after it", env('"v1.0.0"', r'"v1.1.0\n"'), {"code"}),
    ("version: computed", env('"v1.0.0"', 'join("", ["ev", "il"])'), {"code"}),
    ("version: a template", env('"v1.0.0"', '"${"evil"}"'), {"code"}),
    ("version: of a key that is computed", env("iam = ", '("iam") = '), {"code"}),
    ("versions: merged", {"live/dev/env.hcl": PINNED.replace("versions = {", 'versions = merge({ iam = "evil" }, {').replace('"v1.0.0"\n  }', '"v1.0.0"\n  })')}, {"code"}),
    ("versions: zipped", {"live/dev/env.hcl": PINNED.replace('versions = {\n    iam = "local"\n    s3  = "v1.0.0"\n  }', 'versions = zipmap(["iam"], ["evil"])')}, {"code"}),
    ("versions: of another file", {"live/dev/env.hcl": PINNED.replace('versions = {\n    iam = "local"\n    s3  = "v1.0.0"\n  }', "versions = local.others")}, {"code"}),
    ("source: a release, its version by name", source('"${local.env.modules}/a?ref=a/${local.version}"'), set()),
    ("source: a release of a branch", source('"${local.env.modules}/a?ref=evil"'), {"code"}),
    ("source: a release, then upwards", source('"${local.env.modules}/../evil?ref=a/${local.version}"'), {"code"}),
    ("source: a release with more of a query", source('"${local.env.modules}/a?ref=a/${local.version}&sshkey=x"'), {"code"}),
    ("source: a release, its version fixed", source('"${local.env.modules}/a?ref=a/v1.0.0"'), {"code"}),
    ("source: a local", source("local.source"), {"code"}),
    ("source: outside modules", source('"${get_repo_root()}/docs//a"'), {"code"}),
    ("source: upwards out of modules", source('"${get_repo_root()}/modules//../docs/a"'), {"code"}),
    ("source: an archive", source('"https://e.example/x.zip"'), {"code"}),
    ("source: a bucket", source('"s3::https://s3.amazonaws.com/b/x.zip"'), {"code"}),
    ("source: a registry", source('"tfr:///x/y/aws?version=1.0.0"'), {"code"}),
    ("source: GitHub by its short name", source('"github.com/evil/x"'), {"code"}),
    ("source: another folder here", source('"${get_repo_root()}/modules//b"'), set()),
    ("module call: a folder below", module('module "x" {\n  source = "./b"\n}\n'), set()),
    ("module call: up twice", module('module "x" {\n  source = "../../docs/b"\n}\n'), {"code"}),
    ("module call: a registry", module('module "x" {\n  source  = "terraform-aws-modules/vpc/aws"\n  version = "5.0.0"\n}\n'), {"code"}),
    ("module call: git", module('module "x" {\n  source = "git@e.example:x.git"\n}\n'), {"code"}),
    ("module call: absolute", module('module "x" {\n  source = "/tmp/x"\n}\n'), {"code"}),
    ("module call: of a variable", module('module "x" {\n  source = var.x\n}\n'), {"code"}),
    ("module call: a heredoc", module('module "x" {\n  source = <<E\ngit::https://e.example\nE\n}\n'), {"code"}),
    # files that Terragrunt or Terraform load by name
    ("file: a stack", {"live/dev/terragrunt.stack.hcl": 'unit "x" {\n  source = "../a"\n  path   = "x"\n}\n'}, {"code"}),
    ("file: values", {"live/dev/a/terragrunt.values.hcl": "x = 1\n"}, {"code"}),
    ("file: variables of a unit", {"live/dev/a/terraform.tfvars": 'x = "y"\n'}, {"code"}),
    ("file: variables that load by themselves", {"live/dev/a/x.auto.tfvars": 'x = "y"\n'}, {"code"}),
    ("file: variables in JSON", {"live/dev/a/x.auto.tfvars.json": "{}"}, {"code"}),
    ("file: variables of a module", {"modules/a/terraform.tfvars": 'x = "y"\n'}, {"code"}),
    ("file: a unit in JSON", {"live/dev/b/terragrunt.hcl.json": "{}"}, {"code"}),
    ("file: Terraform code of a unit", {"live/dev/a/more.tf": 'output "x" {\n  value = 1\n}\n'}, {"code"}),
    ("file: a root of the other name", {"root.hcl": ROOT}, {"code"}),
    ("file: which units there are", {".terragrunt-filters": "!./live/**\n"}, {"code"}),
    ("file: which units there are not", {".terragrunt-excludes": "live/dev/a\n"}, {"code"}),
    ("file: the tools' versions", {".tool-versions": "terraform 0.1.0\n"}, {"code"}),
    ("file: Terraform's version", {".terraform-version": "0.1.0\n"}, {"code"}),
    ("file: an override", {"modules/a/main_override.tf": 'resource "aws_sns_topic" "a" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n'}, {"code"}),
    ("file: a harmless override", {"modules/a/override.tf": 'resource "aws_sns_topic" "a" {\n  name = "b"\n}\n'}, set()),
    ("file: a test of Terraform", {"modules/a/x.tftest.hcl": "run x {}\n"}, {"code"}),
    ("file: a query of Terraform", {"modules/a/x.tfquery.hcl": "x = 1\n"}, {"code"}),
    ("file: a template", {"modules/a/x.tftpl": "${x}\n"}, {"code"}),
    ("file: hidden in a module", {"modules/a/.x.tf": MAIN}, {"code"}),
    ("file: a unit in a hidden folder", {"live/dev/.b/terragrunt.hcl": UNIT}, set()),
    ("file: a hook in a hidden folder", {"live/dev/.b/terragrunt.hcl": 'terraform {\n  after_hook "x" {\n    commands = ["plan"]\n    execute  = ["id"]\n  }\n}\n'}, {"code"}),
    ("file: Python's start-up", {"sitecustomize.py": "x = 1\n"}, {"code"}),
    ("file: a path of Python's", {"x.pth": "import os\n"}, {"code"}),
    ("file: pytest's start-up at the root", {"conftest.py": "x = 1\n"}, {"code"}),
    ("file: make", {"Makefile": "demo:\n"}, {"code"}),
    ("file: submodules", {".gitmodules": '[submodule "x"]\n'}, {"code"}),
    ("file: npm", {"package.json": "{}"}, {"code"}),
    ("file: rules of the linter", {"lint.toml": "x = 1\n"}, {"code"}),
    ("file: GitHub's owners", {".github/CODEOWNERS": "* @evil\n"}, {"workflow"}),
    ("file: a credential helper", {".terraform.d/credentials.tfrc.json": "{}"}, {"provider"}),
    ("file: a mirror of providers", {"terraform.d/plugins/x": "x"}, {"provider"}),
    ("file: requirements of a function", {"lambda_functions/a/requirements.txt": "evil\n"}, {"code"}),
    ("file: an archive of a job", {"glue_jobs/a.whl": "x"}, {"code"}),
    ("file: a lock file that goes", {"live/dev/a/.terraform.lock.hcl": ""}, {"lock-file"}),
    # configuration of Terragrunt
    ("unit: excluded", unit('exclude {\n  if      = true\n  actions = ["all"]\n}\n'), {"code"}),
    ("unit: excluded, as an attribute", unit("exclude = { if = true, actions = [] }\n"), {"code"}),
    ("unit: skipped", unit("skip = true\n"), {"code"}),
    ("unit: errors that are ignored", unit('errors {\n  ignore "x" {\n    ignorable_errors = [".*"]\n  }\n}\n'), {"code"}),
    ("unit: errors that are tried again", unit('errors {\n  retry "x" {\n    retryable_errors   = [".*"]\n    max_attempts       = 9\n    sleep_interval_sec = 1\n  }\n}\n'), {"code"}),
    ("unit: errors of the old kind", unit('retryable_errors = [".*"]\n'), {"code"}),
    ("unit: tried for long", unit("retry_max_attempts = 99\n"), {"code"}),
    ("unit: a feature flag", unit('feature "x" {\n  default = true\n}\n'), {"code"}),
    ("unit: another engine's version", unit('engine {\n  source  = "github.com/x/y"\n  version = "v1.0.0"\n}\n'), {"code"}),
    ("unit: a role", unit('iam_role = "arn:aws:iam::1:role/x"\n'), {"code"}),
    ("unit: another program", unit('terraform_binary = "/tmp/x"\n'), {"code"}),
    ("unit: a state of its own", unit('remote_state {\n  backend = "local"\n  config  = {}\n}\n'), {"code"}),
    ("unit: a hook before", unit('terraform {\n  before_hook "x" {\n    commands = ["init"]\n    execute  = ["id"]\n  }\n}\n'), {"code"}),
    ("unit: arguments", unit('terraform {\n  extra_arguments "x" {\n    commands  = ["apply"]\n    arguments = ["-lock=false"]\n  }\n}\n'), {"code"}),
    ("unit: a file that is generated", unit('generate "x" {\n  path      = "x.tf"\n  if_exists = "overwrite"\n  contents  = "x"\n}\n'), {"code"}),
    ("unit: an include of text", unit('include "d" {\n  path = "../../../README.md"\n}\n'), {"code"}),
    ("unit: an include of a local", unit('include "d" {\n  path = local.x\n}\n'), {"code"}),
    ("unit: an include of its neighbour", unit('include "d" {\n  path = "../b/terragrunt.hcl"\n}\n'), set()),
    ("unit: a unit of another environment", unit('dependency "x" {\n  config_path = "../../prod/a"\n}\n'), {"code"}),
    ("unit: a neighbour", unit('dependency "x" {\n  config_path = "../b"\n}\n'), set()),
    ("unit: a neighbour by a local", unit('dependency "x" {\n  config_path = local.x\n}\n'), {"code"}),
    ("unit: mocks for a plan", unit('dependency "x" {\n  config_path                             = "../b"\n  mock_outputs                            = { a = "b" }\n  mock_outputs_allowed_terraform_commands = ["plan", "validate"]\n}\n'), set()),
    ("unit: mocks for an apply", unit('dependency "x" {\n  config_path                             = "../b"\n  mock_outputs                            = { a = "b" }\n  mock_outputs_allowed_terraform_commands = ["plan", "apply"]\n}\n'), {"code"}),
    ("unit: mocks for every command", unit('dependency "x" {\n  config_path  = "../b"\n  mock_outputs = { a = "b" }\n}\n'), {"code"}),
    ("unit: mocks instead of outputs", unit('dependency "x" {\n  config_path  = "../b"\n  skip_outputs = true\n}\n'), {"code"}),
    ("unit: mocks instead of outputs, by a value", unit('dependency "x" {\n  config_path  = "../b"\n  skip_outputs = local.x\n}\n'), {"code"}),
    ("unit: mocks beside outputs", unit('dependency "x" {\n  config_path                            = "../b"\n  mock_outputs_merge_strategy_with_state = "deep_map_only"\n}\n'), {"code"}),
    ("unit: mocks beside outputs, by the older name", unit('dependency "x" {\n  config_path                   = "../b"\n  mock_outputs_merge_with_state = true\n}\n'), {"code"}),
    ("unit: no lock file", unit("terraform {\n  copy_terraform_lock_file = false\n}\n"), {"code"}),
    ("unit: files from elsewhere", unit('terraform {\n  include_in_copy = ["**/.env"]\n}\n'), {"code"}),
    ("unit: files that are left out", unit('terraform {\n  exclude_from_copy = ["*.tf"]\n}\n'), {"code"}),
    ("unit: an input", unit('inputs = {\n  x = "y"\n}\n'), set()),
    ("unit: a secret of the job", unit('inputs = {\n  x = get_env("GITHUB_TOKEN")\n}\n'), {"code"}),
    ("unit: a secret of the job, in a template", unit('inputs = {\n  x = "a${get_env("GITHUB_TOKEN")}"\n}\n'), {"code"}),
    ("unit: a secret of the job, in a for", unit('inputs = {\n  x = [for n in ["A"] : get_env(n)]\n}\n'), {"code"}),
    ("unit: a command in a default", unit('locals {\n  x = try(local.y, run_cmd("id"))\n}\n'), {"code"}),
    ("unit: a command behind a comment", unit('locals {\n  x = run_cmd /* x */ ("id")\n}\n'), {"code"}),
    ("unit: what the process knows", unit('locals {\n  x = file("/proc/self/environ")\n}\n'), {"code"}),
    ("unit: variables of a file", unit('locals {\n  x = read_tfvars_file("x")\n}\n'), {"code"}),
    ("unit: a secret by SOPS", unit('locals {\n  x = sops_decrypt_file("x")\n}\n'), {"code"}),
    ("unit: a configuration of text", unit('locals {\n  x = read_terragrunt_config("x.txt")\n}\n'), {"code"}),
    ("unit: a configuration of HCL", unit('locals {\n  x = read_terragrunt_config("x.hcl")\n}\n'), set()),
    ("root: another generated file", {"terragrunt.hcl": ROOT + 'generate "x" {\n  path      = "x.tf"\n  if_exists = "overwrite"\n  contents  = "a"\n}\n'}, {"code"}),
    ("root: another bucket", {"terragrunt.hcl": ROOT.replace('bucket = "a"', 'bucket = "evil"')}, {"code"}),
    ("root: an endpoint of the state", {"terragrunt.hcl": ROOT.replace('bucket = "a"', 'endpoint = "https://e.example"')}, {"code"}),
    ("root: a comment", {"terragrunt.hcl": ROOT + "# x\n"}, set()),
    # Terraform code
    ("code: what a function gives while Terraform plans", module('data "aws_lambda_invocation" "x" {\n  function_name = "x"\n}\n'), {"code"}),
    ("code: any statement in Snowflake", module('resource "snowflake_execute" "x" {\n  execute = "x"\n}\n'), {"code", "provider"}),
    ("code: any statement in Snowflake, by its older name", module('resource "snowflake_unsafe_execute" "x" {\n  execute = "x"\n}\n'), {"code", "provider"}),
    ("code: a function that an apply invokes", module('resource "aws_lambda_invocation" "x" {\n  function_name = "x"\n}\n'), {"code"}),
    ("code: a script that an apply runs", module('resource "aws_ssm_association" "x" {\n  name = "AWS-RunShellScript"\n}\n'), {"code"}),
    ("code: a template of another language", module('resource "aws_cloudformation_stack" "x" {\n  name = "x"\n}\n'), {"code"}),
    ("code: a state's key from a program", module('terraform {\n  encryption {\n    key_provider "external" "x" {\n      command = ["id"]\n    }\n  }\n}\n'), {"code"}),
    ("code: an output that is not stored", module('ephemeral "aws_lambda_invocation" "x" {\n  function_name = "x"\n}\n'), {"code"}),
    ("code: a configuration in the cloud", module('terraform {\n  cloud {\n    organization = "x"\n  }\n}\n'), {"code"}),
    ("code: all files of the machine", named('join(",", fileset("/", "**"))'), {"code"}),
    ("code: a file of its own, then upwards", named('filebase64("${path.module}/x/../../b")'), {"code"}),
    ("code: a hidden file of its own", named('file("${path.module}/.env")'), {"code"}),
    ("code: an import of what the process knows", module('import {\n  for_each = toset([file("/proc/self/environ")])\n  to       = aws_sns_topic.a\n  id       = each.value\n}\n'), {"code"}),
    ("file: a component of a stack", {"modules/a/x.tfcomponent.hcl": 'component "x" {\n  source = "../b"\n}\n'}, {"code"}),
    ("file: a state", {"live/dev/a/terraform.tfstate": "{}"}, {"code"}),
    ("file: a cache of Terragrunt", {"live/dev/a/.terragrunt-cache/x/main.tf": MAIN}, {"code"}),
    ("file: a path in other letters", {"Live/dev/a/terragrunt.hcl": UNIT}, {"code"}),
    ("file: a name that ends its line", {"modules/a/main.tf\n": MAIN}, {"code"}),
    ("code: http that is not stored", module('ephemeral "http" "x" {\n  url = "x"\n}\n'), {"code", "provider"}),
    ("code: an action", module('action "local_command" "x" {\n}\n'), {"code", "provider"}),
    ("code: a list of another provider", module('list "evil_thing" "x" {\n  provider = evil\n}\n'), {"provider"}),
    ("code: a connection and a provisioner", module('resource "aws_sqs_queue" "x" {\n  provisioner "remote-exec" {\n    inline = ["id"]\n  }\n}\n'), {"code"}),
    ("code: a provisioner of what is removed", module('removed {\n  from = aws_sns_topic.b\n  provisioner "local-exec" {\n    when    = destroy\n    command = "id"\n  }\n}\n'), {"code"}),
    ("code: a provisioner deep in a dynamic block", module('resource "aws_sqs_queue" "x" {\n  dynamic "provisioner" {\n    for_each = [1]\n    content {}\n  }\n}\n'), set()),
    ("code: what the provider is told", module('terraform {\n  provider_meta "aws" {\n    x = 1\n  }\n}\n'), {"code"}),
    ("code: a provider in a check", module('check "x" {\n  data "external" "x" {\n    program = ["id"]\n  }\n}\n'), {"code", "provider"}),
    ("code: http in a check", module('check "x" {\n  data "http" "x" {\n    url = "x"\n  }\n}\n'), {"code", "provider"}),
    ("code: a state that is read", module('data "terraform_remote_state" "x" {\n  backend = "local"\n}\n'), {"code"}),
    ("code: a backend in a second terraform block", module('terraform {\n  backend "local" {}\n}\n'), {"code"}),
    ("code: a second required provider of the name", module('terraform {\n  required_providers {\n    aws = { source = "evil/aws" }\n  }\n}\n'), {"provider"}),
    ("code: an older provider of the name", {"modules/a/main.tf": MAIN.replace('"hashicorp/aws"', '"registry.evil.example/hashicorp/aws"')}, {"provider"}),
    ("code: another host of the registry", {"modules/a/main.tf": MAIN.replace('"hashicorp/aws"', '"terraform.io/builtin/terraform"')}, {"provider"}),
    ("code: a required provider of the old kind", module('terraform {\n  required_providers {\n    random = "3.0.0"\n  }\n}\n'), {"provider"}),
    ("code: another version alone", {"modules/a/main.tf": MAIN.replace('"~> 5.100"', '"~> 5.99"')}, set()),
    ("code: a file, by Terraform's own name of it", named('core::file("/proc/self/environ")'), {"code"}),
    ("code: a template, by Terraform's own name of it", named('core::templatefile("/etc/x", {})'), {"code"}),
    ("code: a hash of a file", named('filesha256("/proc/self/environ")'), {"code"}),
    ("code: another hash of a file", named('filebase64sha512("/proc/self/environ")'), {"code"}),
    ("code: whether a file exists", named('fileexists("/root/.aws/credentials")'), {"code"}),
    ("code: a hash of a file of its own", named('filesha256("${path.module}/x.json")'), set()),
    ("code: a file beside the module", named('file("${path.module}/../b/x")'), {"code"}),
    ("code: a file of the root", named('file("${path.root}/x")'), {"code"}),
    ("code: a file of the folder", named('file("x.json")'), {"code"}),
    ("code: a file in a template", named('"x${file("/etc/passwd")}"'), {"code"}),
    ("code: a file in a directive", named('"%{if true}${file("/etc/passwd")}%{endif}"'), {"code"}),
    ("code: a file in a heredoc", named('<<E\n${file("/etc/passwd")}\nE'), {"code"}),
    ("code: a file in a condition", named('true ? file("/x") : "a"'), {"code"}),
    ("code: a file in an index", named('["a"][length(file("/x"))]'), {"code"}),
    ("code: a file in a comprehension", named('{ for k in [file("/x")] : k => k }'), {"code"}),
    ("code: a file in a splat", named('[file("/x")][*].a'), {"code"}),
    ("code: the word in a text", named('"file(/x)"'), set()),
    ("code: the word in a comment", module("# file('/x')\n"), set()),
    ("code: an escaped template", named('"$${file(1)}"'), set()),
    ("code: a variable", module('variable "x" {\n  type = string\n}\n'), set()),
    ("code: an output", module('output "x" {\n  value = aws_sns_topic.a.arn\n}\n'), set()),
    ("code: a move", module("moved {\n  from = aws_sns_topic.b\n  to   = aws_sns_topic.a\n}\n"), set()),
    ("code: Windows' line ends", {"modules/a/main.tf": MAIN.replace("\n", "\r\n")}, set()),
    ("code: a byte order mark", {"modules/a/main.tf": "\ufeff" + MAIN}, set()),
    ("code: external behind a byte order mark", {"modules/a/main.tf": "\ufeff" + MAIN + 'data "external" "x" {\n  program = []\n}\n'}, {"code", "provider"}),
    # JSON syntax
    ("JSON: a source elsewhere", {JSON: '{"terraform": [{"required_providers": [{"aws": {"source": "evil/aws"}}]}]}'}, {"code", "provider"}),
    ("JSON: a provider of the old kind", {JSON: '{"terraform": {"required_providers": {"random": "3.0.0"}}}'}, {"code", "provider"}),
    ("JSON: a source that is a list", {JSON: '{"terraform": {"required_providers": {"aws": {"source": ["evil/aws"]}}}}'}, {"code", "provider"}),
    ("JSON: the known source", {JSON: '{"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}'}, {"code"}),
    ("JSON: a provider that a resource names", {JSON: '{"resource": {"aws_sns_topic": {"x": {"provider": "evil"}}}}'}, {"code", "provider"}),
    ("JSON: a provider that an import names", {JSON: '{"import": [{"to": "x", "id": "y", "provider": "evil.x"}]}'}, {"code", "provider"}),
    ("JSON: a provider that a module gets", {JSON: '{"module": {"x": {"source": "./x", "providers": {"aws": "evil.x"}}}}'}, {"code", "provider"}),
    ("JSON: an action", {JSON: '{"action": {"evil_x": {"y": {}}}}'}, {"code", "provider"}),
    ("JSON: a required provider that is computed", {JSON: '{"terraform": {"required_providers": {"aws": "${ {source = \\"evil/aws\\"} }"}}}'}, {"code", "provider"}),
    ("JSON: a provider of a function", {JSON: '{"output": {"x": {"value": ["${provider::evil::run()}"]}}}'}, {"code", "provider"}),
    ("module call: providers that are computed", module('module "x" {\n  source    = "../b"\n  providers = coalesce({ aws = random.x })\n}\n'), {"provider"}),
    ("module call: providers, none", module('module "x" {\n  source    = "../b"\n  providers = {}\n}\n'), set()),
    ("JSON: providers of a module that are computed", {JSON: '{"module": {"x": {"source": "./x", "providers": "${coalesce({ aws = evil.x })}"}}}'}, {"code", "provider"}),
    ("JSON: a provider in a check", {JSON: '{"check": {"x": {"data": {"external": {"x": {"program": ["id"]}}}}}}'}, {"code", "provider"}),
    ("JSON: built in", {JSON: '{"resource": {"terraform_data": {"x": {}}}}'}, {"code"}),
    # values of what Terragrunt generates
    ("value: decoded, by Terraform's own name", env('"STRATA"', 'core::jsondecode("1")'), {"code"}),
    ("value: decoded of YAML", env('"STRATA"', 'yamldecode("a")'), {"code"}),
    ("value: decoded of CSV", env('"STRATA"', 'csvdecode("a")'), {"code"}),
    ("value: decoded of a URL", env('"STRATA"', 'urldecode("%22")'), {"code"}),
    ("value: a tab", env('"STRATA"', r'"a\tb"'), {"code"}),
    ("value: a tab as it is", env('"STRATA"', '"a\tb"'), {"code"}),
    ("value: a heredoc of one line", env('"STRATA"', "<<E\nx\nE"), {"code"}),
    ("value: another name", env('"STRATA"', '"NEW"'), set()),
    ("several: documentation and tests", {"README.md": "# y\n", "tests/x.py": "x = 1\n", "docs/y.md": "# z\n"}, set()),
    ("several: one of them is code", {"README.md": "# y\n", "strata/x.py": "x = 1\n"}, {"code"}),
    ("several: an approval of each kind", {"x.tfrc": "x", ".github/x": "x", "live/dev/a/.terraform.lock.hcl": "", "x.py": ""}, {"provider", "workflow", "lock-file", "code"}),
]  # fmt: skip


@dataclass(frozen=True)
class Written(CommitRange):
    """A change that no commit holds."""

    old: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    tags: frozenset[str] = TAGS

    @classmethod
    def of(cls, new: dict[str, str], old: dict[str, str] = BASE, **modes: str) -> Written:
        return cls(Path(), "base", "head", tuple(sorted(new)), modes, old, new)

    def before(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: self.old[path].encode() for path in paths if path in self.old}

    def after(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: self.new[path].encode() for path in paths if path in self.new}

    def paths_before(self) -> list[str]:
        return sorted(self.old)

    def is_merged(self, tag: str) -> bool:
        return tag in self.tags
