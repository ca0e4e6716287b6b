"""Expectations of a case against what was planned, and what a failure says, without Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation, ExpectedError, read_case
from strata.testing.cases.compare import NOTHING, ValueDifference
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.outcome import UNKNOWN, Broken, CaseFinding, Failed, PlannedCase
from strata.testing.cases.report import again, failure_text
from strata.testing.cases.schemas import SetAttributes
from strata.testing.cases.terraform import TerraformFault
from strata.testing.cases.verdict import CaseFailedError, assert_outcome

from .conftest import SAMPLE

LAYOUT = RepositoryLayout(SAMPLE, (SAMPLE / "modules",), SAMPLE / "tests" / "modules", SAMPLE / ".strata")
SETS = SetAttributes({"terraform_data": frozenset({"input.tags"}), "aws_sqs_queue": frozenset()})
POLICY = '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
RESOURCES: dict[str, tuple[str, str, dict[str, Any]]] = {
    'terraform_data.this["a"]': ("managed", "terraform_data", {"input": {"tags": ["x", "y"], "size": 1}}),
    'terraform_data.this["a.b"]': ("managed", "terraform_data", {"input": {"size": 2}}),
    "terraform_data.policy": (
        "managed",
        "terraform_data",
        {"input": POLICY, "output": UNKNOWN, "empty": None, "text": "no policy", "list": [{"json": POLICY}]},
    ),
    "data.terraform_data.old": ("data", "terraform_data", {}),
}


def planned() -> PlannedCase:
    changes = [{"address": a, "mode": mode, "type": kind} for a, (mode, kind, _) in RESOURCES.items()]
    return PlannedCase(
        raw={"resource_changes": changes},
        resources={address: values for address, (_, _, values) in RESOURCES.items()},
        outputs={"names": {"a": "crate"}, "tags": ["x", "y"], "ids": UNKNOWN},
        output_types={"tags": ["set", "string"], "names": ["map", "string"]},
    )


def verdict(expect: str) -> list[str]:
    """What is wrong with the plan, as place: expected planned."""
    case = Case("id", "x", "box", expect=Expectation.model_validate(yaml.safe_load(expect)), shown="x.yaml")
    try:
        assert_outcome(case, planned(), SETS, LAYOUT)
    except CaseFailedError as error:
        return [f"{one.place}: {one.expected} {one.planned}" for one in error.found]
    except StrataError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        # Values.
        ("values: {'terraform_data.this[\"a\"]': {}}", []),
        ("values: {'terraform_data.this[\"a\"]': {input: {tags: [y, x]}}}", []),
        ("values: {'terraform_data.this[\"a\"]': {input: {tags: [y]}}}", ['terraform_data.this["a"].input.tags (a set): nothing x']),
        ("values: {'terraform_data.this[\"a.b\"]': {input: {size: 1}}}", ['terraform_data.this["a.b"].input.size: 1 2']),
        ("values: {terraform_data.this: {}}", ['x.yaml:1: the plan has no resource terraform_data.this (did you mean terraform_data.this["a"]?)']),
        ("values: {aws_x.y: {}}", ['x.yaml:1: the plan has no resource aws_x.y (there are data.terraform_data.old, terraform_data.policy, terraform_data.this["a"], terraform_data.this["a.b"])']),
        # Counts: what Terraform manages.
        ("counts: {terraform_data: 3, resources: 3, aws_sqs_queue: 0}", []),
        ("counts: {terraform_data: 4}", ["number of terraform_data: 4 3"]),
        ("counts: {resources: 4}", ["number of resources: 4 3"]),
        ("counts: {aws_sqs_queue: 1}", ["number of aws_sqs_queue: 1 0"]),
        ("counts: {aws_sqs_queues: 0}", ["x.yaml:1: no provider has a resource type aws_sqs_queues (there are resources, terraform_data)"]),
        ("counts: {resource: 2}", ["x.yaml:1: no provider has a resource type resource (did you mean resources?)"]),
        ("counts: {terraform_dat: 0}", ["x.yaml:1: no provider has a resource type terraform_dat (did you mean terraform_data?)"]),
        # Outputs, with the types that Terraform tells.
        ("outputs: {names: {a: crate}, tags: [y, x], ids: (known after apply)}", []),
        ("outputs: {names: {b: crate}}", ["output names.b: crate nothing"]),
        ("outputs: {tags: [y]}", ["output tags (a set): nothing x"]),
        ("outputs: {ids: x}", ["output ids: x (known after apply)"]),
        # Policies.
        (f"policies: {{terraform_data.policy.input: [{STATEMENT}]}}", []),
        (f"policies: {{'terraform_data.policy.list[0].json': {{contains: [{STATEMENT}]}}}}", []),
        (f"policies: {{terraform_data.policy.output: [{STATEMENT}]}}", ["terraform_data.policy.output: a policy (known after apply)"]),
        (f"policies: {{terraform_data.policy.empty: [{STATEMENT}]}}", ["terraform_data.policy.empty: a policy None"]),
        (f"policies: {{terraform_data.policy.text: [{STATEMENT}]}}", ["terraform_data.policy.text: a policy no policy"]),
        (f"policies: {{terraform_data.policy.inputs: [{STATEMENT}]}}", ["x.yaml:1: terraform_data.policy has no attribute inputs (did you mean input?)"]),
        (f"policies: {{'terraform_data.policy.list[1].json': [{STATEMENT}]}}", ["x.yaml:1: terraform_data.policy has no attribute 1 (there are none)"]),
        (f"policies: {{'terraform_data.policy.list.json': [{STATEMENT}]}}", ["x.yaml:1: terraform_data.policy has no attribute json (there are none)"]),
        (f"policies: {{'terraform_data.policy.text.json': [{STATEMENT}]}}", ["x.yaml:1: terraform_data.policy has no attribute json (there are none)"]),
        (f"policies: {{terraform_data.policies.input: [{STATEMENT}]}}", ["x.yaml:1: the plan has no resource terraform_data.policies.input (did you mean terraform_data.policy?)"]),
        ("policies: {terraform_data.policy.input: [{Effects: Allow}]}", ["x.yaml:1: a statement has no key Effects"]),
        ("policies: {terraform_data.policy.input: {contains: [{Actions: x}]}}", ["x.yaml:1: a statement has no key Actions"]),
        # Absence: of a type, a block, an instance.
        ("absent: [aws_sqs_queue, terraform_data.optional, 'terraform_data.this[\"b\"]', 'terraform_data.optional[0]']", []),
        ("absent: [terraform_data.policy]", ["terraform_data.policy: nothing planned"]),
        ("absent: ['terraform_data.this[\"a\"]']", ['terraform_data.this["a"]: nothing planned']),
        ("absent: [terraform_data.this]", ['terraform_data.this["a"]: nothing planned', 'terraform_data.this["a.b"]: nothing planned']),
        ("absent: [terraform_data]", [f"{address}: nothing planned" for address in RESOURCES]),
        ("absent: [terraform_data.ths]", ["x.yaml:1: module box declares no resource terraform_data.ths (did you mean terraform_data.this?)"]),
        ("absent: [terraform_dat]", ["x.yaml:1: no provider has a resource type terraform_dat (did you mean terraform_data?)"]),
        # All that is wrong is told at once, in the order of the keys.
        (
            f"{{absent: [terraform_data.policy], counts: {{resources: 9}}, outputs: {{tags: [x]}}, policies: {{terraform_data.policy.empty: [{STATEMENT}]}}, values: {{terraform_data.policy: {{text: x}}}}}}",
            [
                "terraform_data.policy.text: x no policy",
                "number of resources: 9 3",
                "output tags (a set): nothing y",
                "terraform_data.policy.empty: a policy None",
                "terraform_data.policy: nothing planned",
            ],
        ),
    ],
)  # fmt: skip
def test_a_plan_is_held_to_each_expectation(expect: str, found: list[str]) -> None:
    assert verdict(expect) == found


def finding(
    text: str, variable: str | None = None, resource: str | None = None, file: str = "main.tf"
) -> CaseFinding:
    return CaseFinding(TerraformFault("Invalid value", text, "", file, 3), variable, resource)


ODD = 'terraform_data.this["a"]'


@pytest.mark.parametrize(
    ("error", "findings", "refused"),
    [
        ({"pattern": "too long"}, [finding("it is too long")], True),
        ({"pattern": "value: it"}, [finding("it is too long")], True),
        ({"pattern": "too short"}, [finding("it is too long")], False),
        ({"pattern": "too", "variable": "name"}, [finding("too long", "name")], True),
        ({"pattern": "too", "variable": "name"}, [finding("too long", "size")], False),
        ({"pattern": "too", "variable": "name"}, [finding("too long")], False),
        ({"pattern": "too", "resource": ODD}, [finding("too odd", None, ODD)], True),
        # Terraform does not always tell the instance.
        ({"pattern": "too", "resource": ODD}, [finding("too odd", None, "terraform_data.this")], True),
        ({"pattern": "too", "resource": "terraform_data.this"}, [finding("too odd", None, ODD)], False),
        ({"pattern": "too", "resource": ODD}, [finding("too odd", None, 'terraform_data.this["b"]')], False),
        ({"pattern": "too", "resource": ODD}, [finding("too odd")], False),
        # One error has to be all of it.
        ({"pattern": "odd", "variable": "name"}, [finding("too long", "name"), finding("too odd")], False),
        ({"pattern": "odd", "variable": "name"}, [finding("x"), finding("too odd", "name")], True),
    ],
)
def test_a_refusal_is_the_one_that_is_expected(
    error: dict[str, str], findings: list[CaseFinding], refused: bool
) -> None:
    case = Case("id", "x", "box", error=ExpectedError.model_validate(error))
    if refused:
        assert_outcome(case, Failed(tuple(findings)), SETS, LAYOUT)
        return
    with pytest.raises(CaseFailedError, match="was expected; Terraform reported"):
        assert_outcome(case, Failed(tuple(findings)), SETS, LAYOUT)


def test_what_terraform_says_of_a_case_names_what_it_is_about() -> None:
    findings = (
        finding("copies/box--x/modules/box/main.tf:3 is wrong", "name"),
        finding("b", "name", ODD),
        finding("c"),
    )
    case = Case("id", "x", "box", expect=Expectation(counts={"resources": 1}))
    with pytest.raises(CaseFailedError) as caught:
        assert_outcome(case, Failed(findings), SETS, LAYOUT)
    assert caught.value.terraform == (
        "Terraform refused the plan:\n"
        "  variable name: Invalid value: modules/box/main.tf:3 is wrong\n"
        f"  {ODD}: Invalid value: b\n"
        "  Invalid value: c"
    )
    refused = Case("id", "x", "box", error=ExpectedError(pattern="odd", variable="name", resource=ODD))
    with pytest.raises(CaseFailedError) as caught:
        assert_outcome(refused, Failed(findings[2:]), SETS, LAYOUT)
    assert caught.value.terraform == (
        f"an error on variable name on {ODD} that matches 'odd' was expected; Terraform reported:\n"
        "  Invalid value: c"
    )
    for expected, about in (
        ({}, ""),
        ({"variable": "name"}, " on variable name"),
        ({"resource": ODD}, f" on {ODD}"),
    ):
        anything = Case("id", "x", "box", error=ExpectedError(pattern="odd", **expected))
        with pytest.raises(CaseFailedError) as caught:
            assert_outcome(anything, Failed(findings[2:]), SETS, LAYOUT)
        assert caught.value.terraform.startswith(f"an error{about} that matches 'odd' was expected")
    with pytest.raises(CaseFailedError, match="planned it without an error"):
        assert_outcome(refused, planned(), SETS, LAYOUT)


def test_a_case_that_could_not_be_planned_says_its_own_fault() -> None:
    case = Case("id", "x", "box", error=ExpectedError(pattern="odd"))
    with pytest.raises(StrataError, match="the cause"):
        assert_outcome(case, Broken(StrataError("the cause")), SETS, LAYOUT)
    # A module's example without a number expects that it is planned.
    assert_outcome(Case("id", "x", "box", example="module {}"), planned(), SETS, LAYOUT)


def test_a_failure_shows_the_place_both_values_and_the_command() -> None:
    case = read_case(
        SAMPLE / "tests/modules/box/passes.yaml", LAYOUT, "tests/modules/box/passes.yaml::passes"
    )
    found = [
        ValueDifference(("expect", "nothing"), "a.b", {"y": 1, "x": "ä"}, NOTHING, "a note"),
        ValueDifference((), "c", UNKNOWN, None),
        ValueDifference((), "d", "x", True),
        ValueDifference((), "e", ["same", "x"], ["same", "z"]),
    ]
    line = case.document.line(("expect",)) if case.document else 0
    assert line > 1
    assert (
        failure_text(CaseFailedError(case, found, "Terraform says so"))
        == f"""Terraform says so
