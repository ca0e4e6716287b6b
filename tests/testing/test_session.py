"""What stands between pytest and Terraform: batches, plans for tests, schemas and services, without Terraform."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import strata.testing.cloud as cloud_module
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain
from strata.testing.cases.batch import BatchResult
from strata.testing.cases.case import Case, Expectation
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.outcome import Broken, CaseFinding, Failed, Outcome, PlannedCase
from strata.testing.cases.scheduling import batches, is_case
from strata.testing.cases.schemas import Schemas, SetAttributes
from strata.testing.cases.services import PlanServices
from strata.testing.cases.session import Plans
from strata.testing.cases.terraform import TerraformFault, _faults
from strata.testing.cases.verdict import CaseFailedError
from strata.testing.fixtures.planning import ModulePlanner

from .conftest import SAMPLE

LAYOUT = RepositoryLayout(SAMPLE, (SAMPLE / "modules",), SAMPLE / "tests" / "modules", SAMPLE / ".strata")


def planned(number: int) -> PlannedCase:
    raw = {
        "resource_changes": [],
        "planned_values": {"outputs": {"n": {"sensitive": False, "value": number}}},
    }
    return PlannedCase(raw=raw, resources={}, outputs={}, output_types={})


class Planner:
    """Gives outcomes in the place of Terraform, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.error: StrataError | None = None
        self.schemas = Schemas(toolchain(Path("/nowhere")))
        self.closed = 0

    def plan(self, cases: Sequence[Case]) -> BatchResult:
        self.asked.append([case.name for case in cases])
        if self.error is not None:
            raise self.error
        return BatchResult(
            {case.id: self.outcomes.get(case.name, planned(len(self.asked))) for case in cases}, 3, 1.5
        )

    def __exit__(self, *error: object) -> None:
        self.closed += 1


def toolchain(state: Path) -> Toolchain:
    return Toolchain(state / "terraform", "1.11.4", state / "cli.tfrc", "", "Terraform", state)


def case(name: str) -> Case:
    return Case(f"{name}.yaml::{name}", name, "box", expect=Expectation(counts={"resources": 0}))


@pytest.fixture
def planner() -> Planner:
    return Planner()


@pytest.fixture
def plans(planner: Planner) -> Plans:
    made = Plans(LAYOUT)
    made.__dict__["planner"] = planner
    return made


def test_a_batch_is_planned_when_its_first_case_is_due(plans: Plans, planner: Planner) -> None:
    one, two, three = case("one"), case("two"), case("three")
    plans.schedule([one, two, three], {one.id: "a", two.id: "b", three.id: "a"})
    planner.outcomes["three"] = Broken(StrataError("of the case itself"))
    plans.check(one)
    assert planner.asked == [["one", "three"]]
    with pytest.raises(StrataError, match="of the case itself"):
        plans.check(three)
    plans.check(two)
    plans.check(one)
    assert planner.asked == [["one", "three"], ["two"]]
    assert [(count, result.starts) for count, result in plans.done] == [(2, 3), (1, 3)]
    # A case that nobody has scheduled is planned alone; another schedule forgets the one before.
    plans.check(case("alone"))
    four = case("four")
    plans.schedule([four], {four.id: "a"})
    plans.check(four)
    assert planner.asked[2:] == [["alone"], ["four"]]


def test_a_terraform_that_cannot_be_run_is_every_cases_failure_and_asked_once(
    plans: Plans, planner: Planner
) -> None:
    cases = [case("one"), case("two")]
    plans.schedule(cases, {one.id: "a" for one in cases})
    planner.error = StrataError("terraform is not there")
    for one in cases:
        with pytest.raises(StrataError, match="terraform is not there"):
            plans.check(one)
    assert planner.asked == [["one", "two"]]


def test_a_plan_that_differs_fails_its_case(plans: Plans) -> None:
    with pytest.raises(CaseFailedError):
        plans.check(replace(case("one"), expect=Expectation(counts={"resources": 1})))


def test_what_plans_needed_is_ended_once_it_was_needed(plans: Plans, planner: Planner) -> None:
    plans.close()
    assert planner.closed == 1
    Plans(LAYOUT).close()


