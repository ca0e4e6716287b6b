"""A repository with history: an origin, pull requests as GitHub keeps them, and a small live tree."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOPICS = """
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "context" {
  type = object({ account_id = string, environment = string, partition = string, project = string, region = string })
}

variable "names" {
  type = map(string)
}

variable "password" {
  type      = string
  sensitive = true
}

resource "aws_sns_topic" "this" {
  for_each = var.names

  name         = "${var.context.project}-${each.key}-${var.context.environment}"
  display_name = each.value
  tags         = { component = "topics" }
}

resource "terraform_data" "login" {
  input = var.password
}

output "arns" {
  value = { for name, topic in aws_sns_topic.this : name => topic.arn }
}
"""
NOTES = """
terraform {
  required_version = ">= 1.11"
}

variable "arns" {
  type = map(string)
}

resource "terraform_data" "note" {
  input = jsonencode({ about = var.arns })
}
"""
TOPICS_COMPONENT = """
terraform {
  source = "${get_repo_root()}/modules//topics"
}

inputs = {
  names    = { first = "First" }
  password = "PASSWORD"
}
"""
NOTES_COMPONENT = """
terraform {
  source = "${get_repo_root()}/modules//notes"
}

dependency "topics" {
  config_path = "../topics"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    arns = { first = "arn:aws:sns:eu-west-1:000000000000:mock" }
  }
}

inputs = {
  arns = dependency.topics.outputs.arns
}
"""
UNIT = """include "root" {
  path = "${get_repo_root()}/terragrunt.hcl"
}

include "component" {
  path = "${get_repo_root()}/live/_components/NAME.hcl"
}
"""


def small_platform(password: str) -> dict[str, str]:
    """The files that add three units, two of which need the first one's output."""
    return {
        "modules/topics/main.tf": TOPICS.lstrip(),
        "modules/notes/main.tf": NOTES.lstrip(),
        "live/_components/topics.hcl": TOPICS_COMPONENT.lstrip().replace("PASSWORD", password),
        # Named so that the root gives them no AWS provider, whose start takes seconds.
        "live/_components/snowflake-notes.hcl": NOTES_COMPONENT.lstrip(),
        "live/dev/topics/terragrunt.hcl": UNIT.replace("NAME", "topics"),
        "live/dev/snowflake-notes/terragrunt.hcl": UNIT.replace("NAME", "snowflake-notes"),
        "live/dev/snowflake-old/terragrunt.hcl": UNIT.replace("NAME", "snowflake-notes"),
    }


@dataclass
class Repository:
    """An origin and a clone to work in.

    Attributes:
        origin: the bare repository that checkouts come from.
        clone: where commits are made.
        first: main's first commit.
    """

    origin: Path
    clone: Path
    heads: dict[int, str] = field(default_factory=dict)
    first: str = ""

    @classmethod
    def create(cls, folder: Path, files: Mapping[str, str | Path]) -> Repository:
        """A repository whose main holds these files (text, or a path to copy)."""
        origin, clone = folder / "origin.git", folder / "clone"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin)], check=True)
        subprocess.run(["git", "clone", "--quiet", str(origin), str(clone)], check=True, capture_output=True)
        repository = cls(origin, clone)
        repository.git("checkout", "--quiet", "-B", "main")
        repository.first = repository.commit(files, "base")
        repository.git("push", "--quiet", "origin", "main")
        return repository

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        identity = [
            "-c",
            "user.name=alice",
            "-c",
            "user.email=alice@example.org",
            "-c",
            "commit.gpgsign=false",
        ]
        process = subprocess.run(
            ["git", "-C", str(self.clone), *identity, *arguments], check=False, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stderr
        return process.stdout.strip()

    def commit(self, files: Mapping[str, str | Path | None], message: str) -> str:
        """Write files (None deletes one) and commit; return the commit."""
        for name, content in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            elif isinstance(content, Path):
                shutil.copy2(content, path)
            else:
                path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def open(self, number: int, files: Mapping[str, str | Path | None]) -> None:
        """Open a pull request, or push to it: the head, and the merge commit that GitHub would make."""
        start = self.heads.get(number, "origin/main")
        self.git("fetch", "--quiet", "origin", "main")
        self.git("checkout", "--quiet", "--detach", start)
        self.heads[number] = self.commit(files, f"change {number}")
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/head")
        self.git("checkout", "--quiet", "--detach", "origin/main")
        self.git("merge", "--quiet", "--no-ff", "-m", "merge", self.heads[number])
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")

    def merge_commit(self, number: int) -> str:
        """The commit that a pull request's workflows check out."""
        return self.git("ls-remote", "origin", f"refs/pull/{number}/merge").split()[0]

    def main(self) -> str:
        """The head of main."""
        return self.git("ls-remote", "origin", "refs/heads/main").split()[0]

    def merge(self, number: int) -> str:
        """Squash a pull request onto main, as a person would by the button; return the commit."""
        self.git("fetch", "--quiet", "origin", "main")
        self.git("checkout", "--quiet", "--detach", "origin/main")
        self.git("merge", "--quiet", "--squash", self.heads[number])
        self.git("commit", "--quiet", "--allow-empty", "-m", f"change {number} (#{number})")
        self.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
        return self.git("rev-parse", "HEAD")
