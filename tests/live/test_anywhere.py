"""`strata live` in a repository of other conventions: another root file, no `live`, modules from elsewhere."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from strata.cli.app import run
from tests.documentation import shell_blocks

ROOT = """locals {
  region = basename(dirname(get_original_terragrunt_dir()))
}
remote_state {
  backend = "gcs"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = { bucket = "states", prefix = path_relative_to_include() }
}
inputs = { region = local.region }
"""
INCLUDE = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
FILES = {
    "root.hcl": ROOT,
    "non-prod/eu-west-1/vpc/terragrunt.hcl": INCLUDE
    + """terraform {
  source = "tfr:///terraform-aws-modules/vpc/aws?version=5.1.0"
}
inputs = { cidr = "10.0.0.0/16" }
""",
    "non-prod/eu-west-1/mysql/terragrunt.hcl": INCLUDE
    + """terraform {
  source = "git::https://example.org/modules.git//mysql?ref=v0.8.0"
}
dependency "vpc" {
  config_path = "../vpc"
  mock_outputs = { id = "vpc-1" }
  mock_outputs_allowed_terraform_commands = ["plan", "validate"]
}
inputs = { vpc = dependency.vpc.outputs.id }
""",
    "non-prod/eu-west-1/web/terragrunt.hcl": INCLUDE
    + """terraform {
  source = "${get_repo_root()}/modules/web"
}
dependencies {
  paths = ["../mysql"]
}
inputs = { size = 3 }
""",
    "modules/web/main.tf": 'variable "size" {\n  type = number\n}\nvariable "region" {\n  type = string\n}\n',
}
VPC, MYSQL, WEB = (f"non-prod/eu-west-1/{name}" for name in ("vpc", "mysql", "web"))


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Strata = Callable[..., Ran]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "infrastructure"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def strata(capsys: pytest.CaptureFixture[str]) -> Strata:
    def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return command


def test_the_graph(repository: Path, strata: Strata, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [
        {"type": "unit", "path": VPC},
        {"type": "unit", "path": MYSQL, "dependencies": [VPC]},
        {"type": "unit", "path": WEB, "dependencies": [MYSQL]},
    ]
    assert json.loads(strata("live", "graph", "--json").out) == expected
    monkeypatch.chdir(repository / "non-prod")
    assert json.loads(strata("live", "graph", "--json").out) == expected


def test_a_unit_is_rendered_without_its_module(repository: Path, strata: Strata) -> None:
    document = json.loads(strata("live", "render", MYSQL, "--json").out)
    assert document["inputs"] == {"region": "eu-west-1", "vpc": "vpc-1"}
    assert document["remote_state"]["config"] == {"bucket": "states", "prefix": MYSQL}
    said = strata("live", "render", VPC).out
    assert 'gcs {"bucket": "states", "prefix": "non-prod/eu-west-1/vpc"}' in said
    assert list(json.loads(strata("live", "render", "--json").out)) == [MYSQL, VPC, WEB]


@dataclass(frozen=True)
class Change:
    name: str
    file: str
    old: str
    new: str
    finding: str


CHANGES = (
    Change("none", "root.hcl", "gcs", "gcs", ""),
    Change(
        "misspelt input",
        f"{WEB}/terragrunt.hcl",
        "size = 3",
        "sise = 3",
        f"{WEB}/terragrunt.hcl:10: `sise` is not a variable of module web",
    ),
    Change("wrong type", f"{WEB}/terragrunt.hcl", "size = 3", 'size = "x"', f"{WEB}/terragrunt.hcl:10: "),
    Change(
        "mocks for every command",
        f"{MYSQL}/terragrunt.hcl",
        '  mock_outputs_allowed_terraform_commands = ["plan", "validate"]\n',
        "",
        f"{MYSQL}/terragrunt.hcl:7: the mocks of dependency `vpc` are allowed for every command",
    ),
    Change("syntax", f"{VPC}/terragrunt.hcl", "inputs = {", "inputs = [", f"{VPC}/terragrunt.hcl:7: "),
    Change(
        "one state for two units",
        "root.hcl",
        'backend = "gcs"\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
        '  config = { bucket = "states", prefix = path_relative_to_include() }',
        'backend = "s3"\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
        '  config = { bucket = "states", key = "one" }',
        "root.hcl:7: ",
    ),
)


@pytest.mark.parametrize("change", CHANGES, ids=[change.name for change in CHANGES])
def test_check_finds_faults_and_asks_for_no_conventions(
    repository: Path, strata: Strata, change: Change
) -> None:
    file = repository / change.file
    assert change.old in file.read_text()
    file.write_text(file.read_text().replace(change.old, change.new))
    ran = strata("live", "check")
    assert (ran.code, change.finding in ran.out) == (1 if change.finding else 0, True), ran.out
    assert "12 rules, 3 units" in ran.err


def test_what_a_change_affects(repository: Path, strata: Strata) -> None:
    file = repository / VPC / "terragrunt.hcl"
    file.write_text(file.read_text().replace("5.1.0", "5.2.0"))
    ran = strata("live", "affected", "HEAD..", "--json")
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)
    assert found["units"] == [VPC, MYSQL, WEB]
    file.write_text(FILES[f"{VPC}/terragrunt.hcl"])
    (repository / "modules/web/main.tf").write_text(FILES["modules/web/main.tf"] + "locals { x = 1 }\n")
    (found,) = json.loads(strata("live", "affected", "HEAD..", "--json").out)
    assert found["units"] == [WEB]


def test_a_root_file_of_the_old_name_is_not_a_unit(repository: Path, strata: Strata) -> None:
    (repository / "root.hcl").rename(repository / "terragrunt.hcl")
    for path in (VPC, MYSQL, WEB):
        file = repository / path / "terragrunt.hcl"
        file.write_text(
            file.read_text().replace('find_in_parent_folders("root.hcl")', "find_in_parent_folders()")
        )
    assert [unit["path"] for unit in json.loads(strata("live", "graph", "--json").out)] == [VPC, MYSQL, WEB]
    assert strata("live", "check").code == 0


def test_the_documented_commands(repository: Path, strata: Strata, root: Path) -> None:
    (block,) = shell_blocks(root / "docs/own-repository.md")
    for line in block.splitlines():
        ran = strata(*shlex.split(line)[1:])
        assert ran.code == 0, ran.err


def test_nothing_is_left_in_the_repository(repository: Path, strata: Strata) -> None:
    for command in ("graph", "render", "check"):
        assert strata("live", command).code == 0
    listed = subprocess.run(
        ["git", "status", "--short"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""


def test_a_folder_without_units_is_one_clear_error(
    tmp_path: Path, strata: Strata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = strata("live", "graph")
    assert (ran.code, ran.err.replace("\n", " ").strip()) == (
        1,
        f"error: {tmp_path} is not inside a Git repository "
        "(change to the folder of the live tree: the one of its root configuration)",
    )
