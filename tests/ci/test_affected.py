"""Which units a change affects: by hand, edit by edit, and for generated edits against brute force."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.ci.affected import Affected, affected, compare, deployable, edges, everything, graph_of, only
from strata.ci.git import CommitRange
from strata.cli.app import run
from strata.errors import StrataError
from strata.live import LiveTree
from tests.ci.repository import Repository
from tests.varied import VARIED

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
    # b needs a, c needs b; d, g and h stand alone.
    "a": "}\n\ninputs = {\n  size = local.env.size\n}\n",
    "b": "}\n\n" + needs("a") + 'inputs = {\n  x     = dependency.a.outputs.x\n  rules = file("${get_repo_root()}/data/rules.json")\n}\n',
    "c": "}\n\n" + needs("b") + "inputs = {\n  x     = dependency.b.outputs.x\n  count = local.env.count\n}\n",
    "d": "}\n",
    "g": '\n  before_hook "build" {\n    commands = ["plan", "apply"]\n    execute  = ["python3", "-I", "${get_repo_root()}/strata/artifacts/__main__.py", "build", "glue"]\n  }\n}\n',
    "h": '\n  after_hook "build" {\n    commands = ["plan"]\n    execute  = ["python3", "${get_repo_root()}/strata/artifacts/__main__.py", "build", "lambda"]\n  }\n}\n',
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
    "lambda_functions/refresh.py": "x = 1\n",
    "strata/artifacts/archive.py": "x = 1\n",
    "strata/checkout/files.py": "x = 1\n",
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
    "a module's changelog": ("modules/a/CHANGELOG.md", "# b\n", set()),
    "what Python compiled": ("glue_jobs/__pycache__/clean.pyc", "x", set()),
    "a hidden file": ("modules/a/.terraform-docs.yml", "x: 1\n", set()),
    "a file beside a unit": ("live/dev/d/extra.json", "{}", {"d"}),
    "a lock file": ("live/dev/c/.terraform.lock.hcl", "# two\n", {"c"}),
    "what a hook builds from": ("glue_jobs/clean.py", "x = 2\n", {"g"}),
    "what a later hook builds from": ("lambda_functions/refresh.py", "x = 2\n", {"h"}),
    "the builder": ("strata/artifacts/archive.py", "x = 2\n", {"g", "h"}),
    "what the builder imports": ("strata/checkout/files.py", "x = 2\n", {"g", "h"}),
    "another part of the library": ("strata/cli/app.py", "x = 2\n", set()),
    "Terragrunt's version": (".tool-versions", "terraform 1.11.4\npython 3.11\nterragrunt 1.1.3\n", set(COMPONENTS)),
    "a tool without a version": (".tool-versions", "terraform 1.11.4\npython 3.11\nterragrunt\n\n", set()),
    "a component's inputs": ("live/_components/d.hcl", HEAD.replace("NAME", "d") + "}\n\ninputs = {\n  y = 1\n}\n", {"d"}),
    "documentation": ("README.md", "# y\n", set()),
    "Terraform's version": (".tool-versions", "terraform 1.12.0\npython 3.11\n", set(COMPONENTS)),
    "Python's version": (".tool-versions", "terraform 1.11.4\npython 3.12\n", set()),
}  # fmt: skip


# Files whose bytes a unit is made of, besides its own folder: by hand, and not by what reads what.
MADE_OF = {name: (f"modules/{name}/",) for name in COMPONENTS} | {
    "d": ("modules/d/", "modules/shared/"),
    "g": ("modules/g/", "glue_jobs/", "strata/artifacts/", "strata/checkout/"),
    "h": ("modules/h/", "lambda_functions/", "strata/artifacts/", "strata/checkout/"),
}
# Changes of a line; a tree that cannot be read any more is one of the outcomes.
LINE_EDITS: dict[str, Callable[[str], str]] = {
    "comment": lambda line: f"# {line}\n{line}",
    "delete": lambda line: "",
    "indent": lambda line: f"  {line}",
    "number": lambda line: re.sub(r"\d", "7", line, count=1),
    "word": lambda line: re.sub(r'"([a-z]+)"', r'"\1x"', line, count=1),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("affected"), FILES)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> LiveTree:
    return load(tmp_path_factory.mktemp("base"), FILES)


@pytest.fixture(scope="module")
def before(base: LiveTree) -> dict[str, str]:
    return rendered(base)


def load(folder: Path, files: Mapping[str, str | Path | None]) -> LiveTree:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(str(text))
    (folder / ".git").mkdir()
    return LiveTree.load(folder)


def changed(repository: Repository, files: Mapping[str, str | Path | None]) -> CommitRange:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(files, "change")
    return CommitRange.since(repository.clone, "origin/main")


def resolve(repository: Repository, files: Mapping[str, str | Path | None]) -> Affected:
    return affected(changed(repository, files), "dev")


def closure(names: Iterable[str]) -> set[str]:
    return {f"live/dev/{one}" for name in names for one in {name, *DOWNSTREAM.get(name, ())}}


@pytest.mark.parametrize("name", EDITS)
def test_one_edit(base: LiveTree, tmp_path: Path, name: str) -> None:
    path, content, direct = EDITS[name]
    found = compare(base, load(tmp_path, FILES | {path: content}), "dev")
    assert set(found.units) == closure(direct)
    for unit, reasons in found.reasons.items():
        by_itself = unit.rpartition("/")[2] in direct
        assert all(reason.startswith("depends on live/dev/") for reason in reasons) is not by_itself


@st.composite
def edited(draw: st.DrawFn) -> dict[str, str]:
    """Some of the files, each with one line changed."""
    changed: dict[str, str] = {}
    for name in draw(st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=3, unique=True)):
        lines = str(FILES[name]).splitlines()
        number = draw(st.integers(0, len(lines) - 1))
        edit = LINE_EDITS[draw(st.sampled_from(sorted(LINE_EDITS)))]
        changed[name] = "\n".join([*lines[:number], edit(lines[number]), *lines[number + 1 :]]) + "\n"
    return changed


def rendered(tree: LiveTree) -> dict[str, str]:
    documents = tree.configs([unit.path for unit in tree.units("dev")])
    return {
        path: json.dumps({**document, "locals": None}).replace(str(tree.root), "")
        for path, document in documents.items()
    }


def brute_force(before: Mapping[str, str], now: LiveTree, changed: Mapping[str, str]) -> set[str]:
    """The units whose rendered configuration or whose files differ, and all that depend on one."""
    after = rendered(now)
    found = {unit for unit in after if before[unit] != after[unit]}
    for unit in after:
        own = (f"{unit}/.terraform.lock.hcl", *MADE_OF[unit.rpartition("/")[2]])
        for file, text in changed.items():
            if text != FILES[file] and file.startswith(own) and not file.endswith("README.md"):
                found.add(unit)
    tools = changed.get(".tool-versions", "terraform 1.11.4\n").splitlines()
    if "terraform 1.11.4" not in [line.strip() for line in tools]:
        found |= set(after)
    # Units come after what they depend on.
    for unit in now.units("dev"):
        if found.intersection(unit.after):
            found.add(unit.path)
    return found


@VARIED
@given(changed=edited())
def test_any_edits_reach_what_brute_force_finds(
    base: LiveTree, before: dict[str, str], changed: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        now = load(Path(place).resolve(), FILES | changed)
        try:
            expected = brute_force(before, now, changed)
        except StrataError:
            with pytest.raises(StrataError):
                compare(base, now, "dev")
        else:
            assert set(compare(base, now, "dev").units) == expected


# A change of each kind, and what is said of one unit.
REASONS: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "unit": (
        {"live/dev/d/terragrunt.hcl": UNIT.replace("NAME", "d") + "inputs = { y = 1 }\n"},
        "d",
        ("input y (unit live/dev/d/terragrunt.hcl)",),
    ),
    "component": (
        {"live/_components/a.hcl": (HEAD + COMPONENTS["a"]).replace("NAME", "a").replace("env.size", "env.count")},
        "a",
        ("input size (component live/_components/a.hcl)",),
    ),
    "env": ({"live/dev/env.hcl": ENV.replace("size  = 1", "size  = 9")}, "a", ("input size (env live/dev/env.hcl)",)),
    "root": ({"terragrunt.hcl": ROOT.replace('"data"', '"more"')}, "d", ("input owner (root terragrunt.hcl)",)),
    "two files": (
        {"terragrunt.hcl": ROOT.replace('"data"', '"more"'), "data/rules.json": "[]"},
        "b",
        tuple(f"input {name} (file read data/rules.json, root terragrunt.hcl)" for name in ("owner", "rules")),
    ),
    "module": ({"modules/c/policy.json.tpl": "[]"}, "c", ("module modules/c/policy.json.tpl",)),
    "nested module": ({"modules/shared/main.tf": ""}, "d", ("nested module modules/shared/main.tf",)),
    "file read": ({"data/rules.json": "[]"}, "b", ("input rules (file read data/rules.json)",)),
    "hook": ({"glue_jobs/clean.py": ""}, "g", ("hook reads glue_jobs/clean.py",)),
    "lock file": ({"live/dev/c/.terraform.lock.hcl": ""}, "c", ("unit live/dev/c/.terraform.lock.hcl",)),
    "tool": ({".tool-versions": "terraform 1.12.0\n"}, "a", ("version of terraform",)),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_names_the_file(base: LiveTree, tmp_path: Path, name: str) -> None:
    files, unit, expected = REASONS[name]
    assert compare(base, load(tmp_path, FILES | files), "dev").reasons[f"live/dev/{unit}"] == expected


def test_a_base_that_cannot_be_read_affects_every_unit(base: LiveTree, tmp_path: Path) -> None:
    broken = load(tmp_path, FILES | {"live/dev/env.hcl": "locals {\n  x = = 1\n}\n"})
    found = compare(broken, base, "dev")
    assert set(found.units) == {f"live/dev/{name}" for name in COMPONENTS}
    (reason,) = found.reasons["live/dev/a"]
    assert reason.startswith("the base cannot be read: syntax error: ")
    assert found.removed == ()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(5, [f"input n{n}" for n in range(5)]), (6, [*(f"input n{n}" for n in range(5)), "and 1 more"])],
)
def test_the_most_reasons_of_a_unit(base: LiveTree, tmp_path: Path, count: int, expected: list[str]) -> None:
    added = "".join(f"\n  n{number} = {number}" for number in range(count))
    text = HEAD.replace("NAME", "d") + f"}}\n\ninputs = {{{added}\n}}\n"
    found = compare(base, load(tmp_path, FILES | {"live/_components/d.hcl": text}), "dev")
    because = " (component live/_components/d.hcl)"
    assert found.reasons == {
        "live/dev/d": tuple(one + because if one.startswith("input") else one for one in expected)
    }


def test_without_versions_of_tools_and_with_modules_in_a_circle(base: LiveTree, tmp_path: Path) -> None:
    call = 'module "x" {\n  source = "../d"\n}\nmodule "y" {\n  source = "../nowhere"\n}\n'
    files = {**FILES, "modules/shared/main.tf": MODULE + call}
    del files[".tool-versions"]
    found = compare(base, load(tmp_path, files), "dev")
    assert found.reasons["live/dev/a"] == ("version of terraform",)
    assert found.reasons["live/dev/d"] == ("nested module modules/shared/main.tf", "version of terraform")


def test_waves_and_reasons(repository: Repository) -> None:
    found = resolve(repository, {"modules/a/main.tf": MODULE + "# more\n"})
    assert found.waves == (("live/dev/a",), ("live/dev/b",), ("live/dev/c",))
    assert found.reasons == {
        "live/dev/a": ("module modules/a/main.tf",),
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


def test_a_span_of_commits(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A head that is not checked out is looked at as it was; what is removed comes with its command."""
    main = repository.git("rev-parse", "origin/main")
    repository.git("checkout", "--quiet", "--detach", main)
    head = repository.commit({"modules/c/main.tf": "", "live/dev/d/terragrunt.hcl": None}, "change")
    repository.git("checkout", "--quiet", "--detach", main)
    monkeypatch.chdir(repository.clone)
    assert run(["live", "affected", f"{main}..{head}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "live/dev/c: module modules/c/main.tf",
        "live/dev/d: removed",
        "destroy them from the commit that still has them:",
        f"  git worktree add --detach .strata/before {main}",
        "  cd .strata/before && terragrunt run --all --filter ./live/dev/d -- destroy",
    ]
    assert run(["live", "affected", f"{main}..", "dev"]) == 0
    assert capsys.readouterr().out == "no unit is affected\n"
    assert run(["live", "affected", main]) == 1
    assert "write BASE..HEAD" in capsys.readouterr().err


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
    assert affected(CommitRange.since(repository.clone, "origin/main"), "dev").units == ("live/dev/d",)
    shutil.rmtree(upstream)
    repository.commit({"modules/d/main.tf": MODULE + "# no longer d's\n"}, "change")
    assert affected(CommitRange.since(repository.clone, base), "dev").reasons == {}


def test_a_removed_environment(repository: Repository) -> None:
    gone: dict[str, str | Path | None] = {name: None for name in FILES if name.startswith("live/dev/")}
    gone["live/prod/env.hcl"] = ENV
    change = changed(repository, gone)
    units = tuple(f"live/dev/{name}" for name in sorted(COMPONENTS))
    assert affected(change, "dev") == Affected("dev", {}, units, (), change.base)
    with pytest.raises(StrataError) as caught:
        deployable(change, "dev")
    named = ", ".join(units)
    assert caught.value.message == f"the environment dev is removed, its resources are not: {named}"
    assert caught.value.remedy == (
        "keep the folder with github-oidc and state-backend, and remove it in a later change"
    )


def test_an_environment_that_ci_has_emptied_may_be_removed(tmp_path: Path) -> None:
    names = (
        "live/dev/env.hcl",
        "live/dev/github-oidc/terragrunt.hcl",
        "live/dev/state-backend/terragrunt.hcl",
    )
    emptied = Repository.create(tmp_path, dict.fromkeys(names, "") | {"live/prod/env.hcl": ENV})
    change = changed(emptied, dict.fromkeys(names))
    assert deployable(change, "dev") == Affected("dev", {}, (), (), change.base)


def test_a_tree_that_cannot_be_read_is_an_error(repository: Repository) -> None:
    with pytest.raises(StrataError, match="syntax error"):
        resolve(repository, {"live/dev/env.hcl": "locals {\n  x = = 1\n}\n"})


def test_no_history(repository: Repository) -> None:
    with pytest.raises(StrataError, match="commit `nowhere` is not in this checkout") as caught:
        CommitRange.since(repository.clone, "nowhere")
    assert caught.value.remedy == "fetch the whole history: fetch-depth: 0"


def test_waves_of_units_of_several_environments(tmp_path: Path) -> None:
    after = 'dependency "{0}" {{\n  config_path = "../{0}"\n}}\n'
    for name, text in {
        "dev/a": "",
        "dev/b": after.format("a"),
        "dev/c": after.format("b"),
        "dev/z": "",
        "prod/a": after.format("b"),
        "prod/b": "",
    }.items():
        (tmp_path / "live" / name).mkdir(parents=True)
        (tmp_path / "live" / name / "terragrunt.hcl").write_text(text)
    units = [f"live/{name}" for name in ("prod/a", "dev/c", "dev/a", "dev/z", "prod/b", "dev/gone")]
    assert graph_of(tmp_path, units) == [
        ("live/dev/a", "live/dev/z"),
        ("live/dev/c",),
        ("live/prod/b",),
        ("live/prod/a",),
    ]
    assert edges(tmp_path, "dev") == (("live/dev/a", "live/dev/b"), ("live/dev/b", "live/dev/c"))
    found = everything(tmp_path, "dev")
    assert found.waves == (("live/dev/a", "live/dev/z"), ("live/dev/b",), ("live/dev/c",))
    assert found.units == ("live/dev/a", "live/dev/z", "live/dev/b", "live/dev/c")
    assert found.reasons == dict.fromkeys(found.units, ("all units",))
    assert (found.environment, found.removed, found.base) == ("dev", (), None)


def test_what_the_process_knows_of_an_embedded_cloud_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = 'locals {\n  cloud = get_env("STRATA_LOCAL", "none")\n}\ndependencies {\n  paths = local.cloud == "none" ? [] : ["../b"]\n}\n'
    for name, text in {"a": unit, "b": ""}.items():
        (tmp_path / "live/dev" / name).mkdir(parents=True)
        (tmp_path / "live/dev" / name / "terragrunt.hcl").write_text(text)
    monkeypatch.setenv("STRATA_LOCAL", "http://127.0.0.1:1")
    assert edges(tmp_path, "dev") == ()


def test_one_unit_of_a_change() -> None:
    reasons = {"live/dev/a": ("x",), "live/dev/group/b": ("y",)}
    found = Affected("dev", reasons, ("live/dev/gone",), (("live/dev/a",), ("live/dev/group/b",)), "base")
    assert only(found, "group/b") == Affected(
        "dev", {"live/dev/group/b": ("y",)}, (), (("live/dev/group/b",),), "base"
    )
    for unit in ("gone", "b", "live/dev/a", ""):
        with pytest.raises(StrataError, match="has nothing to apply") as caught:
            only(found, unit)
        assert caught.value.remedy == "name one of the units that wait: a, group/b"