def test_a_module_is_planned_once_for_the_same_inputs(planner: Planner) -> None:
    plan = ModulePlanner(planner, LAYOUT)  # type: ignore[arg-type]
    first = plan("box", {"tags": ["a"]})
    assert first.outputs == {"n": 1}
    assert plan("box", {"tags": ["a"]}) is first
    assert plan("box").outputs == {"n": 2}
    # The inputs that its cases share are there already.
    assert plan("box", {"name": "crate"}).outputs == {"n": 2}
    both = plan.together({"x": ("box", {"name": "a"}), "y": ("box", {"tags": ["a"]}), "z": ("plain", {})})
    assert {name: found.outputs["n"] for name, found in both.items()} == {"x": 3, "y": 1, "z": 3}
    assert planner.asked == [["plan"], ["plan"], ["x", "z"]]


def test_a_module_that_cannot_be_planned_says_why(planner: Planner) -> None:
    plan = ModulePlanner(planner, LAYOUT)  # type: ignore[arg-type]
    planner.outcomes["plan"] = Broken(StrataError("no such input"))
    with pytest.raises(StrataError, match="no such input"):
        plan("box")
    findings = [CaseFinding(TerraformFault("No", detail, "", "", 0), "name", None) for detail in "ab"]
    planner.outcomes["plan"] = Failed(tuple(findings))
    with pytest.raises(StrataError) as caught:
        plan("box")
    assert caught.value.message == "Terraform refuses module box: variable name: No: a; variable name: No: b"
    with pytest.raises(StrataError, match="no module bx in modules"):
        plan("bx")
    # What failed is asked for again.
    planner.outcomes.clear()
    assert plan("box").outputs == {"n": 3}


LOCK = (
    'provider "registry.terraform.io/hashicorp/aws" {{\n  version     = "{0}"\n  constraints = "~> 5.100"\n}}\n'
    'provider "registry.terraform.io/x/null" {{\n  version = "3.0.0"\n}}\n'
)


class Folder:
    """A folder that was initialised; its schemas may be asked for once."""

    def __init__(self, path: Path, version: str | None, attached: str = "") -> None:
        path.mkdir(parents=True, exist_ok=True)
        if version is not None:
            (path / ".terraform.lock.hcl").write_text(LOCK.format(version))
        self.path = path
        self.variables = {"TF_REATTACH_PROVIDERS": attached} if attached else {}
        self.asked = 0

    def schemas(self) -> dict[str, Any]:
        self.asked += 1
        block = {"attributes": {"names": {"type": ["set", "string"]}, "name": {"type": "string"}}}
        plain = {"attributes": {"name": {"type": "string"}}}
        return {
            "provider_schemas": {
                "aws": {"resource_schemas": {"aws_a": {"block": block}, "aws_b": {"block": plain}}},
                "other": {},
            }
        }


def test_schemas_are_asked_for_once_a_version(tmp_path: Path) -> None:
    schemas = Schemas(toolchain(tmp_path / "state"))
    first = Folder(tmp_path / "a", "5.100.0")
    for folder in (first, first, Folder(tmp_path / "no-lock", None)):
        schemas.keep(folder)  # type: ignore[arg-type]
    assert first.asked == 1
    sets = schemas.sets()
    assert [sets.has("aws_a", ("names",)), sets.has("aws_a", ("name",)), sets.has("aws_c", ("names",))] == [
        True,
        False,
        False,
    ]
    assert [sets.knows(kind) for kind in ("aws_a", "aws_b", "aws_c")] == [True, True, False]
    # Kept for other processes, by all providers and their versions; an attached one is in no lock file.
    kept = tmp_path / "state" / "testing"
    other = Folder(tmp_path / "b", "5.101.0", attached='{"registry.terraform.io/snowflakedb/snowflake": {}}')
    schemas.keep(other)  # type: ignore[arg-type]
    assert (other.asked, sorted(path.name for path in kept.iterdir())) == (
        1,
        ["schemas-aws-5.100.0-null-3.0.0.json", "schemas-aws-5.101.0-null-3.0.0-snowflake.json"],
    )
    again, folder = Schemas(toolchain(tmp_path / "state")), Folder(tmp_path / "c", "5.100.0")
    again.keep(folder)  # type: ignore[arg-type]
    assert (folder.asked, again.sets().has("aws_a", ("names",))) == (0, True)
    alone = Folder(tmp_path / "d", None, attached='{"registry.terraform.io/snowflakedb/snowflake": {}}')
    again.keep(alone)  # type: ignore[arg-type]
    assert alone.asked == 1
    assert SetAttributes({}).knows("aws_a") is False


