"""The repository's own live tree reads, renders and costs few processes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.live import LiveTree
from strata.live.evaluation.console import Console, Definition, closure

Load = Callable[..., LiveTree]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tree() -> LiveTree:
    return LiveTree.load(ROOT, environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})


def test_every_unit_renders_for_a_plan_of_nothing_applied(tree: LiveTree) -> None:
    units = tree.units("dev")
    rendered = {unit.component: tree.render(unit.path, command="plan") for unit in units}
    assert {unit.component for unit in units} >= {
        "s3",
        "iam",
        "glue",
        "lambda",
        "stepfunctions",
        "eventbridge",
    }
    # The unit keeps the folder, and so the state, of its first module.
    modules = {"stepfunctions": "pipeline"}
    for component, unit in rendered.items():
        assert unit.module_dir == ROOT / "modules" / modules.get(component, component)
        assert unit.remote_state["config"]["key"] == f"live/dev/{component}/terraform.tfstate"
        assert unit.inputs["context"]["account_id"] == "111122223333"
        assert "backend.tf" in {file.path for file in unit.generated}


def test_order_follows_the_dependencies(tree: LiveTree) -> None:
    order = [unit.component for unit in tree.units("dev")]
    for first, second in (
        ("snowflake-integration", "iam"),
        ("iam", "glue"),
        ("s3", "glue"),
        ("iam", "snowflake"),
    ):
        assert order.index(first) < order.index(second)


def test_one_process_for_the_environment_and_one_for_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    evaluate = Console.evaluate

    def counted(self: Console, *arguments: Any) -> dict[str, Any]:
        calls.append(1)
        return evaluate(self, *arguments)

    monkeypatch.setattr(Console, "evaluate", counted)
    fresh = LiveTree.load(ROOT, environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    fresh.units("dev")
    assert len(calls) == 1
    fresh.render("live/dev/s3", command="plan")
    assert len(calls) == 2


def test_what_is_the_same_in_many_units_is_evaluated_once(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    evaluate = Console.evaluate

    def noted(self: Console, definitions: Sequence[Definition], *arguments: Any) -> dict[str, Any]:
        asked.extend(definition.text for definition in definitions)
        return evaluate(self, definitions, *arguments)

    monkeypatch.setattr(Console, "evaluate", noted)
    unit = 'include "root" {\n  path = find_in_parent_folders("terragrunt.hcl")\n}\n'
    tree = load(
        {
            "terragrunt.hcl": """
                locals {
                  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
                }
                inputs = { region = upper(local.env.region), sizes = local.env.sizes }
            """,
            "live/dev/env.hcl": """
                locals {
                  region = "eu-west-1"
                  sizes  = { small = [1, true] }
                  name   = lower("DEV")
                }
            """,
            "live/dev/a/terragrunt.hcl": unit,
            "live/dev/b/terragrunt.hcl": unit,
        }
    )
    found = tree.configs(["live/dev/a", "live/dev/b"])
    inputs = {"region": "EU-WEST-1", "sizes": {"small": [1, True]}}
    assert [document["inputs"] for document in found.values()] == [inputs] * 2
    # The inputs, the root's local, the whole of env.hcl, and what of it is no literal.
    assert len(asked) == 4, asked
    assert 'lower("DEV")' in asked


def test_the_embedded_cloud_changes_only_what_it_must() -> None:
    base = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    real = LiveTree.load(ROOT, environ=base).render("live/dev/s3", command="plan")
    local = LiveTree.load(ROOT, environ={**base, "STRATA_LOCAL": "http://127.0.0.1:1"}).render(
        "live/dev/s3", command="plan"
    )
    assert real.inputs == local.inputs
    added = {file.path for file in local.generated} - {file.path for file in real.generated}
    assert added == {"strata_override.tf"}


@pytest.mark.parametrize("wanted", [True, False])
def test_only_a_lock_table_that_is_there_is_adopted(tmp_path: Path, wanted: bool) -> None:
    for name in ("live", "modules/state-backend"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".terra*cache"))
    shutil.copy(ROOT / "terragrunt.hcl", tmp_path)
    (tmp_path / ".git").mkdir()
    env = tmp_path / "live/dev/env.hcl"
    env.write_text(env.read_text().replace("lock_table = true", f"lock_table = {str(wanted).lower()}"))
    tree = LiveTree.load(tmp_path, environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    unit = tree.render("live/dev/state-backend", command="plan")
    (imports,) = (file.contents for file in unit.generated if file.path == "imports.tf")
    adopted = ["aws_s3_bucket.state", *["aws_dynamodb_table.lock[0]"] * wanted]
    assert re.findall(r"to = (\S+)", imports) == adopted
    assert unit.inputs["lock_table"] is wanted
    assert ("dynamodb_table" in unit.remote_state["config"]) is wanted


def test_what_a_plan_is_written_of_has_one_order() -> None:
    """A set of names comes in another order in each process, and another root is initialised anew."""

    def order(uses: tuple[str, ...]) -> list[str]:
        texts: dict[str, tuple[str, ...]] = {"a": uses, "b": (), "c": (), "d": ()}
        definitions: Any = {name: SimpleNamespace(name=name, uses=used) for name, used in texts.items()}
        return [found.name for found in closure(definitions, ["a"])]

    assert order(("b", "c", "d")) == order(("d", "b", "c")) == ["a", "d", "c", "b"]
