"""Waves of plans, and who is to blame, with a Terraform that is played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strata.terraform.toolchain import Toolchain
from strata.testing.cases import batch
from strata.testing.cases.batch import BatchPlanner
from strata.testing.cases.case import Case, Expectation, ExpectedError
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.outcome import Broken, Failed, Outcome, PlannedCase
from strata.testing.cases.terraform import TerraformFault

from .conftest import SAMPLE

LAYOUT = RepositoryLayout(SAMPLE, (SAMPLE / "modules",), SAMPLE / "tests" / "modules", SAMPLE / ".strata")
# What is wrong with a case, by its name: the faults that Terraform has of its call. The first that gives any
# hides the others.
Script = Callable[[str], TerraformFault]


def fault(detail: str, file: str = "", line: int = 0, address: str = "") -> TerraformFault:
    return TerraformFault("Invalid", detail, address, file, line)


class Terraform:
    """Plans the calls in a folder; what a test says of them is what it refuses."""

    log: list[list[str]]
    init_faults: dict[str, Script]
    waves: list[dict[str, Script]]
    made: list[Terraform]
    starts = 0

    def __init__(self, path: Path, toolchain: Toolchain, variables: dict[str, str]) -> None:
        self.path, self.variables = path, variables
        self.made.append(self)

    def _labels(self) -> list[str]:
        return sorted(file.name.removesuffix(".tf.json") for file in self.path.glob("*--*.tf.json"))

    def _faults(self, script: dict[str, Script]) -> list[TerraformFault]:
        return [script[label](label) for label in self._labels() if label in script]

    def init(self) -> list[TerraformFault]:
        self.starts += 1
        return self._faults(self.init_faults)

    def plan(self) -> tuple[dict[str, Any] | None, list[TerraformFault]]:
        self.starts += 2
        self.log.append(self._labels())
        for wave in self.waves:
            if faults := self._faults(wave):
                return None, faults
        return {"format_version": "1.2", "terraform_version": "1.11.4"}, []


@pytest.fixture
def terraform(monkeypatch: pytest.MonkeyPatch) -> type[Terraform]:
    played = type("Played", (Terraform,), {"log": [], "init_faults": {}, "waves": [], "made": []})
    monkeypatch.setattr(batch, "TerraformFolder", played)
    monkeypatch.setattr(batch.PlanServices, "variables", lambda self, providers: {})
    monkeypatch.setattr(batch.PlanServices, "seal", lambda self, terraform: None)
    monkeypatch.setattr(batch.PlanServices, "attach", lambda self, terraform: None)
    monkeypatch.setattr(batch.Schemas, "keep", lambda self, terraform: None)
    return played


def sound(name: str, module: str = "box", **fields: Any) -> Case:
    given: dict[str, Any] = {"inputs": {"context": {}, "name": "a"}, "expect": Expectation(counts={"x": 0})}
    if module == "plain":
        given["inputs"] = {}
    return Case(f"{name}.yaml", name, module, **(given | fields))


def refused(name: str, module: str = "box") -> Case:
    return sound(name, module, expect=None, error=ExpectedError(pattern="x"))


def plan(*cases: Case) -> dict[str, Outcome]:
    state = Path("/nowhere")
    toolchain = Toolchain(state, "1.11.4", state, "", "Terraform", state)
    with BatchPlanner(LAYOUT, toolchain) as planner:
        result = planner.plan(cases)
    assert result.seconds > 0
    made: list[Terraform] = batch.TerraformFolder.made  # type: ignore[attr-defined]
    assert result.starts == sum(one.starts for one in made)
    made.clear()
    return {Path(name).stem: outcome for name, outcome in result.outcomes.items()}


def words(outcome: Outcome) -> list[str] | str:
    if isinstance(outcome, Failed):
        return [f"{one.variable} {one.resource} {one.fault.detail}" for one in outcome.findings]
    return str(outcome.error) if isinstance(outcome, Broken) else "planned"


def of_address(detail: str) -> Script:
    return lambda label: fault(
        detail, "repository/modules/box/main.tf", 8, f'module.{label}.terraform_data.this["a"]'
    )


def of_file(detail: str, line: int = 5) -> Script:
    return lambda label: fault(detail, f"{label}.tf.json", line)


def of_nobody(detail: str) -> Script:
    return lambda label: fault(detail, "repository/modules/box/outputs.tf", 2)


def test_sound_cases_are_planned_together_and_refused_ones_apart(terraform: type[Terraform]) -> None:
    terraform.waves = [{"box--c": of_file("is long")}]
    found = plan(sound("a"), sound("b", "plain"), refused("c"), refused("d"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": "planned",
        "b": "planned",
        "c": ["context None is long"],
        "d": "planned",
    }
    # What was refused is set aside, and the rest planned again.
    assert sorted(terraform.log) == [["box--a", "plain--b"], ["box--c", "box--d"], ["box--d"]]


def test_a_running_provider_serves_those_that_need_no_configuration_of_their_own(
    terraform: type[Terraform], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[list[str]] = []
    monkeypatch.setattr(
        batch.PlanServices, "attach", lambda self, terraform: served.append(terraform._labels())
    )
    call = 'module "it" {\n  source = "../box"\n}\n'
    own = {"inputs": {}, "example": f'provider "aws" {{\n}}\n{call}'}
    found = plan(sound("a"), sound("b", **own), sound("c", inputs={}, example=call))
    assert {name: words(one) for name, one in found.items()} == dict.fromkeys("abc", "planned")
    assert sorted(terraform.log) == [["box--a", "box--c"], ["box--b"]]
    assert served == [["box--a", "box--c"]]


def test_one_error_hides_another_until_it_is_set_aside(terraform: type[Terraform]) -> None:
    terraform.waves = [
        {"box--a": of_file("first")},
        {"box--b": of_address("second"), "box--a": of_address("never")},
    ]
    found = plan(refused("a"), refused("b"), refused("c"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": ["context None first"],
        "b": ['None terraform_data.this["a"] second'],
        "c": "planned",
    }
    assert terraform.log == [["box--a", "box--b", "box--c"], ["box--b", "box--c"], ["box--c"]]


def test_all_that_is_wrong_with_a_case_in_one_wave_is_its(terraform: type[Terraform]) -> None:

    terraform.waves = [{"box--a": of_file("one"), "box--b": of_file("two", 6)}]
    found = plan(sound("a"), sound("b"))
    assert (words(found["a"]), words(found["b"])) == (["context None one"], ["name None two"])
    assert terraform.log == [["box--a", "box--b"]]


def test_who_breaks_the_plan_unnamed_is_found_with_copies_and_in_halves(terraform: type[Terraform]) -> None:
    terraform.waves = [{"box--c": of_nobody("somewhere")}]
    found = plan(sound("a"), sound("b"), sound("c"), sound("d"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": "planned",
        "b": "planned",
        # Alone at last: whatever Terraform says is about it.
        "c": ["None None somewhere"],
        "d": "planned",
    }
    every = ["box--a", "box--b", "box--c", "box--d"]
    assert terraform.log == [every, every, every[:2], every[2:], ["box--c"], ["box--d"]]


def test_a_case_alone_is_planned_again_with_a_copy_whose_files_name_it(terraform: type[Terraform]) -> None:
    def script(label: str) -> TerraformFault:
        own = f"copies/{label}" if (terraform.made[-1].path / "copies" / label).exists() else "repository"
        return fault("must be even", f"{own}/modules/box/main.tf", 10)

    terraform.waves = [{"box--a": script}]
    assert words(plan(sound("a"))["a"]) == ["None terraform_data.this must be even"]
    assert terraform.log == [["box--a"], ["box--a"]]


def test_a_fault_of_a_case_itself_is_no_business_of_terraforms(terraform: type[Terraform]) -> None:
    found = plan(
        sound("a", inputs={"nme": 1}, shown="x.yaml"), sound("b", "nowhere", shown="x.yaml"), sound("c")
    )
    assert {name: words(one) for name, one in found.items()} == {
        "a": "x.yaml:1: module box has no input nme (did you mean name?)",
        "b": "x.yaml:1: unknown module nowhere (there are box, crate, plain)",
        "c": "planned",
    }
    assert terraform.log == [["box--c"]]
    assert plan() == {}
    assert plan(sound("a", inputs={})).keys() == {"a"}


def test_a_module_that_cannot_be_read_fails_all_that_call_it(terraform: type[Terraform]) -> None:
    terraform.init_faults = {
        "box--a": lambda label: fault("a block is twice", "repository/modules/box/more.tf", 1)
    }
    found = plan(sound("a"), sound("b", "crate"), sound("c", "plain"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": ["None None a block is twice"],
        "b": ["None None a block is twice"],
        "c": "planned",
    }
    assert terraform.log == [["plain--c"]]


def test_an_init_that_fails_for_no_case_fails_those_of_its_module(terraform: type[Terraform]) -> None:
    terraform.init_faults = {"box--a": lambda label: fault("no network")}
    found = plan(sound("a"), sound("b"), sound("c", "plain"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": "terraform init failed: Invalid: no network",
        "b": "terraform init failed: Invalid: no network",
        "c": "planned",
    }
    assert terraform.log == [["plain--c"]]


def test_what_other_modules_gave_stays_when_one_fails(terraform: type[Terraform]) -> None:
    terraform.init_faults = {"plain--c": lambda label: fault("no network")}
    found = plan(sound("a"), sound("c", "plain"), sound("b"))
    assert {name: words(one) for name, one in found.items()} == {
        "a": "planned",
        "b": "planned",
        "c": "terraform init failed: Invalid: no network",
    }


def test_a_call_that_init_refuses_is_set_aside(terraform: type[Terraform]) -> None:
    terraform.init_faults = {"box--a": of_file("unsupported argument")}
    found = plan(sound("a"), sound("b"))
    assert (words(found["a"]), words(found["b"])) == (["context None unsupported argument"], "planned")
    assert isinstance(found["b"], PlannedCase)