tests/modules/box/passes.yaml:{line}: a.b  (a note)
  - expected
  + planned
  + nothing
  - {{
  -   "x": "ä",
  -   "y": 1
  - }}
tests/modules/box/passes.yaml:1: c
  - expected (known after apply)
  + planned  null
tests/modules/box/passes.yaml:1: d
  - expected "x"
  + planned  true
tests/modules/box/passes.yaml:1: e
  - expected
  + planned
    [
      "same",
  -   "x"
  +   "z"
    ]

run it again: pytest tests/modules/box/passes.yaml"""
    )


def test_a_failed_example_shows_its_line_in_the_readme() -> None:
    case = Case("README.md::a", "a", "box", shown="README.md", line=28)
    found = [ValueDifference(("expect", "counts"), "number of resources", 9, 2)]
    assert failure_text(CaseFailedError(case, found)) == (
        "README.md:28: number of resources\n  - expected 9\n  + planned  2\n\nrun it again: pytest README.md::a"
    )


@pytest.mark.parametrize(
    ("node_id", "command"),
    [
        ("tests/modules/box/a.yaml::a", "pytest tests/modules/box/a.yaml"),
        ("modules/box/README.md::a", "pytest modules/box/README.md::a"),
        ("my tests/a b.yaml::a b", "pytest 'my tests/a b.yaml'"),
        ("my modules/README.md::a", "pytest 'my modules/README.md::a'"),
    ],
)
def test_a_case_is_run_again_by_a_command(node_id: str, command: str) -> None:
    assert again(node_id) == command


def test_the_layout_knows_modules_and_says_which_it_does_not(tmp_path: Path) -> None:
    assert LAYOUT.names == ["box", "crate", "plain"]
    with pytest.raises(StrataError) as caught:
        LAYOUT.module("bx")
    assert caught.value.message == "no module bx in modules"
    assert LAYOUT.module("box") is LAYOUT.module("box")
    assert LAYOUT.shown(SAMPLE / "modules" / "box") == "modules/box"
    assert LAYOUT.shown(tmp_path) == str(tmp_path)
    assert LAYOUT.files("box") == SAMPLE / "tests" / "modules" / "box" / "files"
