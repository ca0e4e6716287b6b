"""A small platform repository to release modules from, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from strata.cli.app import run
from strata.live import LiveTree
from strata.modules.repository import Repository

CONTEXT = """\
variable "context" {
  description = "Where the module runs."
  type = object({
    environment = string
  })
  nullable = false
}
"""

VERSIONS = """\
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
    snowflake = {
      source  = "snowflakedb/snowflake"
      version = "~> 2.20"
    }
  }
}
"""

# A module that keeps every rule; what a test plants in it is its only fault.
STORE = {
    "modules/store/context.tf": CONTEXT,
    "modules/store/versions.tf": """\
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
""",
    "modules/store/variables.tf": """\
variable "name" {
  description = "Name of the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+$", var.name))
    error_message = "name must be lower-case letters."
  }
}
""",
    "modules/store/outputs.tf": """\
output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}
""",
    "modules/store/main.tf": """\
locals {
  bucket = "${var.name}-${var.context.environment}"
}

resource "aws_s3_bucket" "this" {
  bucket = local.bucket
  tags   = { note = file("${path.module}/note.txt") }
}
""",
    "modules/store/note.txt": "kept\n",
    "modules/store/README.md": """\
# store

```hcl
module "store" {
  source = "git::https://example.org/platform.git//modules/store?ref=store/v1.0.0"
  name   = "x"
}
```

<!-- BEGIN inputs and outputs -->

## Inputs

| name | description | type | default |
|---|---|---|---|
| `context` | Where the module runs. | <pre>object({<br/>  environment = string<br/>})</pre> | required |
| `name` | Name of the bucket. | `string` | required |

## Outputs

| name | description |
|---|---|
| `bucket` | Name of the bucket. |

<!-- END inputs and outputs -->
""",
    "modules/store/CHANGELOG.md": "# store\n\n## 1.0.0 (2026-11-23)\n\nThe first release.\n",
}

ENVIRONMENT = """\
locals {{
  modules = "git::file://${{get_repo_root()}}//modules"
  versions = {{
    store = "{version}"
  }}
}}
"""

UNIT = """\
locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["store"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//store" : "${local.env.modules}/store?ref=store/v${local.version}"
}

inputs = {
  name = "x"
}
"""


@dataclass(frozen=True)
class Library:
    """A repository with one module and two environments."""

    root: Path

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, why: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", why)

    def tree(self) -> LiveTree:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root.parent)}
        return LiveTree.load(self.root, environ=environ, cache=self.root.parent / "cache")

    @property
    def repository(self) -> Repository:
        return Repository(self.root)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, made once."""
    made = Library(tmp_path_factory.mktemp("template") / "platform")
    files = {
        **STORE,
        "modules/default-context.tf": CONTEXT,
        "modules/default-versions.tf": VERSIONS,
        "terragrunt.hcl": "",
        ".gitignore": "/.strata/\n",
    }
    for environment, version in (("dev", "local"), ("staging", "1.0.0")):
        files[f"live/{environment}/env.hcl"] = ENVIRONMENT.format(version=version)
        files[f"live/{environment}/store/terragrunt.hcl"] = UNIT
    for name, text in files.items():
        made.write(name, text)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("config", "user.name", "A")
    made.git("config", "user.email", "a@example.org")
    made.commit("First")
    return made.root


@pytest.fixture
def library(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A copy of the repository, with the command run inside it."""
    made = Library(tmp_path / "platform")
    shutil.copytree(template, made.root)
    monkeypatch.chdir(made.root)
    return made


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def strata(capfd: pytest.CaptureFixture[str]) -> object:
    """Runs the command in this process: `strata("modules", "list")`."""

    def call(*arguments: str) -> Ran:
        capfd.readouterr()
        code = run(arguments)
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return call
