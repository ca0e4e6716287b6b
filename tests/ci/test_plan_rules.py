"""Rules of plans: a case is one resource's change and the rules that it breaks, in `plan_rules.yaml`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.ci.gate import check_plans
from strata.ci.plan_rules import built_in, read_rules
from strata.ci.plans import PlanSet, unit_plan
from strata.ci.reading import NOT_AT_HAND, Repository
from strata.errors import StrataError
from tests import yaml_files

CASES: list[dict[str, Any]] = yaml_files.load(Path(__file__).with_name("plan_rules.yaml"))


def values(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Values with the JSON texts that a case writes as YAML."""
    return found and {
        name: json.dumps(value["json"]) if isinstance(value, dict) and "json" in value else value
        for name, value in found.items()
    }


def plan(case: dict[str, Any]) -> dict[str, Any]:
    change = {
        "actions": case.get("actions", ["update"]),
        "before": values(case.get("before")),
        "after": values(case.get("after")),
        "after_unknown": case.get("unknown", {}),
    }
    address = f"{case['type']}.x"
    return {"resource_changes": [{"address": address, "type": case["type"], "mode": "managed", "change": change}]}  # fmt: skip


def findings(case: dict[str, Any], root: Path | None = None) -> list[tuple[str, str, str]]:
    repository = Repository.at(root) if root else NOT_AT_HAND
    plans = PlanSet(environment="dev", commit="c", units=(unit_plan("live/dev/a", plan(case), repository),))
    return [
        (one.label, one.place, one.what)
        for one in check_plans(PlanSet.model_validate_json(plans.model_dump_json()), rules=repository.rules)
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_built_in_rules(case: dict[str, Any]) -> None:
    labels = {rule.name: f"approve:{rule.label}" for rule in built_in()}
    found = findings(case)
    assert [(label, place, what.partition(":")[0]) for label, place, what in found] == [
        (labels[rule], f"live/dev/a {case['type']}.x", rule) for rule in case["rules"]
    ]


def test_each_rule_has_a_case() -> None:
    assert {rule.name for rule in built_in()} == {rule for case in CASES for rule in case["rules"]}


OWN = """
- name: small-jobs
  label: cost
  says: takes more workers than we pay for
  types: [aws_glue_*]
  actions: [create, update]
  unless:
    - {path: number_of_workers, not: "[0-9]+", never: [99]}
- name: no-queues
  label: team
  says: brings a queue
  types: [aws_sqs_queue]
  actions: [create]
"""


@pytest.mark.parametrize(
    ("kind", "after", "expected"),
    [
        ("aws_glue_job", {"number_of_workers": 99}, [("approve:cost", "small-jobs: takes more workers than we pay for (number_of_workers)")]),
        ("aws_glue_job", {"number_of_workers": 2}, []),
        ("aws_sqs_queue", {}, [("approve:team", "no-queues: create brings a queue")]),
        ("aws_sns_topic", {}, []),
    ],
)  # fmt: skip
def test_own_rules(tmp_path: Path, kind: str, after: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    (tmp_path / "plan_rules.yaml").write_text(OWN, encoding="utf-8")
    found = findings({"type": kind, "actions": ["create"], "after": after}, tmp_path)
    assert [(label, what) for label, _, what in found] == expected


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("- name: [\n", "not YAML", 2),
        ("name: x\n", "not a list of rules", None),
        ("- {name: x, label: y, says: z, types: [a], actions: [read]}\n", r"0\.actions\.0", None),
        ("- {name: x, label: y, says: z, types: [a], actions: [create], unles: []}\n", r"0\.unles", None),
    ],
)
def test_wrong_rules(tmp_path: Path, text: str, message: str, line: int | None) -> None:
    file = tmp_path / "plan_rules.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StrataError, match=message) as caught:
        read_rules(file)
    assert (caught.value.file, caught.value.line) == (str(file), line)
