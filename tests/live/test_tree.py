"""What a tree is asked for: parts of units without the rest, their order, their files, and how it is loaded."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import LiveTree, UnitOutputs
from strata.live.evaluation import reader
from strata.live.evaluation.console import Console
from strata.live.evaluation.reads import reads
from strata.live.language.hcl import parse
from strata.live.order import graph_of, in_layers, in_order

Load = Callable[..., LiveTree]
Write = Callable[[Mapping[str, str]], Path]

# Each part of it fails but those that a test asks for.
PARTS = """
dependency "b" {{ config_path = "../b" }}
terraform {{
  source = {source}
}}
remote_state {{
  backend = "s3"
  config  = {{ bucket = {bucket}, key = "k" }}
}}
exclude {{
  if      = {excluded}
  actions = ["apply"]
}}
inputs = {{ x = {value} }}
"""
FAILS = "tonumber({})"
GOOD = {
    "source": '"${get_repo_root()}/modules//m"',
    "bucket": 'upper("b")',
    "excluded": "1 == 1",
    "value": "1",
}


def unit(**parts: str) -> str:
    return PARTS.format(**{**GOOD, **parts})


def tree_of(load: Load, text: str) -> LiveTree:
    return load({"live/dev/a/terragrunt.hcl": text, "live/dev/b/terragrunt.hcl": "", "modules/m/main.tf": ""})


A, B = "live/dev/a", "live/dev/b"


def test_states_are_found_though_the_rest_fails(load: Load) -> None:
    tree = tree_of(load, unit(value=FAILS, source=FAILS, excluded=FAILS))
    found = tree.remote_states([A, B])
    assert (found[A]["backend"], found[A]["config"]) == ("s3", {"bucket": "B", "key": "k"})
    assert found[B] == {}
    with pytest.raises(StrataError):
        tree.config(A)


def test_exclusions_are_found_though_the_rest_fails(load: Load) -> None:
    tree = tree_of(load, unit(value=FAILS, source=FAILS, bucket=FAILS))
    assert tree.excluded([A, B], command="apply") == {A}
    assert tree.excluded([A, B], command="plan") == set()


def test_a_skeleton_is_a_unit_without_its_inputs(load: Load) -> None:
    tree = tree_of(load, unit(value="dependency.b.outputs.nothing"))
    found = tree.skeletons([A, B], {}, command="plan")
    assert {path: one.inputs for path, one in found.items()} == {A: {}, B: {}}
    assert found[A].module_dir == tree.root / "modules/m"
    assert found[A].remote_state["config"]["bucket"] == "B"
    assert found[A].command == "plan"
    tree = LiveTree.load(tree.root, environ={"PATH": os.environ["PATH"]})
    (tree.root / A / "terragrunt.hcl").write_text(unit(bucket="dependency.b.outputs.nothing"))
    with pytest.raises(StrataError, match="`live/dev/a` needs outputs of `live/dev/b`") as caught:
        tree.skeletons([A], {}, command="plan")
    assert caught.value.line == 8


def test_a_unit_is_read_once(load: Load) -> None:
    tree = tree_of(load, unit())
    assert tree.unit(A) is tree.unit(A)
    (tree.root / A / "terragrunt.hcl").write_text("nonsense = = 1\n")
    assert tree.render(A, {B: {"x": 1}}).inputs == {"x": 1}
    assert tree.render(A, {B: {"x": 1}}, command="plan").command == "plan"


VALUES: dict[str, Any] = {"set": ["x"], "list": ["x"], "map": {"a": 1}}
TYPES = {"set": ["set", "string"], "list": ["list", "string"], "map": ["map", "number"], "gone": "string"}
COMPARED = """
dependency "b" {
  config_path  = "../b"
  mock_outputs = { map = { b = 2 }, set = ["m"] }
  mock_outputs_merge_strategy_with_state = "STRATEGY"
}
inputs = {
  set  = dependency.b.outputs.set == toset(["x"])
  list = dependency.b.outputs.list == tolist(["x"])
  map  = dependency.b.outputs.map == tomap({ a = 1 })
}
"""


@pytest.mark.parametrize(
    ("types", "strategy", "expected"),
    [
        (TYPES, "no_merge", {"set": True, "list": True, "map": True}),
        ({}, "no_merge", {"set": False, "list": False, "map": False}),
        ({"set": ["set", "string"]}, "no_merge", {"set": True, "list": False, "map": False}),
        (TYPES, "shallow", {"set": True, "list": True, "map": True}),
        # What a mock was merged into has the type that its value shows.
        (TYPES, "deep_map_only", {"set": True, "list": True, "map": False}),
    ],
)
def test_an_output_has_the_type_of_the_state(
    types: dict[str, Any], strategy: str, expected: dict[str, bool], load: Load
) -> None:
    tree = tree_of(load, COMPARED.replace("STRATEGY", strategy))
    assert tree.render(A, {B: UnitOutputs(VALUES, types)}).inputs == expected


def test_a_composition_passes_what_modules_give(load: Load) -> None:
    tree = tree_of(load, unit(value="dependency.b.outputs.x"))
    found = tree.compose({A: "module.a", B: "module.b"}, {})
    assert {path: list(names) for path, names in found.inputs.items()} == {A: ["x"], B: []}
    assert "module.b" in "".join(one.text for one in found.definitions)
    assert found.failures == {}


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ("{ for k in dependency.b.outputs.l : k => 1 }", "which inputs a unit has depends on an output"),
        (
            "{ x = [for n in dependency.b.outputs.l : get_env(n)] }",
            "a function's answer depends on an output",
        ),
    ],
)
def test_what_an_output_may_not_decide(inputs: str, says: str, load: Load) -> None:
    text = f'dependency "b" {{ config_path = "../b" }}\n\ninputs = {inputs}\n'
    with pytest.raises(StrataError) as caught:
        tree_of(load, text).compose({A: "module.a", B: "module.b"}, {})
    assert caught.value.message.startswith(says)
    assert (Path(str(caught.value.file)).parent.name, caught.value.line) == ("a", 3)
    assert caught.value.remedy


DEEP = 'include "r" {\n  path = "${get_repo_root()}/root.hcl"\n  merge_strategy = "deep"\n}\n'


def test_a_deep_merge_of_inputs_has_no_expression(load: Load) -> None:
    files = {
        "root.hcl": "inputs = { x = 1 }\n",
        "live/dev/a/terragrunt.hcl": DEEP + "inputs = { y = 1 }\n",
        "live/dev/b/terragrunt.hcl": DEEP,
    }
    tree = load(files)
    assert list(tree.compose({B: "module.b"}, {}).inputs[B]) == ["x"]
    with pytest.raises(StrataError, match="live/dev/a merges its inputs deeply") as caught:
        tree.compose({A: "module.a"}, {})
    assert caught.value.file == str(tree.root / "live/dev/a/terragrunt.hcl")
    assert caught.value.remedy == 'include with merge_strategy = "shallow"'


def named(**after: str) -> list[Any]:
    return [
        SimpleNamespace(path=path, after=tuple(before.split()), file=Path(f"{path}.hcl"), places={})
        for path, before in after.items()
    ]


@pytest.mark.parametrize(
    ("units", "order", "layers"),
    [
        (named(b="", a=""), "ab", "ab"),
        (named(a="b", b=""), "ba", "ba"),
        (named(a="c", b="", c=""), "bca", "bca"),
        (named(a="b", b="c", c="", d=""), "cbad", "cdba"),
        (named(a="elsewhere", b="a elsewhere"), "ab", "ab"),
        (named(e="", d="e", c="", b="c e", a="d b"), "cebda", "cebda"),
        ([], "", ""),
    ],
)
def test_the_order_of_units(units: list[Any], order: str, layers: str) -> None:
    assert "".join(one.path for one in in_order(units)) == order
    assert "".join(one.path for one in in_layers(units)) == layers


def test_the_graph_of_units_knows_only_them() -> None:
    graph = graph_of(named(b="a elsewhere", a="", c=""))
    assert list(graph.nodes) == ["a", "b", "c"]
    assert list(graph.edges) == [("a", "b")]


@pytest.mark.parametrize("ordered", [in_order, in_layers, graph_of])
def test_a_circle_is_said_as_people_read_it(ordered: Callable[[list[Any]], Any]) -> None:
    with pytest.raises(StrataError) as caught:
        ordered(named(a="b", b="a", c="a"))
    assert caught.value.message in ("dependency cycle: a -> b -> a", "dependency cycle: b -> a -> b")
    assert caught.value.file == f"{caught.value.message[18]}.hcl"
    assert caught.value.remedy == "remove one of these dependencies"
    with pytest.raises(StrataError, match="dependency cycle: a -> a"):
        ordered(named(a="a"))


def test_the_files_of_a_unit(load: Load) -> None:
    files = {
        "root.hcl": 'locals {\n  env = read_terragrunt_config("${get_repo_root()}/env.hcl")\n}\n',
        "env.hcl": 'locals {\n  t = file("note.txt")\n  s = read_terragrunt_config("size.hcl").locals.s\n}\n',
        "size.hcl": "locals {\n  s = 1\n}\n",
        "note.txt": "",
        "live/_components/a.hcl": "",
        "live/_components/aside.hcl": "",
        "live/dev/a/x.tfvars": "",
        "live/dev/a/d/one.txt": "",
        "live/dev/a/d/e/two.txt": "",
        "live/dev/a/terragrunt.hcl": """
            include "root" { path = "${get_repo_root()}/root.hcl" }
            include "a" { path = "../../_components/a.hcl" }
            include "aside" {
              path           = "../../_components/aside.hcl"
              merge_strategy = "no_merge"
            }
            locals {
              nothing = fileexists("nope.txt")
              many    = fileset("d", "**")
              one     = upper(file("d/one.txt"))
              late    = file(upper("nope"))
              odd     = try(file(), file(["x"]), get_env("X"))
            }
            inputs = { v = read_tfvars_file("x.tfvars") }
        """,
    }
    tree = load(files)
    scopes = tree.files(A)
    assert [scope.file.path.relative_to(tree.root).as_posix() for scope in scopes] == [
        "live/dev/a/terragrunt.hcl",
        "live/_components/a.hcl",
        "root.hcl",
    ]
    found = {path.relative_to(tree.root).as_posix(): what for path, what in reads(scopes[0], {}).items()}
    assert found == {
        "live/dev/a/terragrunt.hcl": "unit",
        "root.hcl": "root",
        "live/_components/a.hcl": "component",
        "live/_components/aside.hcl": "component",
        "env.hcl": "env",
        "size.hcl": "file read",
        "note.txt": "file read",
        "live/dev/a/x.tfvars": "file read",
        "live/dev/a/d/one.txt": "file read",
        "live/dev/a/d/e/two.txt": "file read",
    }


def test_units_read_by_two_threads_at_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"a.hcl": "", "b.hcl": ""})

    def slowly(path: Path) -> Any:
        time.sleep(0.05)
        return parse(path)

    monkeypatch.setattr(reader, "parse", slowly)
    one = reader.Reader(root, {}, Console("terraform", {}))
    with ThreadPoolExecutor(4) as pool:
        scopes = list(pool.map(one.unit, [root / "a.hcl", root / "b.hcl"] * 2))
    assert scopes[0] is scopes[2]
    assert scopes[1] is scopes[3]
    # The names in the scratch folder begin with it.
    assert scopes[0].key != scopes[1].key


def test_how_a_tree_is_loaded(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"live/dev/a/terragrunt.hcl": 'inputs = { x = get_env("SOME_NAME", "none") }\n'})
    program = shutil.which("terraform") or shutil.which("tofu")
    assert program
    (tmp_path / "link").symlink_to(root)
    tree = LiveTree.load(tmp_path / "link", terraform=program, environ={"SOME_NAME": "given"})
    assert (tree.root, tree.terraform) == (root.resolve(), program)
    assert tree.render(A).inputs == {"x": "given"}
    monkeypatch.setenv("SOME_NAME", "of the process")
    assert LiveTree.load(root).render(A).inputs == {"x": "of the process"}
    with pytest.raises(StrataError) as caught:
        LiveTree.load(root / "nowhere")
    assert (caught.value.message, caught.value.file) == ("the folder does not exist", str(root / "nowhere"))
    with pytest.raises(StrataError, match="the program `no-such-terraform` is not found"):
        LiveTree.load(root, terraform="no-such-terraform")


def test_a_graph_shows_each_environment_or_all(load: Load) -> None:
    depends = 'dependency "{0}" {{ config_path = "../{0}" }}\n'
    tree = load(
        {
            "live/dev/a/terragrunt.hcl": depends.format("c"),
            "live/dev/c/terragrunt.hcl": "",
            "live/prod/b/terragrunt.hcl": "",
            "terragrunt.hcl": "",
            ".terragrunt-filters": "./live/**\n",
        }
    )
    assert [one.path for one in tree.dag()] == ["live/dev/c", "live/prod/b", "live/dev/a"]
    assert [one.path for one in tree.dag("dev")] == ["live/dev/c", "live/dev/a"]
    assert [(one.environment, one.component) for one in tree.dag("prod")] == [("prod", "b")]
    assert (tree.unit(".").environment, tree.unit(".").component) == ("", ".")