@pytest.mark.parametrize(
    ("node_id", "case"),
    [
        ("tests/modules/box/a.yaml::a", True),
        ("tests/modules/box/a.yml::a", True),
        ("modules/box/README.md::a", True),
        ("tests/test_a.py::test[a.yaml]", False),
        ("tests/test_yaml.py::test", False),
    ],
)
def test_a_case_is_told_from_a_test_by_its_file(node_id: str, case: bool) -> None:
    assert is_case(node_id) is case
    assert batches([node_id], 4) == ({node_id: "cases 0"} if case else {})


@pytest.mark.parametrize(("count", "workers", "expected"), [(59, 4, 1), (120, 1, 1), (119, 4, 1), (120, 4, 2), (600, 4, 4), (0, 4, 0)])  # fmt: skip
def test_a_batch_has_sixty_cases_at_least(count: int, workers: int, expected: int) -> None:
    ids = [f"tests/modules/m/{number:03}.yaml::{number:03}" for number in range(count)]
    assert len(set(batches(ids, workers).values())) == expected


def diagnostic(severity: str, **more: Any) -> str:
    return json.dumps({"@level": severity, "diagnostic": {"severity": severity, "summary": "No", **more}})


def test_errors_are_found_among_all_that_terraform_prints() -> None:
    message = "\n".join(
        [
            "Error running command: {}",
            '{"@level":"info","type":"version"}',
            diagnostic("warning", detail="old"),
            f"tftest says: {diagnostic('error', detail='a  b', address='t.x')}  ",
            '{"@level": broken',
            diagnostic("error", range={"filename": "main.tf", "start": {"line": 7}}),
        ]
    )
    first, second = _faults(message)
    assert (first, first.text) == (TerraformFault("No", "a  b", "t.x", "", 0), "No: a b")
    assert (second, second.text) == (TerraformFault("No", "", "", "main.tf", 7), "No:")


@pytest.mark.parametrize("refused", [False, True])
def test_a_cloud_is_put_back_whatever_happens(monkeypatch: pytest.MonkeyPatch, refused: bool) -> None:
    cloud = Endpoints.model_construct(aws_url="http://127.0.0.1:1")
    steps: list[object] = []

    def save(endpoints: Endpoints) -> dict[str, bytes]:
        if refused:
            raise StrataError("an execution runs")
        return {"aws": b"before"}

    monkeypatch.setattr(cloud_module, "saved_parts", save)
    monkeypatch.setattr(cloud_module, "load_parts", lambda *given: steps.append(given))

    def use() -> None:
        with cloud_module.restored(cloud):
            steps.append("begun")
            raise ZeroDivisionError

    with pytest.raises(StrataError if refused else ZeroDivisionError):
        use()
    assert steps == ([] if refused else ["begun", (cloud, {"aws": b"before"})])


def test_a_plan_knows_no_proxy_but_one_that_refuses(tmp_path: Path) -> None:
    callers = {"HTTPS_PROXY": "http://proxy.example.org:3128", "no_proxy": "*"}
    outside = replace(toolchain(tmp_path), environ=callers, parallel_init=False)
    variables: dict[str, str] = {}
    folder = SimpleNamespace(attach=variables.update)
    with PlanServices(outside) as services:
        services.seal(folder)  # type: ignore[arg-type]
        environment = outside.environment(variables)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({kind: environment[f"{kind}_proxy"] for kind in ("http", "https")})
        )
        for address in ("https://example.org/", "http://example.org/"):
            with pytest.raises(OSError, match=r"nothing leaves this machine|403"):
                opener.open(address, timeout=10)
    assert {name for name in environment if name.lower().endswith("_proxy")} == {
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    }
    assert "*" not in environment["no_proxy"] + environment["NO_PROXY"]
    assert "example.org" not in environment["HTTPS_PROXY"] + environment["https_proxy"]
