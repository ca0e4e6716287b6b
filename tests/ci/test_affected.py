"""Which units a change affects: each edit with the units that it reaches by itself, written by hand."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from strata.ci.affected import Affected, affected
from strata.ci.history import Change
from strata.errors import StrataError
from tests.ci.repository import Repository

ROOT = """locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  owner = "data"
}

remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite_terragrunt" }
  config   = { bucket = "states", key = "${path_relative_to_include()}/terraform.tfstate", region = "eu-west-1" }
}

inputs = {
  owner = local.owner
}
"""
ENV = """# The environment.
locals {
  env   = "dev"
  size  = 1
  count = 2
}
"""
UNIT = """include "root" {
  path = "${get_repo_root()}/terragrunt.hcl"
}

include "component" {
  path = "${get_repo_root()}/live/_components/NAME.hcl"
}
"""
HEAD = """locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
}

terraform {
  source = "${get_repo_root()}/modules//NAME"
"""


def needs(name: str) -> str:
    return (
        f'dependency "{name}" {{\n  config_path = "../{name}"\n\n'
        '  mock_outputs = { x = "mock" }\n  mock_outputs_allowed_terraform_commands = ["plan", "render"]\n}\n\n'
    )


COMPONENTS = {
    # b needs a, c needs b; d and g stand alone.
    "a": "}\n\ninputs = {\n  size = local.env.size\n}\n",
    "b": "}\n\n" + needs("a") + 'inputs = {\n  x     = dependency.a.outputs.x\n  rules = file("${get_repo_root()}/data/rules.json")\n}\n',
    "c": "}\n\n" + needs("b") + "inputs = {\n  x     = dependency.b.outputs.x\n  count = local.env.count\n}\n",
    "d": "}\n",
    "g": '\n  before_hook "build" {\n    commands = ["plan", "apply"]\n    execute  = ["python3", "-m", "strata.artifacts", "build", "glue"]\n  }\n}\n',
}  # fmt: skip
MODULE = 'output "x" {\n  value = "x"\n}\n'
FILES: dict[str, str | Path | None] = {
    "terragrunt.hcl": ROOT,
    "live/dev/env.hcl": ENV,
    "data/rules.json": "[1]",
    "modules/shared/main.tf": MODULE,
    "modules/c/policy.json.tpl": "{}",
    "modules/a/README.md": "# a\n",
    "glue_jobs/clean.py": "x = 1\n",
    "README.md": "# x\n",
    ".tool-versions": "terraform 1.11.4\npython 3.11\n",
    **{
        f"live/_components/{name}.hcl": HEAD.replace("NAME", name) + text for name, text in COMPONENTS.items()
    },
    **{f"live/dev/{name}/terragrunt.hcl": UNIT.replace("NAME", name) for name in COMPONENTS},
    **{f"modules/{name}/main.tf": MODULE for name in COMPONENTS},
    "modules/d/main.tf": MODULE + 'module "shared" {\n  source = "../shared"\n}\n',
    "live/dev/c/.terraform.lock.hcl": "# one\n",
}
DOWNSTREAM = {"a": {"b", "c"}, "b": {"c"}}

# name: file, new content, the units that it reaches itself.
EDITS: dict[str, tuple[str, str, set[str]]] = {
    "a value that one unit reads": ("live/dev/env.hcl", ENV.replace("size  = 1", "size  = 9"), {"a"}),
    "a comment": ("live/dev/env.hcl", ENV.replace("# The", "# This"), set()),
    "a value that nobody reads": ("live/dev/env.hcl", ENV.replace("}", "  more = 1\n}"), set()),
    "the root's inputs": ("terragrunt.hcl", ROOT.replace('"data"', '"platform"'), set(COMPONENTS)),
    "a file that is read by file()": ("data/rules.json", "[1, 2]", {"b"}),
    "a module": ("modules/a/main.tf", MODULE + "# more\n", {"a"}),
    "a module in a module": ("modules/shared/main.tf", MODULE + "# more\n", {"d"}),
    "a template in a module": ("modules/c/policy.json.tpl", '{"a": 1}', {"c"}),
    "a module's README": ("modules/a/README.md", "# b\n", set()),
    "a lock file": ("live/dev/c/.terraform.lock.hcl", "# two\n", {"c"}),
    "what a hook builds from": ("glue_jobs/clean.py", "x = 2\n", {"g"}),
    "a component's inputs": ("live/_components/d.hcl", HEAD.replace("NAME", "d") + "}\n\ninputs = {\n  y = 1\n}\n", {"d"}),
    "documentation": ("README.md", "# y\n", set()),
    "Terraform's version": (".tool-versions", "terraform 1.12.0\npython 3.11\n", set(COMPONENTS)),
    "Python's version": (".tool-versions", "terraform 1.11.4\npython 3.12\n", set()),
}  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("affected"), FILES)


def resolve(repository: Repository, files: dict[str, str | Path | None]) -> Affected:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(files, "change")
    return affected(Change.since(repository.clone, "origin/main"), "dev")


def closure(names: Iterable[str]) -> set[str]:
    return {f"live/dev/{one}" for name in names for one in {name, *DOWNSTREAM.get(name, ())}}


@pytest.mark.parametrize("name", EDITS)
def test_one_edit(repository: Repository, name: str) -> None:
    path, content, direct = EDITS[name]
    found = resolve(repository, {path: content})
    assert set(found.units) == closure(direct)
    for unit, reasons in found.reasons.items():
        by_itself = unit.rpartition("/")[2] in direct
        assert all(reason.startswith("depends on live/dev/") for reason in reasons) is not by_itself


def test_any_edits_together_are_the_union(repository: Repository) -> None:
    """Against brute force: some edits at once reach what each reaches alone, and nothing else."""
    chance = random.Random(20261123)
    for _ in range(6):
        chosen = {EDITS[name][0]: EDITS[name] for name in chance.sample(sorted(EDITS), chance.randint(2, 5))}
        found = resolve(repository, {path: content for path, (_, content, _) in chosen.items()})
        assert set(found.units) == closure(name for _, _, direct in chosen.values() for name in direct)


def test_waves_and_reasons(repository: Repository) -> None:
    found = resolve(repository, {"modules/a/main.tf": MODULE + "# more\n"})
    assert found.waves == (("live/dev/a",), ("live/dev/b",), ("live/dev/c",))
    assert found.reasons == {
        "live/dev/a": ("modules/a/main.tf",),
        "live/dev/b": ("depends on live/dev/a",),
        "live/dev/c": ("depends on live/dev/b",),
    }


def test_new_and_removed_units(repository: Repository) -> None:
    found = resolve(
        repository,
        {
            "live/dev/d/terragrunt.hcl": None,
            "live/dev/e/terragrunt.hcl": UNIT.replace("NAME", "d"),
        },
    )
    assert (found.reasons, found.removed) == ({"live/dev/e": ("new unit",)}, ("live/dev/d",))


def test_a_released_module_is_not_fetched_for_the_base(repository: Repository, tmp_path: Path) -> None:
    upstream, identity = tmp_path / "upstream", ("-c", "user.name=a", "-c", "user.email=a@example.org")
    (upstream / "m").mkdir(parents=True)
    (upstream / "m/main.tf").write_text(MODULE)
    for command in (
        ["init", "-q"],
        ["add", "."],
        [*identity, "commit", "-q", "-m", "m"],
        ["tag", "m/v1.0.0"],
    ):
        subprocess.run(["git", "-C", str(upstream), *command], check=True)
    pinned = f'terraform {{\n  source = "git::file://{upstream}//m?ref=m/v1.0.0"\n}}\n'
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit({"live/_components/d.hcl": pinned}, "pin")
    base = repository.git("rev-parse", "HEAD").strip()
    assert affected(Change.since(repository.clone, "origin/main"), "dev").units == ("live/dev/d",)
    shutil.rmtree(upstream)
    repository.commit({"modules/d/main.tf": MODULE + "# no longer d's\n"}, "change")
    assert affected(Change.since(repository.clone, base), "dev").reasons == {}


def test_a_removed_environment(repository: Repository) -> None:
    found = resolve(
        repository,
        {name: None for name in FILES if name.startswith("live/dev/")} | {"live/prod/env.hcl": ENV},
    )
    assert found.units == ()
    assert found.removed == tuple(f"live/dev/{name}" for name in sorted(COMPONENTS))


def test_a_tree_that_cannot_be_read_is_an_error(repository: Repository) -> None:
    with pytest.raises(StrataError, match="syntax error"):
        resolve(repository, {"live/dev/env.hcl": "locals {\n  x = = 1\n}\n"})


def test_no_history(repository: Repository) -> None:
    with pytest.raises(StrataError, match="there is no commit `nowhere`") as caught:
        Change.since(repository.clone, "nowhere")
    assert caught.value.remedy == "fetch the whole history: fetch-depth: 0"
