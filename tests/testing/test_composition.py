"""The root that calls the modules of cases, file by file, as Terraform reads it. Nothing is planned."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation
from strata.testing.cases.composition import (
    CaseRoot,
    called_modules,
    examples_modules,
    repository_file,
)
from strata.testing.cases.layout import RepositoryLayout

FILES = {
    "modules/queue/main.tf": 'variable "name" {\n}\nresource "aws_sqs_queue" "it" {\n}\nmodule "dog" {\n  source = "../dog"\n}\n',
    "modules/dog/main.tf": (
        'terraform {\n  required_providers {\n    dog = { source = "acme/dog" }\n  }\n}\nresource "dog_it" "it" {\n}\n'
    ),
    "modules/plain/main.tf": "locals {\n}\n",
    "tests/modules/inputs.yaml": 'name: "a ${b}"\n',
    "tests/modules/queue/files/lambda.zip": "zip",
    "tests/modules/queue/files/policies/read.json": "{}",
    "tests/modules/dog/files/policies/read.json": "{}",
}
OUTPUTS = 'variable "name" {\n}\noutput "arn" {\n  value = 1\n}\noutput "url" {\n  value = 2\n}\n'


@pytest.fixture
def layout(tmp_path: Path) -> RepositoryLayout:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "modules/plain/interface.tf").write_text(OUTPUTS)
    return RepositoryLayout(root, (root / "modules",), root / "tests/modules", root / ".strata")


@pytest.fixture
def root(tmp_path: Path, layout: RepositoryLayout) -> CaseRoot:
    return CaseRoot(tmp_path / "root", layout)


def case(name: str, module: str = "plain", **more: Any) -> Case:
    given: dict[str, Any] = {"expect": Expectation(counts={"resources": 1}), "shown": "x.yaml"} | more
    return Case(f"{name}.yaml", name, module, **given)


def test_a_call_has_one_input_a_line_and_knows_which(root: CaseRoot) -> None:
    wanted = Expectation(outputs={"url": 2, "arn": 1})
    call = root.add(case("a.b", inputs={"name": "${x}", "size": [1]}, expect=wanted), own_copy=False)
    assert (call.label, call.file, call.tree) == ("plain--a_b", "plain--a_b.tf.json", "repository")
    text = (root.folder / call.file).read_text()
    assert json.loads(text) == {
        "output": {
            "plain--a_b--url": {"sensitive": True, "value": "${module.plain--a_b.url}"},
            "plain--a_b--arn": {"sensitive": True, "value": "${module.plain--a_b.arn}"},
        },
        "module": {
            "plain--a_b": {"source": "./repository/modules/plain", "name": "$${x}", "size": [1]},
        },
    }
    lines = text.split("\n")
    assert {lines[number - 1].rstrip(","): name for number, name in call.lines.items()} == {
        '"name": "$${x}"': "name",
        '"size": [1]': "size",
    }
    root.remove(call)
    assert not (root.folder / call.file).exists()


def test_a_case_without_expectation_names_the_outputs_itself(root: CaseRoot) -> None:
    call = root.add(case("a", expect=None, outputs=("arn",)), own_copy=False)
    assert call.outputs == ("arn",)
    assert root.add(case("b", outputs=("arn",)), own_copy=False).outputs == ()


def test_calls_of_one_name_are_told_apart(root: CaseRoot) -> None:
    calls = [root.add(case(name), own_copy=False) for name in ("a.b", "a-b", "a b", "a_b")]
    assert [call.label for call in calls] == ["plain--a_b", "plain--a-b", "plain--a_b-2", "plain--a_b-3"]


def test_an_own_copy_is_its_cases_alone(root: CaseRoot) -> None:
    first = root.add(case("a"), own_copy=True)
    assert first.tree == "copies/plain--a"
    assert not (root.folder / "repository").exists()
    # The shared one is laid out for the next all the same.
    second = root.add(case("b"), own_copy=False)
    for call in (first, second):
        assert (root.folder / call.tree / "modules/plain/main.tf").read_text() == "locals {\n}\n"


def test_a_module_is_given_the_providers_that_differ_from_the_roots(root: CaseRoot) -> None:
    plain = root.add(case("a", "queue"), own_copy=False)
    other = root.add(case("b", "queue", providers={"aws": {"region": "us-east-1"}}), own_copy=False)
    calls = [
        json.loads((root.folder / call.file).read_text())["module"][call.label] for call in (plain, other)
    ]
    assert calls == [
        {"source": "./repository/modules/queue"},
        {"source": "./repository/modules/queue", "providers": {"aws": "aws.case-1"}},
    ]
    assert root.write_providers() == {"aws"}
    document = json.loads((root.folder / "providers.tf.json").read_text())
    assert [one.get("alias") for one in document["provider"]["aws"]] == [None, "case-1"]


def test_a_root_without_providers_has_no_file_of_them(root: CaseRoot) -> None:
    root.add(case("a"), own_copy=False)
    assert root.write_providers() == set()
    assert not (root.folder / "providers.tf.json").exists()


EXAMPLE = 'module "one" {\n  source = "../../modules/queue"\n}\nmodule "two" {\n  source = "git::https://x/y.git//modules/plain?ref=v1"\n}\n'


def test_an_example_calls_the_repositorys_modules_on_the_readmes_lines(
    root: CaseRoot, layout: RepositoryLayout
) -> None:
    example = case("small", "queue", example=EXAMPLE, line=3)
    assert examples_modules(example) == {"queue", "plain"}
    assert called_modules(case("x", "dog", example=EXAMPLE)) == ["dog", "plain", "queue"]
    call = root.add(example, own_copy=False)
    folder = root.folder / "examples/queue--small"
    assert (folder / "main.tf").read_text() == (
        '\n\nmodule "one" {\n  source = "../../repository/modules/queue"\n}\n'
        'module "two" {\n  source = "../../repository/modules/plain"\n}\n'
    )
    # Only what is required can be handed on, and its variables are those that cases share.
    assert json.loads((folder / "shared.tf.json").read_text()) == {
        "variable": {"name": {"default": "a $${b}"}},
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws"}, "dog": {"source": "acme/dog"}}
        },
    }
    assert json.loads((root.folder / call.file).read_text()) == {
        "module": {
            call.label: {
                "source": "./examples/queue--small",
                "providers": {"aws": "aws", "dog": "dog"},
            }
        }
    }
    # All that it calls is there, in folders that Terraform does not resolve.
    for name in ("queue", "plain", "dog"):
        assert not (root.folder / "repository/modules" / name).is_symlink()


def test_an_example_keeps_the_providers_that_it_configures(root: CaseRoot, layout: RepositoryLayout) -> None:
    (layout.cases / "inputs.yaml").unlink()
    text = (
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
        'provider "aws" {\n}\nprovider "dog" {\n  alias = "other"\n}\n' + EXAMPLE
    )
    call = root.add(case("small", "queue", example=text), own_copy=True)
    module = json.loads((root.folder / call.file).read_text())["module"][call.label]
    # A provider with an alias does not configure the one without.
    assert module == {"source": "./examples/queue--small", "providers": {"dog": "dog"}}
    folder = root.folder / "examples/queue--small"
    assert 'source = "../../copies/queue--small/modules/queue"' in (folder / "main.tf").read_text()
    assert json.loads((folder / "shared.tf.json").read_text()) == {}


def test_files_beside_cases_lie_where_terraform_runs(root: CaseRoot, layout: RepositoryLayout) -> None:
    root.add(case("a", "queue"), own_copy=False)
    root.add(case("b", "dog"), own_copy=False)
    assert (root.folder / "lambda.zip").read_text() == "zip"
    assert (root.folder / "policies/read.json").read_text() == "{}"
    own = layout.cases / "plain/files/policies/read.json"
    own.parent.mkdir(parents=True)
    # As long as the other, and as old.
    own.write_text("[]")
    there = (root.folder / "policies/read.json").stat()
    os.utime(own, ns=(there.st_atime_ns, there.st_mtime_ns))
    with pytest.raises(StrataError) as raised:
        root.add(case("c"), own_copy=False)
    assert str(raised.value) == (
        "tests/modules/plain/files/policies/read.json: another module's file has this name and another content"
    )
    assert (root.folder / "policies/read.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("repository/modules/queue/main.tf", "modules/queue/main.tf"),
        ("copies/queue--a/modules/queue/main.tf", "modules/queue/main.tf"),
        ("queue--a.tf.json", ""),
        ("examples/queue--a/main.tf", ""),
        ("my-repository/main.tf", ""),
        ("repository/", ""),
        ("", ""),
    ],
)
def test_a_file_of_the_repository_is_known_by_its_place_in_a_root(file: str, found: str) -> None:
    assert repository_file(file) == found
