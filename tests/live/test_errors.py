"""Each fault in a live tree is one error that names the file, the line and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.language.hcl import parse

Load = Callable[..., LiveTree]

ROOT = """
locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
}
inputs = { environment = local.env.name }
"""
UNIT = 'include "root" { path = "${get_repo_root()}/terragrunt.hcl" }\n'
GOOD = {
    "terragrunt.hcl": ROOT,
    "live/dev/env.hcl": 'locals { name = "dev" }\n',
    "live/dev/a/terragrunt.hcl": UNIT,
    "live/dev/b/terragrunt.hcl": UNIT + 'dependency "a" {\n  config_path = "../a"\n}\n',
}

# What is changed in the good tree; where the error points; what it says.
FAULTS: dict[str, tuple[dict[str, str | None], tuple[str, int | None], str]] = {
    "syntax error in env.hcl": (
        {"live/dev/env.hcl": 'locals {\n  name = "dev"\n  size =\n}\n'},
        ("live/dev/env.hcl", 3),
        "syntax error",
    ),
    "open string": (
        {"live/dev/env.hcl": 'locals {\n  name = "dev\n}\n'},
        ("live/dev/env.hcl", 2),
        "syntax error",
    ),
    "open brace": (
        {"live/dev/a/terragrunt.hcl": UNIT + "inputs = {\n  a = 1\n"},
        ("live/dev/a/terragrunt.hcl", 4),
        "",
    ),
    "two attributes on a line": (
        {"live/dev/env.hcl": 'locals { name = "dev" size = 1 }\n'},
        ("live/dev/env.hcl", 1),
        "single-argument block",
    ),
    "missing env.hcl": (
        {"live/dev/env.hcl": None, "live/dev/a/terragrunt.hcl": UNIT},
        ("terragrunt.hcl", 3),
        "no `env.hcl` in any folder above",
    ),
    "missing include": (
        {"live/dev/a/terragrunt.hcl": '\ninclude "x" { path = "../x.hcl" }\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "does not exist",
    ),
    "missing unit": (
        {"live/dev/b/terragrunt.hcl": UNIT + 'dependency "c" {\n  config_path = "../c"\n}\n'},
        ("live/dev/b/terragrunt.hcl", 3),
        "live/dev/c, which holds no unit",
    ),
    "missing unit in dependencies": (
        {"live/dev/b/terragrunt.hcl": 'dependencies {\n  paths = ["../a", "../c"]\n}\n'},
        ("live/dev/b/terragrunt.hcl", 2),
        "live/dev/c, which holds no unit",
    ),
    "dependency without a path": (
        {"live/dev/b/terragrunt.hcl": 'dependency "a" {\n}\n'},
        ("live/dev/b/terragrunt.hcl", 1),
        "lacks the attribute `config_path`",
    ),
    "extra arguments without commands": (
        {
            "live/dev/a/terragrunt.hcl": 'terraform {\n  extra_arguments "x" {\n    arguments = ["-x"]\n  }\n}\n'
        },
        ("live/dev/a/terragrunt.hcl", 2),
        "lacks the attribute `commands`",
    ),
    "hook without commands": (
        {"live/dev/a/terragrunt.hcl": 'terraform {\n  before_hook "x" {\n    execute = ["true"]\n  }\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "lacks the attribute `commands`",
    ),
    "hook that executes nothing": (
        {"live/dev/a/terragrunt.hcl": 'terraform {\n  after_hook "x" {\n    commands = ["plan"]\n  }\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "lacks the attribute `execute`",
    ),
    "error hook for no error": (
        {
            "live/dev/a/terragrunt.hcl": 'terraform {\n  error_hook "x" {\n    commands = ["plan"]\n    execute = ["true"]\n  }\n}\n'
        },
        ("live/dev/a/terragrunt.hcl", 2),
        "lacks the attribute `on_errors`",
    ),
    "remote state without a backend": (
        {"live/dev/a/terragrunt.hcl": "remote_state {\n  config = {}\n}\n"},
        ("live/dev/a/terragrunt.hcl", 1),
        "lacks the attribute `backend`",
    ),
    "remote state without a configuration": (
        {"live/dev/a/terragrunt.hcl": '\nremote_state {\n  backend = "s3"\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "lacks the attribute `config`",
    ),
    "unknown function": (
        {"live/dev/a/terragrunt.hcl": "inputs = {\n  a = get_everything()\n}\n"},
        ("live/dev/a/terragrunt.hcl", 2),
        "function `get_everything` does not exist",
    ),
    "refused function": (
        {"live/dev/a/terragrunt.hcl": 'inputs = {\n  a = run_cmd("date")\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "`run_cmd` is not supported",
    ),
    "unknown block": (
        {"live/dev/a/terragrunt.hcl": "\nbackend {\n}\n"},
        ("live/dev/a/terragrunt.hcl", 2),
        "unknown block `backend`",
    ),
    "unknown block in a block": (
        {"live/dev/a/terragrunt.hcl": "terraform {\n  around_hook {\n  }\n}\n"},
        ("live/dev/a/terragrunt.hcl", 2),
        "unknown block `around_hook` in `terraform`",
    ),
    "unknown attribute": (
        {"live/dev/a/terragrunt.hcl": 'terraform {\n  sauce = "x"\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "unknown attribute `sauce` in `terraform`",
    ),
    "dependency in a local": (
        {
            "live/dev/b/terragrunt.hcl": GOOD["live/dev/b/terragrunt.hcl"]
            + "locals {\n  x = dependency.a.outputs.x\n}\n"
        },
        ("live/dev/b/terragrunt.hcl", 6),
        "locals are evaluated first",
    ),
    "dependency in the source": (
        {
            "live/dev/b/terragrunt.hcl": GOOD["live/dev/b/terragrunt.hcl"]
            + 'terraform {\n  source = "/m/${dependency.a.outputs.x}"\n}\n'
        },
        ("live/dev/b/terragrunt.hcl", 6),
        "cannot use a dependency",
    ),
    "locals in a circle": (
        {"live/dev/env.hcl": "locals {\n  name = local.a\n  a    = local.b\n  b    = local.name\n}\n"},
        ("live/dev/env.hcl", 2),
        "local.name -> local.a -> local.b -> local.name",
    ),
    "files that read each other": (
        {
            "live/dev/env.hcl": 'locals {\n  name = read_terragrunt_config("x.hcl").locals.n\n}\n',
            "live/dev/x.hcl": 'locals {\n  n = read_terragrunt_config("env.hcl").locals.name\n}\n',
        },
        ("live/dev/env.hcl", 1),
        "refers to itself",
    ),
    "dependency with an empty path": (
        {"live/dev/b/terragrunt.hcl": 'dependency "a" {\n  config_path = ""\n}\n'},
        ("live/dev/b/terragrunt.hcl", 2),
        "the `config_path` of dependency `a` is empty",
    ),
    "dependency with an unknown merge": (
        {
            "live/dev/b/terragrunt.hcl": 'dependency "a" {\n  config_path = "../a"\n  mock_outputs_merge_strategy_with_state = "wide"\n}\n'
        },
        ("live/dev/b/terragrunt.hcl", 2),
        "unknown merge strategy `wide` for mock outputs",
    ),
    "dependency outside the repository": (
        {
            "../outside/terragrunt.hcl": "",
            "live/dev/b/terragrunt.hcl": 'dependencies {\n  paths = ["../../../../outside"]\n}\n',
        },
        ("live/dev/b/terragrunt.hcl", 2),
        "the dependency `../../../../outside` lies outside ",
    ),
    "inputs of a dependency": (
        {
            "live/dev/b/terragrunt.hcl": GOOD["live/dev/b/terragrunt.hcl"]
            + "inputs = {\n  x = dependency.a.inputs.y\n}\n"
        },
        ("live/dev/b/terragrunt.hcl", 6),
        "the inputs of a dependency cannot be read",
    ),
    "local of another local that is missing": (
        {"live/dev/env.hcl": 'locals {\n  name = "dev"\n  size = try(local.nope, 1)\n}\n'},
        ("live/dev/env.hcl", 3),
        "local `nope` does not exist",
    ),
    "file with a deep merge that is read": (
        {
            "live/dev/env.hcl": 'include "x" {\n  path = "x.hcl"\n  merge_strategy = "deep"\n}\nlocals {\n  name = "dev"\n}\n',
            "live/dev/x.hcl": "",
        },
        ("live/dev/env.hcl", 1),
        "a file with a deep merge cannot be read by `read_terragrunt_config`",
    ),
    "file that is read and includes by a function": (
        {"live/dev/env.hcl": 'include "x" {\n\n  path = lower("X.hcl")\n}\n', "live/dev/x.hcl": ""},
        ("live/dev/env.hcl", 3),
        "must include by paths without HCL functions",
    ),
    "variables that are not JSON": (
        {
            "live/dev/env.hcl": 'locals {\n  name = jsondecode(read_tfvars_file("x.tfvars.json"))\n}\n',
            "live/dev/x.tfvars.json": "{",
        },
        ("live/dev/env.hcl", 2),
        "is not JSON",
    ),
    "wrong type": (
        {"live/dev/a/terragrunt.hcl": 'dependencies {\n  paths = "../b"\n}\n'},
        ("live/dev/a/terragrunt.hcl", 2),
        "must be a list of strings",
    ),
    "values of a stack": (
        {"live/dev/env.hcl": 'locals {\n  name = "dev"\n  port = values.port\n}\n'},
        ("live/dev/env.hcl", 3),
        "values of a stack are not read",
    ),
    "a dependency on a unit in JSON": (
        {
            "live/dev/a/terragrunt.hcl": '\ndependencies {\n  paths = ["../../prod/j"]\n}\n',
            "live/prod/j/terragrunt.hcl.json": "{}",
        },
        ("live/dev/a/terragrunt.hcl", 3),
        "the dependency `../../prod/j` is a unit in JSON, which is not read",
    ),
    "a value that HCL refuses": (
        {"live/dev/env.hcl": 'locals {\n  name = "dev"\n  port = parseint("x", 10)\n}\n'},
        ("live/dev/env.hcl", 3),
        "Invalid",
    ),
}


# A key that a file of the environment lacks: the line that asks for it, and the file that lacks it.
ABSENT = {
    "by index": ('local.env.versions["glue"]', "Invalid index"),
    "by name": ("local.env.versions.glue", "Unsupported attribute"),
}


@pytest.mark.parametrize("absent", ABSENT)
def test_a_key_that_the_environment_lacks(absent: str, load: Load) -> None:
    text, says = ABSENT[absent]
    tree = load(
        {
            "live/dev/env.hcl": 'locals {\n  versions = {\n    s3 = "local"\n  }\n}\n',
            "live/prod/env.hcl": 'locals {\n  versions = {\n    glue = "local"\n  }\n}\n',
            "glue.hcl": f"""locals {{
              env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
              version = {text}
            }}
            """,
            **{
                f"live/{name}/glue/terragrunt.hcl": 'include "c" {\n  path = "${get_repo_root()}/glue.hcl"\n}\n'
                for name in ("dev", "prod")
            },
        }
    )
    assert [unit.path for unit in tree.units("prod")] == ["live/prod/glue"]
    with pytest.raises(StrataError) as caught:
        tree.configs(["live/prod/glue", "live/dev/glue"])
    assert (caught.value.file, caught.value.line) == (str(tree.root / "glue.hcl"), 3)
    assert caught.value.message.startswith(says)
    assert caught.value.message.endswith(f": `version = {text}`")
    assert caught.value.remedy == f"see what {tree.root}/live/dev/env.hcl gives"


# What a unit reads of another: the reference, what is wrong with it, and what to do, which names no file that lacks it.
READ = {
    "another dependency": ("dependency.aa.outputs.y", "dependency `aa` does not exist", "did you mean a?"),
    "no outputs": ("dependency.a.outputz.y", "dependency `a` has no attribute `outputz`", "did you mean outputs?"),
    "an output that is not there": ("dependency.a.outputs.z", "Unsupported attribute", None),
    "and a local": ('"${dependency.a.outputs.z}-${local.name}"', "Unsupported attribute", None),
}  # fmt: skip


@pytest.mark.parametrize("read", READ)
def test_what_another_unit_does_not_give(read: str, load: Load) -> None:
    text, says, remedy = READ[read]
    dependency = 'dependency "a" {\n  config_path = "../a"\n}\n'
    env = 'locals {\n  name = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals.name\n}\n'
    unit = f"{dependency}{env}inputs = {{\n  y = {text}\n}}\n"
    tree = load({**GOOD, "live/dev/b/terragrunt.hcl": unit})
    with pytest.raises(StrataError) as caught:
        tree.config("live/dev/b", {"live/dev/a": {"y": 1}})
    assert (caught.value.file, caught.value.line) == (str(tree.root / "live/dev/b/terragrunt.hcl"), 8)
    assert caught.value.message.startswith(says)
    assert caught.value.remedy == remedy


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_the_tree(fault: str, load: Load) -> None:
    changed, (file, line), says = FAULTS[fault]
    files = {name: text for name, text in {**GOOD, **changed}.items() if text is not None}
    tree = load(files)
    with pytest.raises(StrataError, match=says.replace("(", r"\(") or None) as caught:
        tree.units("dev")
    assert (Path(str(caught.value.file)).relative_to(tree.root).as_posix(), caught.value.line) == (file, line)


def test_what_a_file_that_is_read_knows_of_outputs(load: Load) -> None:
    files = {
        **GOOD,
        "live/dev/b/terragrunt.hcl": GOOD["live/dev/b/terragrunt.hcl"]
        + "inputs = {\n  y = dependency.a.outputs.y\n}\n",
        "live/dev/c/terragrunt.hcl": UNIT + 'inputs = {\n  y = read_terragrunt_config("../b").inputs.y\n}\n',
    }
    with pytest.raises(StrataError) as caught:
        load(files).config("live/dev/c", {"live/dev/a": {"y": 1}})
    assert caught.value.message == (
        "the outputs of a file's dependencies are not read through `read_terragrunt_config`"
    )
    assert caught.value.line == 6


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match="the file cannot be read: ") as caught:
        parse(tmp_path)
    assert caught.value.file == str(tmp_path)
    with pytest.raises(StrataError, match="the file does not exist") as caught:
        parse(tmp_path / "x.hcl")
    assert caught.value.file == str(tmp_path / "x.hcl")


def test_good_tree_has_no_fault(load: Load) -> None:
    assert [unit.path for unit in load(GOOD).units("dev")] == ["live/dev/a", "live/dev/b"]


def test_unknown_environment_names_the_known(load: Load) -> None:
    tree = load({**GOOD, "live/staging/env.hcl": "", "live/_components/x.hcl": ""})
    with pytest.raises(StrataError, match="environment `prod` does not exist") as caught:
        tree.units("prod")
    assert caught.value.remedy == "use one of: dev, staging"


def test_environment_without_units(load: Load) -> None:
    with pytest.raises(StrataError, match="`staging` has no unit"):
        load({**GOOD, "live/staging/env.hcl": ""}).units("staging")


def test_no_unit_at_all(load: Load) -> None:
    with pytest.raises(StrataError, match=r"no folder below \S+ holds a terragrunt\.hcl"):
        load({"README.md": ""}).environments()


def test_cycle_is_named_as_people_read_it(load: Load) -> None:
    depends = 'dependency "x" {{\n  config_path = "../{0}"\n}}\n'
    tree = load(
        {
            "live/dev/a/terragrunt.hcl": depends.format("b"),
            "live/dev/b/terragrunt.hcl": depends.format("c"),
            "live/dev/c/terragrunt.hcl": depends.format("a"),
            "live/dev/d/terragrunt.hcl": depends.format("a"),
        }
    )
    with pytest.raises(StrataError, match="dependency cycle") as caught:
        tree.units("dev")
    path = caught.value.message.removeprefix("dependency cycle: ").split(" -> ")
    assert path[0] == path[-1]
    following = {"live/dev/a": "live/dev/b", "live/dev/b": "live/dev/c", "live/dev/c": "live/dev/a"}
    assert [following[unit] for unit in path[:-1]] == path[1:]
    assert len(path) == 4


def test_other_environments_may_be_broken(load: Load) -> None:
    tree = load({**GOOD, "live/staging/a/terragrunt.hcl": "inputs = {"})
    assert len(tree.units("dev")) == 2


def test_missing_unit_is_named(load: Load) -> None:
    with pytest.raises(StrataError, match="unit `live/dev/zz` does not exist"):
        load(GOOD).render("live/dev/zz")


def test_an_error_names_no_name_of_ours(load: Load) -> None:
    tree = load(
        {
            **GOOD,
            "live/dev/a/terragrunt.hcl": UNIT + "inputs = {\n  a = local.x.y\n}\nlocals {\n  x = {}\n}\n",
        }
    )
    with pytest.raises(StrataError) as caught:
        tree.config("live/dev/a")
    assert caught.value.line == 3
    assert "u0" not in caught.value.message


@pytest.mark.parametrize("filter_line", ["name", "{./a}", "./a | ./b", "type=unit"])
def test_unsupported_filter(filter_line: str, load: Load) -> None:
    with pytest.raises(StrataError, match="is not supported") as caught:
        load({**GOOD, ".terragrunt-filters": f"./live/**\n{filter_line}\n"}).find()
    assert caught.value.line == 2


def test_terraform_that_is_not_there(write: Callable[[dict[str, str]], Path]) -> None:
    with pytest.raises(StrataError, match="the program `terraform` is not found"):
        LiveTree.load(write({}), environ={"PATH": "/nowhere"})
